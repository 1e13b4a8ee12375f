"""Hash the shape of each line: what is left of it once its digits are forgotten."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

#: odd multipliers of two independent polynomial hashes modulo 2**64
_SHAPE_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TEXT_FACTOR = np.uint64(0xD6E8FEB86659FD93)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_ONE = np.uint64(1)
_FOLD = np.uint64(32)
_ZERO = np.uint64(48)
#: an ordinal has at most this many digits (``eth0``, ``tty12``), and a name before them of
#: at least as many letters
_ORDINAL = 2

# what a byte is: anything else, a letter, a digit
_OTHER, _LETTER, _DIGIT = 0, 1, 2
_CLASS = np.zeros(256, np.uint8)
_CLASS[ord("0") : ord("9") + 1] = _DIGIT
_CLASS[ord("a") : ord("z") + 1] = _LETTER
_CLASS[ord("A") : ord("Z") + 1] = _LETTER


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
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
        Equal shapes have equal first hashes, equal texts equal second ones; unequal ones
        collide with a chance of about 2**-64 a pair.
    """
    n = starts.size
    shapes = np.empty(n, np.uint64)
    texts = np.empty(n, np.uint64)
    for line in range(n):
        shape = _ONE
        text = _ONE
        at = starts[line]
        end = min(ends[line], at + longest)
        while at < end:
            run = at
            letters = 0
            digits = 0
            is_ordinal = True
            while at < end and _CLASS[data[at]] != _OTHER:
                text = (text + np.uint64(data[at]) + _ONE) * _TEXT_FACTOR
                if _CLASS[data[at]] == _DIGIT:
                    digits += 1
                else:
                    letters += 1
                    is_ordinal = is_ordinal and digits == 0
                at += 1
            is_named = is_ordinal and letters >= _ORDINAL and digits <= _ORDINAL
            kept = letters if digits == 0 or is_named else 0
            for i in range(run, run + kept):
                shape = (shape + np.uint64(data[i]) + _ONE) * _SHAPE_FACTOR
            if digits > 0:
                shape = (shape + _ZERO + _ONE) * _SHAPE_FACTOR
            if at < end:
                byte = np.uint64(data[at]) + _ONE
                shape = (shape + byte) * _SHAPE_FACTOR
                text = (text + byte) * _TEXT_FACTOR
                at += 1
        shapes[line] = (shape ^ (shape >> _FOLD)) * _SPREAD
        texts[line] = (text ^ (text >> _FOLD)) * _SPREAD
    return shapes, texts
