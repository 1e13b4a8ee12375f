"""Kernel messages as ``dmesg`` prints them, with out-of-memory reports as events.

References
----------
Linux, ``mm/oom_kill.c``; ``dmesg(1)``, options ``-T`` and ``--time-format iso``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "Kernel messages (dmesg), out-of-memory reports"
KIND: Final[Kind] = "logs"

_UPTIME: Final = r"^(?:<(?P<pri>\d{1,3})>)?\[ *(?P<uptime_s>\d+\.\d{6})\] (?P<message>.*)$"
_CLOCK: Final = (
    r"^(?:<(?P<pri>\d{1,3})>)?"
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] (?P<message>.*)$"
)
_ISO: Final = (
    r"^(?P<pri>)(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d) (?P<message>.*)$"
)


def sniff(head: Head) -> Match:
    """Claim lines of seconds since the start of the machine, or of dmesg's dates, in brackets."""
    return Match.MAGIC if _shape_of(head) is not None else Match.NO


def read(source: Source) -> Reading:
    """Read all messages; those with seconds since the machine's start have no time."""
    pattern, style = _shape_of(source.head()) or (_UPTIME, log_time.ISO)
    reading = read_text(source, "kernel", pattern, style=style, refine=_refine, joins=False)
    if pattern is not _UPTIME:
        return reading
    note = f"{source.name}: has seconds since the machine's start only; no times"
    return Reading(reading.reader, reading.kind, reading.tables, damage=reading.damage,
                   counts=reading.counts, notes=(note,))  # fmt: skip


def _shape_of(head: Head) -> tuple[str, int] | None:
    for pattern, style in (
        (_UPTIME, log_time.ISO),
        (_CLOCK, log_time.SYSLOG),
        (_ISO, log_time.ISO),
    ):
        if match_lines(head, pattern) is not Match.NO:
            return pattern, style
    return None


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    severity = (pl.col("pri").cast(pl.Int64, strict=False) % 8).cast(pl.String)
    return frame.with_columns(level=severity, logger=pl.lit("kernel")).drop("pri")
