"""JSON lines of an unknown producer.

References
----------
Keys in common use; see ``docs/formats/logs.md``.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of an unknown producer"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=(
        "@timestamp",
        "timestamp",
        "time",
        "ts",
        "datetime",
        "date",
        "Timestamp",
        "eventTime",
        "@t",
        "t",
        "timeUnixNano",
    ),
    level=(
        "level",
        "severity",
        "log.level",
        "loglevel",
        "levelname",
        "Level",
        "lvl",
        "severityText",
        "s",  # MongoDB
    ),
    message=("message", "msg", "event", "log", "text", "body", "Message", "@m"),
    logger=("logger", "logger_name", "loggerName", "name", "component", "module", "caller", "c"),
    exception=(
        "stack_trace",
        "exception",
        "stacktrace",
        "stackTrace",
        "error.stack",
        "err.stack",
        "exc_info",
        "error.stack_trace",
        "traceback",
        "thrown",
        "stack",
    ),
)


def sniff(head: Head) -> Match:
    """Claim objects with a time and a message that no known framework claims."""
    return match_dialect(head, "json_lines")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "json_lines", KEYS)
