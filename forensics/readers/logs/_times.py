"""Recognise how a log writes its times, and turn them into UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels import log_time
from forensics.kernels.log_time import NO_TIME, parse_times
from forensics.readers._source import Source
from forensics.readers.logs._block import TextBlock, block_of_lines
from forensics.tables import TIME

#: Tried in this order: a later style wins only if it reads more of the samples.
STYLES: Final = (
    log_time.ISO,
    log_time.CLF,
    log_time.SYSLOG,
    log_time.DAY_MONTH_NAME,
    log_time.DAY_FIRST,
    log_time.MONTH_FIRST,
    log_time.YEAR_SHORT,
    log_time.COMPACT,
    log_time.EPOCH,
    log_time.CLOCK,
)
_YEARLESS: Final = (log_time.SYSLOG, log_time.KLOG)
_DAY_US: Final = 86_400_000_000
_MAX_US: Final = 253_402_300_799_999_999  # the last microsecond of the year 9999


@dataclass(frozen=True, slots=True)
class Clock:
    """How one file writes its times.

    Parameters
    ----------
    style
        One of the styles of ``forensics.kernels.log_time``.
    year
        Year taken where the style has none.
    day_us
        Midnight taken where the style has no date.
    notes
        What was assumed, for the report.
    """

    style: int
    year: int = 1970
    day_us: int = 0
    notes: tuple[str, ...] = ()

    def parse(self, texts: pl.Series) -> pl.Series:
        """Return UTC times of strings that start with a timestamp, null where they don't."""
        return to_times(self.place(parse_strings(texts, self.style, self.year)))

    def place(self, micros: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add what the style leaves out: the date, and steps over midnight and New Year."""
        if self.style == log_time.CLOCK:
            return _unwrap(micros, _DAY_US, self.day_us)
        return micros


def parse_strings(texts: pl.Series, style: int, year: int) -> NDArray[np.int64]:
    """Return microseconds since 1970 of strings, ``NO_TIME`` where they hold no such time."""
    block = text_block(texts)
    micros, _, _ = parse_times(block.data, block.starts, block.ends, style, year)
    return micros


def to_times(micros: NDArray[np.int64]) -> pl.Series:
    """Return microseconds as a UTC time column; ``NO_TIME`` and absurd values become null."""
    is_time = (micros != NO_TIME) & (np.abs(micros) <= _MAX_US)
    frame = pl.DataFrame({"time": micros, "ok": is_time})
    return frame.select(
        pl.when("ok").then(pl.col("time")).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )["time"].cast(TIME)


def find_style(samples: Sequence[str]) -> int | None:
    """Return the style that reads most of the samples, or ``None`` if none reads a third."""
    texts = [text.encode() for text in samples if text]
    if not texts:
        return None
    block = block_of_lines(texts, np.arange(len(texts)))
    best, best_count = None, len(texts) // 3
    for style in STYLES:
        micros, _, _ = parse_times(block.data, block.starts, block.ends, style, 2000)
        count = int((micros != NO_TIME).sum())
        if count > best_count:
            best, best_count = style, count
    return best


def clock_for(style: int, source: Source, samples: TextBlock | None = None) -> Clock:
    """Return the clock of a file, with the year and date that its style leaves out.

    A missing year is the latest that keeps the times in ``samples`` from lying after the
    file's last modification; a missing date is that of the modification.
    """
    modified = datetime.fromtimestamp(source.path.stat().st_mtime, UTC)
    if style == log_time.CLOCK:
        midnight = int(modified.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
        note = f"{source.name}: times have no date; that of the file's modification was taken"
        return Clock(style, day_us=midnight * 1_000_000, notes=(note,))
    notes: list[str] = []
    year = modified.year
    if samples is not None and len(samples):
        micros, _, zoned = parse_times(samples.data, samples.starts, samples.ends, style, year)
        known = micros[micros != NO_TIME]
        if style in _YEARLESS and _lacks_year(samples, style):
            if len(known) and known.min() > modified.timestamp() * 1e6 + _DAY_US:
                year -= 1
            notes.append(f"{source.name}: times have no year; {year} was taken")
        if not zoned:
            notes.append(f"{source.name}: times name no zone; taken as UTC")
    return Clock(style, year=year, notes=tuple(notes))


def _lacks_year(samples: TextBlock, style: int) -> bool:
    one, _, _ = parse_times(samples.data, samples.starts, samples.ends, style, 2001)
    other, _, _ = parse_times(samples.data, samples.starts, samples.ends, style, 2002)
    return bool((one != other).any())


def _unwrap(micros: NDArray[np.int64], period: int, base: int) -> NDArray[np.int64]:
    """Add ``base``, and one period more after each step back of more than half a period."""
    known = np.flatnonzero(micros != NO_TIME)
    result = micros.copy()
    if len(known):
        steps = np.diff(micros[known], prepend=micros[known[0]])
        turns = np.cumsum((steps < -period // 2).astype(np.int64))
        turns -= np.cumsum((steps > period // 2).astype(np.int64))
        result[known] += base + turns * period
    return result


def text_block(texts: pl.Series) -> TextBlock:
    """Return strings as a block; nulls become empty."""
    arrow = texts.fill_null("").to_arrow().cast("large_string")
    _, offsets, data = arrow.buffers()
    bounds = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    numbers = np.arange(len(arrow))
    return TextBlock(bytes_, bounds[:-1].copy(), bounds[1:].copy(), numbers)
