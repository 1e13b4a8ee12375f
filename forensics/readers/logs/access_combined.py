"""Access logs in the common and combined format of Apache and nginx.

Path and status become the message, the client ``host``; a status of 500 or more is ERROR, of 400
or more WARN.

References
----------
Apache HTTP Server documentation, "Log Files": common and combined log format; nginx
``ngx_http_log_module``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "Access log (Apache and nginx, common and combined)"
KIND: Final[Kind] = "logs"

_START: Final = (
    r"^(?P<host>\S+) \S+ (?:\S+|.{1,80}?) "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
)
_LINE: Final = _START + r'(?P<message>"(?:[^"\\]|\\.)*" (?P<status>\d{3}) .*)$'


def sniff(head: Head) -> Match:
    """Claim lines of client, user, time in brackets, and a quoted request with its status."""
    return match_lines(head, _START + r'"(?:[^"\\]|\\.)*" \d{3} ')


def read(source: Source) -> Reading:
    """Read one request a line."""
    return read_text(
        source, "access_combined", _LINE, style=log_time.CLF, refine=level_by_status, joins=False
    )


def level_by_status(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the level that an HTTP status in the column ``status`` amounts to."""
    status = pl.col("status").cast(pl.Int64, strict=False)
    level = (
        pl.when(status >= 500).then(pl.lit("ERROR")).when(status >= 400).then(pl.lit("WARN"))
    )  # RFC 9110: server and client errors
    return frame.with_columns(level=level.otherwise(pl.lit("INFO"))).drop("status")
