"""JSON lines of the Elastic Common Schema.

References
----------
Elastic Common Schema reference: base, log, error, tracing fields.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of the Elastic Common Schema"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("@timestamp",),
    level=("log.level",),
    message=("message",),
    logger=("log.logger",),
    exception=("error.stack_trace", "error.message"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "ecs")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "ecs", KEYS)
