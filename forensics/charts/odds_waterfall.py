"""How each piece of evidence moved the odds of the leading suspects."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Panel, Rule
from forensics.charts._layout import fit_label
from forensics.charts._signal import references
from forensics.charts._units import human
from forensics.findings import Argument, Findings, Suspect

TITLE: Final = "Odds of the leading suspects, argument by argument"
NEEDS: Final = ("findings",)

_MOST_SUSPECTS: Final = 3
_MOST_ARGUMENTS: Final = 8


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where no suspect has an argument."""
    leading = sorted(findings.suspects, key=lambda s: (-s.probability, s.change_id))
    leading = [s for s in leading if s.for_ or s.against][:_MOST_SUSPECTS]
    if not leading:
        return None
    panels = tuple(_panel(suspect, cause=i == 0) for i, suspect in enumerate(leading))
    rows = sum(len(panel.y.categories) for panel in panels)
    return Chart(
        id="odds-waterfall",
        title=_title(leading),
        subtitle="each bar: what one piece of evidence adds to the log-odds of this cause",
        panels=panels,
        caption=(
            "To the right speaks for the suspect, to the left against. Bars start where the one "
            "above ended; the last bar is the sum. Weights are natural logarithms of likelihood "
            "ratios."
        ),
        alt=f"Waterfall of arguments for {len(leading)} suspects. {_title(leading)}.",
        table=_table(leading),
        sources=references(*(a.evidence for s in leading for a in _ordered(s))),
        height_in=1.0 * len(leading) + 0.3 * rows,
    )


def _ordered(suspect: Suspect) -> list[Argument]:
    arguments = [*suspect.for_, *suspect.against]
    return sorted(arguments, key=lambda a: -abs(a.weight))


def _panel(suspect: Suspect, *, cause: bool) -> Panel:
    arguments = _ordered(suspect)
    shown, rest = arguments[:_MOST_ARGUMENTS], arguments[_MOST_ARGUMENTS:]
    weights = [argument.weight for argument in shown]
    labels = [argument.text for argument in shown]
    if rest:
        weights.append(sum(argument.weight for argument in rest))
        labels.append(f"{len(rest)} smaller arguments")
    starts: list[float] = []
    total = 0.0
    for weight in weights:
        starts.append(total)
        total += weight
    ends = [start + weight for start, weight in zip(starts, weights, strict=True)]
    roles = ["for" if weight > 0 else "against" for weight in weights]
    labels.append("all evidence together")
    extent = max((abs(value) for value in [*starts, *ends]), default=1.0) or 1.0
    low, high = min([0.0, *starts, *ends]), max([0.0, *starts, *ends])
    return Panel(
        title=f"{fit_label(suspect.what, 70)}: {human(suspect.probability, 'share')}",
        x=Axis(
            label="log-odds (+ for, − against)",
            unit="nats",
            low=low - 0.14 * extent,
            high=high + 0.14 * extent,
        ),
        y=Axis(scale="category", categories=tuple(fit_label(label, 60) for label in labels)),
        marks=(
            Rule(
                name=f"even odds {suspect.change_id}",
                role="frame",
                at=0.0,
                style="solid",
                legend=False,
            ),
            Bars(
                name=f"arguments {suspect.change_id}",
                legend=False,
                positions=[float(i) for i in range(len(labels))],
                starts=[*starts, 0.0],
                ends=[*ends, total],
                roles=[*roles, "cause" if cause else "innocent"],
                texts=[f"{weight:+.1f}" for weight in [*weights, total]],
                horizontal=True,
            ),
        ),
        height=float(len(labels)) + 1.5,
    )


def _title(leading: list[Suspect]) -> str:
    first = leading[0]
    head = f"{first.what} explains the evidence best ({human(first.probability, 'share')})"
    if len(leading) == 1:
        return head
    second = leading[1]
    return f"{head}; next is {second.what} ({human(second.probability, 'share')})"


def _table(leading: list[Suspect]) -> pl.DataFrame:
    rows = [
        {
            "change_id": suspect.change_id,
            "what": suspect.what,
            "probability": suspect.probability,
            "argument": argument.text,
            "weight_nats": argument.weight,
        }
        for suspect in leading
        for argument in _ordered(suspect)
    ]
    return pl.DataFrame(rows)
