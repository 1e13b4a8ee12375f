"""Tell whether a text holds any of some short needles, looking at a sixth of its bytes.

References
----------
S. Wu, U. Manber (1994), "A Fast Algorithm for Multi-Pattern Searching", University of Arizona,
TR-94-17.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray


def compile_needles(needles: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the needles (of one length m, 3 to 255) and how far each pair of bytes lets skip.

    Returns
    -------
    texts : array of uint8, shape (k, m)
    shifts : array of uint8, shape (65536,)
        By pair of bytes (first times 256 plus second): distance to the end of a needle.
    """
    texts = np.array([np.frombuffer(needle, np.uint8) for needle in needles])
    length = texts.shape[1]
    shifts = np.full(1 << 16, length - 1, np.uint8)
    for place in range(1, length):
        pairs = texts[:, place - 1].astype(np.int64) * 256 + texts[:, place]
        shifts[pairs] = length - 1 - place
    return texts, shifts


@numba.njit(cache=True, nogil=True)
def holds_any(data: NDArray[np.uint8], texts: NDArray[np.uint8], shifts: NDArray[np.uint8]) -> bool:
    """Tell whether one of the needles stands anywhere in ``data``, shape (bytes,)."""
    length = texts.shape[1]
    at = length - 1
    while at < data.size:
        shift = shifts[np.int64(data[at - 1]) * 256 + data[at]]
        if shift > 0:
            at += shift
            continue
        for needle in range(texts.shape[0]):
            place = 0
            while place < length and data[at - length + 1 + place] == texts[needle, place]:
                place += 1
            if place == length:
                return True
        at += 1
    return False
