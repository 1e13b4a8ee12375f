"""How each piece of evidence moved the odds of the leading suspects."""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Panel, Rule
from forensics.charts._layout import shorten
from forensics.charts._signal import references
from forensics.charts._units import human, human_number
from forensics.findings import Argument, Findings, Suspect

TITLE: Final = "Odds of the leading suspects, argument by argument"
NEEDS: Final = ("findings",)

_MOST_SUSPECTS: Final = 3
_MOST_ARGUMENTS: Final = 8
#: Weights below this hardly change the odds (by less than a tenth), in nats.
_LEAST: Final = 0.1
#: Room for the texts beside the longest bars, in nats.
_SPARE: Final = 1.2
_SPARE_SHARE: Final = 0.14


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where no argument moves the odds of a suspect."""
    leading = sorted(findings.suspects, key=lambda s: (-s.probability, s.change_id))
    leading = [s for s in leading if _ordered(s)][:_MOST_SUSPECTS]
    if not leading:
        return None
    falls = [_fall(suspect) for suspect in leading]
    seen = [0.0, *(value for fall in falls for pair in fall for value in pair[1:])]
    low, high = min(seen), max(seen)
    spare = max(_SPARE, _SPARE_SHARE * (high - low))
    ends = (math.exp(low - spare), math.exp(high + spare))
    panels = tuple(_panel(s, fall, ends) for s, fall in zip(leading, falls, strict=True))
    rows = sum(len(panel.y.categories) for panel in panels)
    return Chart(
        id="odds-waterfall",
        title=_title(leading),
        subtitle="each bar: how many times one piece of evidence multiplies or divides the odds",
        panels=panels,
        caption=(
            "To the right speaks for the change, to the left against it. Each bar starts where "
            "the one above ended; the last is all of them together. The scale is logarithmic; "
            "the table has the weights as natural logarithms of likelihood ratios."
        ),
        alt=f"Waterfall of arguments for {len(leading)} suspects. {_title(leading)}.",
        table=_table(leading),
        sources=references(*(a.evidence for s in leading for a in _ordered(s))),
        height_in=0.85 * len(leading) + 0.34 * rows,
    )


def _ordered(suspect: Suspect) -> list[Argument]:
    """Return the arguments that move the odds, the heaviest first."""
    arguments = [a for a in (*suspect.for_, *suspect.against) if abs(a.weight) >= _LEAST]
    return sorted(arguments, key=lambda a: -abs(a.weight))


def _fall(suspect: Suspect) -> list[tuple[str, float, float]]:
    """Return (text, start, end) of each bar, in nats; the last one is the sum."""
    arguments = _ordered(suspect)
    bars = [(a.text, a.weight) for a in arguments[:_MOST_ARGUMENTS]]
    rest = arguments[_MOST_ARGUMENTS:]
    if rest:
        bars.append((f"{len(rest)} smaller arguments", sum(a.weight for a in rest)))
    made: list[tuple[str, float, float]] = []
    total = 0.0
    for text, weight in bars:
        made.append((text, total, total + weight))
        total += weight
    return [*made, ("all of it together", 0.0, total)]


def _panel(
    suspect: Suspect, fall: list[tuple[str, float, float]], ends: tuple[float, float]
) -> Panel:
    weights = [end - start for _, start, end in fall]
    roles = ["for" if weight > 0 else "against" for weight in weights[:-1]]
    labels = tuple(text for text, _, _ in fall)
    return Panel(
        title=f"{shorten(suspect.what, 70)}: {human(suspect.probability, 'share')}",
        x=Axis(
            label="odds of being the cause are multiplied by",
            unit="odds",
            scale="log",
            low=ends[0],
            high=ends[1],
        ),
        y=Axis(scale="category", categories=labels),
        marks=(
            Rule(
                name=f"even odds {suspect.change_id}",
                role="frame",
                at=1.0,
                style="solid",
                legend=False,
            ),
            Bars(
                name=f"arguments {suspect.change_id}",
                legend=False,
                positions=[float(i) for i in range(len(labels))],
                starts=[math.exp(start) for _, start, _ in fall],
                ends=[math.exp(end) for _, _, end in fall],
                roles=[*roles, "ink"],
                texts=[_times(weight) for weight in weights],
                horizontal=True,
            ),
        ),
        height=float(len(labels)) + 1.2,
    )


def _times(weight: float) -> str:
    factor = math.exp(abs(weight))
    shown = f"{factor:.1f}" if factor < 9.95 else human_number(float(f"{factor:.2g}"))
    return f"{'×' if weight >= 0 else '÷'}{shown}"


def _capital(what: str) -> str:
    """Begin a sentence with ``what``, unless its first word is a name with hyphens or digits."""
    return f"{what[:1].upper()}{what[1:]}" if what.split(" ", 1)[0].isalpha() else what


def _title(leading: list[Suspect]) -> str:
    first = leading[0]
    share = human(first.probability, "share")
    head = f"{_capital(first.what)} explains the evidence best ({share})"
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
