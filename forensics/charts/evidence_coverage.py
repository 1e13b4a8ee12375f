"""What evidence exists for which time, and where it is silent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Panel, Rects, Rule
from forensics.charts._signal import sources_of
from forensics.charts._units import clock, human
from forensics.findings import Findings

TITLE: Final = "Which evidence covers which time"
NEEDS: Final = ("findings", "metrics", "logs", "events", "changes", "gc")

_BINS: Final = 200
Stretch = tuple[datetime, datetime]


def draw(
    findings: Findings,
    metrics: pl.DataFrame,
    logs: pl.LazyFrame | pl.DataFrame,
    events: pl.DataFrame,
    changes: pl.DataFrame,
    gc: pl.DataFrame,
) -> Chart | None:
    """Return the chart, or ``None`` where no table has a time."""
    tables = {"metrics": metrics, "logs": logs, "events": events, "changes": changes, "gc": gc}
    times = {name: _times(table) for name, table in tables.items()}
    times = {name: found for name, found in times.items() if not found.is_empty()}
    if not times:
        return None
    lasting = ("metrics", "logs", "gc")
    times = _near(times, lasting)
    covered = {
        name: _stretches(found) if name in lasting else _moments(found)
        for name, found in times.items()
    }
    return Chart(
        id="evidence-coverage",
        title=_title(findings, covered),
        subtitle="bars: time for which a kind of evidence has data",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time"),
                y=Axis(scale="category", categories=tuple(covered)),
                marks=(*_rects(covered), *_milestones(findings)),
            ),
        ),
        caption=(
            "A gap is a stretch longer than ten times the usual distance of samples. Events and "
            "changes are moments; those over an "
            "hour off are left out. Nothing can be concluded where a row is empty."
        ),
        alt=f"Coverage of time by {', '.join(covered)}. {_title(findings, covered)}.",
        table=pl.DataFrame(
            [
                {"evidence": name, "from": low, "to": high}
                for name, parts in covered.items()
                for low, high in parts
            ]
        ),
        sources=sources_of(findings, tuple(tables)),
        height_in=1.2 + 0.36 * len(covered),
    )


def _near(times: dict[str, pl.Series], lasting: tuple[str, ...]) -> dict[str, pl.Series]:
    """Keep moments within an hour of lasting evidence; a rollout of last month is far off."""
    ends = [end for name in lasting if name in times for end in (times[name][0], times[name][-1])]
    if not ends:
        return times
    low, high = min(ends) - timedelta(hours=1), max(ends) + timedelta(hours=1)
    near = {
        name: found if name in lasting else found.filter(found.is_between(low, high))
        for name, found in times.items()
    }
    return {name: found for name, found in near.items() if not found.is_empty()}


def _times(table: pl.DataFrame | pl.LazyFrame) -> pl.Series:
    """Return the distinct times of a table, to the second, in order."""
    column = table.lazy().select(pl.col("time").dt.truncate("1s")).drop_nulls().unique()
    return column.sort("time").collect(engine="streaming")["time"]


def _stretches(times: pl.Series) -> list[Stretch]:
    """Join times no further apart than ten usual distances, or a bin of the chart."""
    seen: list[datetime] = times.to_list()
    usual = times.diff().dt.total_seconds().median()
    whole = (seen[-1] - seen[0]).total_seconds()
    longest = max(10 * (float(usual) if isinstance(usual, int | float) else 0.0), whole / _BINS)
    parts: list[list[datetime]] = [[seen[0], seen[0]]]
    for moment in seen[1:]:
        if (moment - parts[-1][1]).total_seconds() <= longest:
            parts[-1][1] = moment
        else:
            parts.append([moment, moment])
    return [(low, high) for low, high in parts]


def _moments(times: pl.Series) -> list[Stretch]:
    return [(moment, moment) for moment in times.head(400).to_list()]


def _rects(covered: dict[str, list[Stretch]]) -> list[Mark]:
    lows = [low for parts in covered.values() for low, _ in parts]
    highs = [high for parts in covered.values() for _, high in parts]
    least = max((max(highs) - min(lows)) / 300, timedelta(seconds=1))
    return [
        Rects(
            name=name,
            role=role,
            legend=False,
            x0=[low for low, _ in parts],
            x1=[max(high, low + least) for low, high in parts],
            y0=[row - 0.3] * len(parts),
            y1=[row + 0.3] * len(parts),
            texts=[f"{name} {clock(low)} to {clock(high)}" for low, high in parts],
        )
        for row, ((name, parts), role) in enumerate(
            zip(covered.items(), ("s1", "s3", "s5", "s4", "s7"), strict=False)
        )
    ]


def _milestones(findings: Findings) -> list[Mark]:
    incident = findings.incident
    named = (("declared start", incident.started_at), ("detected", incident.detected_at))
    return [
        Rule(name=name, role="limit", at=at, text=f"{name} {clock(at)}", legend=False)
        for name, at in named
        if at is not None
    ]


def _title(findings: Findings, covered: dict[str, list[Stretch]]) -> str:
    start = findings.incident.started_at
    if start is None:
        longest = max(covered, key=lambda n: covered[n][-1][1] - covered[n][0][0])
        span = (covered[longest][-1][1] - covered[longest][0][0]) / timedelta(minutes=1)
        return f"{longest.capitalize()} reach furthest: {human(span, 'min')}"
    lasting = [n for n in ("metrics", "logs", "gc") if n in covered]
    silent = [n for n in lasting if not any(a <= start <= b for a, b in covered[n])]
    if silent:
        return f"No {', '.join(silent)} exist for the moment the incident began"
    if not lasting:
        return "Neither metrics nor logs cover the incident"
    return f"{', '.join(lasting).capitalize()} cover the moment the incident began"
