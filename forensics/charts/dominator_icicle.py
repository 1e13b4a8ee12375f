"""Who holds what: holding paths of all suspects, merged into one icicle from the roots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Panel, Rects
from forensics.charts._units import human
from forensics.charts.heap_class_growth import short_class
from forensics.charts.holder_path import is_platform, is_root, own_holder
from forensics.findings import EvidenceRef, Findings, HeapFile

TITLE: Final = "From the roots to what they retain"
NEEDS: Final = ("findings",)

_MOST_LEVELS: Final = 9
#: About so many letters go across the picture.
_LETTERS: Final = 100


@dataclass
class _Node:
    name: str
    retained: float = 0.0
    children: dict[str, _Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One rectangle: ``level`` 0 is the heap; ``start`` and ``width`` in bytes."""

    name: str
    level: int
    start: float
    width: float


def draw(findings: Findings) -> Chart | None:
    """Return the chart of the largest heap with holding paths, or ``None`` without one."""
    heaps = [heap for heap in findings.heap if any(s.held_by for s in heap.suspects)]
    if not heaps:
        return None
    heap = max(heaps, key=lambda one: one.shallow_bytes)
    cells = _lay_out(_outline(heap) if heap.outline else _merge(heap))
    levels = max(cell.level for cell in cells) + 1
    suspects = {suspect.class_ for suspect in heap.suspects}
    texts = [f"{cell.name}: {human(cell.width, 'bytes')}" for cell in cells]
    return Chart(
        id="dominator-icicle",
        title=_title(heap),
        subtitle=f"what holds what, from the roots down, {heap.file}",
        panels=(
            Panel(
                x=Axis(
                    label="retained size", unit="bytes", low=0.0, high=max(c.width for c in cells)
                ),
                y=Axis(scale="none", low=0.0, high=float(levels)),
                marks=(
                    Rects(
                        name="holders",
                        legend=False,
                        x0=[cell.start for cell in cells],
                        x1=[cell.start + cell.width for cell in cells],
                        y0=[levels - cell.level - 1.0 for cell in cells],
                        y1=[float(levels - cell.level) for cell in cells],
                        roles=[_role(cell, suspects) for cell in cells],
                        labels=[_label(cell, cells[0].width) for cell in cells],
                        texts=texts,
                    ),
                ),
            ),
        ),
        caption=(
            "Each row is held by the one above it; the width is the size retained through it. "
            "Red piles up, blue is the program's own, grey the platform's. What holds less than "
            "1% of the heap is left out."
        ),
        alt=f"Icicle of holding paths in {levels} levels. {_title(heap)}.",
        table=pl.DataFrame(
            [
                {"level": c.level, "holder": c.name, "retained_bytes": c.width, "start": c.start}
                for c in cells
            ]
        ),
        sources=(EvidenceRef(path=heap.file),),
        height_in=1.0 + 0.34 * levels,
    )


def _outline(heap: HeapFile) -> _Node:
    """Return the dominator tree by class below the whole heap."""
    root = _Node("whole heap", float(heap.shallow_bytes))
    nodes: list[_Node] = []
    for number, group in enumerate(heap.outline):
        node = _Node(group.class_, float(group.retained_bytes))
        above = root if group.parent is None else nodes[group.parent]
        above.children[f"{number}"] = node
        nodes.append(node)
    return root


def _merge(heap: HeapFile) -> _Node:
    root = _Node("suspects of the heap")
    for suspect in heap.suspects:
        path = [*suspect.held_by, suspect.class_][:_MOST_LEVELS]
        size = float(suspect.retained_bytes)
        root.retained += size
        node = root
        for name in path:
            node = node.children.setdefault(name, _Node(name))
            node.retained += size
    return root


def _lay_out(root: _Node) -> list[_Cell]:
    cells: list[_Cell] = []
    todo: list[tuple[_Node, int, float]] = [(root, 0, 0.0)]
    while todo:
        node, level, start = todo.pop()
        cells.append(_Cell(node.name, level, start, node.retained))
        if level == _MOST_LEVELS:
            continue
        for child in sorted(node.children.values(), key=lambda n: (-n.retained, n.name)):
            todo.append((child, level + 1, start))
            start += child.retained
    return sorted(cells, key=lambda cell: (cell.level, cell.start))


def _title(heap: HeapFile) -> str:
    held = [suspect for suspect in heap.suspects if suspect.held_by]
    top = max(held, key=lambda s: s.retained_bytes)
    size = human(float(top.retained_bytes), "bytes")
    return f"{size} of {short_class(top.class_)} hang on {own_holder(top.held_by)}"


def _label(cell: _Cell, whole: float) -> str:
    """Name a cell in full where there is room, else without its package."""
    letters = _LETTERS * cell.width / (whole or 1.0)
    return cell.name if len(cell.name) <= letters else short_class(cell.name)


def _role(cell: _Cell, suspects: set[str]) -> str:
    if cell.name in suspects:
        return "cause"
    if cell.level == 0:
        return "faint"
    return "s8" if is_platform(cell.name) or is_root(cell.name) else "s1"
