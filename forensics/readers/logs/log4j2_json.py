"""JSON lines of log4j 2 (JsonLayout, JsonTemplateLayout).

References
----------
Apache Log4j 2 manual, JSON layout.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of log4j 2 (JsonLayout, JsonTemplateLayout)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("instant", "timeMillis", "timestamp"),
    level=("level",),
    message=("message",),
    logger=("loggerName",),
    exception=("thrown.extendedStackTrace", "thrown.stackTrace", "thrown"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "log4j2_json")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "log4j2_json", KEYS)
