"""The connection pool: in use, idle and waiting, against its size and Little's law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Band, Chart, Line, Mark, Panel
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

TITLE: Final = "Connections in use, idle and awaited, against the pool's size"
NEEDS: Final = ("findings", "roles", "metrics")

_SIGNALS: Final = {
    "in use": (("pool_active",), "s1"),
    "idle": (("pool_idle",), "s3"),
    "waiting": (("pool_pending",), "bad"),
    "size": (("pool_max",), "limit"),
}


def draw(findings: Findings, roles: Roles, metrics: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where no pool was measured."""
    frames = {
        name: over_time(select(roles.points, *names), pl.col("value").sum())
        for name, (names, _) in _SIGNALS.items()
    }
    frames = {name: frame for name, frame in frames.items() if not frame.is_empty()}
    if "in use" not in frames and "waiting" not in frames:
        return None
    demand = _demand(roles)
    drawn = roles.role(*(role for names, _ in _SIGNALS.values() for role in names))
    low, high = focus(findings, *time_ends(next(iter(frames.values()))))
    rules = change_rules(findings, low, high)
    time = Axis(label="time (UTC)", scale="time", low=low, high=high)
    held = {name: frame for name, frame in frames.items() if name != "waiting"}
    panels = [
        Panel(
            title=title,
            x=time,
            y=Axis(label=label, unit=unit, low=0.0),
            marks=(*_marks(part, demand), *rules),
            height=height,
        )
        for title, label, unit, part, height in (
            ("connections", "connections", "connections", held, 1.3),
            ("waiting", "requests waiting", "requests", _only(frames, "waiting"), 1.0),
        )
        if part
    ]
    return Chart(
        id="pool-use",
        title=_title(frames),
        subtitle="connections, all pods together",
        panels=tuple(panels),
        caption=_caption(demand),
        alt=f"Line chart of the connection pool over time: {', '.join(frames)}. {_title(frames)}.",
        table=pl.concat(
            [f.select("time", pl.lit(n).alias("signal"), "value") for n, f in frames.items()]
        ),
        sources=signal_sources(findings, roles, drawn, metrics),
        height_in=0.9 + 1.7 * len(panels),
    )


def _only(frames: dict[str, pl.DataFrame], name: str) -> dict[str, pl.DataFrame]:
    return {name: frames[name]} if name in frames else {}


def _demand(roles: Roles) -> pl.DataFrame:
    """Return the connections that the load asks for: rate times hold time (Little's law).

    References
    ----------
    J. D. C. Little (1961), "A Proof for the Queuing Formula: L = λW", Operations Research 9.
    """
    arriving = select(roles.points, "pool_acquire_rate")
    if arriving.is_empty():
        arriving = select(roles.traffic(), "requests")
    rate = over_time(arriving, pl.col("value").sum())
    held = over_time(select(roles.points, "pool_usage_time"), pl.col("value").mean())
    if rate.is_empty() or held.is_empty():
        return rate.clear()
    return (
        rate.join_asof(held, on="time", suffix="_held")
        .drop_nulls()
        .select("time", (pl.col("value") * pl.col("value_held")).alias("value"))
    )


def _marks(frames: dict[str, pl.DataFrame], demand: pl.DataFrame) -> list[Mark]:
    marks: list[Mark] = []
    if "in use" in frames:
        used = frames["in use"]
        marks.append(
            Band(
                name="in use, area",
                role="s1",
                legend=False,
                x=used["time"].to_list(),
                low=[0.0] * used.height,
                high=used["value"].to_list(),
                opacity=0.14,
            )
        )
    marks += [
        Line(
            name=name,
            role=_SIGNALS[name][1],
            x=frame["time"].to_list(),
            y=frame["value"].to_list(),
            style="dash" if name == "size" else "solid",
            step=name == "size",
        )
        for name, frame in frames.items()
    ]
    if not demand.is_empty() and "waiting" not in frames:
        marks.append(
            Line(
                name="demand by Little's law",
                role="model",
                x=demand["time"].to_list(),
                y=demand["value"].to_list(),
                style="dot",
                width=1.8,
            )
        )
    return marks


def _title(frames: dict[str, pl.DataFrame]) -> str:
    if "waiting" in frames:
        waiting = frames["waiting"]
        row = waiting.row(int(waiting["value"].arg_max() or 0), named=True)
        if row["value"] > 0:
            return (
                f"Up to {human(row['value'], 'requests')} wait for a connection, "
                f"most at {clock(row['time'])} UTC"
            )
    used = frames.get("in use")
    if used is None:
        return "Nothing waits for a connection"
    return f"At most {human(float(used['value'].max() or 0.0), 'connections')} are in use"  # type: ignore[arg-type]  # a float column


def _caption(demand: pl.DataFrame) -> str:
    law = (
        "No hold time was measured apart, so that no demand by Little's law is drawn."
        if demand.is_empty()
        else "Dotted: the connections the load asks for, arrival rate times hold time."
    )
    return f"The pool is full where requests wait while all of its size is in use. {law}"
