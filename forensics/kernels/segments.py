"""The best way to cut a series into k level segments, for every k, by dynamic programming."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def cut_levels(values: NDArray[np.float64], max_cuts: int, min_length: int) -> NDArray[np.int64]:
    """Return the cuts that leave the least sum of squares around segment means.

    Parameters
    ----------
    values : array of float64, shape (n,)
        No NaN.
    max_cuts
        Solutions are returned for 1 to ``max_cuts`` cuts.
    min_length
        Least number of values in a segment.

    Returns
    -------
    array of int64, shape (max_cuts, max_cuts)
        Row ``k - 1`` holds the ``k`` cuts (first index of each new segment, ascending), then
        -1. A row of -1 has no solution. O(max_cuts * n²).
    """
    n = values.size
    total = np.zeros(n + 1)
    square = np.zeros(n + 1)
    middle = values.mean() if n else 0.0
    for i in range(n):
        value = values[i] - middle
        total[i + 1] = total[i] + value
        square[i + 1] = square[i] + value * value
    cost = np.full((max_cuts + 1, n + 1), np.inf)
    last = np.full((max_cuts + 1, n + 1), -1, np.int64)
    for j in range(min_length, n + 1):
        cost[0, j] = square[j] - total[j] * total[j] / j
    for k in range(1, max_cuts + 1):
        for j in range((k + 1) * min_length, n + 1):
            for i in range(k * min_length, j - min_length + 1):
                part = total[j] - total[i]
                trial = cost[k - 1, i] + square[j] - square[i] - part * part / (j - i)
                if trial < cost[k, j]:
                    cost[k, j] = trial
                    last[k, j] = i
    cuts = np.full((max_cuts, max_cuts), -1, np.int64)
    for k in range(1, max_cuts + 1):
        if last[k, n] < 0:
            continue
        end = n
        for level in range(k, 0, -1):
            end = last[level, end]
            cuts[k - 1, level - 1] = end
    return cuts
