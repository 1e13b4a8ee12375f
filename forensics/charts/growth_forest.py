"""The rate of each process life with its interval, below each other, by version."""

from __future__ import annotations

from statistics import median
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Panel, Points, Rule
from forensics.charts._signal import references
from forensics.charts._units import human
from forensics.findings import Findings, Growth

TITLE: Final = "Rate of growth of each process life, with its interval"
NEEDS: Final = ("findings",)

_MOST_ROWS: Final = 18
_MOST_INTERVALS: Final = 40
_ROLES: Final = {"yes": "cause", "unknown": "unknown", "no": "against"}
_NAMES: Final = {"yes": "leaks", "unknown": "can't be told", "no": "does not leak"}
Rows = dict[str, list[Growth]]

_MEDIAN: Final = " The diamond is the median of a row."


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where fewer than two rates were fitted."""
    fitted = [growth for growth in findings.growth if growth.rate_bytes_per_min is not None]
    if len(fitted) < 2:
        return None
    fitted.sort(key=lambda g: (g.version or "", -(g.rate_bytes_per_min or 0.0), g.entity))
    rows, of_what = _rows(fitted)
    medians = _medians(rows)
    marks: list[Mark] = [
        Rule(name="no growth", role="frame", at=0.0, style="solid", legend=False),
        *(points for leak in _ROLES if (points := _points(rows, leak)) is not None),
        *medians,
    ]
    return Chart(
        id="growth-forest",
        title=_title(fitted),
        subtitle=f"rate of memory growth of {len(fitted)} process lives, a row {of_what}",
        panels=(
            Panel(
                x=Axis(label="rate", unit="bytes/min"),
                y=Axis(scale="category", categories=tuple(rows)),
                marks=tuple(marks),
            ),
        ),
        caption=(
            "A point is the rate fitted to one process life, its line the interval; one that "
            f"crosses zero may not grow at all.{_MEDIAN if medians else ''}"
        ),
        alt=f"Forest plot of {len(fitted)} rates in {len(rows)} rows. {_title(fitted)}.",
        table=_table(fitted),
        sources=references(*(growth.evidence for growth in fitted)),
        height_in=1.2 + (0.3 if of_what == "a process" else 0.7) * len(rows),
    )


def _rows(fitted: list[Growth]) -> tuple[Rows, str]:
    """Return lives by process, or by version and answer where there are too many of those."""
    rows: Rows = {}
    for growth in fitted:
        rows.setdefault(_name(growth), []).append(growth)
    if len(rows) <= _MOST_ROWS:
        return rows, "a process"
    folded: Rows = {}
    for growth in fitted:
        version = growth.version or "version not known"
        folded.setdefault(f"{version}: {_NAMES[growth.leak]}", []).append(growth)
    counted = {
        f"{name} ({len(own)} lives of {len({g.entity for g in own})} processes)": own
        for name, own in sorted(folded.items())
    }
    return dict(list(counted.items())[:_MOST_ROWS]), "a version"


def _name(growth: Growth) -> str:
    return f"{growth.entity} ({growth.version})" if growth.version else growth.entity


def _points(rows: Rows, leak: str) -> Points | None:
    """Draw the lives of one answer; several of a row are spread over its height."""
    own = [
        (row + _offset(index, len(lives)), growth)
        for row, lives in enumerate(rows.values())
        for index, growth in enumerate(lives)
        if growth.leak == leak
    ]
    if not own:
        return None
    rates = [growth.rate_bytes_per_min or 0.0 for _, growth in own]
    ends = [
        growth.rate_interval or (rate, rate) for rate, (_, growth) in zip(rates, own, strict=True)
    ]
    few = len(own) <= _MOST_INTERVALS
    return Points(
        name=_NAMES[leak],
        role=_ROLES[leak],
        x=rates,
        y=[y for y, _ in own],
        x_low=[low for low, _ in ends] if few else (),
        x_high=[high for _, high in ends] if few else (),
        texts=[f"{_name(g)}: {human(g.rate_bytes_per_min, 'bytes/min')}" for _, g in own],
        size=5.0 if few else 4.0,
    )


def _offset(index: int, count: int) -> float:
    return 0.0 if count == 1 else -0.3 + 0.6 * index / (count - 1)


def _medians(rows: Rows) -> list[Mark]:
    several = [(row, lives) for row, lives in enumerate(rows.values()) if len(lives) > 2]
    if not several:
        return []
    rates = [median(g.rate_bytes_per_min or 0.0 for g in lives) for _, lives in several]
    return [
        Points(
            name="median of the row",
            role="ink",
            x=rates,
            y=[float(row) for row, _ in several],
            texts=[human(rate, "bytes/min") for rate in rates],
            symbol="diamond",
            size=7.0,
        )
    ]


def _table(fitted: list[Growth]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "entity": g.entity,
                "version": g.version,
                "metric": g.metric,
                "life_started_at": g.life_started_at,
                "leak": g.leak,
                "rate_bytes_per_min": g.rate_bytes_per_min,
                "low_bytes_per_min": g.rate_interval[0] if g.rate_interval else None,
                "high_bytes_per_min": g.rate_interval[1] if g.rate_interval else None,
            }
            for g in fitted
        ],
        infer_schema_length=None,
    )


def _title(fitted: list[Growth]) -> str:
    leaking = [growth for growth in fitted if growth.leak == "yes"]
    versions = sorted({growth.version for growth in leaking if growth.version})
    head = f"{len(leaking)} of {len(fitted)} process lives leak"
    if not leaking or not versions:
        return head
    flat = {growth.version for growth in fitted if growth.leak == "no"}
    only = " only" if flat and not flat & set(versions) else ""
    return f"{head}, on {', '.join(versions)}{only}"
