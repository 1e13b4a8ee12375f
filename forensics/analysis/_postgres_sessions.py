"""Pair openings and ends of database sessions, and see how long transactions sat idle."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.analysis._postgres_lines import (
    action,
    duration_ms,
    field,
    is_closing,
    is_opening,
    is_start,
    session_seconds,
)
from forensics.tables import TIME

SESSIONS: Final = pl.Schema(
    {
        "source": pl.String(),
        "session": pl.String(),
        "user": pl.String(),
        "database": pl.String(),
        "application": pl.String(),
        "opened_at": TIME,
        "closed_at": TIME,
        "line": pl.Int64(),
    }
)
CONCURRENCY: Final = pl.Schema({"time": TIME, "user": pl.String(), "connections": pl.Int64()})
IDLE: Final = pl.Schema(
    {
        "source": pl.String(),
        "session": pl.String(),
        "user": pl.String(),
        "idle_from": TIME,
        "idle_s": pl.Float64(),
        "after": pl.String(),
        "line": pl.Int64(),
    }
)
_KEY: Final = ("source", "trace_id", "life")


def number_lives(lines: pl.DataFrame) -> pl.DataFrame:
    """Add ``life``: the process id of a closed session is given to a later one again."""
    opens = is_opening() | is_start()
    return lines.with_columns(
        life=opens.cast(pl.Int64).cum_sum().over("source", "trace_id", order_by="row")
    )


def find_sessions(lines: pl.DataFrame) -> pl.DataFrame:
    """Return one row a session, schema ``SESSIONS``.

    ``opened_at`` of a session older than the log comes from the length that its end states;
    ``closed_at`` is null where the log has no end. A fatal error and a restart of the server
    end a session too.
    """
    ends = is_closing() | pl.col("level").is_in(["FATAL"])
    lived = number_lives(lines).filter(pl.col("trace_id").is_not_null())
    begun = pl.when(is_opening()).then(pl.col("time"))
    ended = pl.when(ends).then(pl.col("time"))
    known = (
        lived.filter(is_opening() | ends)
        .with_columns(
            user=field("user"),
            database=field("database"),
            application=field("application_name"),
            lasted=session_seconds(),
            has_session=is_opening() | is_closing(),
            begun=begun,
            ended=ended,
        )
        .group_by(*_KEY, maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().first() for name in ("user", "database", "application")),
            pl.col("has_session").any(),
            pl.col("begun").min(),
            closed_at=pl.col("ended").max(),
            lasted=pl.col("lasted").max(),
            line=pl.col("line").min(),
        )
        .filter("has_session")
    )
    before_log = pl.col("closed_at") - pl.duration(microseconds=pl.col("lasted") * 1e6)
    sessions = known.with_columns(
        opened_at=pl.coalesce("begun", before_log.cast(TIME)), session="trace_id"
    )
    return _close_at_restart(sessions, lines).select(SESSIONS.names()).match_to_schema(SESSIONS)


def _close_at_restart(sessions: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    starts = (
        lines.filter(is_start())
        .select("source", restarted_at="time")
        .drop_nulls()
        .sort("restarted_at")
    )
    placed = sessions.filter(pl.col("opened_at").is_not_null()).sort("opened_at")
    rest = sessions.filter(pl.col("opened_at").is_null())
    closed = placed.join_asof(
        starts,
        left_on="opened_at",
        right_on="restarted_at",
        by="source",
        strategy="forward",
        check_sortedness=False,
    ).with_columns(closed_at=pl.coalesce("closed_at", "restarted_at"))
    return pl.concat([closed.drop("restarted_at"), rest]).sort("source", "line")


def count_concurrency(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the connections of each user after each opening and closing, in order of time."""
    user = pl.col("user").fill_null("unknown")
    opened = sessions.select(time="opened_at", user=user, step=pl.lit(1)).drop_nulls()
    closed = sessions.filter(pl.col("opened_at").is_not_null()).select(
        time="closed_at", user=user, step=pl.lit(-1)
    )
    return (
        pl.concat([opened, closed.drop_nulls()])
        .group_by("time", "user")
        .agg(pl.col("step").sum())
        .sort("time", "user")
        .select("time", "user", connections=pl.col("step").cum_sum().over("user").cast(pl.Int64))
    )


def find_idle(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the longest time each session sat in an open transaction without a statement.

    A transaction is open from ``BEGIN`` to ``COMMIT``, ``ROLLBACK`` or the session's end; it
    sits idle from one line of the session to the next, less the time that the next says it
    took. It shows only what the server was set to log, so gaps are upper bounds.
    """
    sql = action().str.strip_chars().str.to_lowercase()
    begins = sql.str.contains(r"^(?:begin|start transaction)\b")
    ends = sql.str.contains(r"^(?:commit|rollback(?: transaction| work)?;?$|end|abort)\b")
    leaves = is_opening() | is_closing() | ends
    turn = pl.when(leaves).then(pl.lit(value=False)).when(begins).then(pl.lit(value=True))
    stepped = (
        number_lives(lines)
        .filter(pl.col("trace_id").is_not_null(), pl.col("time").is_not_null())
        .with_columns(turn=turn, took_s=duration_ms().fill_null(0.0) / 1000, sql=action())
        .sort("source", "row")
        .with_columns(
            pl.col("turn").forward_fill().over(*_KEY),
            next_at=pl.col("time").shift(-1).over(*_KEY),
            next_took_s=pl.col("took_s").shift(-1).over(*_KEY),
        )
        .filter("turn")
    )
    gap = (pl.col("next_at") - pl.col("time")).dt.total_microseconds() / 1e6
    return (
        stepped.with_columns(idle_s=gap - pl.col("next_took_s"))
        .filter(pl.col("idle_s") > 0)
        .sort("idle_s", descending=True)
        .group_by("source", "trace_id", maintain_order=True)
        .first()
        .select(
            "source",
            session="trace_id",
            user=pl.col("service").str.extract(r"^([^@]+)"),
            idle_from="time",
            idle_s="idle_s",
            after="sql",
            line="line",
        )
        .match_to_schema(IDLE)
    )
