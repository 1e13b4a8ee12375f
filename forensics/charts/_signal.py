"""The measured signals a chart draws: points by role, each series with its pod and version.

The frame ``points`` of the analysis ``roles`` has the columns ``time`` (UTC), ``series_id``,
``role``, ``entity``, ``version`` and ``value`` (bytes, seconds, counts a second or counts, as
the role says).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from forensics.charts._chart import Coordinate, Rule
from forensics.charts._layout import thin
from forensics.findings import EvidenceRef, Findings

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

MOST_POINTS = 400  #: a line: more than the pixels of a chart show nothing more
MOST_SERIES = 40
MOST_RULES = 40  #: changes drawn into a chart of something else
MOST_NAMED = 7  #: of these, the most probable ones that are named


@dataclass(frozen=True, slots=True)
class Signal:
    """One series of one entity, thinned for drawing."""

    entity: str
    version: str
    x: list[datetime]
    y: list[float]


def select(points: pl.DataFrame, *roles: str) -> pl.DataFrame:
    """Return the points of the first of ``roles`` that has any, in order of series and time."""
    for role in roles:
        found = points.filter(pl.col("role") == role).drop_nulls("value")
        if not found.is_empty():
            return found.sort("series_id", "time")
    return points.clear()


def each_signal(points: pl.DataFrame, most: int = MOST_SERIES) -> Iterator[Signal]:
    """Yield at most ``most`` series of ``points``, the same number of each version.

    Of a version those with the largest values are taken: what grew stands beside what didn't.
    """
    peaks = (
        points.group_by("series_id")
        .agg(pl.col("value").max().alias("peak"), pl.col("version").first())
        .sort("peak", "series_id", descending=[True, False])
        .with_columns(rank=pl.int_range(pl.len()).over("version"))
        .sort("rank", "peak", "series_id", descending=[False, True, False])
        .head(most)
    )
    parts = points.partition_by("series_id", as_dict=True)
    for series_id in sorted(peaks["series_id"].to_list()):
        part = parts[(series_id,)]
        x, y = thin(part["time"].to_list(), part["value"].to_list(), MOST_POINTS)
        yield Signal(str(part["entity"][0] or ""), str(part["version"][0] or ""), x, y)


def over_time(points: pl.DataFrame, how: pl.Expr, bins: int = 240) -> pl.DataFrame:
    """Return one value a bin of time (columns ``time``, ``value``), aggregated by ``how``.

    The bins are a whole number of seconds wide, at least as wide as the samples are apart.
    """
    if points.is_empty():
        return points.select("time", "value")
    width = bin_width(points["time"], bins)
    gaps = points.sort("series_id", "time").select(
        pl.col("time").diff().over("series_id").dt.total_seconds().median()
    )
    width = max(width, int(gaps.item() or 1))
    # In order, since the last digit of a sum depends on it.
    return (
        points.sort("series_id", "time")
        .group_by(pl.col("time").dt.truncate(f"{width}s"), "series_id", maintain_order=True)
        .agg(pl.col("value").mean())
        .group_by("time", maintain_order=True)
        .agg(how.alias("value"))
        .sort("time")
    )


def bin_width(times: pl.Series, bins: int) -> int:
    """Return how many seconds wide a bin is if ``bins`` of them cover ``times``."""
    first, last = times.min(), times.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return 1
    return max(1, -(-int((last - first).total_seconds()) // bins))


def change_rules(findings: Findings, low: Any = None, high: Any = None) -> list[Rule]:
    """Return a labelled rule for each suspected change, the one held responsible in its colour.

    ``low`` and ``high`` are the ends of the time axis; changes beyond them (with a tenth of
    the axis to spare) are left out, since they would squeeze what the chart is about.
    """
    cause = findings.verdict.root_cause.change_id
    spare = (high - low) / 10 if low is not None and high is not None else timedelta(0)
    near = [
        suspect
        for suspect in findings.suspects
        if suspect.time is not None
        and (low is None or suspect.time >= low - spare)
        and (high is None or suspect.time <= high + spare)
    ]
    near.sort(key=lambda s: (s.change_id != cause, -s.probability, s.change_id))
    return [
        Rule(
            name=f"change {suspect.change_id}",
            role="cause" if suspect.change_id == cause else "innocent",
            at=suspect.time,
            text=suspect.what if rank < MOST_NAMED else "",
            legend=False,
        )
        for rank, suspect in enumerate(near[:MOST_RULES])
        if suspect.time is not None
    ]


def focus(
    findings: Findings, low: Coordinate | None, high: Coordinate | None
) -> tuple[datetime | None, datetime | None]:
    """Return the ends of a time axis that shows the incident and what came before it.

    Evidence may reach far back; half an hour before the first moment of the incident, or
    three quarters of what follows it, is enough to see what was usual. The tables of the
    charts keep everything.
    """
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return None, None
    onsets = [g.onset for g in findings.growth if g.leak == "yes" and g.confidence != "low"]
    moments = [t for t in (*onsets, findings.incident.started_at) if t and low <= t <= high]
    begin = low
    if moments:
        first = min(moments)
        begin = max(low, first - max(timedelta(minutes=30), (high - first) * 0.75))
    return begin, high + (high - begin) / 40


def sources_of(
    findings: Findings, kinds: Sequence[str] = (), points: pl.DataFrame | None = None
) -> tuple[EvidenceRef, ...]:
    """Return references to the evidence files of ``kinds`` that were read.

    Where ``points`` has a column ``source``, its files come first.
    """
    named = (
        points["source"].unique().drop_nulls().sort().to_list()
        if points is not None and "source" in points.columns
        else []
    )
    files = [
        file.path
        for file in findings.evidence
        if file.kind in kinds and file.status in {"read", "partly"}
    ]
    return tuple(EvidenceRef(path=path) for path in dict.fromkeys([*named, *files]))


def signal_sources(
    findings: Findings, roles: Roles, points: pl.DataFrame, metrics: pl.DataFrame
) -> tuple[EvidenceRef, ...]:
    """Return references to the files that the series of ``points`` were read from.

    A signal that is the sum of several series has the files of its parts, one that is no
    metric those of the GC logs; where none is found, every file of metrics is named.
    """
    drawn = points["series_id"].unique().implode()
    is_drawn = pl.col("series_id").is_in(drawn) | pl.col("part_of").is_in(drawn)
    names = roles.series.filter(is_drawn)["metric"].drop_nulls().unique()
    found = metrics.filter(pl.col("metric").is_in(names.implode()))
    files = found["source"].drop_nulls().unique().sort().to_list()
    refs = tuple(EvidenceRef(path=file) for file in files)
    if found["metric"].n_unique() < len(names):
        refs += sources_of(findings, ("gc",))
    return refs or sources_of(findings, ("metrics",))


def references(*groups: Sequence[EvidenceRef]) -> tuple[EvidenceRef, ...]:
    """Return the references of all groups, each once, in order."""
    unique = {ref.model_dump_json(): ref for group in groups for ref in group}
    return tuple(unique.values())


def time_ends(points: pl.DataFrame) -> tuple[Coordinate | None, Coordinate | None]:
    """Return the first and the last time of ``points``; ``None`` where there are none."""
    low, high = points["time"].min(), points["time"].max()
    return (
        low if isinstance(low, datetime) else None,
        high if isinstance(high, datetime) else None,
    )
