"""Lock waits and who blocks, statements by the time they cost, checkpoints."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.analysis._postgres_lines import duration_ms, normalise_sql, statement
from forensics.tables import TIME

WAITS: Final = pl.Schema(
    {
        "time": TIME,
        "source": pl.String(),
        "waiter": pl.String(),
        "user": pl.String(),
        "mode": pl.String(),
        "target": pl.String(),
        "waited_ms": pl.Float64(),
        "holders": pl.List(pl.String()),
        "statement": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
BLOCKERS: Final = pl.Schema(
    {
        "source": pl.String(),
        "holder": pl.String(),
        "user": pl.String(),
        "waits": pl.Int64(),
        "waiters": pl.Int64(),
        "longest_ms": pl.Float64(),
        "first_at": TIME,
        "waits_itself": pl.Boolean(),
        "statement": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
STATEMENTS: Final = pl.Schema(
    {
        "statement": pl.String(),
        "calls": pl.Int64(),
        "total_ms": pl.Float64(),
        "mean_ms": pl.Float64(),
        "longest_ms": pl.Float64(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
CHECKPOINTS: Final = pl.Schema(
    {
        "time": TIME,
        "cause": pl.String(),
        "buffers": pl.Int64(),
        "total_s": pl.Float64(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
_WAIT: Final = r"^process (\d+) (?:still waiting for|acquired) (\w+) on (.*?) after ([\d.]+) ms"
_VERBS: Final = (
    "UPDATE|DELETE|INSERT|SELECT|WITH|MERGE|LOCK|ALTER|TRUNCATE|CREATE|DROP|REINDEX|VACUUM|COPY"
)
_HOLDERS: Final = r"Process(?:es)? holding the lock: ([\d, ]+)\."
#: Lines of the same session that may follow a wait: its detail, context and statement.
_FOLLOWING: Final = (1, 2, 3)


def find_waits(lines: pl.DataFrame) -> pl.DataFrame:
    """Return every report of a lock wait, schema ``WAITS``.

    A long wait is reported when ``deadlock_timeout`` has passed and again when it is over;
    both reports are rows. ``holders`` come with the first.
    """
    following = [
        pl.col("message").shift(-i).over("source", "trace_id", order_by="row") for i in _FOLLOWING
    ]
    whole = pl.concat_str(
        pl.col("message"),
        *(
            pl.when(text.str.contains(rf"^(?:Process(?:es)? holding|(?i:{_VERBS})\b)"))
            .then(text)
            .otherwise(pl.lit(""))
            for text in following
        ),
        separator="\n",
    )
    groups = pl.col("message").str.extract_groups(_WAIT)
    return (
        lines.with_columns(whole=whole)
        .filter(pl.col("message").str.contains(_WAIT))
        .with_columns(
            mode=groups.struct.field("2"),
            target=groups.struct.field("3"),
            waited_ms=groups.struct.field("4").cast(pl.Float64),
            holders=pl.col("whole").str.extract(_HOLDERS).str.extract_all(r"\d+"),
            statement=pl.col("whole").str.extract(rf"(?m)^(?:STATEMENT:\s+)?((?i:{_VERBS})\b.*)$"),
            waiter=groups.struct.field("1"),
            user=pl.col("service").str.extract(r"^([^@]+)"),
        )
        .select(WAITS.names())
        .match_to_schema(WAITS)
    )


def find_blockers(waits: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return who held locks that others waited for, schema ``BLOCKERS``.

    A holder that waits itself is a link of a chain; one that doesn't is where the chain
    begins. ``statement`` is the last one the log has of the holder.
    """
    held = (
        waits.explode("holders")
        .drop_nulls("holders")
        .group_by("source", holder="holders")
        .agg(
            waits=pl.len().cast(pl.Int64),
            waiters=pl.col("waiter").n_unique().cast(pl.Int64),
            longest_ms=pl.col("waited_ms").max(),
            first_at=pl.col("time").min(),
            file=pl.col("file").first(),
            line=pl.col("line").first(),
        )
    )
    known = (
        lines.with_columns(sql=statement())
        .group_by("source", holder="trace_id")
        .agg(
            user=pl.col("service").drop_nulls().last().str.extract(r"^([^@]+)"),
            statement=pl.col("sql").drop_nulls().last(),
        )
    )
    waiting = waits.select("source", holder="waiter", waits_itself=pl.lit(value=True)).unique()
    return (
        held.join(known, on=["source", "holder"], how="left")
        .join(waiting, on=["source", "holder"], how="left")
        .with_columns(pl.col("waits_itself").fill_null(value=False))
        .select(BLOCKERS.names())
        .sort("waits_itself", "waits", "holder", descending=[False, True, False])
        .match_to_schema(BLOCKERS)
    )


def rank_statements(lines: pl.DataFrame) -> pl.DataFrame:
    """Return statements by total time, schema ``STATEMENTS``.

    A duration without text belongs to the statement that its session logged before it. The
    time of parsing and binding counts; a call is one line, so a statement whose phases are
    logged apart counts each.
    """
    before = statement().shift(1).over("source", "trace_id", order_by="row")
    return (
        lines.with_columns(ms=duration_ms(), sql=pl.coalesce(statement(), before))
        .filter(pl.col("ms").is_not_null(), pl.col("sql").is_not_null())
        .group_by(statement=normalise_sql(pl.col("sql")))
        .agg(
            calls=pl.len().cast(pl.Int64),
            total_ms=pl.col("ms").sum(),
            mean_ms=pl.col("ms").mean(),
            longest_ms=pl.col("ms").max(),
            file=pl.col("file").sort_by("ms").last(),
            line=pl.col("line").sort_by("ms").last(),
        )
        .sort("total_ms", "statement", descending=[True, False])
        .match_to_schema(STATEMENTS)
    )


def find_checkpoints(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the checkpoints that were completed, schema ``CHECKPOINTS``."""
    text = pl.col("message")
    cause = text.str.extract(r"^checkpoint starting: (.*)$")
    return (
        lines.filter(text.str.contains(r"^checkpoint (?:starting|complete): "))
        .with_columns(cause=cause)
        .with_columns(pl.col("cause").forward_fill().over("source", order_by="row"))
        .filter(text.str.starts_with("checkpoint complete: "))
        .with_columns(
            buffers=text.str.extract(r"wrote (\d+) buffers").cast(pl.Int64),
            total_s=text.str.extract(r"total=([\d.]+) s").cast(pl.Float64),
        )
        .select(CHECKPOINTS.names())
        .match_to_schema(CHECKPOINTS)
    )
