"""Growth towards a ceiling: a cache that fills, a process that warms up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "saturating"
PARAMETERS = (
    ("start_bytes", "bytes", (-np.inf, np.inf)),
    ("rise_bytes", "bytes", (-np.inf, np.inf)),
    ("time_constant_s", "s", (1e-9, np.inf)),
)
IS_LEAK = False

#: Time constants as shares of the window; a longer one can't be told from a leak.
_CONSTANTS = np.geomspace(0.006, 0.6, 24)
#: A ramp that ends at a cap (page cache at the limit, a bounded cache).
_CAPS = np.linspace(0.04, 0.93, 24)
#: A ramp that bends into its cap: powers of the share filled.
_BENT_CAPS = np.linspace(0.1, 0.9, 12)
_BEND = 0.7


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the best of a few time constants; the rest follows linearly, shape (3,)."""
    span = max(float(t_s[-1] - t_s[0]), 1e-9)
    best, best_cost = np.array([y_bytes[0], 0.0, span]), np.inf
    for share in _CONSTANTS[::3]:
        curve = -np.expm1(-t_s / (share * span))
        design = np.column_stack([np.ones_like(curve), curve])
        found, *_ = np.linalg.lstsq(design, y_bytes, rcond=None)
        cost = float(np.sum((y_bytes - design @ found) ** 2))
        if cost < best_cost:
            best, best_cost = np.array([found[0], found[1], share * span]), cost
    return best


def predict(
    t_s: NDArray[np.float64], start_bytes: float, rise_bytes: float, time_constant_s: float
) -> NDArray[np.float64]:
    """Return start + rise * (1 - exp(-t / time constant)), shape (n,)."""
    return start_bytes - rise_bytes * np.expm1(-t_s / time_constant_s)


def _approach(u: NDArray[np.float64], constant: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exponential approaches to a ceiling, 1 at the end of the window, shape (k, n)."""
    return np.asarray(np.expm1(-u[None, :] / constant[:, None]) / np.expm1(-1 / constant[:, None]))


def _ramp(u: NDArray[np.float64], cap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ramps that end at a cap, shape (k, n)."""
    return np.minimum(u[None, :] / cap[:, None], 1.0)


def _bent_ramp(u: NDArray[np.float64], cap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ramps that slow down before the cap, shape (k, n)."""
    return np.asarray(_ramp(np.maximum(u, 0.0), cap) ** _BEND)


#: Curves over the unit window: values of the nonlinear parameter, and what they give.
SHAPES = ((_CONSTANTS, _approach), (_CAPS, _ramp), (_BENT_CAPS, _bent_ramp))
