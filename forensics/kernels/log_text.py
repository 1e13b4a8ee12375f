"""Cut lines and fields out of log bytes without copying them.

A column of strings in the Arrow *string view* layout is 16 bytes a value: the length, then
the text itself if it has at most 12 bytes, else its first 4 bytes, the number of a buffer
and the offset in it.

References
----------
Apache Arrow columnar format, "Variable-size Binary View Layout".
"""

from __future__ import annotations

# numba keeps compiled kernels by this file alone: touch it when log_time.py changes.
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from forensics.kernels.log_time import NO_TIME, parse_time

_INLINE: Final = 12

BLANKS: Final = 0  #: one or more blanks or tabs
LITERAL: Final = 1  #: the byte in the argument
TIME: Final = 2  #: a timestamp of the style in the argument
WORD: Final = 3  #: up to the next blank, into the slot
BRACKET: Final = 4  #: between balanced brackets that open with the argument, into the slot
UNTIL: Final = 5  #: up to the byte in the argument, which stays, into the slot
DIGITS: Final = 6  #: one or more digits, into the slot
LEVEL: Final = 7  #: letters only, at least three, into the slot
OPTIONAL_BLANKS: Final = 8  #: blanks or none


@numba.njit(cache=True, nogil=True)
def string_views(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Build Arrow string views of n slices of one buffer.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
    starts, ends : array of int64, shape (n,)
        An end before its start gives an empty string.

    Returns
    -------
    array of uint32, shape (n, 4)
    """
    n = starts.shape[0]
    views = np.zeros((n, 4), np.uint32)
    for i in range(n):
        start = starts[i]
        length = max(ends[i] - start, 0)
        views[i, 0] = length
        if length <= _INLINE:
            for j in range(length):
                views[i, 1 + j // 4] |= np.uint32(data[start + j]) << np.uint32(8 * (j % 4))
        else:
            views[i, 1] = (
                np.uint32(data[start])
                | np.uint32(data[start + 1]) << np.uint32(8)
                | np.uint32(data[start + 2]) << np.uint32(16)
                | np.uint32(data[start + 3]) << np.uint32(24)
            )
            views[i, 3] = start
    return views


@numba.njit(cache=True, nogil=True)
def find_lines(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each line starts and ends (line feed and carriage return left out).

    Parameters
    ----------
    data : array of uint8, shape (bytes,)

    Returns
    -------
    starts, ends : array of int64, shape (lines,)
    """
    n = data.shape[0]
    count = 0
    for i in range(n):
        count += data[i] == 10
    if n > 0 and data[n - 1] != 10:
        count += 1
    starts = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    line = 0
    start = 0
    for i in range(n):
        if data[i] == 10:
            starts[line] = start
            ends[line] = i
            line += 1
            start = i + 1
    if start < n:
        starts[line] = start
        ends[line] = n
    for k in range(count):
        end = ends[k]
        while end > starts[k] and data[end - 1] == 13:
            end -= 1
        ends[k] = end
    return starts, ends


@numba.njit(cache=True, nogil=True)
def _closing(data: NDArray[np.uint8], at: int, end: int, opening: int) -> int:
    """Return where the bracket that opens at ``at`` closes, or -1."""
    closing = opening + (1 if opening == 40 else 2)
    depth = 0
    while at < end:
        if data[at] == opening:
            depth += 1
        elif data[at] == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


@numba.njit(cache=True, nogil=True)
def _field_end(data: NDArray[np.uint8], at: int, end: int, op: int, arg: int) -> int:
    """Return where the field that the step asks for ends, or -1 if it isn't there."""
    start = at
    if op == UNTIL:
        while at < end and data[at] != arg:
            at += 1
        return at if at < end else -1
    if op == WORD:
        while at < end and data[at] != 32 and data[at] != 9:
            at += 1
        return at if at > start else -1
    if op == DIGITS:
        while at < end and 48 <= data[at] <= 57:
            at += 1
        return at if at > start else -1
    while at < end and 97 <= (data[at] | 32) <= 122:  # LEVEL
        at += 1
    return at if at >= start + 3 else -1


@numba.njit(cache=True, nogil=True)
def parse_headers(  # noqa: C901, PLR0915  # an interpreter; calls per step would cost more
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    program: NDArray[np.int64],
    year: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Run one header program over n lines.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
    starts, ends : array of int64, shape (n,)
        Bounds of the lines.
    program : array of int64, shape (steps, 3)
        Operation, its argument, and the slot that takes the field (-1 for none).
    year
        Year of time styles that have none.

    Returns
    -------
    micros : array of int64, shape (n,)
        ``NO_TIME`` for lines that don't follow the program.
    body : array of int64, shape (n,)
        Where the rest of the line, the message, starts.
    slots : array of int64, shape (n, slot count, 2)
        Bounds of the fields.
    """
    n = starts.shape[0]
    slot_count = max(program[:, 2].max() + 1, 1)
    micros = np.full(n, NO_TIME, np.int64)
    body = np.zeros(n, np.int64)
    slots = np.zeros((n, slot_count, 2), np.int64)
    for i in range(n):
        at = starts[i]
        end = ends[i]
        time = NO_TIME
        for step in range(program.shape[0]):
            op = program[step, 0]
            arg = program[step, 1]
            if op == TIME:
                time, at, _ = parse_time(data, at, end, arg, year)
                if time == NO_TIME:
                    break
                continue
            if op in (BLANKS, OPTIONAL_BLANKS):
                before = at
                while at < end and (data[at] == 32 or data[at] == 9):
                    at += 1
                if at == before and op == BLANKS and at < end:
                    time = NO_TIME
                    break
                continue
            if op == LITERAL:
                if at >= end or data[at] != arg:
                    time = NO_TIME
                    break
                at += 1
                continue
            from_byte = at
            if op == BRACKET:
                close = _closing(data, at, end, arg) if at < end and data[at] == arg else -1
                from_byte = at + 1
                stop = close
                after = close + 1
            else:
                stop = _field_end(data, at, end, op, arg)
                after = stop
            if stop < 0:
                time = NO_TIME
                break
            slots[i, program[step, 2], 0] = from_byte
            slots[i, program[step, 2], 1] = stop
            at = after
        micros[i] = time
        body[i] = at
    return micros, body, slots
