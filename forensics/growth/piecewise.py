"""Flat, then rising from an onset on: a leak that something switched on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "piecewise"
PARAMETERS = (
    ("level_bytes", "bytes", (-np.inf, np.inf)),
    ("onset_s", "s", (-np.inf, np.inf)),
    ("slope_bytes_per_s", "bytes/s", (-np.inf, np.inf)),
)
IS_LEAK = True

#: Share of the window at which the rise may begin; later, too little of it is seen.
_ONSETS = np.linspace(0.08, 0.94, 28)


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Try onsets at eighths of the window and keep the best hinge, shape (3,)."""
    best, best_cost = np.array([np.median(y_bytes), t_s[0], 0.0]), np.inf
    for onset in np.quantile(t_s, np.linspace(0.05, 0.95, 19)):
        ramp = np.maximum(t_s - onset, 0.0)
        design = np.column_stack([np.ones_like(ramp), ramp])
        found, *_ = np.linalg.lstsq(design, y_bytes, rcond=None)
        cost = float(np.sum((y_bytes - design @ found) ** 2))
        if cost < best_cost:
            best, best_cost = np.array([found[0], onset, found[1]]), cost
    return best


def predict(
    t_s: NDArray[np.float64], level_bytes: float, onset_s: float, slope_bytes_per_s: float
) -> NDArray[np.float64]:
    """Return the level, plus slope * (t - onset) after the onset, shape (n,)."""
    return level_bytes + slope_bytes_per_s * np.maximum(t_s - onset_s, 0.0)


def _hinge(u: NDArray[np.float64], onset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hinges that begin at the given shares of the window, shape (k, n)."""
    return np.maximum(u[None, :] - onset[:, None], 0.0) / (1 - onset[:, None])


#: Curves over the unit window: values of the nonlinear parameter, and what they give.
SHAPES = ((_ONSETS, _hinge),)
