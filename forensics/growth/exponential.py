"""Growth that feeds on itself: retries, listeners that register listeners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "exponential"
PARAMETERS = (
    ("base_bytes", "bytes", (-np.inf, np.inf)),
    ("amplitude_bytes", "bytes", (0.0, np.inf)),
    ("growth_per_s", "1/s", (0.0, np.inf)),
)
IS_LEAK = True

#: e-foldings in the window: below 0.15 it can't be told from a line, above 12 from a step.
_FOLDINGS = np.geomspace(0.15, 12.0, 20)


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best of a few rates; base and amplitude follow linearly, shape (3,)."""
    span = max(float(t_s[-1] - t_s[0]), 1e-9)
    best, best_cost = np.array([np.median(y_bytes), 0.0, 1 / span]), np.inf
    for foldings in _FOLDINGS[::3]:
        curve = np.exp(foldings * (t_s - t_s[-1]) / span)
        design = np.column_stack([np.ones_like(curve), curve])
        found, *_ = np.linalg.lstsq(design, y_bytes, rcond=None)
        cost = float(np.sum((y_bytes - design @ found) ** 2))
        if cost < best_cost:
            amplitude = max(found[1], 0.0) * np.exp(-foldings * t_s[-1] / span)
            best, best_cost = np.array([found[0], amplitude, foldings / span]), cost
    return best


def predict(
    t_s: NDArray[np.float64], base_bytes: float, amplitude_bytes: float, growth_per_s: float
) -> NDArray[np.float64]:
    """Return base + amplitude * exp(growth * t), shape (n,)."""
    return base_bytes + amplitude_bytes * np.exp(growth_per_s * t_s)


def _rise(u: NDArray[np.float64], foldings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exponentials with the given e-foldings in the window, shape (k, n)."""
    # 600 keeps a forecast of a thousand windows inside double precision.
    exponent = np.minimum(foldings[:, None] * u[None, :], 600.0)
    return np.asarray(np.expm1(exponent) / np.expm1(foldings[:, None]))


#: Curves over the unit window: values of the nonlinear parameter, and what they give.
SHAPES = ((_FOLDINGS, _rise),)
