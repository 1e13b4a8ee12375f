"""The cheapest way to cut series into constant and straight segments, by dynamic programming."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def sum_moments(t: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return running sums from which the misfit of any segment follows in constant time.

    Parameters
    ----------
    t : array of float64, shape (n,)
        Places of the samples, best within -1 to 1 (sums of squares cancel otherwise).
    values : array of float64, shape (d, n)
        No NaN; best of mean 0 and size 1.

    Returns
    -------
    array of float64, shape (n + 1, 2 + 3 * d)
        Sums over the first i samples of t, t², then y, ty, y² of each row.
    """
    rows, n = values.shape
    sums = np.zeros((n + 1, 2 + 3 * rows))
    for i in range(n):
        sums[i + 1] = sums[i]
        sums[i + 1, 0] += t[i]
        sums[i + 1, 1] += t[i] * t[i]
        for k in range(rows):
            value = values[k, i]
            sums[i + 1, 2 + 3 * k] += value
            sums[i + 1, 3 + 3 * k] += t[i] * value
            sums[i + 1, 4 + 3 * k] += value * value
    return sums


@numba.njit(cache=True, nogil=True)
def measure_misfit(
    sums: NDArray[np.float64], price: NDArray[np.float64], start: int, stop: int
) -> tuple[float, float]:
    """Return the priced sum of squares around the mean, and around the line, of one segment.

    Two samples don't make a line here: theirs is the mean.

    ``price``, shape (d,), turns the sum of squares of each row into a common currency.
    """
    count = stop - start
    mean_t = (sums[stop, 0] - sums[start, 0]) / count
    spread_t = sums[stop, 1] - sums[start, 1] - count * mean_t * mean_t
    level = 0.0
    line = 0.0
    for k in range(price.size):
        j = 2 + 3 * k
        total = sums[stop, j] - sums[start, j]
        around_mean = sums[stop, j + 2] - sums[start, j + 2] - total * total / count
        slope_part = sums[stop, j + 1] - sums[start, j + 1] - mean_t * total
        around_line = around_mean
        if count > 2 and spread_t > 0.0:
            around_line -= slope_part * slope_part / spread_t
        level += max(around_mean, 0.0) * price[k]
        line += max(around_line, 0.0) * price[k]
    return level, line


@numba.njit(cache=True, nogil=True)
def cut_cheapest(
    sums: NDArray[np.float64], price: NDArray[np.float64], slope_price: float, min_length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the cuts that minimise misfit + 1 a cut + ``slope_price`` a sloping segment.

    Parameters
    ----------
    sums
        From ``sum_moments``.
    price : array of float64, shape (d,)
        Of one unit of squared misfit, per row.
    slope_price
        Of letting a segment slope instead of being level.
    min_length
        Least number of samples in a segment, at least 1.

    Returns
    -------
    cuts : array of int64, shape (m + 1,)
        First index of each segment, ascending, the first 0.
    slopes : array of bool, shape (m + 1,)
        Which segments slope. O(d * n²) time, O(n) memory: exact optimal partitioning
        (Jackson et al. 2005, doi:10.1109/LSP.2001.838216).
    """
    n = sums.shape[0] - 1
    cost = np.full(n + 1, np.inf)
    cost[0] = -1.0
    previous = np.zeros(n + 1, np.int64)
    is_slope = np.zeros(n + 1, np.bool_)
    for stop in range(min(min_length, n), n + 1):
        for start in range(max(stop - min_length, 0) + 1):
            if cost[start] == np.inf:
                continue
            level, line = measure_misfit(sums, price, start, stop)
            line += slope_price
            trial = cost[start] + 1.0 + min(level, line)
            if trial < cost[stop]:
                cost[stop] = trial
                previous[stop] = start
                is_slope[stop] = line < level
    count = 0
    stop = n
    while stop > 0:
        count += 1
        stop = previous[stop]
    cuts = np.zeros(count, np.int64)
    slopes = np.zeros(count, np.bool_)
    stop = n
    for i in range(count - 1, -1, -1):
        slopes[i] = is_slope[stop]
        stop = previous[stop]
        cuts[i] = stop
    return cuts, slopes
