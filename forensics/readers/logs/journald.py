"""systemd journal as JSON.

References
----------
systemd, "Journal Export Formats", JSON; ``systemd.journal-fields(7)``.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "systemd journal as JSON"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP"),
    level=("PRIORITY",),
    message=("MESSAGE",),
    logger=("SYSLOG_IDENTIFIER", "_COMM"),
    service=("_SYSTEMD_UNIT", "UNIT"),
    host=("_HOSTNAME",),
    trace_id=("TRACE_ID",),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "journald")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "journald", KEYS)
