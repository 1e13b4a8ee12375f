"""So many bytes a second, always: a leak under steady load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "linear"
PARAMETERS = (
    ("start_bytes", "bytes", (-np.inf, np.inf)),
    ("slope_bytes_per_s", "bytes/s", (-np.inf, np.inf)),
)
IS_LEAK = True


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start with the line through the medians of the first and the last third, shape (2,)."""
    third = max(t_s.size // 3, 1)
    t_a, t_b = np.median(t_s[:third]), np.median(t_s[-third:])
    y_a, y_b = np.median(y_bytes[:third]), np.median(y_bytes[-third:])
    slope = (y_b - y_a) / (t_b - t_a) if t_b > t_a else 0.0
    return np.array([y_a - slope * t_a, slope])


def predict(
    t_s: NDArray[np.float64], start_bytes: float, slope_bytes_per_s: float
) -> NDArray[np.float64]:
    """Return start + slope * t, shape (n,)."""
    return start_bytes + slope_bytes_per_s * t_s


def _line(u: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return straight lines, shape (k, n)."""
    return u[None, :] + 0.0 * theta[:, None]


#: Curves over the unit window: values of the nonlinear parameter, and what they give.
SHAPES = ((np.zeros(1), _line),)
