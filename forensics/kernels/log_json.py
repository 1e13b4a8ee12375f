"""Find the values of wanted keys in lines that each hold one JSON object.

All quotes of a block are found first, in one loop without a state; the walk then jumps from
quote to quote instead of looking at every byte. Lines of one log have the same
keys in the same order, so each key is compared with the one in its place a line before first.

References
----------
RFC 8259, "The JavaScript Object Notation (JSON) Data Interchange Format". G. Langdale, D. Lemire
(2019), "Parsing Gigabytes of JSON per Second", VLDB Journal 28: structure first, values later.
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

ABSENT: Final = 0
PLAIN: Final = 1  #: a string without escapes
ESCAPED: Final = 2  #: a string with escapes
SCALAR: Final = 3  #: number, true, false
NESTED: Final = 4  #: object or array

_QUOTE: Final = 34
_BACKSLASH: Final = 92
#: Keys of an object whose order is remembered.
_LAYOUT: Final = 128


@numba.njit(cache=True, nogil=True)
def find_quotes(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the quotes stand that no backslash escapes, and where backslashes stand.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)

    Returns
    -------
    quotes, backslashes : array of int64
        Ascending; each with one more entry at the end, beyond all data.
    """
    n = data.size
    count = escapes = 0
    for i in range(n):  # two sums that the compiler makes vector code of
        count += data[i] == _QUOTE
        escapes += data[i] == _BACKSLASH
    quotes = np.full(count + 1, n + 1, np.int64)
    backslashes = np.full(escapes + 1, n + 1, np.int64)
    quote = backslash = 0
    for i in range(n):
        if data[i] == _QUOTE:
            at = i - 1
            while at >= 0 and data[at] == _BACKSLASH:
                at -= 1
            quotes[quote] = i
            quote += (i - 1 - at) & 1 == 0  # an odd number of backslashes escapes it
        elif data[i] == _BACKSLASH:
            backslashes[backslash] = i
            backslash += 1
    quotes[quote] = n + 1
    return quotes[: quote + 1], backslashes


@numba.njit(cache=True, nogil=True)
def _skip_blanks(data: NDArray[np.uint8], at: int, end: int) -> int:
    while at < end and (data[at] == 32 or data[at] == 9):
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def _nested_end(
    data: NDArray[np.uint8], at: int, end: int, quotes: NDArray[np.int64], quote: int
) -> tuple[int, int]:
    """Return where the object or array that opens at ``at`` ends (or -1), and the next quote."""
    depth = 0
    while at < end:
        byte = data[at]
        if byte == _QUOTE:
            if quotes[quote] != at or quotes[quote + 1] >= end:
                return -1, quote
            at = quotes[quote + 1]
            quote += 2
        elif byte in (123, 91):
            depth += 1
        elif byte in (125, 93):
            depth -= 1
            if depth == 0:
                return at + 1, quote
        at += 1
    return -1, quote


@numba.njit(cache=True, nogil=True)
def _scalar_end(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return the sort of a number, true, false or null at ``at``, and the byte after it or -1."""
    byte = data[at]
    after = at
    while after < end and data[after] != 44 and data[after] != 125 and data[after] > 32:
        after += 1
    is_null = after - at == 4 and byte == 110
    is_scalar = byte == 45 or 48 <= byte <= 57 or byte in (116, 102)
    if after == at or not (is_null or is_scalar):
        return ABSENT, -1
    return ABSENT if is_null else SCALAR, after


@numba.njit(cache=True, nogil=True)
def _is_same(data: NDArray[np.uint8], one: int, other: int, length: int) -> bool:
    for i in range(length):  # noqa: SIM110  # a compiled loop
        if data[one + i] != data[other + i]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _key_index(
    data: NDArray[np.uint8], at: int, end: int, keys: NDArray[np.uint8], bounds: NDArray[np.int64]
) -> int:
    """Return which of the wanted keys, shortest first, stands there, or -1."""
    for key in range(bounds.shape[0] - 1):
        start = bounds[key]
        length = bounds[key + 1] - start
        if length < end - at or data[at] != keys[start]:
            continue
        if length > end - at:
            break
        same = True
        for j in range(length):
            if data[at + j] != keys[start + j]:
                same = False
                break
        if same:
            return key
    return -1


@numba.njit(cache=True, nogil=True)
def scan_objects(  # noqa: C901, PLR0912, PLR0915  # one walk; calls per value would cost more
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    marks: tuple[NDArray[np.int64], NDArray[np.int64]],
    wanted: tuple[NDArray[np.uint8], NDArray[np.int64]],
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Locate the values of top-level keys in n lines.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
    starts, ends : array of int64, shape (n,)
        Bounds of the lines, ascending.
    marks
        What ``find_quotes`` found in ``data``.
    wanted
        The wanted keys as one array of uint8, one after the other, shortest first; and where
        each starts in it, shape (k + 1,).

    Returns
    -------
    is_object : array of bool, shape (n,)
        The line is one object, its strings closed, its brackets balanced.
    found : array of int64, shape (m, 5)
        A row a wanted value, in the order of the text: line, key, first byte, byte after the
        last (quotes left out), and ``ABSENT`` (null), ``PLAIN``, ``ESCAPED``, ``SCALAR`` or
        ``NESTED``.
    """
    quotes, backslashes = marks
    keys, bounds = wanted
    n = starts.shape[0]
    is_object = np.zeros(n, np.bool_)
    found = np.empty((quotes.size // 2 + 1, 5), np.int64)
    layout = np.full((_LAYOUT, 3), -1, np.int64)  # of each key: place, length, which is wanted
    count = quote = backslash = 0
    for i in range(n):
        end = ends[i]
        at = _skip_blanks(data, starts[i], end)
        if at >= end or data[at] != 123:
            continue
        at = _skip_blanks(data, at + 1, end)
        while quotes[quote] < at:
            quote += 1
        ordinal = 0
        while at < end and quotes[quote] == at and quotes[quote + 1] < end:
            close = quotes[quote + 1]
            quote += 2
            place = ordinal % _LAYOUT
            length = close - at - 1
            if length == layout[place, 1] and _is_same(data, at + 1, layout[place, 0], length):
                key = layout[place, 2]
            else:
                key = _key_index(data, at + 1, close, keys, bounds)
                layout[place] = (at + 1, length, key)
            ordinal += 1
            at = _skip_blanks(data, close + 1, end)
            if at >= end or data[at] != 58:
                break
            at = _skip_blanks(data, at + 1, end)
            if at >= end:
                break
            start = at
            if data[at] == _QUOTE:
                if quotes[quote] != at or quotes[quote + 1] >= end:
                    break
                start = at + 1
                stop = quotes[quote + 1]
                quote += 2
                after = stop + 1
                while backslashes[backslash] < start:
                    backslash += 1
                sort = ESCAPED if backslashes[backslash] < stop else PLAIN
            elif data[at] in (123, 91):
                after, quote = _nested_end(data, at, end, quotes, quote)
                stop, sort = after, NESTED
            else:
                sort, after = _scalar_end(data, at, end)
                stop = after
            if after < 0:
                break
            if key >= 0:
                found[count] = (i, key, start, stop, sort)
                count += 1
            at = _skip_blanks(data, after, end)
            if at >= end or data[at] != 44:
                break
            at = _skip_blanks(data, at + 1, end)
        if at < end and data[at] == 125 and _skip_blanks(data, at + 1, end) == end:
            is_object[i] = True
    return is_object, found[:count]


@numba.njit(cache=True, nogil=True)
def spread(
    found: NDArray[np.int64], column_of_key: NDArray[np.int64], columns: int, n: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Lay the values that ``scan_objects`` found out by column and line.

    Parameters
    ----------
    found : array of int64, shape (m, 5)
    column_of_key : array of int64, shape (k,)
        Where each key goes.
    columns, n
        Number of columns and of lines.

    Returns
    -------
    places : array of int64, shape (columns, 2, n)
        First bytes and bytes after the last.
    sorts : array of uint8, shape (columns, n)
        ``ABSENT`` where a line has no such key; a key given twice keeps its last value.
    """
    places = np.zeros((columns, 2, n), np.int64)
    sorts = np.zeros((columns, n), np.uint8)
    for row in range(found.shape[0]):
        line, column = found[row, 0], column_of_key[found[row, 1]]
        places[column, 0, line] = found[row, 2]
        places[column, 1, line] = found[row, 3]
        sorts[column, line] = found[row, 4]
    return places, sorts
