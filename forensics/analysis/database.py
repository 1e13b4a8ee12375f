"""What a PostgreSQL server's log tells: connections, lock waits, slow statements, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import polars as pl

from forensics.analysis._postgres_lines import is_rejection, server_lines
from forensics.analysis._postgres_load import (
    BLOCKERS,
    CHECKPOINTS,
    STATEMENTS,
    WAITS,
    find_blockers,
    find_checkpoints,
    find_waits,
    rank_statements,
)
from forensics.analysis._postgres_sessions import (
    CONCURRENCY,
    IDLE,
    SESSIONS,
    count_concurrency,
    find_idle,
    find_sessions,
)
from forensics.findings import AnyEntry, EvidenceRef, Finding, Measure
from forensics.redaction import redact
from forensics.tables import TIME

TITLE: Final = "Database"
NEEDS: Final = ("logs",)

#: An idle transaction shorter than this is not worth a sentence, seconds.
_LONG_IDLE_S: Final = 60.0
#: Characters of a statement that a sentence shows.
_SHOWN_CHARS: Final = 120

USERS: Final = pl.Schema(
    {
        "user": pl.String(),
        "application": pl.String(),
        "opened": pl.Int64(),
        "closed": pl.Int64(),
        "never_closed": pl.Int64(),
        "peak": pl.Int64(),
        "peak_at": TIME,
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
REJECTIONS: Final = pl.Schema(
    {
        "user": pl.String(),
        "message": pl.String(),
        "count": pl.Int64(),
        "first_at": TIME,
        "last_at": TIME,
        "file": pl.String(),
        "line": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """What the server logged; empty frames where it was not set to log that.

    Attributes
    ----------
    users
        Schema ``USERS``: sessions by user and application; ``peak`` is of the user over all
        applications. ``never_closed`` sessions have no end in the log: pools keep theirs, so
        only more than the pools may hold is a leak.
    sessions, concurrency
        Each session, and the connections of each user after each change.
    idle
        Longest idle time inside an open transaction of each session, longest first.
    waits, blockers
        Reports of lock waits, and who held the locks; heads of chains first.
    statements
        Normalised statements by total time; only those slow enough to be logged.
    checkpoints
        Completed checkpoints with their cause and length.
    rejections
        Clients turned away because connections had run out.
    lines
        How many lines of PostgreSQL there were.
    """

    users: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=USERS))
    sessions: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=SESSIONS))
    concurrency: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=CONCURRENCY))
    idle: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=IDLE))
    waits: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=WAITS))
    blockers: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=BLOCKERS))
    statements: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=STATEMENTS))
    checkpoints: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=CHECKPOINTS))
    rejections: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=REJECTIONS))
    lines: int = 0


def run(*, logs: pl.LazyFrame) -> Result:
    """Read every PostgreSQL server log among ``logs``."""
    lines = server_lines(logs)
    if lines.is_empty():
        return Result()
    sessions = find_sessions(lines)
    concurrency = count_concurrency(sessions)
    waits = find_waits(lines)
    return Result(
        users=_count_users(sessions, concurrency),
        sessions=sessions,
        concurrency=concurrency,
        idle=find_idle(lines),
        waits=waits,
        blockers=find_blockers(waits, lines),
        statements=rank_statements(lines),
        checkpoints=find_checkpoints(lines),
        rejections=_count_rejections(lines),
        lines=lines.height,
    )


def _count_users(sessions: pl.DataFrame, concurrency: pl.DataFrame) -> pl.DataFrame:
    peaks = (
        concurrency.sort("connections", "time", descending=[True, False])
        .group_by("user", maintain_order=True)
        .agg(peak=pl.col("connections").first(), peak_at=pl.col("time").first())
    )
    return (
        sessions.with_columns(pl.col("user").fill_null("unknown"))
        .group_by("user", "application")
        .agg(
            opened=pl.col("opened_at").count().cast(pl.Int64),
            closed=pl.col("closed_at").count().cast(pl.Int64),
            never_closed=pl.col("closed_at").null_count().cast(pl.Int64),
            file=pl.col("source").first(),
            line=pl.col("line").min(),
        )
        .join(peaks, on="user", how="left")
        .select(USERS.names())
        .sort(
            "never_closed", "opened", "user", "application", descending=[True, True, False, False]
        )
        .match_to_schema(USERS)
    )


def _count_rejections(lines: pl.DataFrame) -> pl.DataFrame:
    user = pl.coalesce(
        pl.col("service").str.extract(r"^([^@]+)"),
        pl.col("message").str.extract(r'role "([^"]+)"'),
        pl.lit("unknown"),
    )
    return (
        lines.filter(is_rejection())
        .group_by("message", user=user)
        .agg(
            count=pl.len().cast(pl.Int64),
            first_at=pl.col("time").min(),
            last_at=pl.col("time").max(),
            file=pl.col("file").first(),
            line=pl.col("line").first(),
        )
        .select(REJECTIONS.names())
        .sort("count", "user", descending=[True, False])
        .match_to_schema(REJECTIONS)
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return a statement each for refused clients, users, blockers, idle and slow statements."""
    entries: list[AnyEntry] = []
    entries += [_rejected(row) for row in result.rejections.head(3).iter_rows(named=True)]
    entries += [
        _connected(row)
        for row in result.users.filter(pl.col("opened") > 0).head(4).iter_rows(named=True)
    ]
    heads = result.blockers.filter(~pl.col("waits_itself")).head(3)
    entries += [_blocked(row) for row in heads.iter_rows(named=True)]
    idle = result.idle.filter(pl.col("idle_s") >= _LONG_IDLE_S).head(1)
    entries += [_idled(row) for row in idle.iter_rows(named=True)]
    entries += [_slow(row) for row in result.statements.head(3).iter_rows(named=True)]
    if not result.checkpoints.is_empty():
        entries.append(_checkpointed(result.checkpoints))
    return entries


def _rejected(row: dict[str, Any]) -> Finding:
    when = f", first at {row['first_at']:%H:%M:%S} UTC" if row["first_at"] else ""
    return _finding(
        f"The database turned {row['user']} away {_many(row['count'], 'time')}{when}: "
        f"{row['message']}",
        [Measure(name="connections refused", value=row["count"], unit="connections")],
        row,
    )


def _connected(row: dict[str, Any]) -> Finding:
    by = f" ({row['application']})" if row["application"] else ""
    peak = f"; at most {row['peak']:,} of that user at once" if row["peak"] is not None else ""
    when = f", at {row['peak_at']:%H:%M:%S} UTC" if row["peak_at"] else ""
    return _finding(
        f"{row['user']}{by} opened {_many(row['opened'], 'session')}; {row['never_closed']:,} have "
        f"no end in the log{peak}{when}",
        [
            Measure(name="sessions opened", value=row["opened"], unit="sessions"),
            Measure(name="sessions never closed", value=row["never_closed"], unit="sessions"),
            Measure(name="most at once", value=row["peak"], unit="sessions"),
        ],
        row,
    )


def _blocked(row: dict[str, Any]) -> Finding:
    who = f"Session {row['holder']}" + (f" of {row['user']}" if row["user"] else "")
    last = (
        f"; its last statement in the log: {_short(row['statement'])}" if row["statement"] else ""
    )
    return _finding(
        f"{who} held a lock that {_many(row['waiters'], 'session')} waited for, the longest "
        f"{row['longest_ms'] / 1000:,.1f} s{last}",
        [
            Measure(name="sessions that waited", value=row["waiters"], unit="sessions"),
            Measure(name="longest wait reported", value=row["longest_ms"], unit="ms"),
        ],
        row,
    )


def _idled(row: dict[str, Any]) -> Finding:
    who = row["user"] or "unknown user"
    return _finding(
        f"Session {row['session']} of {who} kept a transaction open without a statement for up to "
        f"{row['idle_s']:,.0f} s from {row['idle_from']:%H:%M:%S} UTC on",
        [Measure(name="longest idle in transaction", value=row["idle_s"], unit="s")],
        {"file": row["source"], "line": row["line"]},
    )


def _slow(row: dict[str, Any]) -> Finding:
    return _finding(
        f"Among statements slow enough to be logged, {_short(row['statement'])} took "
        f"{row['total_ms'] / 1000:,.1f} s in {_many(row['calls'], 'line')}, the longest "
        f"{row['longest_ms']:,.0f} ms",
        [
            Measure(name="total time", value=row["total_ms"], unit="ms"),
            Measure(name="longest", value=row["longest_ms"], unit="ms"),
        ],
        row,
    )


def _checkpointed(checkpoints: pl.DataFrame) -> Finding:
    longest = checkpoints.sort("total_s", descending=True, nulls_last=True).row(0, named=True)
    took = "" if longest["total_s"] is None else f", the longest {longest['total_s']:,.1f} s"
    forced = checkpoints.filter(pl.col("cause").str.contains(r"wal|xlog|force|immediate")).height
    return _finding(
        f"{_many(checkpoints.height, 'checkpoint')}, {forced:,} of them not by schedule{took}",
        [
            Measure(name="checkpoints", value=checkpoints.height, unit="checkpoints"),
            Measure(name="longest checkpoint", value=longest["total_s"], unit="s"),
        ],
        longest,
    )


def _finding(text: str, measures: list[Measure], row: dict[str, Any]) -> Finding:
    return Finding(
        topic="database",
        text=f"{redact(text)}.",
        confidence="high",
        measures=measures,
        evidence=[EvidenceRef(path=str(row["file"]), line=row["line"])],
    )


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
