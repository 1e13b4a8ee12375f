"""Find the series a line speaks of by its words, where no role rule fits.

"Shopping cart abandonment spiking to 95%" and a metric called
``shop_cart_abandonment_ratio`` share two telling words. A match needs two shared words, or
one that is rare among all metric names, and a unit that can hold the quantity.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from forensics.analysis._context import SLACK, Context, Measured
from forensics.analysis._declared import Bound
from forensics.analysis._statements import split_words
from forensics.findings import EvidenceRef

#: Words that many metric names share; they say what kind of number it is, not of what.
_GENERIC: Final = frozenset(
    re.findall(
        r"\w+",
        """total count sum seconds bytes ratio rate percent per the of and in to a on is was all
        with for average max min p99 current last now service system app application api metric
        value status state error errors memory number""",
    )
)
_SHARE_WORDS: Final = re.compile(r"ratio|percent|share|pct|fraction|utili[sz]ation|rate")
_NAMES_PER_SERIES: Final = 6


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """Metric names with their telling words, and how common each word is."""

    words: dict[str, frozenset[str]]
    frequency: Counter[str]


def index_names(metrics: pl.DataFrame) -> NamedSeries:
    """Index the metric names of a table by the words in them and in their label values."""
    words: dict[str, frozenset[str]] = {}
    for name in metrics["metric"].unique().sort().to_list():
        words[name] = _telling(split_words(re.sub(r"[^A-Za-z0-9]+", " ", name)))
    frequency = Counter(word for found in words.values() for word in found)
    return NamedSeries(words, frequency)


def measure_by_name(
    item: Bound, context: Context, metrics: pl.DataFrame, index: NamedSeries
) -> Measured | None:
    """Measure a quantity against the series whose name shares the line's words."""
    line = _telling(f"{item.statement.words} {item.quantity.noun}")
    scores = {name: _score(line, words, index) for name, words in index.words.items()}
    scores = {name: score for name, score in scores.items() if score > 0}
    if item.quantity.kind == "count":
        noun = _telling(item.quantity.noun)
        scores = {name: score for name, score in scores.items() if noun & index.words[name]}
    if item.quantity.kind == "percent":
        scores = {name: score for name, score in scores.items() if _SHARE_WORDS.search(name)}
    if not scores:
        return None
    best = max(sorted(scores), key=lambda name: scores[name])
    values = _values(metrics.filter(pl.col("metric") == best), context)
    if item.quantity.kind == "percent" and values and max(map(abs, values)) > 1.5:
        values = [value / 100 for value in values]
    if not values:
        return None
    unit = "%" if item.quantity.kind == "percent" else ""
    low, high = (v * 100 if unit else v for v in (min(values), max(values)))
    shown = _figure(low) + unit if low == high else f"{_figure(low)} to {_figure(high)}{unit}"
    return Measured(
        tuple(values),
        shown,
        f"series {best}, found by the words it shares with the line",
        (EvidenceRef(path="metrics", query=best),),
    )


def measure_share_by_name(
    item: Bound, context: Context, words: str, entities: list[str] | None
) -> Measured | None:
    """Measure a share against ready-made ratio series whose name has one of ``words``.

    ``entities`` limits it to the service that the line speaks of.
    """
    del item
    points = context.metrics.filter(
        pl.col("metric").str.contains(rf"(?i)(?:{words}).*(?:ratio|rate|percent|share|pct)")
        & ~pl.col("metric").str.contains("(?i)_total|_count|_bucket")
    )
    if entities is not None:
        points = points.filter(pl.col("entity").is_in(entities))
    values = _values(points, context)
    if not values:
        return None
    if max(values) > 1.5:
        values = [value / 100 for value in values]
    names = points["metric"].unique().sort().to_list()
    return Measured(
        tuple(values),
        f"{min(values):.0%} to {max(values):.0%}",
        f"series {', '.join(names)}",
        tuple(EvidenceRef(path="metrics", query=name) for name in names),
    )


def _values(points: pl.DataFrame, context: Context) -> list[float]:
    if context.as_of is not None:
        points = points.filter(
            pl.col("time").is_between(context.as_of - SLACK, context.as_of + timedelta(seconds=60))
        )
    values: list[float] = points["value"].drop_nulls().to_list()
    return values


def _figure(value: float) -> str:
    """Return a number as people write it: no powers of ten."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _telling(text: str) -> frozenset[str]:
    words = (_stem(word) for word in re.findall(r"[a-z]{3,}", text))
    return frozenset(word for word in words if word not in _GENERIC)


def _stem(word: str) -> str:
    """Cut the endings of English plurals and verbs: a crude stem is enough to match names."""
    for ending in ("ments", "ment", "ings", "ing", "ers", "er", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _score(line: frozenset[str], name: frozenset[str], index: NamedSeries) -> float:
    shared = line & name
    if not shared:
        return 0.0
    is_rare = any(index.frequency[word] <= 2 for word in shared)
    if len(shared) < 2 and not (is_rare and len(name) <= _NAMES_PER_SERIES // 2):
        return 0.0
    return sum(1.0 / index.frequency[word] for word in shared) + len(shared) / (1 + len(name))
