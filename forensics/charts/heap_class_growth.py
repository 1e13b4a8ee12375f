"""How much more each class retains than in the dump before."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Panel
from forensics.charts._layout import fit_label
from forensics.charts._units import human
from forensics.findings import EvidenceRef, Findings, HeapFile

TITLE: Final = "Growth of each class from dump to dump"
NEEDS: Final = ("findings",)

_MOST: Final = 15


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where no two dumps were compared."""
    rows = [
        (heap, suspect)
        for heap in findings.heap
        for suspect in heap.suspects
        if suspect.growth_bytes
    ]
    if not rows:
        return None
    several = len({heap.file for heap, _ in rows}) > 1
    rows.sort(key=lambda row: (-abs(row[1].growth_bytes or 0), row[1].class_))
    shown = rows[:_MOST]
    names = [f"{fit_label(s.class_, 44)}{_mark(h, several=several)}" for h, s in shown]
    growth = [float(suspect.growth_bytes or 0) for _, suspect in shown]
    extent = max(abs(value) for value in growth)
    top = max(rows, key=lambda row: row[1].growth_bytes or 0)[1]
    title = (
        f"{top.class_.rsplit('.', maxsplit=1)[-1]} grew by "
        f"{human(float(top.growth_bytes or 0), 'bytes')} between two dumps"
    )
    return Chart(
        id="heap-class-growth",
        title=title,
        subtitle="change of the retained size since the dump before",
        panels=(
            Panel(
                x=Axis(
                    label="change",
                    unit="bytes",
                    low=min(0.0, *growth) - 0.16 * extent,
                    high=max(0.0, *growth) + 0.16 * extent,
                ),
                y=Axis(scale="category", categories=tuple(names)),
                marks=(
                    Bars(
                        name="change of retained size",
                        legend=False,
                        positions=[float(i) for i in range(len(shown))],
                        starts=[0.0] * len(shown),
                        ends=growth,
                        roles=["cause" if value > 0 else "against" for value in growth],
                        texts=[human(value, "bytes") for value in growth],
                        horizontal=True,
                    ),
                ),
            ),
        ),
        caption="To the right: retains more than in the dump before; to the left: less.",
        alt=f"Bar chart of {len(shown)} classes. {title}.",
        table=pl.DataFrame(
            [
                {
                    "file": heap.file,
                    "since": s.growth_vs,
                    "class": s.class_,
                    "growth_bytes": s.growth_bytes,
                    "retained_bytes": s.retained_bytes,
                }
                for heap, s in rows
            ]
        ),
        sources=tuple(EvidenceRef(path=name) for name in sorted({h.file for h, _ in rows})),
        height_in=1.0 + 0.3 * len(shown),
    )


def _mark(heap: HeapFile, *, several: bool) -> str:
    return f" ({fit_label(heap.file.rsplit('/', maxsplit=1)[-1], 16)})" if several else ""
