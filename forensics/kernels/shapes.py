"""Split lines, and hash the shape of each: what is left of it once its digits are forgotten."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

#: odd multipliers modulo 2**64
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_ONE = np.uint64(1)
_FOLD = np.uint64(32)
_TURN, _TURN_BACK = np.uint64(7), np.uint64(57)
_ZERO = np.uint64(48)
#: an ordinal has at most this many digits (``eth0``, ``tty12``), and a name before them of
#: at least as many letters
_ORDINAL = 2

_NEWLINE, _RETURN = 10, 13

# what a byte is: anything else, a letter, a digit
_OTHER, _LETTER, _DIGIT = 0, 1, 2
_CLASS = np.zeros(256, np.uint8)
_CLASS[ord("0") : ord("9") + 1] = _DIGIT
_CLASS[ord("a") : ord("z") + 1] = _LETTER
_CLASS[ord("A") : ord("Z") + 1] = _LETTER


@numba.njit(cache=True, nogil=True)
def hash_shapes(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    longest: int,
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return two hashes of each line ``data[starts[i]:ends[i]]``: of its shape, of its text.

    The shape replaces each run of ASCII letters and digits that holds a digit by ``0``,
    but keeps the letters of a name with an ordinal (``eth1`` becomes ``eth0``). Only the
    first ``longest`` bytes of a line count. One pass, no allocation but the answers.

    Parameters
    ----------
    data : array of uint8
        The text of all lines; ends of line needn't be in it.
    starts, ends : array of int64, shape (n,)
        First byte of each line and the one after its last.
    longest
        Bytes looked at in a line.

    Returns
    -------
    tuple of two arrays of uint64, shape (n,)
        Equal shapes have equal first hashes, and unequal ones collide with a chance of
        about 2**-64 a pair. Equal texts have equal second ones; these only serve to choose
        one text of many.
    """
    n = starts.size
    shapes = np.empty(n, np.uint64)
    texts = np.empty(n, np.uint64)
    for line in range(n):
        shape = text = _ONE
        at = starts[line]
        end = min(ends[line], at + longest)
        while at < end:
            before_run = shape
            letters = digits = 0
            is_ordinal = True
            while at < end:
                byte = np.uint64(data[at])
                kind = _CLASS[data[at]]
                text = ((text << _TURN) | (text >> _TURN_BACK)) + byte
                at += 1
                if kind == _DIGIT:
                    digits += 1
                elif kind == _LETTER:
                    letters += 1
                    is_ordinal = is_ordinal and digits == 0
                    shape = (shape ^ byte) * _FACTOR
                else:
                    break
            if digits > 0:
                if not is_ordinal or letters < _ORDINAL or digits > _ORDINAL:
                    shape = before_run
                shape = (shape ^ _ZERO) * _FACTOR
            if kind == _OTHER:
                shape = (shape ^ byte) * _FACTOR
        shapes[line] = (shape ^ (shape >> _FOLD)) * _SPREAD
        texts[line] = (text ^ (text >> _FOLD)) * _SPREAD
    return shapes, texts


@numba.njit(cache=True, nogil=True)
def split_lines(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first byte and end of each line of ``data``, without LF or CRLF.

    Returns
    -------
    tuple of two arrays of int64, shape (n,)
        The last line needs no end; empty data have no line.
    """
    count = 0
    for byte in data:
        if byte == _NEWLINE:
            count += 1
    is_open = data.size > 0 and data[-1] != _NEWLINE
    starts = np.empty(count + is_open, np.int64)
    ends = np.empty(count + is_open, np.int64)
    line = 0
    start = 0
    for at in range(data.size):
        if data[at] == _NEWLINE:
            starts[line] = start
            ends[line] = at - 1 if at > start and data[at - 1] == _RETURN else at
            line += 1
            start = at + 1
    if is_open:
        starts[line] = start
        ends[line] = data.size - 1 if data[-1] == _RETURN else data.size
    return starts, ends


@numba.njit(cache=True, nogil=True)
def number_shapes(
    shapes: NDArray[np.uint64], texts: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give equal shapes equal numbers, in order of first appearance.

    Parameters
    ----------
    shapes, texts : arrays of uint64, shape (n,)
        As ``hash_shapes`` gives them.

    Returns
    -------
    codes : array of int64, shape (n,)
        Number of each line's shape.
    chosen : array of int64, shape (k,)
        For each number the first line whose text hash is lowest. O(n) time, a table of at
        most four times k.
    """
    codes = np.empty(shapes.size, np.int64)
    chosen = np.empty(1024, np.int64)
    table = np.full(4096, -1, np.int64)
    count = 0
    for line in range(shapes.size):
        slot = _find_slot(table, chosen, shapes, shapes[line])
        code = table[slot]
        if code < 0:
            if count == chosen.size:
                chosen = np.concatenate((chosen, np.empty(count, np.int64)))
                table = np.full(2 * table.size, -1, np.int64)
                for old in range(count):
                    table[_find_slot(table, chosen, shapes, shapes[chosen[old]])] = old
                slot = _find_slot(table, chosen, shapes, shapes[line])
            code = count
            table[slot] = code
            chosen[code] = line
            count += 1
        elif texts[line] < texts[chosen[code]]:
            chosen[code] = line
        codes[line] = code
    return codes, chosen[:count].copy()


@numba.njit(cache=True, nogil=True)
def _find_slot(
    table: NDArray[np.int64],
    chosen: NDArray[np.int64],
    shapes: NDArray[np.uint64],
    shape: np.uint64,
) -> np.int64:
    """Return the slot that holds ``shape``, or the free one where it belongs."""
    last = table.size - 1
    slot = np.int64(shape & np.uint64(last))
    while table[slot] >= 0 and shapes[chosen[table[slot]]] != shape:
        slot = (slot + 1) & last
    return slot
