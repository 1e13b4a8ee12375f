"""JSON lines of zap (Go).

References
----------
go.uber.org/zap, ``NewProductionEncoderConfig``: ts, level, logger, caller, msg, stacktrace.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of zap (Go)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("ts",),
    level=("level",),
    message=("msg",),
    logger=("logger", "caller"),
    exception=("stacktrace", "errorVerbose"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "zap")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "zap", KEYS)
