"""What dominates the heap: one rectangle a suspect, its area what it retains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Panel, Rects
from forensics.charts._units import human
from forensics.charts.heap_class_growth import short_class
from forensics.charts.holder_path import is_platform
from forensics.findings import EvidenceRef, Findings, HeapFile

TITLE: Final = "Retained size of what dominates the heap"
NEEDS: Final = ("findings",)

_MOST: Final = 24
Box = tuple[float, float, float, float]


def draw(findings: Findings) -> Chart | None:
    """Return the chart of the largest heap, or ``None`` where none has suspects."""
    heaps = [heap for heap in findings.heap if heap.suspects and heap.shallow_bytes > 0]
    if not heaps:
        return None
    heap = max(heaps, key=lambda one: one.shallow_bytes)
    sizes = _sizes(heap)
    boxes = lay_out([size for _, size in sizes], (0.0, 0.0, 1.0, 1.0))
    names = [name for name, _ in sizes]
    texts = [f"{name}: {human(float(size), 'bytes')}" for name, size in sizes]
    labels = [f"{short_class(name)}\n{human(float(size), 'bytes')}" for name, size in sizes]
    return Chart(
        id="retained-treemap",
        title=_title(heap),
        subtitle=f"retained size by dominating class, {heap.file}",
        panels=(
            Panel(
                x=Axis(scale="none", low=0.0, high=1.0),
                y=Axis(scale="none", low=0.0, high=1.0),
                marks=(
                    Rects(
                        name="retained",
                        legend=False,
                        x0=[x for x, _, _, _ in boxes],
                        x1=[x + width for x, _, width, _ in boxes],
                        y0=[1 - y - height for _, y, _, height in boxes],
                        y1=[1 - y for _, y, _, _ in boxes],
                        roles=[_role(name, {s.class_ for s in heap.suspects}) for name in names],
                        labels=labels,
                        texts=texts,
                    ),
                ),
            ),
        ),
        caption=(
            "Areas are retained bytes: what a collection would free if it were let go. Red piles "
            "up, blue is the program's own, grey the platform's; what holds less than 1% is in "
            f"“{_REST}”."
        ),
        alt=f"Treemap of retained sizes. {_title(heap)}.",
        table=pl.DataFrame({"class": names, "retained_bytes": [float(size) for _, size in sizes]}),
        sources=(EvidenceRef(path=heap.file),),
        height_in=2.8,
    )


_REST: Final = "everything else"


def _sizes(heap: HeapFile) -> list[tuple[str, float]]:
    """Return name and bytes of what holds most, and the rest of the heap."""
    suspects = Counter[str]()
    for suspect in heap.suspects:
        suspects[suspect.class_] += suspect.retained_bytes
    held = suspects + Counter(dict(_leaves(heap, set(suspects))))
    left = float(heap.shallow_bytes)
    sizes: list[tuple[str, float]] = []
    for name, retained in sorted(held.items(), key=lambda item: (-item[1], item[0]))[:_MOST]:
        size = min(float(retained), left)
        if size > 0:
            sizes.append((name, size))
        left -= size
    if left > 0:
        sizes.append((_REST, left))
    return sizes


def _leaves(heap: HeapFile, suspects: set[str]) -> Iterator[tuple[str, int]]:
    """Yield the lowest groups of the outline that are neither a suspect nor held by one."""
    inside: list[bool] = []
    for group in heap.outline:
        above = group.parent is not None and inside[group.parent]
        inside.append(above or group.class_ in suspects)
    parents = {group.parent for group in heap.outline}
    sums = Counter[str]()
    for number, group in enumerate(heap.outline):
        if number not in parents and not inside[number]:
            sums[group.class_] += group.retained_bytes
    yield from sums.items()


def _role(name: str, suspects: set[str]) -> str:
    if name in suspects:
        return "cause"
    return "faint" if name == _REST else "s8" if is_platform(name) else "s1"


def lay_out(sizes: list[float], box: Box) -> list[Box]:
    """Fill ``box`` (x, y, width, height) with a rectangle for each size, near to squares.

    References
    ----------
    M. Bruls, K. Huizing, J. J. van Wijk (2000), "Squarified Treemaps", Data Visualization.
    """
    placed: list[Box] = []
    x, y, width, height = box
    rest = list(sizes)
    while rest:
        scale = width * height / sum(rest)
        side = min(width, height)
        count = 1
        while count < len(rest) and _worst(rest[: count + 1], side, scale) <= _worst(
            rest[:count], side, scale
        ):
            count += 1
        row, rest = rest[:count], rest[count:]
        depth = sum(row) * scale / side
        along = 0.0
        for size in row:
            length = size * scale / depth
            placed.append(
                (x, y + along, depth, length) if height <= width else (x + along, y, length, depth)
            )
            along += length
        if height <= width:
            x, width = x + depth, max(width - depth, 1e-12)
        else:
            y, height = y + depth, max(height - depth, 1e-12)
    return placed


def _worst(row: list[float], side: float, scale: float) -> float:
    """Return the worst ratio of sides in a row laid along ``side``."""
    area = sum(row) * scale
    return max(
        max(side**2 * size * scale / area**2, area**2 / (side**2 * size * scale)) for size in row
    )


def _title(heap: HeapFile) -> str:
    top = max(heap.suspects, key=lambda s: s.retained_bytes)
    return f"{short_class(top.class_)} retains {human(top.share, 'share')} of the heap"
