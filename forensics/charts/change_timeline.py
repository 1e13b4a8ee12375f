"""Every change and event on one time line, with the onset and how sure we are of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import polars as pl

from forensics.charts._chart import (
    Axis,
    Band,
    Chart,
    Line,
    Mark,
    Panel,
    Points,
    Rects,
    Rule,
)
from forensics.charts._signal import references, sources_of
from forensics.charts._units import clock, human
from forensics.charts.memory_growth import worst_growth
from forensics.findings import Findings, Growth

TITLE: Final = "Changes and events on one time line, with the onset and its interval"
NEEDS: Final = ("findings", "changes", "events")

_MOST_EVENTS: Final = 150
_MOST_CHANGES: Final = 12
_BINS: Final = 60
#: Half the width of the central 90 % of a normal distribution, in its standard deviations.
_Z90: Final = 1.6449
_AROUND: Final = timedelta(hours=3)
#: At least this much room beside the first and the last moment.
_TAIL: Final = timedelta(minutes=5)


def draw(findings: Findings, changes: pl.DataFrame, events: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where neither a change nor an event is known."""
    changes = _around(findings, changes)
    events = _around(findings, events)
    if changes.is_empty() and events.is_empty():
        return None
    named = _named(findings, changes)
    counts = dict(events.group_by("kind").len().iter_rows())
    kinds = sorted(counts, key=lambda kind: (kind == "other", kind != "oom_kill", kind))
    rows = [*named["what"].to_list()]
    rows += [f"{str(kind).replace('_', ' ')} ({counts[kind]:,})" for kind in kinds]
    low, high = _ends(findings, named, events)
    time = Axis(label="time (UTC)", scale="time", low=low, high=high)
    posterior = _posterior(findings)
    panels = [
        Panel(
            x=time,
            y=Axis(label="", scale="category", categories=tuple(rows)),
            marks=(
                *_changes(findings, named),
                *_events(events, kinds, named.height),
                *_milestones(findings),
            ),
            height=0.6 + 0.3 * len(rows),
        )
    ]
    if posterior:
        panels.insert(
            0,
            Panel(
                title="when the growth began",
                x=time,
                y=Axis(label="probability", unit="share", low=0.0),
                marks=(*posterior, *_milestones(findings)),
                height=1.0,
            ),
        )
    return Chart(
        id="change-timeline",
        title=_title(findings),
        subtitle="changes and events by time, all UTC",
        panels=tuple(panels),
        caption=_caption(has_posterior=bool(posterior)),
        alt=_alt(findings, changes, events),
        table=_table(changes, events),
        sources=references(sources_of(findings, ("changes", "events"), changes)),
        height_in=1.0 + 0.3 * len(rows) + (1.3 if posterior else 0.0),
    )


def _caption(*, has_posterior: bool) -> str:
    above = (
        "Above: the probability that the growth began then, each leaking process counted alike. "
        if has_posterior
        else ""
    )
    return (
        f"{above}Diamonds and bars are changes with their duration, the one held responsible in "
        "its own colour; circles are events, with how many there are of each kind."
    )


def _named(findings: Findings, changes: pl.DataFrame) -> pl.DataFrame:
    """Return the changes that get a row: the most probable causes, in order of time.

    A change that several files record is one suspect, and gets the row of its best record.
    """
    keys = {name: changes.schema[name] for name in ("what", "time")}
    odds = pl.DataFrame(
        [(s.what, s.time, s.probability) for s in findings.suspects],
        schema={**keys, "odds": pl.Float64},
        orient="row",
    )
    ranked = changes.join(odds, on=list(keys), how="left", maintain_order="left")
    weighed = ranked.filter(pl.col("odds").is_not_null())
    ranked = ranked if weighed.is_empty() else weighed
    named = ranked.unique(list(keys), maintain_order=True)
    named = named.sort("odds", "time", descending=[True, False], nulls_last=True)
    return named.head(_MOST_CHANGES).sort("time", "what")


def _ends(
    findings: Findings, named: pl.DataFrame, events: pl.DataFrame
) -> tuple[datetime, datetime]:
    """Return the ends of the time axis; a change that lasts beyond doesn't stretch it."""
    moments = [*named["time"].to_list(), *events["time"].to_list()]
    incident = findings.incident
    moments += [t for t in (incident.started_at, incident.detected_at, _onset_at(findings)) if t]
    low, high = min(moments), max(moments)
    spare = max((high - low) / 30, _TAIL)
    return low - spare, high + spare


def _around(findings: Findings, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep what lies within three hours of the incident; all of it where no time is known."""
    incident = findings.incident
    moments = [t for t in (incident.started_at, incident.detected_at, _onset_at(findings)) if t]
    frame = frame.drop_nulls("time").sort("time")
    if not moments:
        return frame
    near = frame.filter(pl.col("time").is_between(min(moments) - _AROUND, max(moments) + _AROUND))
    return frame if near.is_empty() else near


def _first_growth(findings: Findings) -> Growth | None:
    """Return the leak whose onset came first, among those that are not doubtful."""
    return min(_sure(findings), key=lambda g: (g.onset, g.entity), default=worst_growth(findings))


def _onset_at(findings: Findings) -> datetime | None:
    first = _first_growth(findings)
    return None if first is None else first.onset


def _posterior(findings: Findings) -> list[Mark]:
    """Draw the probability that growth began in each bin of time, over all leaking processes.

    The onset of the first life of each process that leaks is taken as a normal distribution
    whose central 90 % is the interval found; the curve is their mean.
    """
    first: dict[str, Growth] = {}
    for growth in sorted(_sure(findings), key=lambda g: (g.onset, g.entity)):
        first.setdefault(growth.entity, growth)
    onsets = [(g.onset, *g.onset_interval) for g in first.values() if g.onset and g.onset_interval]
    if not onsets:
        return []
    low, high = min(low for _, low, _ in onsets), max(high for _, _, high in onsets)
    spare = max(high - low, timedelta(seconds=10)) * 0.6
    width = max((high - low + 2 * spare) / _BINS, timedelta(milliseconds=500))
    edges = [low - spare + width * i for i in range(_BINS + 1)]
    share = [sum(_below(edge, *onset) for onset in onsets) / len(onsets) for edge in edges]
    values = [later - earlier for earlier, later in pairwise(share)]
    return [
        Band(
            name="probability",
            role="model",
            legend=False,
            x=edges[:-1],
            low=[0.0] * len(values),
            high=values,
            opacity=0.35,
        ),
        Line(name="onset of growth", role="model", legend=False, x=edges[:-1], y=values, width=1.2),
    ]


def _below(edge: datetime, middle: datetime, low: datetime, high: datetime) -> float:
    """Return the probability that an onset lies before ``edge``."""
    spread = max((high - low).total_seconds() / (2 * _Z90), 0.5)
    return NormalDist(0.0, spread).cdf((edge - middle).total_seconds())


def _sure(findings: Findings) -> list[Growth]:
    return [g for g in findings.growth if g.leak == "yes" and g.onset and g.confidence != "low"]


def _changes(findings: Findings, changes: pl.DataFrame) -> list[Mark]:
    cause = _cause_time(findings)
    numbered = changes.with_row_index("row")
    marks: list[Mark] = []
    for is_cause in (False, True):
        rows = [r for r in numbered.iter_rows(named=True) if (r["time"] == cause) is is_cause]
        if not rows:
            continue
        role = "cause" if is_cause else "innocent"
        name = "change held responsible" if is_cause else "other change"
        lasting = [row for row in rows if row["end_time"] and row["end_time"] > row["time"]]
        if lasting:
            marks.append(
                Rects(
                    name=f"{name}, duration",
                    role=role,
                    legend=False,
                    x0=[row["time"] for row in lasting],
                    x1=[row["end_time"] for row in lasting],
                    y0=[row["row"] - 0.16 for row in lasting],
                    y1=[row["row"] + 0.16 for row in lasting],
                    texts=[row["what"] for row in lasting],
                )
            )
        marks.append(
            Points(
                name=name,
                role=role,
                x=[row["time"] for row in rows],
                y=[float(row["row"]) for row in rows],
                texts=[f"{clock(row['time'])} {row['what']}" for row in rows],
                symbol="diamond",
                size=7.0,
            )
        )
    return marks


def _cause_time(findings: Findings) -> datetime | None:
    cause = findings.verdict.root_cause.change_id
    times = [s.time for s in findings.suspects if s.change_id == cause]
    return times[0] if times else None


def _events(events: pl.DataFrame, kinds: list[str], offset: int) -> list[Mark]:
    return [
        Points(
            name=str(kind).replace("_", " "),
            role="limit" if kind == "oom_kill" else "s6",
            legend=False,
            x=part["time"].to_list(),
            y=[float(offset + row)] * part.height,
            texts=[f"{r['entity'] or ''} {r['reason'] or ''}" for r in part.iter_rows(named=True)],
            size=4.5,
        )
        for row, kind in enumerate(kinds)
        if not (part := _thinned(events.filter(pl.col("kind") == kind))).is_empty()
    ]


def _thinned(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events of one kind, every so many where there are more than can be seen."""
    return events.gather_every(max(1, -(-events.height // _MOST_EVENTS)))


def _milestones(findings: Findings) -> list[Mark]:
    incident = findings.incident
    named = (("declared start", incident.started_at), ("detected", incident.detected_at))
    return [
        Rule(name=name, role="s1", at=at, text=f"{name} {clock(at)}", style="dot", legend=False)
        for name, at in named
        if at is not None
    ]


def _title(findings: Findings) -> str:
    onset, cause = _onset_at(findings), _cause_time(findings)
    if onset is None:
        return "What changed around the incident; no onset of growth was found"
    if cause is None:
        return f"Growth begins at {clock(onset)} UTC; no known change explains it"
    what = next(s.what for s in findings.suspects if s.time == cause)
    gap = human(round(abs((onset - cause).total_seconds())), "s")
    where = "after" if onset >= cause else "before"
    return f"Growth begins at {clock(onset)} UTC, {gap} {where} {what}"


def _alt(findings: Findings, changes: pl.DataFrame, events: pl.DataFrame) -> str:
    return (
        f"Time line with {changes.height} changes and {events.height} events. {_title(findings)}."
    )


def _table(changes: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        [
            changes.select(
                "time", "end_time", pl.lit("change").alias("of"), "kind", pl.col("what")
            ),
            events.select(
                "time",
                "end_time",
                pl.lit("event").alias("of"),
                "kind",
                pl.concat_str("entity", "reason", separator=" ", ignore_nulls=True).alias("what"),
            ),
        ]
    ).sort("time")
