"""Find the values of wanted keys in lines that each hold one JSON object.

References
----------
RFC 8259, "The JavaScript Object Notation (JSON) Data Interchange Format".
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


@numba.njit(cache=True, nogil=True)
def _skip_blanks(data: NDArray[np.uint8], at: int, end: int) -> int:
    while at < end and (data[at] == 32 or data[at] == 9):
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def _string_end(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return the closing quote of the string whose content starts at ``at``, and if it escapes."""
    escaped = 0
    while at < end and data[at] != _QUOTE:
        if data[at] == _BACKSLASH:
            escaped = 1
            at += 1
        at += 1
    return (at if at < end else -1), escaped


@numba.njit(cache=True, nogil=True)
def _nested_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the byte after the object or array that opens at ``at``, or -1."""
    depth = 0
    while at < end:
        byte = data[at]
        if byte == _QUOTE:
            at, _ = _string_end(data, at + 1, end)
            if at < 0:
                return -1
        elif byte in (123, 91):
            depth += 1
        elif byte in (125, 93):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return -1


@numba.njit(cache=True, nogil=True)
def _value_end(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int, int]:
    """Return start, end and sort of the value at ``at``, and the byte after it (-1: broken)."""
    if at >= end:
        return at, at, ABSENT, -1
    byte = data[at]
    if byte == _QUOTE:
        close, escaped = _string_end(data, at + 1, end)
        return at + 1, close, ESCAPED if escaped else PLAIN, close + 1 if close >= 0 else -1
    if byte in (123, 91):
        after = _nested_end(data, at, end)
        return at, after, NESTED, after
    after = at
    while after < end and data[after] != 44 and data[after] != 125 and data[after] > 32:
        after += 1
    if after == at:
        return at, at, ABSENT, -1
    is_null = after - at == 4 and byte == 110
    is_scalar = byte == 45 or 48 <= byte <= 57 or byte in (116, 102)
    if not is_null and not is_scalar:
        return at, at, ABSENT, -1
    return at, after, ABSENT if is_null else SCALAR, after


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
def scan_objects(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    keys: NDArray[np.uint8],
    bounds: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8]]:
    """Locate the values of top-level keys in n lines.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
    starts, ends : array of int64, shape (n,)
        Bounds of the lines.
    keys : array of uint8
        The wanted keys, one after the other, shortest first.
    bounds : array of int64, shape (k + 1,)
        Where each key starts in ``keys``.

    Returns
    -------
    is_object : array of bool, shape (n,)
        The line is one object, its strings closed, its brackets balanced.
    places : array of int64, shape (k, n, 2)
        Bounds of each value, quotes left out.
    sorts : array of uint8, shape (k, n)
        ``ABSENT`` (also for null), ``PLAIN``, ``ESCAPED``, ``SCALAR`` or ``NESTED``; a key
        given twice keeps its last value.
    """
    n = starts.shape[0]
    k = bounds.shape[0] - 1
    is_object = np.zeros(n, np.bool_)
    places = np.zeros((k, n, 2), np.int64)
    sorts = np.zeros((k, n), np.uint8)
    for i in range(n):
        end = ends[i]
        at = _skip_blanks(data, starts[i], end)
        if at >= end or data[at] != 123:
            continue
        at = _skip_blanks(data, at + 1, end)
        while at < end and data[at] == _QUOTE:
            close, _ = _string_end(data, at + 1, end)
            if close < 0:
                break
            key = _key_index(data, at + 1, close, keys, bounds)
            at = _skip_blanks(data, close + 1, end)
            if at >= end or data[at] != 58:
                break
            at = _skip_blanks(data, at + 1, end)
            start, stop, sort, after = _value_end(data, at, end)
            if after < 0:
                break
            if key >= 0:
                places[key, i, 0] = start
                places[key, i, 1] = stop
                sorts[key, i] = sort
            at = _skip_blanks(data, after, end)
            if at >= end or data[at] != 44:
                break
            at = _skip_blanks(data, at + 1, end)
        if at < end and data[at] == 125 and _skip_blanks(data, at + 1, end) == end:
            is_object[i] = True
    return is_object, places, sorts
