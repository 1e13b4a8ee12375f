"""Growth that slows down without ever ending (or speeds up gently): a power of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "power"
PARAMETERS = (
    ("start_bytes", "bytes", (-np.inf, np.inf)),
    ("amplitude_bytes", "bytes/s^exponent", (-np.inf, np.inf)),
    ("exponent", "1", (0.05, 4.0)),
)
IS_LEAK = True

_EXPONENTS = np.concatenate([np.linspace(0.3, 0.85, 23), [1.3, 1.5, 1.75, 2.0]])
#: Logarithmic growth, log(1 + k u): the limit of a power towards zero, with its own bend.
_BENDS = np.geomspace(2.0, 40.0, 14)


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best of a few exponents; the rest follows linearly, shape (3,)."""
    best, best_cost = np.array([y_bytes[0], 0.0, 1.0]), np.inf
    for exponent in (0.3, 0.5, 0.7, 0.85, 1.0, 1.3, 1.7, 2.2, 3.0):
        curve = np.maximum(t_s, 0.0) ** exponent
        design = np.column_stack([np.ones_like(curve), curve])
        found, *_ = np.linalg.lstsq(design, y_bytes, rcond=None)
        cost = float(np.sum((y_bytes - design @ found) ** 2))
        if cost < best_cost:
            best, best_cost = np.array([found[0], found[1], exponent]), cost
    return best


def predict(
    t_s: NDArray[np.float64], start_bytes: float, amplitude_bytes: float, exponent: float
) -> NDArray[np.float64]:
    """Return start + amplitude * t ** exponent for t >= 0, shape (n,)."""
    return start_bytes + amplitude_bytes * np.maximum(t_s, 0.0) ** exponent


def shapes(u: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return powers, then logarithms (their theta is the negative bend): (k,), (k, n)."""
    powers = u[None, :] ** _EXPONENTS[:, None]
    logs = np.log1p(_BENDS[:, None] * u[None, :]) / np.log1p(_BENDS[:, None])
    return np.concatenate([_EXPONENTS, -_BENDS]), np.concatenate([powers, logs])
