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

_SLOWER = np.linspace(0.3, 0.85, 12)
_FASTER = np.array([1.3, 1.5, 1.75, 2.0])
#: Logarithmic growth, log(1 + k u): the limit of a power towards zero, with its own bend.
_BENDS = np.geomspace(2.0, 40.0, 9)


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


def _power(u: NDArray[np.float64], exponent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return powers of the share of the window, shape (k, n)."""
    return np.asarray(np.maximum(u[None, :], 0.0) ** exponent[:, None])


def _logarithm(u: NDArray[np.float64], bend: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log(1 + bend * u), scaled to end at 1, shape (k, n)."""
    scaled = np.log1p(bend[:, None] * np.maximum(u[None, :], 0.0))
    return np.asarray(scaled / np.log1p(bend[:, None]))


#: Curves over the unit window: values of the nonlinear parameter, and what they give.
SHAPES = ((_SLOWER, _power), (_FASTER, _power), (_BENDS, _logarithm))
