"""The chain of references that keeps the largest suspect alive, as a diagram."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Mark, Note, Panel, Rects
from forensics.charts._layout import fit_label
from forensics.charts._units import human
from forensics.findings import EvidenceRef, Findings

TITLE: Final = "Who holds the largest suspect, from the root down"
NEEDS: Final = ("findings",)

_MOST_STEPS: Final = 10


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where no holding path is known."""
    held = [(heap, s) for heap in findings.heap for s in heap.suspects if s.held_by]
    if not held:
        return None
    heap, suspect = max(held, key=lambda pair: pair[1].retained_bytes)
    path = list(suspect.held_by)
    if len(path) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        path = [*path[:half], f"{len(path) - 2 * half} steps left out", *path[-half:]]
    size = human(float(suspect.retained_bytes), "bytes")
    path.append(f"{suspect.class_}, retains {size}")
    name = suspect.class_.rsplit(".", maxsplit=1)[-1]
    title = f"{name} is kept by {path[0]} through {fit_label(suspect.held_by[-1], 60)}"
    return Chart(
        id="holder-path",
        title=title,
        subtitle=f"shortest chain of references to the suspect, {heap.file}",
        panels=(
            Panel(
                x=Axis(scale="none", low=0.0, high=1.0),
                y=Axis(scale="none", low=-0.1, high=float(len(path))),
                marks=tuple(_marks(path)),
            ),
        ),
        caption="Each box refers to the one below it; cut the chain anywhere and memory is freed.",
        alt=f"Chain of references: {', then '.join(path)}.",
        table=pl.DataFrame({"step": range(len(path)), "holder": path}),
        sources=(EvidenceRef(path=heap.file),),
        height_in=0.3 + 0.48 * len(path),
    )


def _marks(path: list[str]) -> list[Mark]:
    last = len(path) - 1
    tops = [float(last - i) + 0.82 for i in range(len(path))]
    boxes = Rects(
        name="holders",
        legend=False,
        x0=[0.04] * len(path),
        x1=[0.96] * len(path),
        y0=[top - 0.62 for top in tops],
        y1=tops,
        roles=["s8" if i == 0 else "cause" if i == last else "s1" for i in range(len(path))],
        labels=path,
    )
    arrows = [
        Line(
            name=f"step {i + 1}",
            role="ink",
            legend=False,
            x=[0.5, 0.5],
            y=[top - 0.62, top - 1.0],
            width=1.6,
        )
        for i, top in enumerate(tops[:-1])
    ]
    heads = [
        Note(name=f"refers {i + 1}", role="ink", x=0.5, y=top - 0.95, text="▾", align="center")
        for i, top in enumerate(tops[:-1])
    ]
    return [boxes, *arrows, *heads]
