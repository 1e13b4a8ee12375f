"""PostgreSQL server log as text (stderr), with any usual ``log_line_prefix``; RDS and Aurora too.

User and database become ``service``, the application ``logger``, the client ``host`` and the
process id, which stands for the session, ``trace_id``.

References
----------
PostgreSQL documentation, "Error Reporting and Logging": ``log_line_prefix``, message severity.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "PostgreSQL server log (stderr, RDS)"
KIND: Final[Kind] = "logs"

_SEVERITY: Final = (
    "DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|"
    "DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION"
)
_TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Z]{2,5}|[+-]\d\d(?::?\d\d)?)"
_LINE: Final = (
    rf"^(?P<time>{_TIME})(?P<prefix>[^A-Z].*?|)(?P<level>{_SEVERITY}):\s+(?P<message>.*)$"
)


def sniff(head: Head) -> Match:
    """Claim lines of a time with zone, a prefix and a PostgreSQL severity."""
    return match_lines(head, rf"^{_TIME}(?:[^A-Z].{{0,200}}?|)\b(?:{_SEVERITY}):\s")


def read(source: Source) -> Reading:
    """Read all messages; lines that begin with a tab continue the one before."""
    return read_text(source, "postgres_log", _LINE, refine=_refine)


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    prefix = pl.col("prefix")
    user = prefix.str.extract(r"\b(?:user|usr)=([^,\s]+)")
    database = prefix.str.extract(r"\b(?:db|database)=([^,\s]+)")
    named = pl.when(user.is_not_null()).then(pl.format("{}@{}", user, database.fill_null("")))
    return frame.with_columns(
        trace_id=prefix.str.extract(r"\[(\d+)\]"),
        service=pl.coalesce(prefix.str.extract(r"([\w.-]+@[\w.-]+)"), named),
        logger=prefix.str.extract(r"\bapp(?:lication)?(?:_name)?=([^,\s\]]+)"),
        host=pl.coalesce(
            prefix.str.extract(r"\b(?:client|host|remote)=([^,\s]+)"),
            prefix.str.extract(r"((?:\d{1,3}\.){3}\d{1,3})\(\d+\)"),
        ),
    ).drop("prefix")
