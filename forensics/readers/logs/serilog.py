"""JSON lines of Serilog (.NET).

References
----------
Serilog.Formatting.Compact: @t, @m, @mt, @l (absent means Information), @x; ``JsonFormatter``.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._json import Keys, match_dialect, read_json

TITLE: Final = "JSON lines of Serilog (.NET)"
KIND: Final[Kind] = "logs"

#: Which keys hold which column.
KEYS: Final = Keys(
    time=("@t", "Timestamp"),
    level=("@l", "Level"),
    message=("@m", "RenderedMessage", "@mt", "MessageTemplate"),
    logger=("SourceContext", "Properties.SourceContext"),
    exception=("@x", "Exception"),
    trace_id=("@tr", "TraceId", "Properties.TraceId"),
)


def sniff(head: Head) -> Match:
    """Claim files whose first object has the keys of this producer."""
    return match_dialect(head, "serilog")


def read(source: Source) -> Reading:
    """Read one object a line; other lines are folded or kept as raw."""
    return read_json(source, "serilog", KEYS)
