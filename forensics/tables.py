"""The tables every room agrees on: polars schemas, units, checks.

All times are UTC with microseconds, all sizes are bytes. Readers produce these tables,
analyses consume them; nothing else travels between rooms as a frame of unnamed shape.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

from forensics.errors import PluginError

TIME: Final[pl.DataType] = pl.Datetime("us", "UTC")

#: Labels travel as a sorted list of pairs, so that a frame with many label sets keeps one type.
LABELS: Final[pl.DataType] = pl.List(pl.Struct({"name": pl.String(), "value": pl.String}))

RAW_REF: Final[pl.DataType] = pl.Struct({"file": pl.String(), "line": pl.Int64})

METRICS: Final = pl.Schema(
    {
        "time": TIME,
        "metric": pl.String(),
        "entity": pl.String(),
        "labels": LABELS,
        "value": pl.Float64(),
        "unit": pl.String(),
        "source": pl.String(),
    }
)

LOGS: Final = pl.Schema(
    {
        "time": TIME,
        "level": pl.String(),
        "service": pl.String(),
        "host": pl.String(),
        "logger": pl.String(),
        "message": pl.String(),
        "template_id": pl.String(),
        "exception": pl.String(),
        "trace_id": pl.String(),
        "attributes": LABELS,
        "raw_ref": RAW_REF,
        "source": pl.String(),
    }
)

CHANGE_KINDS: Final = ("deploy", "database", "traffic", "flag", "config", "infra", "other")

CHANGES: Final = pl.Schema(
    {
        "time": TIME,
        "end_time": TIME,
        "kind": pl.String(),
        "what": pl.String(),
        "scope": pl.List(pl.String()),
        "from_version": pl.String(),
        "to_version": pl.String(),
        "details": pl.String(),
        "source": pl.String(),
    }
)

#: Kubernetes and kernel events, alerts: what happened to whom, seen by whom.
#: ``kind`` is one of EVENT_KINDS; ``reason`` keeps the producer's own word.
EVENT_KINDS: Final = (
    "oom_kill",
    "restart",
    "start",
    "stop",
    "probe_failure",
    "scaling",
    "alert",
    "rollout",
    "other",
)

EVENTS: Final = pl.Schema(
    {
        "time": TIME,
        "end_time": TIME,
        "kind": pl.String(),
        "reason": pl.String(),
        "entity": pl.String(),
        "version": pl.String(),
        "count": pl.Int64(),
        "message": pl.String(),
        "source": pl.String(),
    }
)

#: One row a collection or cycle phase of a garbage collector. ``time`` is null where a log has
#: uptime only; ``kind`` is one of GC_KINDS; pauses are stop-the-world milliseconds.
GC_KINDS: Final = ("young", "mixed", "full", "concurrent", "pause", "other")

GC: Final = pl.Schema(
    {
        "time": TIME,
        "uptime_s": pl.Float64(),
        "entity": pl.String(),
        "gc_id": pl.Int64(),
        "collector": pl.String(),
        "kind": pl.String(),
        "cause": pl.String(),
        "pause_ms": pl.Float64(),
        "heap_before_bytes": pl.Int64(),
        "heap_after_bytes": pl.Int64(),
        "heap_capacity_bytes": pl.Int64(),
        "source": pl.String(),
    }
)

#: What was damaged in one file: where, what, what was done about it.
DAMAGE: Final = pl.Schema(
    {
        "path": pl.String(),
        "offset": pl.Int64(),
        "line": pl.Int64(),
        "what": pl.String(),
        "action": pl.String(),
    }
)

SCHEMAS: Final[dict[str, pl.Schema]] = {
    "metrics": METRICS,
    "logs": LOGS,
    "changes": CHANGES,
    "events": EVENTS,
    "gc": GC,
    "damage": DAMAGE,
}


def empty_table(name: str) -> pl.DataFrame:
    """Return a frame of no rows that meets the schema called ``name``."""
    return pl.DataFrame(schema=SCHEMAS[name])


def check_table(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` if it meets the schema called ``name``; else say which column differs.

    Raises
    ------
    PluginError
        If a column is missing, surplus or of another type.
    """
    wanted = SCHEMAS[name]
    if frame.schema == wanted:
        return frame
    for column, dtype in wanted.items():
        found = frame.schema.get(column)
        if found != dtype:
            raise PluginError(f"table {name}: column {column} is {found}, expected {dtype}")
    surplus = [column for column in frame.columns if column not in wanted]
    raise PluginError(
        f"table {name}: columns in another order or unexpected: {surplus or frame.columns}"
    )


def fit_table(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Add missing columns as null, drop surplus ones, cast and order to the schema ``name``.

    Raises
    ------
    polars.exceptions.InvalidOperationError
        If a column can't be cast without loss.
    """
    wanted = SCHEMAS[name]
    return frame.select(
        pl.col(column).cast(dtype) if column in frame.columns else pl.lit(None, dtype).alias(column)
        for column, dtype in wanted.items()
    )


def label_pairs(labels: dict[str, str]) -> list[dict[str, str]]:
    """Turn a label mapping into the sorted pair list that the ``labels`` column holds."""
    return [{"name": name, "value": labels[name]} for name in sorted(labels)]


def label(name: str) -> pl.Expr:
    """Select the value of one label from the ``labels`` column (null where absent)."""
    pairs = pl.col("labels").list.eval(
        pl.when(pl.element().struct.field("name") == name)
        .then(pl.element().struct.field("value"))
        .otherwise(None)
        .drop_nulls()
    )
    return pairs.list.first().alias(name)


def attributes(**values: pl.Expr) -> pl.Expr:
    """Return the ``attributes`` column of ``logs``: those of the values that aren't null."""
    pairs = [
        pl.when(value.is_not_null()).then(
            pl.struct(pl.lit(name).alias("name"), value.cast(pl.String).alias("value"))
        )
        for name, value in sorted(values.items())
    ]
    return pl.concat_list(pairs).list.drop_nulls().alias("attributes")


def to_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC; a naive time is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
