"""Where a series turns by more than a threshold: peaks and troughs of a sawtooth."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def find_reversals(values: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return the positions of alternating extremes that differ by at least ``threshold``.

    Parameters
    ----------
    values : array of float64, shape (n,)
        No NaN.
    threshold
        Smallest swing that counts, in units of ``values``.

    Returns
    -------
    array of int64, shape (k,)
        Ascending; peak and trough take turns. The last, still open extreme is included.
        Empty if nothing swings that far. O(n).
    """
    n = values.size
    found = np.empty(n, np.int64)
    count = 0
    if n == 0:
        return found[:0]
    high, low = 0, 0
    direction = 0
    for i in range(1, n):
        value = values[i]
        if direction >= 0 and value > values[high]:
            high = i
        if direction <= 0 and value < values[low]:
            low = i
        if direction >= 0 and value <= values[high] - threshold:
            if direction > 0 or high > 0 or count > 0:
                found[count] = high
                count += 1
            direction = -1
            low = i
        elif direction <= 0 and value >= values[low] + threshold:
            if direction < 0 or low > 0 or count > 0:
                found[count] = low
                count += 1
            direction = 1
            high = i
    if direction != 0:
        found[count] = high if direction > 0 else low
        count += 1
    return found[:count]
