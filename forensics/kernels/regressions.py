"""Many small regressions on the same points: noise made white, backgrounds projected out."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def whiten_columns(columns: NDArray[np.float64], phi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``columns`` (m, k) with first-order autoregressive noise made white.

    Parameters
    ----------
    columns : array of float64, shape (m, k)
    phi : array of float64, shape (m - 1,)
        Correlation of each point with the one before it, below 1.
    """
    m, k = columns.shape
    white = np.empty((m, k))
    for c in range(k):
        white[0, c] = columns[0, c]
    for i in range(1, m):
        scale = 1.0 / np.sqrt(1.0 - phi[i - 1] * phi[i - 1])
        for c in range(k):
            white[i, c] = (columns[i, c] - phi[i - 1] * columns[i - 1, c]) * scale
    return white


@numba.njit(cache=True, nogil=True)
def _remove(vector: NDArray[np.float64], basis: NDArray[np.float64]) -> None:
    """Subtract from ``vector`` its part along each row of ``basis``, in place."""
    for b in range(basis.shape[0]):
        along = np.dot(basis[b], vector)
        for i in range(vector.size):
            vector[i] -= along * basis[b, i]


@numba.njit(cache=True, nogil=True)
def project_groups(
    level: NDArray[np.float64],
    columns: NDArray[np.float64],
    starts: NDArray[np.int64],
    y: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Regress ``y`` on the level and each group of columns, by Gram-Schmidt done twice.

    Parameters
    ----------
    level, y : array of float64, shape (m,)
    columns : array of float64, shape (m, k)
    starts : array of int64, shape (g + 1,)
        Group ``j`` has the columns from ``starts[j]`` up to ``starts[j + 1]``.

    Returns
    -------
    basis : array of float64, shape (k + g, m)
        Orthonormal rows; those of group ``j`` begin at ``starts[j] + j`` with the level.
        A column that the others already span gives a row of zeros.
    rest : array of float64, shape (g, m)
        What each group leaves of ``y``.
    left : array of float64, shape (g,)
        Sum of squares of that.
    """
    m = y.size
    groups = starts.size - 1
    basis = np.zeros((columns.shape[1] + groups, m))
    rest = np.empty((groups, m))
    left = np.empty(groups)
    vector = np.empty(m)
    for j in range(groups):
        first = starts[j] + j
        count = starts[j + 1] - starts[j] + 1
        for c in range(count):
            for i in range(m):
                vector[i] = level[i] if c == 0 else columns[i, starts[j] + c - 1]
            size = np.sqrt(np.dot(vector, vector))
            _remove(vector, basis[first : first + c])
            _remove(vector, basis[first : first + c])
            new = np.sqrt(np.dot(vector, vector))
            if new > 1e-9 * size:
                basis[first + c] = vector / new
        rest[j] = y
        _remove(rest[j], basis[first : first + count])
        left[j] = np.dot(rest[j], rest[j])
    return basis, rest, left


@numba.njit(cache=True, nogil=True, fastmath=True)
def multiply(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix product, shapes (a, m) and (m, c), on the calling thread alone.

    The library's product wakes all cores for matrices this small, and their waiting tripled
    the processor time of a growth analysis.
    """
    a, m = left.shape
    c = right.shape[1]
    product = np.zeros((a, c))
    for i in range(a):
        for k in range(m):
            factor = left[i, k]
            for j in range(c):
                product[i, j] += factor * right[k, j]
    return product
