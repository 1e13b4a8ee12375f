"""When processes started and died: from start times, restart counters, kills and events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.findings import AnyEntry, EvidenceRef, TimelineRow
from forensics.tables import TIME

if TYPE_CHECKING:
    from forensics.analysis import roles as roles_module

TITLE: Final = "Process lifetimes"
NEEDS: Final = ("roles", "events")

#: One row a start of a process after the first: when, and what tells of it.
STARTS: Final = pl.Schema({"entity": pl.String(), "time": TIME, "why": pl.String()})

#: Two sources that name starts this close mean the same one: a scrape interval or two.
_SAME_START: Final = pl.duration(seconds=120)
_EVENT_KINDS: Final = ("oom_kill", "restart")
#: What metrics tell of a start, as ``why`` names it.
_MEASURED: Final = ("start time", "restarts", "oom_kills")
_BIRTH_KINDS: Final = ("start", "restart", "oom_kill")


@dataclass(frozen=True, slots=True)
class Result:
    """Restarts of each process.

    Parameters
    ----------
    starts
        Schema ``STARTS``, sorted by entity and time; each restart once.
    watched
        Entities whose start time or restart counter was recorded: a restart that isn't in
        ``starts`` didn't happen while they were watched.
    births
        Schema ``STARTS``: every start that is known of, the first of each process among them;
        the same one may be told of twice.
    """

    starts: pl.DataFrame
    watched: frozenset[str]
    births: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STARTS))

    def of(self, entity: str) -> list[datetime]:
        """Return the restart times of one entity."""
        times: list[datetime] = self.starts.filter(pl.col("entity") == entity)["time"].to_list()
        return times

    def births_of(self, entity: str) -> list[datetime]:
        """Return all known start times of one entity, the first one included."""
        times: list[datetime] = self.births.filter(pl.col("entity") == entity)["time"].to_list()
        return times


def run(*, roles: roles_module.Result, events: pl.DataFrame) -> Result:
    """Collect the restarts that the evidence tells of.

    Parameters
    ----------
    roles
        Roles ``start_time`` (Unix seconds), ``restarts`` and ``oom_kills`` (counters).
    events
        Table of the ``events`` schema; kills and restarts count.
    """
    found = pl.concat(
        [
            _from_start_times(roles.role("start_time")),
            _from_counters(roles.role("restarts", "oom_kills")),
            _from_events(events),
        ]
    ).sort("entity", "time")
    gap = pl.col("time").diff().over("entity")
    distinct = found.filter(gap.is_null() | (gap > _SAME_START))
    watched = roles.role("start_time", "restarts")["entity"].drop_nulls().unique()
    births = pl.concat(
        [
            distinct,
            _from_start_times(roles.role("start_time"), is_first=True),
            _from_events(events, _BIRTH_KINDS),
        ]
    ).sort("entity", "time")
    return Result(distinct, frozenset(watched.to_list()), births)


def findings(result: Result) -> list[AnyEntry]:
    """Return one row of the timeline for each restart that metrics show.

    Reported kills and restarts are rows of the time line already, and a kernel reports them
    for its node, which did not start again.
    """
    measured = result.starts.filter(pl.col("why").is_in(_MEASURED))
    return [
        TimelineRow(
            time=row["time"],
            kind="restart",
            text=f"{row['entity']} started again",
            evidence=[EvidenceRef(path="metrics", query=f"{row['why']} of {row['entity']}")],
        )
        for row in measured.iter_rows(named=True)
    ]


def _from_start_times(points: pl.DataFrame, *, is_first: bool = False) -> pl.DataFrame:
    """Return a start where the recorded start time moves by more than clock jitter.

    ``is_first`` asks for the first one recorded of each entity instead.
    """
    step = pl.col("value").diff().over("entity")
    return (
        points.sort("entity", "time")
        .filter(step.is_null() if is_first else step.abs() > 5.0)
        .select(
            "entity",
            pl.from_epoch((pl.col("value") * 1e6).cast(pl.Int64), time_unit="us")
            .dt.replace_time_zone("UTC")
            .alias("time"),
            pl.lit("start time").alias("why"),
        )
        .cast(STARTS)
    )


def _from_counters(points: pl.DataFrame) -> pl.DataFrame:
    """Return a start where a counter of restarts or kills rose between two samples."""
    rose = pl.col("value").diff().over("role", "entity") > 0
    return (
        points.sort("role", "entity", "time")
        .filter(rose)
        .select("entity", "time", pl.col("role").alias("why"))
        .cast(STARTS)
    )


def _from_events(events: pl.DataFrame, kinds: tuple[str, ...] = _EVENT_KINDS) -> pl.DataFrame:
    """Return kills and restarts (or other kinds) that were reported for a named entity."""
    return (
        events.filter(
            pl.col("kind").is_in(kinds)
            & pl.col("entity").is_not_null()
            & pl.col("time").is_not_null()
        )
        .select("entity", "time", pl.col("kind").alias("why"))
        .cast(STARTS)
    )
