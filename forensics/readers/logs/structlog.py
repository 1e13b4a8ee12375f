"""JSON lines of structlog (Python).

References
----------
structlog documentation, ``JSONRenderer`` and ``dict_tracebacks``.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of structlog (Python)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("timestamp", "time"),
    level=("level", "log_level"),
    message=("event",),
    logger=("logger", "logger_name"),
    exception=("exception", "stack"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "structlog")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "structlog", KEYS)
