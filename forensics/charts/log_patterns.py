"""Which log patterns came when: a heat map of the patterns that changed most."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Heat, Panel
from forensics.charts._layout import fit_label, shorten
from forensics.charts._signal import bin_width, change_rules, focus, sources_of
from forensics.findings import Findings

TITLE: Final = "Log patterns over time"
NEEDS: Final = ("findings", "logs")

_MOST: Final = 16
_LETTERS: Final = 44
_BINS: Final = 90
#: A word with a digit in it is a value; without template ids, lines that differ in values are one.
_VALUE: Final = r"[^\s,;=()\[\]{}]*\d[^\s,;=()\[\]{}]*"
_PATTERN: Final = pl.coalesce("template_id", pl.col("message").str.replace_all(_VALUE, "<*>"))


def draw(findings: Findings, logs: pl.LazyFrame) -> Chart | None:
    """Return the chart, or ``None`` where no log line has a time."""
    lines = logs.drop_nulls("time").select("time", "level", pattern=_PATTERN)
    ends = lines.select(low=pl.col("time").min(), high=pl.col("time").max()).collect(
        engine="streaming"
    )
    if ends["low"][0] is None:
        return None
    width = bin_width(pl.Series([ends["low"][0], ends["high"][0]]), _BINS)
    counts = _count(lines, width)
    chosen = _choose(counts, findings)
    names = _names(logs, chosen)
    starts = _bins(ends["low"][0], ends["high"][0], width)
    table = counts.filter(pl.col("pattern").is_in(chosen))
    values = [_row(table, pattern, starts) for pattern in chosen]
    edges = [*starts, starts[-1] + timedelta(seconds=width)]
    low, high = focus(findings, edges[0], edges[-1])
    title = _title(counts, names, chosen)
    return Chart(
        id="log-patterns",
        title=title,
        subtitle=f"share of each pattern's busiest {width} s, {len(chosen)} patterns",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time", low=low, high=high),
                y=Axis(scale="category", categories=tuple(names[p] for p in chosen)),
                marks=(
                    Heat(
                        name="lines of each pattern",
                        x_edges=edges,
                        values=values,
                        unit="share of the row's peak",
                        legend=False,
                    ),
                    *change_rules(findings, low, high),
                ),
            ),
        ),
        caption=(
            "Each row is scaled to its own peak, so that rare patterns show beside frequent ones. "
            "Rows are ordered by when their pattern rose."
        ),
        alt=f"Heat map of {len(chosen)} log patterns over time. {title}.",
        table=table.with_columns(
            text=pl.col("pattern").replace_strict(names, return_dtype=pl.String)
        ).sort("time", "pattern"),
        sources=sources_of(findings, ("logs",)),
        height_in=1.2 + 0.25 * len(chosen),
    )


def _count(lines: pl.LazyFrame, width: int) -> pl.DataFrame:
    return (
        lines.drop_nulls("pattern")
        .group_by("pattern", pl.col("time").dt.truncate(f"{width}s"))
        .agg(lines=pl.len(), worst=pl.col("level").is_in(["ERROR", "FATAL", "WARN"]).mean())
        .collect(engine="streaming")
        .sort("pattern", "time")
    )


def _choose(counts: pl.DataFrame, findings: Findings) -> list[str]:
    """Return the patterns that changed most at the start of the incident, by when they rose.

    Without a known start, those whose busiest bin stands out most.
    """
    start = findings.incident.started_at
    after = pl.col("time") >= start if start else pl.lit(value=True)
    rated = counts.group_by("pattern").agg(
        total=pl.col("lines").sum(),
        inside=(pl.col("lines") * after).sum(),
        worst=pl.col("worst").mean(),
        rose=pl.col("time").sort_by("lines", "time", descending=[True, False]).first(),
    )
    score = (pl.col("inside") + 1) / (pl.col("total") - pl.col("inside") + 1)
    return (
        rated.with_columns(score=score.log().abs() + 2 * pl.col("worst"))
        .sort("score", "total", "pattern", descending=[True, True, False])
        .head(_MOST)
        .sort("rose", "pattern")["pattern"]
        .to_list()
    )


def _names(logs: pl.LazyFrame, chosen: list[str]) -> dict[str, str]:
    """Return a readable name for each pattern: the first line it matched."""
    lines = logs.select(pattern=_PATTERN, message=pl.col("message").str.replace_all(_VALUE, "<*>"))
    first = (
        lines.filter(pl.col("pattern").is_in(chosen))
        .group_by("pattern")
        .agg(pl.col("message").drop_nulls().first())
        .collect(engine="streaming")
    )
    texts = {r["pattern"]: r["message"] or r["pattern"] for r in first.iter_rows(named=True)}
    short = {pattern: shorten(text, _LETTERS) for pattern, text in texts.items()}
    known = Counter(short.values())
    alike = {pattern: texts[pattern] for pattern, name in short.items() if known[name] > 1}
    return {**short, **_tell_apart(alike)}


def _tell_apart(texts: dict[str, str]) -> dict[str, str]:
    """Name texts that begin alike by their first word that most of the others lack."""
    common = Counter(word for text in texts.values() for word in set(text.split()))
    names: dict[str, str] = {}
    for pattern, text in texts.items():
        words = text.split()
        own = min(words, key=lambda word: (common[word], words.index(word)), default="")
        head = shorten(text, max(_LETTERS - len(own) - 1, _LETTERS // 2))
        is_own = bool(own) and common[own] < len(texts) and own not in head
        names[pattern] = f"{head} {own}" if is_own else fit_label(text, _LETTERS)
    return names


def _bins(low: datetime, high: datetime, width: int) -> list[datetime]:
    first = pl.select(pl.lit(low).dt.truncate(f"{width}s")).item()
    count = int((high - first).total_seconds() // width) + 1
    return [first + timedelta(seconds=width * i) for i in range(count)]


def _row(table: pl.DataFrame, pattern: str, starts: list[datetime]) -> list[float]:
    part = table.filter(pl.col("pattern") == pattern)
    seen = dict(zip(part["time"].to_list(), part["lines"].to_list(), strict=True))
    peak = max(seen.values())
    return [seen.get(start, 0) / peak for start in starts]


def _title(counts: pl.DataFrame, names: dict[str, str], chosen: list[str]) -> str:
    loud = (
        counts.filter(pl.col("pattern").is_in(chosen), pl.col("worst") > 0.5)
        .group_by("pattern")
        .agg(pl.col("lines").sum(), pl.col("time").min())
        .sort("lines", "pattern", descending=[True, False])
    )
    if loud.is_empty():
        return f"{counts['pattern'].n_unique()} log patterns, none of them warnings or errors"
    top = loud.row(0, named=True)
    shown = names[top["pattern"]]
    return f"“{shown}” is logged {top['lines']:,} times from {top['time']:%H:%M} UTC on"
