"""Memory of every pod against the fitted model, the limit, and the kills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_high
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Band, Chart, Line, Mark, Panel, Points, Rule
from forensics.charts._signal import (
    MOST_POINTS,
    MOST_SERIES,
    Signal,
    change_rules,
    each_signal,
    focus,
    references,
    select,
    signal_sources,
    time_ends,
)
from forensics.charts._theme import role_of
from forensics.charts._units import human, human_range
from forensics.findings import Findings, Growth

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Memory of each pod and version, with the fitted model, the limit and the kills"
NEEDS: Final = ("findings", "roles", "events", "metrics")

#: From what tells a leak best to what tells it worst.
MEMORY_ROLES: Final = ("gc_floor", "heap_used", "working_set", "rss")
_DAY: Final = "%Y-%m-%d %H:%M"
#: Processes of one version that get a colour each.
_MOST_COLOURS: Final = 6
_NAMES: Final = {
    "gc_floor": "heap after collection",
    "heap_used": "heap in use",
    "working_set": "working set",
    "rss": "resident memory",
}


def draw(
    findings: Findings, roles: Roles, events: pl.DataFrame, metrics: pl.DataFrame
) -> Chart | None:
    """Return the chart, or ``None`` where no memory was measured."""
    points = memory_points(findings, roles)
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
    title = _title(worst, findings, role, is_long=_is_long(low, high))
    return Chart(
        id="memory-growth",
        title=title,
        subtitle=f"{role} of {_of_all(signals, points)}, by version",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time", low=low, high=high),
                y=Axis(label=role, unit="bytes", low=0.0),
                marks=tuple(marks),
            ),
        ),
        caption=_caption(worst, marks),
        alt=_alt(signals, title),
        table=_table(points, signals),
        sources=references(
            worst.evidence if worst else [], signal_sources(findings, roles, points, metrics)
        ),
    )


def memory_points(findings: Findings, roles: Roles) -> pl.DataFrame:
    """Return the points of the memory that leaks, else of that which tells a leak best.

    A leak outside the managed heap shows in what the process holds, not in its heap.
    """
    worst = worst_growth(findings)
    leaking: set[str] = set()
    if worst is not None and worst.leak == "yes":
        leaking = set(roles.series.filter(pl.col("metric") == worst.metric)["role"].to_list())
    return select(roles.points, *sorted(MEMORY_ROLES, key=lambda role: role not in leaking))


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


def _table(points: pl.DataFrame, signals: Sequence[Signal]) -> pl.DataFrame:
    """Return the samples; of very many those that are drawn."""
    whole = points.select("time", "entity", "version", "role", pl.col("value").alias("bytes"))
    if whole.height <= MOST_POINTS * MOST_SERIES:
        return whole
    drawn = [
        pl.DataFrame({"time": s.x, "bytes": s.y}).select(
            pl.col("time").cast(whole.schema["time"]),
            pl.lit(s.entity).alias("entity"),
            pl.lit(s.version).alias("version"),
            pl.lit(points["role"][0]).alias("role"),
            "bytes",
        )
        for s in signals
    ]
    return pl.concat(drawn)


def _is_long(low: datetime | None, high: datetime | None) -> bool:
    """Return whether the time of day alone would not name a moment of the chart."""
    return low is not None and high is not None and high - low > timedelta(days=1)


def _of_all(signals: Sequence[Signal], points: pl.DataFrame) -> str:
    """Say how many processes are drawn, and of how many."""
    whole = points["series_id"].n_unique()
    few = f"{len(signals)} of " if len(signals) < whole else ""
    return f"{few}{_count(whole, 'process', 'processes')}"


def _title(worst: Growth | None, findings: Findings, role: str, *, is_long: bool) -> str:
    head = role.capitalize()
    if worst is None:
        return f"{head} was measured; no growth could be fitted"
    if worst.leak != "yes":
        rate = human(worst.rate_bytes_per_min, "bytes/min")
        return f"{head} shows no lasting growth ({rate} at most)"
    leaking = [g for g in findings.growth if g.leak == "yes" and g.rate_bytes_per_min is not None]
    # A rate that some life really had, and the one that the verdict names.
    rate = human(median_high(g.rate_bytes_per_min or 0.0 for g in leaking), "bytes/min")
    versions = sorted({g.version for g in leaking if g.version})
    where = f" on {', '.join(versions[:3])}" if versions else ""
    form = _DAY if is_long else "%H:%M"
    since = "" if worst.onset is None else f" from {worst.onset:{form}} UTC on"
    of_lives = f" (median of {len(leaking)} process lives)" if len(leaking) > 1 else ""
    return f"{head} grows by {rate}{where}{since}{of_lives}"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _caption(worst: Growth | None, drawn: Sequence[Mark]) -> str:
    kills = any(isinstance(mark, Points) for mark in drawn)
    changes = any(isinstance(mark, Rule) and mark.axis == "x" for mark in drawn)
    marks = " ".join(
        text
        for text, is_drawn in (
            ("Crosses mark kills for lack of memory.", kills),
            ("Upright dashes mark changes.", changes),
        )
        if is_drawn
    )
    if worst is None or worst.onset is None or worst.rate_bytes_per_min is None:
        return f"Each line is the memory of one process. {marks}".rstrip()
    interval = worst.rate_interval
    shown = "" if interval is None else f" ({human_range(*interval, 'bytes/min')})"
    return (
        "Each line is the memory of one process. The heavy dashes show the first sure leak, "
        f"{worst.entity}: {human(worst.rate_bytes_per_min, 'bytes/min')}{shown} at its end by "
        f"the {worst.model.replace('_', ' ')} model. {marks}"
    ).rstrip()


def _alt(signals: Sequence[Signal], title: str) -> str:
    versions = ", ".join(sorted({s.version or "not known" for s in signals}))
    return (
        f"Line chart of memory over time for {_count(len(signals), 'process', 'processes')}, "
        f"version {versions}. {title}."
    )
