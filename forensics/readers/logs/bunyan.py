"""JSON lines of bunyan (Node.js).

References
----------
bunyan documentation, core fields of log format version 0.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of bunyan (Node.js)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("time",),
    level=("level",),
    message=("msg",),
    logger=("component", "module"),
    exception=("err.stack", "err.message"),
    service=("name",),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "bunyan")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "bunyan", KEYS)
