"""Logs of Redis and Valkey: process and role, time, a mark for the level.

References
----------
``serverLogRaw`` in Redis 4 to 7: marks ``.-*#`` for debug, verbose, notice, warning.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text
from forensics.readers.logs._times import parse_strings

TITLE: Final = "Redis and Valkey log"
KIND: Final[Kind] = "logs"

_LINE: Final = (
    r"^(?P<process_id>\d{1,10}):(?:(?P<role>[XCSM]) "
    r"(?P<time>\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:\.\d+)?) (?P<mark>[.*#-])"
    r"|signal-handler \((?P<epoch_s>\d{1,10})\)) (?P<message>.*)$"
)
_LEVELS: Final = {".": "DEBUG", "-": "DEBUG", "*": "INFO", "#": "WARN"}
_ROLES: Final = {"X": "sentinel", "C": "child", "S": "replica", "M": "master"}


def sniff(head: Head) -> Match:
    """Claim lines of a process, its role, a time and a mark."""
    return match_lines(head, _LINE)


def read(source: Source) -> Reading:
    """Read all messages; ``logger`` is the role of the process. Times are local without zone."""
    return read_text(source, "redis", _LINE, style=log_time.DAY_MONTH_NAME, refine=_refine)


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    parsed = parse_strings(frame["time"], log_time.DAY_MONTH_NAME, 1970)
    epoch = frame["epoch_s"].cast(pl.Int64) * 1_000_000
    return frame.with_columns(
        micros=epoch.fill_null(pl.Series(parsed)),
        level=pl.col("mark").replace_strict(_LEVELS, default=None),
        logger=pl.col("role").replace_strict(_ROLES, default=None),
    ).drop("mark", "role", "epoch_s")
