"""What dominates the heap: one rectangle a suspect, its area what it retains."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Panel, Rects
from forensics.charts._theme import role_of
from forensics.charts._units import human
from forensics.charts.heap_class_growth import short_class
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
                        roles=[
                            "faint" if name == _REST else role_of(i) for i, name in enumerate(names)
                        ],
                        labels=labels,
                        texts=texts,
                    ),
                ),
            ),
        ),
        caption=(
            "Areas are retained bytes: what a collection would free if the suspect let go. Those "
            "inside one another are cut down to the heap."
        ),
        alt=f"Treemap of retained sizes. {_title(heap)}.",
        table=pl.DataFrame({"class": names, "retained_bytes": [float(size) for _, size in sizes]}),
        sources=(EvidenceRef(path=heap.file),),
        height_in=2.8,
    )


_REST: Final = "everything else"


def _sizes(heap: HeapFile) -> list[tuple[str, float]]:
    """Return name and bytes of the largest suspects, and the rest of the heap."""
    top = sorted(heap.suspects, key=lambda s: (-s.retained_bytes, s.class_))[:_MOST]
    left = float(heap.shallow_bytes)
    sizes: list[tuple[str, float]] = []
    for suspect in top:
        size = min(float(suspect.retained_bytes), left)
        if size > 0:
            sizes.append((suspect.class_, size))
        left -= size
    if left > 0:
        sizes.append((_REST, left))
    return sizes


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
