"""Times: from epoch numbers of any unit, or text of any usual form, to UTC microseconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Epoch numbers below each bound are in the unit beside it. The windows overlap nowhere
#: between 1973 and 5138, so one number suffices to tell.
_EPOCH_UNITS: Final = ((1e11, "s", 1e6), (1e14, "ms", 1e3), (1e17, "us", 1.0), (9.3e18, "ns", 1e-3))
#: 2001-09-09, in seconds: smaller numbers are no epoch but an elapsed time.
_EARLIEST_EPOCH_S: Final = 1e9

_ISO_FORMATS: Final = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
)
_NAIVE_FORMATS: Final = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y-%m-%d",
)
_DAY_OR_MONTH_FIRST: Final = ("%m/%d", "%d/%m")
_STAMP: Final = re.compile(
    r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)[T _-]?([0-2]\d)[:h_-]?([0-5]\d)(?:[:m_-]?([0-5]\d))?"
    r"(?:[.,](\d{1,6}))?\s*(Z|[+-]\d\d:?\d\d)?(?!\d)"
)
YEAR_9999_US: Final = 2.534e17
_EPOCH: Final = re.compile(r"(?<!\d)(1\d{9}|1\d{12})(?:\.(\d{1,6}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Times:
    """Times of one column: UTC microseconds, which rows have one, and what was assumed.

    ``is_since_start`` tells that they count from an unknown start, placed at 1970.
    """

    time_us: NDArray[np.int64]
    is_valid: NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    is_since_start: bool = False


def epoch_unit(number: float) -> tuple[str, float] | None:
    """Return the unit of an epoch number and the factor to microseconds.

    ``None`` says that the number is too small or too large to be a time since 2001.

    Examples
    --------
    >>> epoch_unit(1_700_000_000_000)
    ('ms', 1000.0)
    """
    if not _EARLIEST_EPOCH_S <= number < _EPOCH_UNITS[-1][0]:
        return None
    return next((unit, factor) for bound, unit, factor in _EPOCH_UNITS if number < bound)


def epoch_us(numbers: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return UTC microseconds, the unit guessed once for all from the median.

    Parameters
    ----------
    numbers : array, shape (n,)
        Epoch numbers, finite. Integers keep their full precision (nanoseconds exceed float64).

    Returns
    -------
    array of int64, shape (n,), or None
        ``None`` if the numbers are no epoch.
    """
    if numbers.size == 0:
        return np.empty(0, np.int64)
    unit = epoch_unit(float(np.median(numbers)))
    if unit is None:
        return None
    name, factor = unit
    if name == "ns" and numbers.dtype.kind in "iu":
        return (numbers // 1000).astype(np.int64)
    return np.rint(numbers.astype(np.float64) * factor).astype(np.int64)


def is_time(numbers: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which numbers, shape (n,), lie before the year 9999 in the unit of most of them.

    Others would overflow 64 bits of microseconds, or the calendar.
    """
    unit = epoch_unit(float(np.median(numbers))) if numbers.size else None
    factor = 1e6 if unit is None else unit[1]
    return np.asarray(np.abs(numbers.astype(np.float64)) < YEAR_9999_US / factor)


def parse_epochs(
    numbers: NDArray[np.float64] | NDArray[np.int64], known: NDArray[np.bool_] | None = None
) -> Times | None:
    """Read epoch numbers of one unit; what isn't finite or lies beyond the calendar is no time.

    Parameters
    ----------
    numbers : array, shape (n,)
        Epoch numbers in seconds, ms, us or ns.
    known : array of bool, shape (n,), optional
        Where a number stands at all; by default everywhere.

    Returns
    -------
    Times or None
        ``None`` if the numbers are no epoch.
    """
    valid = np.isfinite(numbers) if known is None else known & np.isfinite(numbers)
    valid[valid] = is_time(numbers[valid])
    times = epoch_us(numbers[valid])
    if times is None:
        return None
    filled = np.zeros(len(numbers), np.int64)
    filled[valid] = times
    return Times(filled, valid)


def seconds_to_us(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return microseconds for epoch seconds that are known to be seconds."""
    return np.rint(seconds * 1e6).astype(np.int64)


def parse_time_column(column: pl.Series) -> Times | None:
    """Read one column of times: temporal, epoch numbers or text.

    Returns
    -------
    Times or None
        ``None`` if fewer than four fifths of the non-null cells read as a time.
    """
    if column.dtype.is_temporal():
        return _from_temporal(column)
    if column.dtype.is_numeric():
        return _from_numbers(column)
    if column.dtype != pl.String:
        return None
    stripped = column.str.strip_chars()
    numbers = stripped.cast(pl.Float64, strict=False)
    if numbers.null_count() < len(column) / 5:
        whole = stripped.cast(pl.Int64, strict=False)
        return _from_numbers(whole if whole.null_count() == numbers.null_count() else numbers)
    return _from_text(stripped)


def find_time_in_text(text: str) -> datetime | None:
    """Return the first time that a file name or comment carries, or ``None``.

    Without an offset it is UTC. Forms: ``2026-02-09T13-45-00Z``, ``20260209_1345``, epoch
    seconds or milliseconds of ten or thirteen digits.
    """
    match = _STAMP.search(text)
    if match is not None:
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        micro = (fraction or "").ljust(6, "0")
        iso = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{micro}"
        try:
            return datetime.fromisoformat(iso + (zone or "Z")).astimezone(UTC)
        except ValueError:
            return None
    match = _EPOCH.search(text)
    if match is None:
        return None
    number = float(match.group(0))
    unit = epoch_unit(number)
    return None if unit is None else datetime.fromtimestamp(number * unit[1] / 1e6, UTC)


def to_us(moment: datetime) -> int:
    """Return UTC microseconds since the epoch, exactly."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def _from_temporal(column: pl.Series) -> Times | None:
    if column.dtype not in (pl.Datetime, pl.Date):
        return None
    notes: tuple[str, ...] = ()
    if column.dtype == pl.Date or getattr(column.dtype, "time_zone", None) is None:
        notes = ("times carry no zone and are taken as UTC",)
    moments = column.cast(pl.Datetime("us"))
    valid = moments.is_not_null().to_numpy()
    return Times(moments.to_physical().fill_null(0).to_numpy(), valid, notes)


def _from_numbers(column: pl.Series) -> Times | None:
    known = column.is_not_null().to_numpy()
    return parse_epochs(column.fill_null(0).to_numpy(), known)


def _from_text(column: pl.Series) -> Times | None:
    needed = max(0.8 * (len(column) - column.null_count()), 1)
    for form in _ISO_FORMATS:
        parsed = _parsed(column.str.replace(r"Z$", "+00:00"), form, "UTC")
        if parsed is not None and parsed.count() >= needed:
            return _as_times(parsed)
    naive = "times carry no zone and are taken as UTC"
    best: pl.Series | None = None
    for form in _NAIVE_FORMATS:
        parsed = _parsed(column, form, None)
        if parsed is None or parsed.count() < needed:
            continue
        if not form.startswith(_DAY_OR_MONTH_FIRST):
            return _as_times(parsed, naive)
        # 03/04 may be March or April: what reads more cells, in fewer days, is meant.
        if best is None or (-parsed.count(), _span(parsed)) < (-best.count(), _span(best)):
            best = parsed
    if best is None:
        return None
    return _as_times(best, naive, "whether day or month comes first was told by what fits better")


def _parsed(column: pl.Series, form: str, zone: str | None) -> pl.Series | None:
    try:
        return column.str.to_datetime(
            form, strict=False, time_unit="us", time_zone=zone, exact=True
        )
    except pl.exceptions.PolarsError:
        return None


def _span(moments: pl.Series) -> int:
    numbers = moments.drop_nulls().to_physical()
    return int(numbers.max()) - int(numbers.min())  # type: ignore[arg-type]  # integers, at least one


def _as_times(moments: pl.Series, *notes: str) -> Times:
    time_us = moments.to_physical().fill_null(0).to_numpy()
    return Times(time_us, moments.is_not_null().to_numpy(), notes)
