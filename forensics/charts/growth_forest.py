"""The rate of each process life with its interval, below each other, by version."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Panel, Points, Rule
from forensics.charts._signal import references
from forensics.charts._units import human
from forensics.findings import Findings, Growth

TITLE: Final = "Rate of growth of each process life, with its interval"
NEEDS: Final = ("findings",)

_MOST: Final = 36
_ROLES: Final = {"yes": "cause", "unknown": "unknown", "no": "against"}
_NAMES: Final = {"yes": "leaks", "unknown": "can't be told", "no": "does not leak"}


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where fewer than two rates were fitted."""
    fitted = [growth for growth in findings.growth if growth.rate_bytes_per_min is not None]
    if len(fitted) < 2:
        return None
    fitted.sort(key=lambda g: (g.version or "", -(g.rate_bytes_per_min or 0.0), g.entity))
    shown = fitted[:_MOST]
    marks: list[Mark] = [
        Rule(name="no growth", role="frame", at=0.0, style="solid", legend=False),
        *(points for leak in _ROLES if (points := _points(shown, leak)) is not None),
    ]
    return Chart(
        id="growth-forest",
        title=_title(fitted),
        subtitle="rate of memory growth of each process life, with its interval",
        panels=(
            Panel(
                x=Axis(label="rate", unit="bytes/min"),
                y=Axis(scale="category", categories=tuple(_name(growth) for growth in shown)),
                marks=tuple(marks),
            ),
        ),
        caption=(
            "A point is the fitted rate, the line its interval; one that crosses zero may not "
            "grow at all. " + ("" if len(fitted) <= _MOST else "Further lives are in the table.")
        ).strip(),
        alt=f"Forest plot of {len(fitted)} rates. {_title(fitted)}.",
        table=pl.DataFrame(
            [
                {
                    "entity": g.entity,
                    "version": g.version,
                    "metric": g.metric,
                    "leak": g.leak,
                    "rate_bytes_per_min": g.rate_bytes_per_min,
                    "low_bytes_per_min": g.rate_interval[0] if g.rate_interval else None,
                    "high_bytes_per_min": g.rate_interval[1] if g.rate_interval else None,
                }
                for g in fitted
            ],
            infer_schema_length=None,
        ),
        sources=references(*(growth.evidence for growth in fitted)),
        height_in=1.2 + 0.27 * len(shown),
    )


def _name(growth: Growth) -> str:
    return f"{growth.entity} ({growth.version})" if growth.version else growth.entity


def _points(shown: list[Growth], leak: str) -> Points | None:
    own = [(row, growth) for row, growth in enumerate(shown) if growth.leak == leak]
    if not own:
        return None
    rates = [growth.rate_bytes_per_min or 0.0 for _, growth in own]
    ends = [
        growth.rate_interval or (rate, rate) for rate, (_, growth) in zip(rates, own, strict=True)
    ]
    return Points(
        name=_NAMES[leak],
        role=_ROLES[leak],
        x=rates,
        y=[float(row) for row, _ in own],
        x_low=[low for low, _ in ends],
        x_high=[high for _, high in ends],
        texts=[f"{_name(g)}: {human(g.rate_bytes_per_min, 'bytes/min')}" for _, g in own],
        size=6.0,
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
