"""Requests, errors and latency below each other: what users felt, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Panel
from forensics.charts._signal import change_rules, over_time, select, sources_of, time_ends
from forensics.charts._units import clock, human
from forensics.findings import Findings

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Requests, errors and latency over time"
NEEDS: Final = ("findings", "roles")


def draw(findings: Findings, roles: Roles) -> Chart | None:
    """Return the chart, or ``None`` where none of the three was measured."""
    frames = {
        "requests": over_time(select(roles.points, "requests"), pl.col("value").sum()),
        "errors": over_time(select(roles.points, "errors"), pl.col("value").sum()),
        "latency": over_time(select(roles.points, "latency"), pl.col("value").max()),
    }
    shown = {name: frame for name, frame in frames.items() if not frame.is_empty()}
    if not shown:
        return None
    return Chart(
        id="request-error-latency",
        title=_title(shown),
        subtitle="all pods together; latency is that of the slowest pod",
        panels=tuple(_panel(findings, name, frame) for name, frame in shown.items()),
        caption="Upright dashes: changes. The panels share one time axis.",
        alt=f"Line charts over time of {', '.join(shown)}. {_title(shown)}.",
        table=pl.concat(
            [frame.select("time", pl.lit(n).alias("signal"), "value") for n, frame in shown.items()]
        ),
        sources=sources_of(findings, ("metrics",)),
        height_in=0.6 + 1.35 * len(shown),
    )


_UNITS: Final = {"requests": "1/s", "errors": "1/s", "latency": "s"}
_ROLES: Final = {"requests": "s1", "errors": "bad", "latency": "s7"}


def _panel(findings: Findings, name: str, frame: pl.DataFrame) -> Panel:
    low, high = time_ends(frame)
    rules = change_rules(findings, low, high)
    return Panel(
        title=name,
        x=Axis(label="time (UTC)", scale="time"),
        y=Axis(label=name, unit=_UNITS[name], low=0.0),
        marks=(
            Line(
                name=name,
                role=_ROLES[name],
                legend=False,
                x=frame["time"].to_list(),
                y=frame["value"].to_list(),
            ),
            *rules,
        ),
    )


def _title(shown: dict[str, pl.DataFrame]) -> str:
    name = "errors" if "errors" in shown else next(iter(shown))
    frame = shown[name]
    peak = frame.row(int(frame["value"].arg_max() or 0), named=True)
    reached = human(peak["value"], _UNITS[name])
    word = name.capitalize()
    return f"{word} peak at {reached}, at {clock(peak['time'])} UTC"
