"""Read text logs whose layout is fixed: one regular expression with named groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from forensics.kernels import log_time
from forensics.kernels.log_time import NO_TIME
from forensics.readers._contract import Head, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import LineReader, TextBlock
from forensics.readers.logs._collect import Collector, collect
from forensics.readers.logs._events import Heads
from forensics.readers.logs._times import Clock, clock_for, parse_strings, text_block
from forensics.tables import LOGS, attributes

#: A file is of a format if this share of its first lines is, continued lines left out.
_SHARE: Final = 0.6

#: Groups that become ``attributes``.
_ATTRIBUTES: Final = ("process_id", "uptime_s")

Refine = Callable[[pl.DataFrame], pl.DataFrame]


def match_lines(
    head: Head, pattern: str, match: Match = Match.MAGIC, *, skips: str = r"^\s"
) -> Match:
    """Say ``match`` if most of the first lines fit ``pattern``.

    Parameters
    ----------
    head
        Start of the file.
    pattern
        Regular expression of a line's start.
    match
        What to answer if it fits.
    skips
        Lines that fit this are left out of the count.
    """
    if head.is_binary:
        return Match.NO
    found, skip = re.compile(pattern), re.compile(skips)
    lines = head.text.replace("\x1b", "").splitlines()
    if len(lines) > 1 and len(head.data) >= 4096:  # the last line of a full head is cut
        lines.pop()
    lines = [line for line in lines if line and not skip.search(line)][:40]
    fitting = sum(bool(found.search(line)) for line in lines)
    return match if lines and fitting >= _SHARE * len(lines) else Match.NO


def regex_heads(
    block: TextBlock, pattern: str, clock: Clock, refine: Refine | None = None
) -> Heads:
    """Return the lines of a block that fit ``pattern``, and what its named groups hold.

    The group ``time`` is parsed; groups named like columns of ``logs`` fill those, a
    ``process_id`` and an ``uptime_s`` become attributes. ``refine``
    gets all groups as a frame with the lines' ``text`` and may compute further columns.
    """
    text = block.text()
    frame = pl.DataFrame({"text": text, "groups": text.str.extract_groups(pattern)}).unnest(
        "groups"
    )
    names = list(re.compile(pattern).groupindex)
    index = (
        frame.select(pl.arg_where(pl.any_horizontal(pl.col(names).is_not_null())))
        .to_series()
        .to_numpy()
    )
    frame = frame[index]
    if refine is not None:
        frame = refine(frame)
    micros = np.full(len(frame), NO_TIME, np.int64)
    if "micros" in frame.columns:
        micros = frame["micros"].fill_null(NO_TIME).to_numpy()
    elif "time" in frame.columns:
        micros = parse_strings(frame["time"], clock.style, clock.year)
    told = [name for name in _ATTRIBUTES if name in frame.columns]
    if told:
        frame = frame.with_columns(attributes(**{name: pl.col(name) for name in told}))
    kept = [name for name in frame.columns if name in LOGS and name != "time"]
    fields = {name: frame[name] for name in kept}
    if "message" not in fields:
        fields["message"] = frame["text"]
    return Heads(index.astype(np.int64), clock.place(micros), fields)


def collect_text(
    source: Source,
    pattern: str,
    *,
    style: int = log_time.ISO,
    refine: Refine | None = None,
    joins: bool = True,
) -> tuple[Collector, Clock]:
    """Read a file by one pattern; return what was gathered, and how its times were taken."""
    sample = next(iter(LineReader(source, block_bytes=1 << 18)), None)
    clock = Clock(style)
    if sample is not None:
        texts = sample.text().str.extract_groups(pattern)
        if "time" in (field.name for field in texts.dtype.fields):  # type: ignore[attr-defined]  # a struct
            times = texts.struct.field("time").drop_nulls()
            clock = clock_for(style, source, text_block(times))
    found = collect(source, lambda block: regex_heads(block, pattern, clock, refine), joins=joins)
    return found, clock


def read_text(
    source: Source,
    reader: str,
    pattern: str,
    *,
    style: int = log_time.ISO,
    refine: Refine | None = None,
    joins: bool = True,
) -> Reading:
    """Read a file of fixed layout into ``logs``; lines that don't fit are folded or raw."""
    found, clock = collect_text(source, pattern, style=style, refine=refine, joins=joins)
    return found.reading(reader, notes=clock.notes)
