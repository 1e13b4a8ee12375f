"""Syslog files: RFC 5424, RFC 3164, rsyslog's ISO format; with or without priority.

References
----------
RFC 5424, section 6; RFC 3164, section 4. Severity is the priority modulo 8.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "Syslog (RFC 3164 and 5424)"
KIND: Final[Kind] = "logs"

_BSD: Final = (
    r"^(?:<(?P<pri>\d{1,3})>)?"
    r"(?P<time>[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<host>\S+) "
    r"(?P<logger>[^\s:\[]+(?:\([^)]*\))?)(?:\[(?P<process_id>\d+)\])?: ?(?P<message>.*)$"
)
_ISO: Final = (
    r"^(?:<(?P<pri>\d{1,3})>)?"
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) "
    r"(?P<host>[\w.:-]+) "
    r"(?P<logger>[\w./@-]+(?:\([^)]*\))?)(?:\[(?P<process_id>\d+)\])?: (?P<message>.*)$"
)
_NEW: Final = (
    r"^<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<logger>\S+) (?P<process_id>\S+) \S+ "
    r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) ?(?P<message>.*)$'
)
_SHAPES: Final = ((_NEW, log_time.ISO), (_BSD, log_time.SYSLOG), (_ISO, log_time.ISO))


def sniff(head: Head) -> Match:
    """Claim lines of a time, a host and a tag; or of a priority and version 1."""
    return Match.MAGIC if _shape_of(head) is not None else Match.NO


def read(source: Source) -> Reading:
    """Read all messages; the year is inferred where it lacks, ``attributes`` name the process."""
    pattern, style = _shape_of(source.head()) or _SHAPES[1]
    return read_text(source, "syslog", pattern, style=style, refine=_refine)


def _shape_of(head: Head) -> tuple[str, int] | None:
    for pattern, style in _SHAPES:
        if match_lines(head, pattern) is not Match.NO:
            return pattern, style
    return None


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    severity = (pl.col("pri").cast(pl.Int64, strict=False) % 8).cast(pl.String)
    columns = [name for name in ("host", "logger", "process_id") if name in frame.columns]
    dashes = [pl.when(pl.col(name) != "-").then(pl.col(name)).alias(name) for name in columns]
    frame = frame.with_columns(*dashes)
    bom_free = pl.col("message").str.strip_prefix("\ufeff")
    return frame.with_columns(level=severity, message=bom_free).drop("pri")
