"""Memory of every pod against the fitted model, the limit, and the kills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Band, Chart, Line, Mark, Panel, Points, Rule
from forensics.charts._signal import (
    Signal,
    change_rules,
    each_signal,
    focus,
    references,
    select,
    sources_of,
    time_ends,
)
from forensics.charts._theme import role_of
from forensics.charts._units import human, human_range
from forensics.findings import Findings, Growth

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Memory of each pod and version, with the fitted model, the limit and the kills"
NEEDS: Final = ("findings", "roles", "events")

#: From what tells a leak best to what tells it worst.
MEMORY_ROLES: Final = ("gc_floor", "heap_used", "working_set", "rss")
#: Processes of one version that get a colour each.
_MOST_COLOURS: Final = 6
_NAMES: Final = {
    "gc_floor": "heap after collection",
    "heap_used": "heap in use",
    "working_set": "working set",
    "rss": "resident memory",
}


def draw(findings: Findings, roles: Roles, events: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where no memory was measured."""
    points = select(roles.points, *MEMORY_ROLES)
    if points.is_empty():
        return None
    signals = list(each_signal(points))
    low, high = focus(findings, *time_ends(points))
    worst = worst_growth(findings)
    marks: list[Mark] = [
        *_lines(signals),
        *_model(worst, signals),
        *_limit(findings, roles.points),
        *_kills(events, signals),
        *change_rules(findings, low, high),
    ]
    role = _NAMES[str(points["role"][0])]
    return Chart(
        id="memory-growth",
        title=_title(worst, findings, role),
        subtitle=f"{role} of {_count(len(signals), 'process', 'processes')}, by version",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time", low=low, high=high),
                y=Axis(label=role, unit="bytes", low=0.0),
                marks=tuple(marks),
            ),
        ),
        caption=_caption(worst),
        alt=_alt(signals, _title(worst, findings, role)),
        table=points.select("time", "entity", "version", "role", pl.col("value").alias("bytes")),
        sources=references(
            worst.evidence if worst else [], sources_of(findings, ("metrics",), points)
        ),
    )


def worst_growth(findings: Findings) -> Growth | None:
    """Return the growth entry that matters most: leaking, then sure, then first.

    The first sure onset is where the story begins; later lives of restarted processes
    start from a state that the leak has made already.
    """
    order = {"high": 0, "medium": 1, "low": 2}
    rising = [growth for growth in findings.growth if growth.rate_bytes_per_min is not None]
    return min(
        rising,
        key=lambda g: (
            g.leak != "yes",
            order[g.confidence],
            g.onset.timestamp() if g.onset else math.inf,
            -(g.rate_bytes_per_min or 0.0),
        ),
        default=None,
    )


def _lines(signals: Sequence[Signal]) -> list[Mark]:
    """One line a process life, one colour a version; each version is named once."""
    versions = {name: role_of(i) for i, name in enumerate(sorted({s.version for s in signals}))}
    if len(versions) == 1 and 1 < len(signals) <= _MOST_COLOURS:
        return [
            Line(name=s.entity or "process", role=role_of(i), x=s.x, y=s.y)
            for i, s in enumerate(signals)
        ]
    thin_lines = len(signals) > 8
    named: set[str] = set()
    marks: list[Mark] = []
    for signal in signals:
        shown = signal.version or "version not known"
        first = signal.version not in named
        named.add(signal.version)
        marks.append(
            Line(
                name=shown if first else f"{signal.entity} {signal.version}",
                role=versions[signal.version],
                legend=first,
                x=signal.x,
                y=signal.y,
                width=0.9 if thin_lines else 1.4,
                opacity=0.55 if thin_lines else 0.9,
            )
        )
    return marks


def _model(worst: Growth | None, signals: Sequence[Signal]) -> list[Mark]:
    """Draw the fitted rate up to the end of the life it was fitted to."""
    if worst is None or worst.onset is None or worst.rate_bytes_per_min is None:
        return []
    own = [s for s in signals if s.entity == worst.entity and s.y] or [s for s in signals if s.y]
    life = min(own, key=lambda s: abs((s.x[0] - (worst.life_started_at or s.x[0])).total_seconds()))
    begin = min(max(worst.onset, life.x[0]), life.x[-1])
    end = max((t for t in life.x if t <= (worst.life_ended_at or life.x[-1])), default=life.x[-1])
    first, top = (
        life.y[life.x.index(begin)] if begin in life.x else life.y[0],
        life.y[life.x.index(end)],
    )
    # The rate is that of the end: the line leads up to the last sample from where it would start.
    whole = max((end - begin) / timedelta(minutes=1), 0.0)
    minutes = min(whole, max(top - first, 0.0) / max(worst.rate_bytes_per_min, 1.0))
    steps = 12
    left = [minutes * (steps - i) / steps for i in range(steps + 1)]
    x = [end - timedelta(minutes=m) for m in left]
    low, high = worst.rate_interval or (worst.rate_bytes_per_min, worst.rate_bytes_per_min)
    return [
        Band(
            name="interval of the fitted rate",
            role="model",
            legend=worst.rate_interval is not None,
            x=x,
            low=[top - high * m for m in left],
            high=[top - low * m for m in left],
        ),
        Line(
            name="fitted rate",
            role="model",
            x=x,
            y=[top - worst.rate_bytes_per_min * m for m in left],
            style="dash",
            width=1.8,
        ),
    ]


def _limit(findings: Findings, points: pl.DataFrame) -> list[Mark]:
    measured = select(points, "memory_limit", "heap_max")["value"].to_list()
    limits = {growth.limit_bytes for growth in findings.growth if growth.limit_bytes} or set(
        measured[-1:]
    )
    return [
        Rule(
            name=f"limit {human(limit, 'bytes')}",
            role="limit",
            axis="y",
            at=limit,
            text=f"limit {human(limit, 'bytes')}",
            style="solid",
            legend=False,
        )
        for limit in sorted(limits)[-3:]
    ]


def _kills(events: pl.DataFrame, signals: Sequence[Signal]) -> list[Mark]:
    """Put a cross where the last sample before each kill was, at the level it had reached."""
    kills = events.filter(pl.col("kind") == "oom_kill").drop_nulls("time").sort("time")
    x: list[datetime] = []
    y: list[float] = []
    texts: list[str] = []
    for kill in kills.iter_rows(named=True):
        own = [s for s in signals if s.entity == kill["entity"]] or list(signals)
        before = [
            (seen, value)
            for s in own
            for seen, value in zip(s.x, s.y, strict=True)
            if seen <= kill["time"]
        ]
        if before:
            x.append(kill["time"])
            y.append(max(before)[1])
            texts.append(f"{kill['entity']} killed: {kill['reason']}")
    if not x:
        return []
    return [
        Points(
            name=f"killed for memory ({len(x)})",
            role="limit",
            x=x,
            y=y,
            texts=texts,
            symbol="cross",
            size=6.5,
        )
    ]


def _title(worst: Growth | None, findings: Findings, role: str) -> str:
    head = role.capitalize()
    if worst is None:
        return f"{head} was measured; no growth could be fitted"
    if worst.leak != "yes":
        rate = human(worst.rate_bytes_per_min, "bytes/min")
        return f"{head} grows by {rate} at most, which is no leak"
    leaking = [g for g in findings.growth if g.leak == "yes" and g.rate_bytes_per_min is not None]
    rate = human(median(g.rate_bytes_per_min or 0.0 for g in leaking), "bytes/min")
    versions = sorted({g.version for g in leaking if g.version})
    where = f" on {', '.join(versions[:3])}" if versions else ""
    since = "" if worst.onset is None else f" from {worst.onset:%H:%M} UTC on"
    of_lives = f" (median of {len(leaking)} process lives)" if len(leaking) > 1 else ""
    return f"{head} grows by {rate}{where}{since}{of_lives}"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _caption(worst: Growth | None) -> str:
    marks = "Crosses mark kills for lack of memory, upright dashes changes."
    if worst is None or worst.onset is None or worst.rate_bytes_per_min is None:
        return f"Each line is the memory of one process. {marks}"
    interval = worst.rate_interval
    shown = "" if interval is None else f" ({human_range(*interval, 'bytes/min')})"
    return (
        "Each line is the memory of one process. The heavy dashes show the rate that the "
        f"{worst.model.replace('_', ' ')} model gives for the end of the first sure leak, "
        f"{human(worst.rate_bytes_per_min, 'bytes/min')}{shown} in {worst.entity}. {marks}"
    )


def _alt(signals: Sequence[Signal], title: str) -> str:
    versions = ", ".join(sorted({s.version or "not known" for s in signals}))
    return (
        f"Line chart of memory over time for {_count(len(signals), 'process', 'processes')}, "
        f"version {versions}. {title}."
    )
