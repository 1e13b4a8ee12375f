"""Count the patterns of logs per minute and host, in one bounded pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from forensics.patterns import Patterns, Shapes, count_shapes, merge_shapes, mine_shapes

#: Events held at a time.
_BATCH_EVENTS: Final = 1_000_000
_KEYS: Final = ("minute", "host")


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each pattern was logged, where and when.

    Attributes
    ----------
    patterns
        The templates.
    minutes
        ``template_id``, ``minute`` (start, UTC), ``host`` (else service, else null),
        ``count``. Events without a time are left out.
    firsts
        ``template_id``, ``first_at``, ``last_at``; ``level``, ``file`` and ``line`` of the
        first event.
    """

    patterns: Patterns
    minutes: pl.DataFrame
    firsts: pl.DataFrame


def count_rates(logs: pl.LazyFrame) -> Rates:
    """Mine the messages of ``logs`` and count their patterns per minute and host.

    Memory grows with shapes times minutes times hosts, not with events.
    """
    parts: list[Shapes] = []
    minutes: list[pl.DataFrame] = []
    firsts: list[pl.DataFrame] = []
    for events in _batches(logs):
        shapes = count_shapes(events["message"])
        parts.append(Shapes(shapes.table, shapes.codes[:0]))
        shaped = events.with_columns(
            shape=shapes.table["shape"].gather(pl.Series(shapes.codes, dtype=pl.Int64))
        ).filter(pl.col("first_at").is_not_null())
        minutes.append(shaped.group_by("shape", *_KEYS).agg(pl.len().cast(pl.Int64).alias("count")))
        firsts.append(_first(shaped, "shape"))
    patterns = mine_shapes(merge_shapes(parts))
    counted = pl.concat(minutes).join(patterns.shapes, on="shape")
    return Rates(
        patterns,
        counted.group_by("template_id", *_KEYS)
        .agg(pl.col("count").sum())
        .sort("template_id", *_KEYS),
        _first(pl.concat(firsts).join(patterns.shapes, on="shape"), "template_id"),
    )


def _batches(logs: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield what is counted of the events; at least one batch, perhaps empty."""
    time = pl.col("time")
    wanted = logs.select(
        "message",
        "level",
        time.alias("first_at"),
        time.alias("last_at"),
        time.dt.truncate("1m").alias("minute"),
        pl.coalesce("host", "service").alias("host"),
        pl.col("raw_ref").struct.field("file").alias("file"),
        pl.col("raw_ref").struct.field("line").alias("line"),
    )
    yield wanted.head(0).collect()
    yield from wanted.collect_batches(chunk_size=_BATCH_EVENTS)


def _first(events: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return for each ``key`` its first event (ties: by file and line) and the last time."""
    order = ["first_at", "file", "line"]
    return (
        events.sort(order, nulls_last=True)
        .group_by(key, maintain_order=True)
        .agg(pl.col("first_at", "level", "file", "line").first(), pl.col("last_at").max())
        .sort(key)
    )
