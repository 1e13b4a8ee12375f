"""When memory runs out: as it grows, at other rates, and with other limits."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Band, Chart, Line, Mark, Panel, Rule
from forensics.charts._units import human
from forensics.charts.memory_growth import worst_growth
from forensics.findings import Findings, Growth

TITLE: Final = "How long memory lasts if the limit or the rate were different"
NEEDS: Final = ("findings",)

_STEPS: Final = 40
_FACTORS: Final = (0.5, 1.0, 2.0, 4.0)


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` without a leaking life that has a limit."""
    worst = worst_growth(findings)
    room = None if worst is None else _room_bytes(worst)
    if worst is None or room is None:
        return None
    rate = float(worst.rate_bytes_per_min or 0.0)
    limit = float(worst.limit_bytes or 0.0)
    taken = limit - room
    low, high = worst.rate_interval or (rate, rate)
    factors = [0.5 + 3.5 * i / _STEPS for i in range(_STEPS + 1)]
    times = {factor: (factor * limit - taken) / rate for factor in factors}
    shown = {factor: minutes for factor, minutes in times.items() if minutes >= 0}
    sizes = [factor * limit for factor in shown]
    marks: list[Mark] = [
        *_interval(sizes, taken, (low, high)),
        *(_line(sizes, taken, rate * factor, factor) for factor in (0.5, 1.0, 2.0)),
        Rule(
            name="limit as it is",
            role="limit",
            at=limit,
            text=f"limit as it is: {human(limit, 'bytes')}",
            style="solid",
            legend=False,
        ),
    ]
    return Chart(
        id="what-if",
        title=_title(worst, taken, limit, rate),
        subtitle=f"time from the onset to the limit by limit and rate, {worst.entity}",
        panels=(
            Panel(
                x=Axis(label="memory limit", unit="bytes"),
                y=Axis(label="time to the limit", unit="min", low=0.0),
                marks=tuple(marks),
            ),
        ),
        caption=(
            "Each line: a rate of growth; the band: the interval of the fitted rate. More memory "
            "moves the kill, it does not prevent it. The rate is taken to stay as fitted."
        ),
        alt=f"Curves of the time to the memory limit. {_title(worst, taken, limit, rate)}.",
        table=_table(limit, taken, rate),
        sources=tuple(worst.evidence),
        height_in=3.8,
    )


def _room_bytes(worst: Growth) -> float | None:
    """Return the bytes left to the limit at the onset, as the fitted time to it implies."""
    rate, limit, minutes = worst.rate_bytes_per_min, worst.limit_bytes, worst.time_to_limit_min
    if worst.leak != "yes" or not rate or rate <= 0 or not limit or not minutes:
        return None
    room = rate * minutes
    return room if 0 < room <= limit else None


def _interval(sizes: list[float], taken: float, rates: tuple[float, float]) -> list[Mark]:
    low, high = rates
    if low <= 0 or high <= low:
        return []
    return [
        Band(
            name="interval of the fitted rate",
            role="s1",
            x=sizes,
            low=[(size - taken) / high for size in sizes],
            high=[(size - taken) / low for size in sizes],
        )
    ]


def _line(sizes: list[float], taken: float, rate: float, factor: float) -> Line:
    roles = {0.5: "good", 1.0: "s1", 2.0: "bad"}
    names = {0.5: "half the rate", 1.0: "rate as fitted", 2.0: "twice the rate"}
    return Line(
        name=f"{names[factor]}: {human(rate, 'bytes/min')}",
        role=roles[factor],
        x=sizes,
        y=[(size - taken) / rate for size in sizes],
        style="solid" if factor == 1 else "dash",
    )


def _title(worst: Growth, taken: float, limit: float, rate: float) -> str:
    doubled = human((2 * limit - taken) / rate, "min")
    return (
        f"From the onset memory lasts {human(worst.time_to_limit_min, 'min')}; with twice the "
        f"limit it would last {doubled}"
    )


def _table(limit: float, taken: float, rate: float) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "limit_bytes": limit * limit_factor,
                "rate_bytes_per_min": rate * rate_factor,
                "minutes": (limit * limit_factor - taken) / (rate * rate_factor),
            }
            for limit_factor in _FACTORS
            for rate_factor in _FACTORS
            if limit * limit_factor > taken
        ]
    )
