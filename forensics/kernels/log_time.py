"""Timestamps of log lines to microseconds since 1970, for many lines at once.

One kernel knows every way of writing a time that log formats use; readers choose the style
once for a file and then parse millions of lines with it.
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

#: What a line gives that holds no time of the style asked for.
NO_TIME: Final = -(2**63) + 1

ISO: Final = 0  #: 2026-02-09T14:23:17.123+01:00, also with ``/`` or ``.`` and a blank
CLF: Final = 1  #: 09/Feb/2026:14:23:17 +0000
SYSLOG: Final = 2  #: Feb  9 14:23:17, year before or after it or missing, weekday in front
DAY_MONTH_NAME: Final = 3  #: 09-Feb-2026 14:23:17.123, Mon, 09 Feb 2026 14:23:17 GMT
DAY_FIRST: Final = 4  #: 09.02.2026 14:23:17, 09/02/2026 14:23:17
MONTH_FIRST: Final = 5  #: 02/09/2026 14:23:17
YEAR_SHORT: Final = 6  #: 26/02/09 14:23:17
COMPACT: Final = 7  #: 20260209T142317Z, 260209 142317
EPOCH: Final = 8  #: 1770646997, with 3, 6 or 9 more digits or a fraction
CLOCK: Final = 9  #: 14:23:17.123, no date
KLOG: Final = 10  #: 0209 14:23:17.123456, no year

_ZONES: Final = np.array(
    # Letters packed big-endian, offset in minutes; abbreviations of two meanings are left out.
    [
        [int.from_bytes(name.encode()), minutes]
        for name, minutes in (
            ("UTC", 0), ("GMT", 0), ("WET", 0), ("WEST", 60), ("BST", 60), ("CET", 60),
            ("CEST", 120), ("EET", 120), ("EEST", 180), ("MSK", 180), ("EST", -300),
            ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420), ("MDT", -360),
            ("PST", -480), ("PDT", -420), ("JST", 540), ("AEST", 600), ("AEDT", 660),
        )
    ],
    dtype=np.int64,
)  # fmt: skip

_MONTHS: Final = np.array(
    [int.from_bytes(m) for m in b"jan feb mar apr may jun jul aug sep oct nov dec".split()],
    dtype=np.int64,
)


@numba.njit(cache=True, nogil=True)
def _digits(data: NDArray[np.uint8], at: int, end: int, count: int) -> int:
    """Return the number of exactly ``count`` digits at ``at``, or -1."""
    if at + count > end:
        return -1
    value = 0
    for i in range(at, at + count):
        digit = data[i] - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@numba.njit(cache=True, nogil=True)
def _one_or_two(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return a number of one or two digits (a blank may stand for the first) and its end."""
    if at < end and data[at] == 32:
        return _digits(data, at + 1, end, 1), at + 2
    two = _digits(data, at, end, 2)
    if two >= 0:
        return two, at + 2
    return _digits(data, at, end, 1), at + 1


@numba.njit(cache=True, nogil=True)
def _month_name(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return 1 to 12 for an English month abbreviation, or -1."""
    if at + 3 > end:
        return -1
    word = 0
    for i in range(at, at + 3):
        word = word * 256 + (data[i] | 32)
    for month in range(12):
        if _MONTHS[month] == word:
            return month + 1
    return -1


@numba.njit(cache=True, nogil=True)
def _days(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 in the proleptic Gregorian calendar."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    year_of_era = y - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (
        era * 146097
        + year_of_era * 365
        + year_of_era // 4
        - year_of_era // 100
        + (day_of_year)
        - 719468
    )


@numba.njit(cache=True, nogil=True)
def _clock(data: NDArray[np.uint8], at: int, end: int, colons: int) -> tuple[int, int]:
    """Return microseconds of the day for ``HH:MM:SS`` with a fraction, and where it ends."""
    step = 3 if colons else 2
    if colons and at + 1 < end and data[at + 1] == 58:  # 2:23:17 PM
        hour = _digits(data, at, end, 1)
        at -= 1
    else:
        hour = _digits(data, at, end, 2)
    minute = _digits(data, at + step, end, 2)
    second = _digits(data, at + 2 * step, end, 2)
    if hour < 0 or minute < 0 or second < 0 or hour > 23 or minute > 59 or second > 60:
        return NO_TIME, at
    if colons and (data[at + 2] != 58 or data[at + 5] != 58):
        return NO_TIME, at
    at += 2 * step + 2
    micros = 0
    if at + 1 < end and (data[at] == 46 or data[at] == 44) and 48 <= data[at + 1] <= 57:
        at += 1
        scale = 100_000
        while at < end and 48 <= data[at] <= 57:
            micros += (data[at] - 48) * scale
            scale //= 10
            at += 1
    if at + 2 < end and data[at] == 32 and (data[at + 2] | 32) == 109 and hour <= 12:
        half = data[at + 1] | 32  # AM or PM behind a clock of twelve hours
        is_word = at + 3 < end and 97 <= (data[at + 3] | 32) <= 122
        if half in (97, 112) and not is_word:
            hour = hour % 12 + (12 if half == 112 else 0)
            at += 3
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, at


@numba.njit(cache=True, nogil=True)
def _zone(  # noqa: C901, PLR0911  # forms are tried in turn
    data: NDArray[np.uint8], at: int, end: int
) -> tuple[int, int, int]:
    """Return the offset in minutes, where it ends, and 1 if there was one."""
    start = at
    if at < end and data[at] == 32 and at + 1 < end:
        at += 1
    if at >= end:
        return 0, start, 0
    sign = 1 if data[at] == 43 else (-1 if data[at] == 45 else 0)
    if sign != 0:
        hours = _digits(data, at + 1, end, 2)
        if hours < 0 or hours > 15:
            return 0, start, 0
        at += 3
        if at < end and data[at] == 58:
            at += 1
        minutes = _digits(data, at, end, 2)
        if minutes < 0 or minutes > 59:
            return sign * hours * 60, at, 1
        return sign * (hours * 60 + minutes), at + 2, 1
    if data[at] == 90 and at == start:
        return 0, at + 1, 1
    word = 0
    letters = 0
    while at < end and letters < 5 and 65 <= data[at] <= 90:
        word = word * 256 + data[at]
        letters += 1
        at += 1
    if letters < 3 or letters > 4 or (at < end and data[at] > 64):
        return 0, start, 0
    for i in range(_ZONES.shape[0]):
        if _ZONES[i, 0] == word:
            return _ZONES[i, 1], at, 1
    return 0, start, 0


@numba.njit(cache=True, nogil=True)
def _skip_weekday(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the place after ``Mon `` or ``Mon, `` if a weekday stands there."""
    if at + 5 < end and _month_name(data, at, end) < 0:
        letters = True
        for i in range(at, at + 3):
            if not 97 <= (data[i] | 32) <= 122:
                letters = False
        if letters and data[at + 3] == 32:
            return at + 4
        if letters and data[at + 3] == 44 and data[at + 4] == 32:
            return at + 5
    return at


@numba.njit(cache=True, nogil=True)
def _date_numeric(  # noqa: C901, PLR0911  # one branch a style
    data: NDArray[np.uint8], at: int, end: int, style: int, year: int
) -> tuple[int, int, int, int]:
    """Return year, month, day and the end of a date of digits; month -1 where there is none."""
    if style == ISO:
        if at + 10 > end or data[at + 4] not in (45, 47, 46) or data[at + 4] != data[at + 7]:
            return 0, -1, 0, at
        return (
            _digits(data, at, end, 4),
            _digits(data, at + 5, end, 2),
            _digits(data, at + 8, end, 2),
            at + 10,
        )
    if style in (DAY_FIRST, MONTH_FIRST):
        first, after = _one_or_two(data, at, end)
        if first < 0 or after >= end or data[after] not in (45, 46, 47):
            return 0, -1, 0, at
        second, after2 = _one_or_two(data, after + 1, end)
        if second < 0 or after2 >= end or data[after2] != data[after]:
            return 0, -1, 0, at
        found = _digits(data, after2 + 1, end, 4)
        if style == DAY_FIRST:
            return found, second, first, after2 + 5
        return found, first, second, after2 + 5
    if style == YEAR_SHORT:
        if at + 8 > end or data[at + 2] not in (45, 47) or data[at + 5] != data[at + 2]:
            return 0, -1, 0, at
        return (
            2000 + _digits(data, at, end, 2),
            _digits(data, at + 3, end, 2),
            _digits(data, at + 6, end, 2),
            at + 8,
        )
    if style == KLOG:
        return year, _digits(data, at, end, 2), _digits(data, at + 2, end, 2), at + 4
    long = _digits(data, at, end, 8)  # COMPACT
    if long >= 0:
        return long // 10000, long // 100 % 100, long % 100, at + 8
    short = _digits(data, at, end, 6)
    if short < 0:
        return 0, -1, 0, at
    return 2000 + short // 10000, short // 100 % 100, short % 100, at + 6


@numba.njit(cache=True, nogil=True)
def _date_named(
    data: NDArray[np.uint8], at: int, end: int, style: int, year: int
) -> tuple[int, int, int, int]:
    """Return year, month, day and the end of a date with a month's name."""
    at = _skip_weekday(data, at, end)
    if style == SYSLOG:
        month = _month_name(data, at, end)
        if month < 0 or at + 6 > end or data[at + 3] != 32:
            return 0, -1, 0, at
        day, at = _one_or_two(data, at + 4, end)
        if at < end and data[at] == 44:  # Feb 09, 2026
            at += 1
        if at + 6 < end and _digits(data, at + 1, end, 4) > 0 and data[at + 5] == 32:
            return _digits(data, at + 1, end, 4), month, day, at + 5
        return year, month, day, at
    day, at = _one_or_two(data, at, end)
    if day < 0 or at + 9 > end:
        return 0, -1, 0, at
    month = _month_name(data, at + 1, end)
    return _digits(data, at + 5, end, 4), month, day, at + 9


@numba.njit(cache=True, nogil=True)
def _epoch(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return microseconds for an epoch number; the count of digits tells its unit."""
    value = 0
    count = 0
    while at < end and 48 <= data[at] <= 57 and count < 19:
        value = value * 10 + (data[at] - 48)
        count += 1
        at += 1
    if count < 9 or (at < end and 48 <= data[at] <= 57):
        return NO_TIME, at
    fraction = 0
    if at + 1 < end and data[at] == 46 and 48 <= data[at + 1] <= 57:
        at += 1
        scale = 100_000
        while at < end and 48 <= data[at] <= 57:
            fraction += (data[at] - 48) * scale
            scale //= 10
            at += 1
    if count <= 10:
        return value * 1_000_000 + fraction, at
    if count <= 13:
        return value * 1000 + fraction // 1000, at
    if count <= 16:
        return value, at
    return value // 1000, at


@numba.njit(cache=True, nogil=True)
def parse_time(
    data: NDArray[np.uint8], at: int, end: int, style: int, year: int
) -> tuple[int, int, int]:
    """Parse one timestamp that starts at byte ``at``.

    Parameters
    ----------
    data
        Bytes of the text.
    at, end
        Where the timestamp starts and where its line ends.
    style
        One of the styles of this module.
    year
        Year of a style that has none.

    Returns
    -------
    tuple of int
        Microseconds since 1970 in UTC or ``NO_TIME``, the byte after the timestamp, and 1 if
        it named its zone (UTC is taken where it did not).
    """
    if style == EPOCH:
        micros, after = _epoch(data, at, end)
        return micros, after, 1
    if style == CLOCK:
        micros, after = _clock(data, at, end, 1)
        return micros, after, 0
    if style in (SYSLOG, DAY_MONTH_NAME, CLF):
        found_year, month, day, after = _date_named(data, at, end, style, year)
    else:
        found_year, month, day, after = _date_numeric(data, at, end, style, year)
    if month < 1 or month > 12 or day < 1 or day > 31 or found_year < 1 or after >= end:
        return NO_TIME, at, 0
    if style == COMPACT and data[after] != 84 and data[after] != 32 and data[after] != 45:
        return NO_TIME, at, 0
    after += 1
    if after < end and data[after] == 32:
        after += 1
    with_colons = 0 if style == COMPACT and after + 2 < end and data[after + 2] != 58 else 1
    clock, after = _clock(data, after, end, with_colons)
    if clock == NO_TIME:
        return NO_TIME, at, 0
    if (
        style == SYSLOG
        and _digits(data, after + 1, end, 4) > 1900
        and (after + 5 == end or data[after + 5] in (32, 93))
    ):
        found_year = _digits(data, after + 1, end, 4)
        after += 5
    offset, after, has_zone = _zone(data, after, end)
    return (
        _days(found_year, month, day) * 86_400_000_000 + clock - offset * 60_000_000,
        after,
        (has_zone),
    )


@numba.njit(cache=True, nogil=True)
def parse_times(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    style: int,
    year: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Parse one timestamp for each of n texts.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
    starts, ends : array of int64, shape (n,)
        Bounds of each text in ``data``.
    style, year
        As for `parse_time`.

    Returns
    -------
    micros : array of int64, shape (n,)
        ``NO_TIME`` where a text holds no such time.
    after : array of int64, shape (n,)
        The byte after each timestamp.
    zoned : int
        How many timestamps named their zone.
    """
    n = starts.shape[0]
    micros = np.empty(n, np.int64)
    after = np.empty(n, np.int64)
    zoned = 0
    for i in range(n):
        micros[i], after[i], has_zone = parse_time(data, starts[i], ends[i], style, year)
        zoned += has_zone
    return micros, after, zoned
