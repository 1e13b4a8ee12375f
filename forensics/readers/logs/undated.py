"""Logs whose lines begin with a level and have no time: Python's default, uvicorn, log4j's TTCC.

References
----------
Python ``logging.BASIC_FORMAT``; uvicorn ``DefaultFormatter``; log4j 1.2 ``TTCCLayout`` and
``SimpleLayout``; Maven's console.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "Log without times (Python basicConfig, uvicorn, log4j relative time, Maven)"
KIND: Final[Kind] = "logs"

_LEVEL: Final = r"(?P<level>TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|SEVERE|CRITICAL|FATAL)"
#: A date behind the level, as it is looked for when sniffing.
_DATE: Final = rf"^\W*{_LEVEL}\W*\d{{1,4}}[-/.:]\d"
_SHAPES: Final = (
    # INFO:shop.pay:paid, INFO:     Started server process [7]
    rf"^{_LEVEL}:(?:(?P<logger>[A-Za-z_][\w.$/-]*):| +)(?P<message>.*)$",
    # 176 [main] INFO  org.acme.Sort - populating; 176: milliseconds since the start
    rf"^(?P<elapsed_ms>\d{{1,9}}) \[[^\]]*\] {_LEVEL} +(?P<logger>[\w.$]+)(?: -)? (?P<message>.*)$",
    rf"^\[{_LEVEL} *\] ?(?P<message>.*)$",
    rf"^{_LEVEL} +- (?P<message>.*)$",
)


def sniff(head: Head) -> Match:
    """Claim lines of a level, what ends it, and no time behind it."""
    return Match.MAGIC if _shape_of(head) is not None else Match.NO


def read(source: Source) -> Reading:
    """Read all messages; none has a time, milliseconds since the start become an attribute."""
    pattern = _shape_of(source.head()) or _SHAPES[0]
    reading = read_text(source, "undated", pattern, refine=_refine)
    note = f"{source.name}: lines carry no time; their order is kept"
    return Reading(reading.reader, reading.kind, reading.tables, damage=reading.damage,
                   counts=reading.counts, notes=(note,))  # fmt: skip


def _shape_of(head: Head) -> str | None:
    if match_lines(head, _DATE) is not Match.NO:
        return None
    return next((s for s in _SHAPES if match_lines(head, s) is not Match.NO), None)


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    if "elapsed_ms" not in frame.columns:
        return frame
    elapsed = pl.col("elapsed_ms").cast(pl.Int64, strict=False)
    return frame.with_columns(uptime_s=elapsed / 1000)
