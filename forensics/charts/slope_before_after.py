"""The slope of memory before and after each change, side by side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Panel
from forensics.charts._signal import signal_sources
from forensics.charts._units import human
from forensics.charts.memory_growth import memory_points
from forensics.findings import Findings, Suspect

if TYPE_CHECKING:
    from forensics.analysis.lifetimes import Result as Lifetimes
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Slope of memory before and after each change"
NEEDS: Final = ("findings", "roles", "lifetimes", "metrics")

_WINDOW: Final = timedelta(minutes=30)
_LEAST: Final = 4


def draw(
    findings: Findings, roles: Roles, lifetimes: Lifetimes, metrics: pl.DataFrame
) -> Chart | None:
    """Return the chart, or ``None`` where nothing leaks or no change has samples on both sides."""
    if findings.verdict.leak == "no":
        return None
    points = _by_life(memory_points(findings, roles), lifetimes)
    changes = sorted((s for s in findings.suspects if s.time), key=lambda s: (s.time, s.change_id))
    rows = [row for change in changes if (row := _slopes(points, change, changes)) is not None]
    if not rows:
        return None
    cause = {s.what for s in changes if s.change_id == findings.verdict.root_cause.change_id}
    told = [row for row in rows if row["what"] in cause] or rows
    steepest = max(told, key=lambda row: row["after"] - row["before"])
    title = (
        f"The slope of memory goes from {human(steepest['before'], 'bytes/min')} to "
        f"{human(steepest['after'], 'bytes/min')} after {steepest['what']}"
    )
    at = [float(i) for i in range(len(rows))]
    zero = [0.0] * len(rows)
    before, after = [r["before"] for r in rows], [r["after"] for r in rows]
    extent = max(abs(value) for value in (*before, *after)) or 1.0
    return Chart(
        id="slope-before-after",
        title=title,
        subtitle="mean over process lives, up to the neighbouring change",
        panels=(
            Panel(
                x=Axis(
                    label="slope of memory",
                    unit="bytes/min",
                    low=_with_room(min(0.0, *before, *after), extent),
                    high=max(0.0, *before, *after) + 0.18 * extent,
                ),
                y=Axis(scale="category", categories=tuple(r["what"] for r in rows)),
                marks=(
                    Bars(
                        name="before",
                        role="innocent",
                        positions=[i - 0.19 for i in at],
                        starts=zero,
                        ends=before,
                        texts=[human(value, "bytes/min") for value in before],
                        horizontal=True,
                        thickness=0.34,
                    ),
                    Bars(
                        name="after",
                        role="cause",
                        positions=[i + 0.19 for i in at],
                        starts=zero,
                        ends=after,
                        texts=[human(value, "bytes/min") for value in after],
                        horizontal=True,
                        thickness=0.34,
                    ),
                ),
            ),
        ),
        caption=(
            "Each slope is taken within one process life, between a change and its neighbours, at "
            "most half an hour to a side; shown is the mean over lives. Where changes lie close "
            "together, few samples tell them apart."
        ),
        alt=f"Bars of the slope before and after {len(rows)} changes. {title}.",
        table=pl.DataFrame(rows).rename(
            {"before": "before_bytes_per_min", "after": "after_bytes_per_min"}
        ),
        sources=signal_sources(findings, roles, points, metrics),
        height_in=1.1 + 0.6 * len(rows),
    )


def _with_room(lowest: float, extent: float) -> float:
    """Leave room for the number beside a bar that points to the left, if there is one."""
    return lowest - 0.3 * extent if lowest < -0.001 * extent else 0.0


def _slopes(points: pl.DataFrame, change: Suspect, changes: list[Suspect]) -> dict[str, Any] | None:
    """Return the mean slopes on both sides, bounded by the neighbouring changes."""
    at = change.time
    assert at is not None
    times = [other.time for other in changes if other.time]
    begin = max([at - _WINDOW, *(t for t in times if t < at)])
    end = min([at + _WINDOW, *(t for t in times if t > at)])
    before = _mean_slope(points, begin, at)
    after = _mean_slope(points, at, end)
    if before is None or after is None:
        return None
    return {"what": change.what, "time": at, "before": before, "after": after}


def _by_life(points: pl.DataFrame, lifetimes: Lifetimes) -> pl.DataFrame:
    """Tell the lives of each process apart, so that no slope runs over a restart."""
    starts = lifetimes.starts.select("entity", "time", life=pl.col("time")).sort("time")
    joined = points.sort("time").join_asof(starts, on="time", by="entity", check_sortedness=False)
    return joined.with_columns(pl.col("life").fill_null(pl.col("time").min()))


def _mean_slope(points: pl.DataFrame, low: datetime, high: datetime) -> float | None:
    """Return the mean over process lives of the least-squares slope, in bytes a minute."""
    part = points.filter(pl.col("time").is_between(low, high))
    minutes = (pl.col("time") - pl.col("time").min()).dt.total_seconds() / 60
    slopes = (
        part.drop_nulls("value")
        .sort("series_id", "time")
        .group_by("series_id", "life", maintain_order=True)
        .agg(
            samples=pl.len(),
            spread=minutes.var(),
            slope=pl.cov(minutes, pl.col("value")) / minutes.var(),
        )
        .filter((pl.col("samples") >= _LEAST) & (pl.col("spread") > 0))["slope"]
    )
    middle = slopes.mean()
    return float(middle) if isinstance(middle, int | float) else None
