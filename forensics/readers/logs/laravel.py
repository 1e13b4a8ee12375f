r"""Logs of Monolog's line format: Laravel, Symfony and other PHP programs.

References
----------
``Monolog\Formatter\LineFormatter``: ``[%datetime%] %channel%.%level_name%: %message% %context%``.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "Monolog lines (Laravel, Symfony)"
KIND: Final[Kind] = "logs"

_START: Final = (
    r"^\[(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)\] "
    r"(?P<logger>[\w-]+)\.(?P<level>DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY): "
)
_LINE: Final = _START + r"(?P<message>.*)$"
#: PHP's stack traces, which no indentation tells.
_TRACE: Final = r"^(?:\s|#\d|\[stacktrace\]|\[previous exception\]|\"\})"


def sniff(head: Head) -> Match:
    """Claim lines of a time in brackets, a channel and a level behind a dot."""
    return match_lines(head, _START, skips=_TRACE)


def read(source: Source) -> Reading:
    """Read all messages; ``logger`` is the channel, stack traces belong to their event."""
    return read_text(source, "laravel", _LINE)
