"""Memory that a running request holds and gives back: proportional to the load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "load_following"
#: The first argument of ``predict`` is the load (requests/s, in flight or pending), not time.
ARGUMENT = "load"
PARAMETERS = (
    ("idle_bytes", "bytes", (0.0, np.inf)),
    ("bytes_per_load", "bytes per unit of load", (0.0, np.inf)),
)
IS_LEAK = False


def guess(load: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start with the least-squares line on the load, shape (2,)."""
    spread = float(np.var(load))
    slope = float(np.cov(load, y_bytes, bias=True)[0, 1]) / spread if spread > 0 else 0.0
    return np.array([float(np.mean(y_bytes)) - slope * float(np.mean(load)), slope])


def predict(
    load: NDArray[np.float64], idle_bytes: float, bytes_per_load: float
) -> NDArray[np.float64]:
    """Return idle + bytes a unit of load, shape (n,)."""
    return idle_bytes + bytes_per_load * load
