"""An S: slow, fast, and over. A backlog that built up and stayed, a batch that was loaded."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

NAME = "logistic"
PARAMETERS = (
    ("start_bytes", "bytes", (-np.inf, np.inf)),
    ("rise_bytes", "bytes", (-np.inf, np.inf)),
    ("middle_s", "s", (-np.inf, np.inf)),
    ("width_s", "s", (1e-9, np.inf)),
)
IS_LEAK = False

_MIDDLES = np.linspace(0.1, 0.85, 16)
_WIDTHS = np.array([0.02, 0.04, 0.07, 0.11])


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best of a grid of middles and widths, shape (4,)."""
    span = max(float(t_s[-1] - t_s[0]), 1e-9)
    best, best_cost = np.array([y_bytes[0], 0.0, t_s[0] + span / 2, span / 10]), np.inf
    for middle in t_s[0] + span * _MIDDLES:
        for width in span * _WIDTHS:
            curve = expit((t_s - middle) / width)
            design = np.column_stack([np.ones_like(curve), curve])
            found, *_ = np.linalg.lstsq(design, y_bytes, rcond=None)
            cost = float(np.sum((y_bytes - design @ found) ** 2))
            if cost < best_cost:
                best, best_cost = np.array([found[0], found[1], middle, width]), cost
    return best


def predict(
    t_s: NDArray[np.float64],
    start_bytes: float,
    rise_bytes: float,
    middle_s: float,
    width_s: float,
) -> NDArray[np.float64]:
    """Return start + rise / (1 + exp(-(t - middle) / width)), shape (n,)."""
    return np.asarray(start_bytes + rise_bytes / (1 + np.exp(-(t_s - middle_s) / width_s)))


def _turn(u: NDArray[np.float64], middle: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return logistic curves of one width around the given middles, shape (k, n)."""
    return np.asarray(expit((u[None, :] - middle[:, None]) / width))


#: Curves over the unit window: values of the nonlinear parameter, and what they give. Three
#: widths after the middle 95 % of the rise is done: only an end that was seen is one.
SHAPES = tuple(
    (_MIDDLES[_MIDDLES + 3 * width < 1], partial(_turn, width=float(width))) for width in _WIDTHS
)
