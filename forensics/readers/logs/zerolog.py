"""JSON lines of zerolog (Go).

References
----------
github.com/rs/zerolog, global settings: time, level, message, error, stack.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of zerolog (Go)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("time",),
    level=("level",),
    message=("message",),
    logger=("logger", "caller"),
    exception=("stack", "error"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "zerolog")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "zerolog", KEYS)
