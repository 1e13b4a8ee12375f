"""Text logs of any layout with a time in each header: logback, log4j, Python, Go, and others.

The layout is inferred from the lines, see ``forensics.readers.logs._infer``.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import LineReader, TextBlock
from forensics.readers.logs._collect import collect
from forensics.readers.logs._events import Heads, leave_out_traces
from forensics.readers.logs._infer import dated_share, find_by_templates, infer_templates
from forensics.readers.logs._times import Clock, clock_for

TITLE: Final = "Text log, layout inferred (logback, log4j, Python logging, …)"
KIND: Final[Kind] = "logs"

#: How JSON and XML start.
_DOCUMENT: Final = re.compile(r"\s*(?:[{<]|\[\s*[{\[\"])")
_SAMPLE_LINES: Final = 1000
#: A log has a time in this share of its lines, stack traces left out.
_DATED_SHARE: Final = 0.5


def sniff(head: Head) -> Match:
    """Claim text whose lines have a time in one place, unless a known format claims it surely."""
    if head.is_binary or _DOCUMENT.match(head.text) or _is_table(head.text):
        return Match.NO
    lines = leave_out_traces(head.text.splitlines()[:60])
    return Match.SHAPE if lines and dated_share(lines) >= _DATED_SHARE else Match.NO


def _is_table(text: str) -> bool:
    """Tell a table with a header of names and as many separators in each line from a log."""
    lines = [line for line in text.removeprefix("sep=").splitlines() if len(line.strip()) > 1][:21]
    if len(lines) < 2 or dated_share(lines[:1]):  # a header and a row
        return False
    for separator in ",;\t":
        count = lines[0].count(separator)
        alike = sum(line.count(separator) == count for line in lines[1:20])
        if count and alike >= 0.5 * len(lines[1:20]):
            return True
    return False


def read(source: Source) -> Reading:
    """Read all lines; stack traces and continued messages become part of their event."""
    sample = next(iter(LineReader(source, block_bytes=1 << 20)), None)
    lines = [] if sample is None else sample.take(slice(0, _SAMPLE_LINES)).text().to_list()
    templates = infer_templates(lines)
    if sample is None or not templates:
        return collect(source, _no_heads, joins=False).reading(
            "pattern", notes=(f"{source.name}: no line carries a time; all are kept as raw",)
        )
    clock = clock_for(templates[-1].style, source, templates[-1].from_time(sample))
    found = collect(
        source,
        lambda block: _placed(find_by_templates(block, templates, clock), clock),
    )
    return found.reading("pattern", notes=clock.notes)


def _placed(heads: Heads, clock: Clock) -> Heads:
    return Heads(heads.index, clock.place(heads.micros), heads.fields)


def _no_heads(block: TextBlock) -> Heads:
    _ = block
    empty = np.zeros(0, np.int64)
    return Heads(empty, empty)
