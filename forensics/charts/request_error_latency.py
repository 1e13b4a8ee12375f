"""Requests, errors and latency below each other: what users felt, and when."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Panel, Rule
from forensics.charts._signal import (
    change_rules,
    focus,
    over_time,
    select,
    signal_sources,
    time_ends,
)
from forensics.charts._units import clock, human
from forensics.findings import Findings

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Requests, errors and latency over time"
NEEDS: Final = ("findings", "roles", "metrics")


def draw(findings: Findings, roles: Roles, metrics: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where none of the three was measured."""
    traffic = roles.traffic()
    latency = select(roles.points, "latency")
    frames = {
        "requests": over_time(select(traffic, "requests"), pl.col("value").sum()),
        "errors": over_time(select(traffic, "errors"), pl.col("value").sum()),
        "latency": over_time(latency, pl.col("value").max()),
    }
    shown = {name: frame for name, frame in frames.items() if not frame.is_empty()}
    if not shown:
        return None
    ends = [time_ends(frame) for frame in shown.values()]
    low = min(low for low, _ in ends if isinstance(low, datetime))
    high = max(high for _, high in ends if isinstance(high, datetime))
    begin, end = focus(findings, low, high)
    time = Axis(label="time (UTC)", scale="time", low=begin, high=end)
    rules = change_rules(findings, begin, end)
    return Chart(
        id="request-error-latency",
        title=_title(shown),
        subtitle=f"{', '.join(shown)} of all processes together"
        + ("; latency is that of the slowest" if "latency" in shown else ""),
        panels=tuple(_panel(name, frame, time, rules) for name, frame in shown.items()),
        caption=_caption(list(shown)),
        alt=f"Line charts over time of {', '.join(shown)}. {_title(shown)}.",
        table=pl.concat(
            [frame.select("time", pl.lit(n).alias("signal"), "value") for n, frame in shown.items()]
        ),
        sources=signal_sources(findings, roles, pl.concat([traffic, latency]), metrics),
        height_in=0.7 + 1.35 * len(shown),
    )


def _caption(shown: list[str]) -> str:
    missing = [name for name in _UNITS if name not in shown]
    gap = f" The evidence has no {' and no '.join(missing)}." if missing else ""
    return f"Upright dashes mark changes; the panels share one time axis.{gap}"


_UNITS: Final = {"requests": "1/s", "errors": "1/s", "latency": "s"}
_ROLES: Final = {"requests": "s1", "errors": "bad", "latency": "s7"}


def _panel(name: str, frame: pl.DataFrame, time: Axis, rules: list[Rule]) -> Panel:
    return Panel(
        title=f"{name} a second" if _UNITS[name] == "1/s" else name,
        x=time,
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
    reached = f"{human(peak['value'], _UNITS[name])} at {clock(peak['time'])} UTC"
    if name != "errors" or "requests" not in shown:
        return f"{name.capitalize()} peak{'s' if name == 'latency' else ''} at {reached}"
    load = shown["requests"].filter(pl.col("time") == peak["time"])["value"].sum()
    if not load or peak["value"] <= 0:
        return f"Errors peak at {reached}"
    return f"Errors peak at {reached}, {human(min(peak['value'] / load, 1.0), 'share')} of requests"
