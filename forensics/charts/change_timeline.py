"""Every change and event on one time line, with the onset and how sure we are of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Panel, Points, Rects, Rule, Span
from forensics.charts._signal import references, sources_of
from forensics.charts._units import clock, human
from forensics.charts.memory_growth import worst_growth
from forensics.findings import Findings, Growth

TITLE: Final = "Changes and events on one time line, with the onset and its interval"
NEEDS: Final = ("findings", "changes", "events")

_MOST_EVENTS: Final = 400
_AROUND: Final = timedelta(hours=3)
#: A change that lasts past the evidence is drawn this far past its last moment.
_TAIL: Final = timedelta(minutes=5)


def draw(findings: Findings, changes: pl.DataFrame, events: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where neither a change nor an event is known."""
    changes = _around(findings, changes)
    events = _around(findings, events).head(_MOST_EVENTS)
    if changes.is_empty() and events.is_empty():
        return None
    change_kinds = changes["kind"].unique().sort().to_list()
    event_kinds = events["kind"].unique().sort().to_list()
    rows = [f"change: {kind}" for kind in change_kinds]
    rows += [f"event: {str(kind).replace('_', ' ')}" for kind in event_kinds]
    marks: list[Mark] = [
        *_onset(findings),
        *_changes(findings, changes, change_kinds),
        *_events(events, event_kinds, len(change_kinds)),
        *_milestones(findings),
    ]
    return Chart(
        id="change-timeline",
        title=_title(findings),
        subtitle="changes, events and the onset of growth; all times UTC",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time"),
                y=Axis(label="", scale="category", categories=tuple(rows)),
                marks=tuple(marks),
            ),
        ),
        caption=(
            "Bars and diamonds: changes with their duration, the one held responsible in its own "
            "colour. Circles: events. Shaded: the interval in which the growth began."
        ),
        alt=_alt(findings, changes, events),
        table=_table(changes, events),
        sources=references(sources_of(findings, ("changes", "events"), changes)),
        height_in=1.6 + 0.34 * len(rows),
    )


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
    leaks = [g for g in findings.growth if g.leak == "yes" and g.onset and g.confidence != "low"]
    return min(leaks, key=lambda g: (g.onset, g.entity), default=worst_growth(findings))


def _onset_at(findings: Findings) -> datetime | None:
    first = _first_growth(findings)
    return None if first is None else first.onset


def _onset(findings: Findings) -> list[Mark]:
    worst = _first_growth(findings)
    if worst is None or worst.onset is None:
        return []
    marks: list[Mark] = []
    if worst.onset_interval is not None:
        low, high = worst.onset_interval
        marks.append(
            Span(name="onset interval", role="model", low=low, high=high, text="onset", opacity=0.2)
        )
    marks.append(
        Rule(
            name="onset of growth",
            role="model",
            at=worst.onset,
            text=f"growth begins {clock(worst.onset)}",
            style="solid",
            legend=False,
        )
    )
    return marks


def _changes(findings: Findings, changes: pl.DataFrame, kinds: list[str]) -> list[Mark]:
    cause = _cause_time(findings)
    last = max([row.time for row in findings.timeline] or changes["time"].to_list())
    marks: list[Mark] = []
    for is_cause in (False, True):
        rows = [row for row in changes.iter_rows(named=True) if (row["time"] == cause) is is_cause]
        if not rows:
            continue
        role = "cause" if is_cause else "innocent"
        name = "change held responsible" if is_cause else "other change"
        lasting = [row for row in rows if row["end_time"] and row["end_time"] > row["time"]]
        if lasting:
            at = [kinds.index(row["kind"]) for row in lasting]
            marks.append(
                Rects(
                    name=f"{name}, duration",
                    role=role,
                    legend=False,
                    x0=[row["time"] for row in lasting],
                    x1=[min(row["end_time"], last + _TAIL) for row in lasting],
                    y0=[i - 0.16 for i in at],
                    y1=[i + 0.16 for i in at],
                    texts=[row["what"] for row in lasting],
                )
            )
        marks.append(
            Points(
                name=name,
                role=role,
                x=[row["time"] for row in rows],
                y=[float(kinds.index(row["kind"])) for row in rows],
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
        if not (part := events.filter(pl.col("kind") == kind)).is_empty()
    ]


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
    minutes = (onset - cause) / timedelta(minutes=1)
    gap = human(abs(minutes), "min") if abs(minutes) >= 3 else human(abs(minutes) * 60, "s")
    where = "after" if minutes >= 0 else "before"
    return f"Growth begins at {clock(onset)} UTC, {gap} {where}: {what}"


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
