"""Access logs of the AWS Application Load Balancer.

References
----------
AWS documentation, "Access logs for your Application Load Balancer": log file entries.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text
from forensics.readers.logs.access_combined import level_by_status

TITLE: Final = "AWS ALB access log"
KIND: Final[Kind] = "logs"

_START: Final = (
    r"^(?:https?|h2|grpcs|wss?) (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) "
    r"(?P<logger>\S+) (?P<host>\S+) \S+ "
)
_LINE: Final = (
    _START + r"(?P<message>-?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{3}|-) "
    r'(?:\d{3}|-) -?\d+ -?\d+ "(?:[^"\\]|\\.)*".*)$'
)


def sniff(head: Head) -> Match:
    """Claim lines of a request type, a time and a load balancer's name."""
    return match_lines(head, _START + r"-?[\d.]+ -?[\d.]+ -?[\d.]+ (?:\d{3}|-) ")


def read(source: Source) -> Reading:
    """Read one request a line; ``trace_id`` is that of ``X-Amzn-Trace-Id``."""
    return read_text(source, "alb", _LINE, refine=_refine, joins=False)


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    trace = pl.col("message").str.extract(r"\bRoot=([\w-]+)")
    return level_by_status(frame).with_columns(trace_id=trace)
