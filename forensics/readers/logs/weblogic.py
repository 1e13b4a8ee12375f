"""Server logs of Oracle WebLogic: fields in angle brackets after four number signs.

References
----------
Oracle WebLogic Server, "Configuring Log Files and Filtering Log Messages": time, severity,
subsystem, machine, server, thread, user, transaction, diagnostic context, milliseconds since
1970, (severity value,) message id, message.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.kernels.log_time import NO_TIME
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "WebLogic server log"
KIND: Final[Kind] = "logs"

_FIELD: Final = r" <[^<>]*(?:<[^<>]*>)*[^<>]*>"
_LINE: Final = (
    r"^####<[^<>]*> <(?P<level>\w*)> <(?P<logger>[^<>]*)> <(?P<host>[^<>]*)> <(?P<service>[^<>]*)>"
    rf"{_FIELD}{_FIELD} <[^<>]*> <(?P<trace_id>[^<>]*)> <(?P<epoch_ms>\d{{1,16}})>"
    r"(?: <\[[^<>]*\] ?>)? <(?P<message>.*?)>? ?$"
)
_LEVELS: Final = {"Notice": "INFO", "Info": "INFO", "Alert": "FATAL", "Emergency": "FATAL"}


def sniff(head: Head) -> Match:
    """Claim lines that start with four number signs and a time in angle brackets."""
    return match_lines(head, r"^####<[A-Z0-9][^<>]*> <\w+> <")


def read(source: Source) -> Reading:
    """Read all messages, times from their milliseconds since 1970; ``message`` has the id."""
    return read_text(source, "weblogic", _LINE, refine=_refine)


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    millis = pl.col("epoch_ms").cast(pl.Int64, strict=False)
    empty = [
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)
        for name in ("host", "service", "trace_id")
    ]
    message = pl.col("message").str.replace(r"^(BEA-\d+)> <", "$1 ")
    return frame.with_columns(
        *empty,
        message=message,
        level=pl.col("level").replace(_LEVELS),
        micros=(millis * 1000).fill_null(NO_TIME),
    ).drop("epoch_ms")
