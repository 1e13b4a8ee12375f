"""The chain of references that keeps the largest suspect alive, as a diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Mark, Note, Panel, Rects
from forensics.charts._layout import fit_label
from forensics.charts._units import human
from forensics.charts.heap_class_growth import short_class
from forensics.findings import EvidenceRef, Findings

TITLE: Final = "Who holds the largest suspect, from the root down"
NEEDS: Final = ("findings",)

_MOST_STEPS: Final = 10
#: Packages of the Java platform and of the languages' own libraries on it.
_PRIMITIVES: Final = frozenset(
    {"boolean", "byte", "char", "short", "int", "long", "float", "double"}
)
_PLATFORM: Final = ("java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "scala.", "<")


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
    name = short_class(suspect.class_)
    title = f"{name} stays reachable through {fit_label(own_holder(suspect.held_by), 60)}"
    return Chart(
        id="holder-path",
        title=title,
        subtitle=f"shortest chain of references from a root to the suspect, {heap.file}",
        panels=(
            Panel(
                x=Axis(scale="none", low=0.0, high=1.0),
                y=Axis(scale="none", low=-0.1, high=float(len(path))),
                marks=tuple(_marks(path)),
            ),
        ),
        caption=(
            "Each box refers to the one below it. Blue is the step that the program's own code "
            "decides about; cut the chain there and the memory is freed."
        ),
        alt=f"Chain of references: {', then '.join(path)}.",
        table=pl.DataFrame({"step": range(len(path)), "holder": path}),
        sources=(EvidenceRef(path=heap.file),),
        height_in=0.3 + 0.48 * len(path),
    )


def is_platform(name: str) -> bool:
    """Return whether a class, or ``class NAME``, belongs to the platform and not the program."""
    plain = name.removeprefix("class ")
    return plain.startswith(_PLATFORM) or plain.rstrip("[]") in _PRIMITIVES


def is_root(step: str) -> bool:
    """Return whether a step of a holding path is a kind of root: words, no name of a class."""
    return " " in step and not step.startswith("class ")


def own_holder(path: Sequence[str]) -> str:
    """Return the step of a holding path that the program's own code decides about.

    That is the last one outside of the platform's packages, since collections only do what
    they are told; the last one of all where the path has no other.
    """
    own = [step for step in path[1:] if not step.startswith(_PLATFORM)]
    return own[-1] if own else path[-1]


def _marks(path: list[str]) -> list[Mark]:
    last = len(path) - 1
    own = own_holder(path[:-1])
    tops = [float(last - i) + 0.82 for i in range(len(path))]
    boxes = Rects(
        name="holders",
        legend=False,
        x0=[0.12] * len(path),
        x1=[0.88] * len(path),
        y0=[top - 0.62 for top in tops],
        y1=tops,
        roles=[
            "s8" if i == 0 else "cause" if i == last else "s1" if step == own else "faint"
            for i, step in enumerate(path)
        ],
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
