"""What the lines of a PostgreSQL server log say: sessions, statements, locks, checkpoints.

References
----------
PostgreSQL documentation, "Error Reporting and Logging": ``log_connections``,
``log_disconnections``, ``log_duration``, ``log_lock_waits``, ``log_checkpoints``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

#: What only a PostgreSQL server logs; files with none of these are left alone.
_MARK: Final = (
    r"^(?:connection (?:received|authorized|authenticated): |disconnection: session time: |"
    r"checkpoint (?:starting|complete): |database system (?:is|was) |duration: \d+\.\d+ ms|"
    r"process \d+ (?:still waiting|acquired|avoided|detected) |automatic (?:vacuum|analyze) of |"
    r"restartpoint (?:starting|complete): |starting PostgreSQL )"
)
_REJECTED: Final = (
    r"too many connections for role|too many clients already|"
    r"remaining connection slots are reserved|too many connections for database"
)
_STATEMENT: Final = r"(?s)(?:^|ms  )(?:statement|execute [^:\n]*|bind [^:\n]*|parse [^:\n]*): (.*)$"
_ACTION: Final = r"(?s)^(?:duration: [\d.]+ ms  )?(?:statement|execute [^:\n]*): (.*)$"
_MOST_CHARS: Final = 4_000

COLUMNS: Final = (
    "time", "level", "service", "logger", "message", "source", "trace_id", "file", "line",
)  # fmt: skip


def server_lines(logs: pl.LazyFrame) -> pl.DataFrame:
    """Return the lines of all files that a PostgreSQL server wrote, by session and time.

    Adds ``file``, ``line`` and a ``row`` number; messages are cut at 4 000 characters. The
    session is ``trace_id`` (process or session id) within one ``source``.
    """
    marked = (
        logs.filter(pl.col("message").str.contains(_MARK))
        .select(pl.col("source").unique())
        .collect(engine="streaming")["source"]
        .drop_nulls()
    )
    if marked.is_empty():
        return _none(logs)
    frame = (
        logs.filter(pl.col("source").is_in(marked.implode()))
        .with_columns(
            pl.col("message").str.head(_MOST_CHARS),
            file=pl.col("raw_ref").struct.field("file"),
            line=pl.col("raw_ref").struct.field("line"),
        )
        .select(COLUMNS)
        .collect(engine="streaming")
    )
    return frame.sort("source", "line", maintain_order=True).with_row_index("row")


def _none(logs: pl.LazyFrame) -> pl.DataFrame:
    empty = logs.clear().with_columns(
        file=pl.col("raw_ref").struct.field("file"), line=pl.col("raw_ref").struct.field("line")
    )
    return empty.select(COLUMNS).collect().with_row_index("row")


def is_opening() -> pl.Expr:
    """Tell which lines open a session."""
    return pl.col("message").str.starts_with("connection authorized: ")


def is_closing() -> pl.Expr:
    """Tell which lines end a session."""
    return pl.col("message").str.starts_with("disconnection: session time: ")


def is_start() -> pl.Expr:
    """Tell which lines say that the server has just started."""
    return pl.col("message").str.contains(
        r"^database system is ready to accept (?:read-only )?connections|^starting PostgreSQL "
    )


def is_rejection() -> pl.Expr:
    """Tell which lines turn a client away because connections have run out."""
    return pl.col("message").str.contains(_REJECTED)


def session_seconds() -> pl.Expr:
    """Return how long a closing session says that it lasted, seconds."""
    parts = pl.col("message").str.extract_groups(r"session time: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
    hours, minutes, seconds = (
        parts.struct.field(name).cast(pl.Float64, strict=False) for name in ("1", "2", "3")
    )
    return hours * 3600 + minutes * 60 + seconds


def field(name: str) -> pl.Expr:
    """Return the value of ``name=`` in a line about a connection."""
    if name == "application_name":
        return pl.col("message").str.extract(
            r"application_name=(.+?)(?: SSL enabled| GSS | host=|$)"
        )
    return pl.col("message").str.extract(rf"\b{name}=(\S+)")


def duration_ms() -> pl.Expr:
    """Return the milliseconds a statement took, where the line says so."""
    return pl.col("message").str.extract(r"^duration: ([\d.]+) ms").cast(pl.Float64, strict=False)


def statement() -> pl.Expr:
    """Return the SQL of a line, whatever phase it tells of."""
    return pl.col("message").str.extract(_STATEMENT)


def action() -> pl.Expr:
    """Return the SQL of a line that ran it (not of one that only parsed or bound it)."""
    return pl.col("message").str.extract(_ACTION)


def normalise_sql(sql: pl.Expr) -> pl.Expr:
    """Return statements without comments, literals, list lengths and layout.

    Examples
    --------
    >>> pl.select(normalise_sql(pl.lit("SELECT 1  FROM t WHERE a IN (1, 2)"))).item()
    'SELECT ? FROM t WHERE a IN (?)'
    """
    return (
        sql.str.replace_all(r"(?s)/\*.*?\*/|--[^\n]*", " ")
        .str.replace_all(r"(?:\bE)?'(?:[^'\\]|''|\\.)*'?", "?")
        .str.replace_all(r"\$\d+|\b\d+(?:\.\d+)?\b", "?")
        .str.replace_all(r"\s+", " ")
        .str.replace_all(r"\(\s*\?(?:\s*,\s*\?)*\s*\)", "(?)")
        .str.replace_all(r"(\(\?\))(?:\s*,\s*\(\?\))+", "${1}")
        .str.strip_chars(" ;")
    )
