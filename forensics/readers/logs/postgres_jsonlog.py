"""PostgreSQL server log as JSON (15 and later).

References
----------
PostgreSQL documentation, "Using JSON-Format Log Output".
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "PostgreSQL server log as JSON (15 and later)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("timestamp",),
    level=("error_severity",),
    message=("message",),
    logger=("backend_type",),
    exception=("detail",),
    service=("application_name", "user"),
    host=("remote_host",),
    trace_id=("session_id",),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "postgres_jsonlog")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "postgres_jsonlog", KEYS)
