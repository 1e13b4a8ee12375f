"""So many bytes a request, never given back: a leak that goes with the traffic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "per_request"
#: The first argument of ``predict`` is the number of requests since the start, not time.
ARGUMENT = "requests"
PARAMETERS = (
    ("start_bytes", "bytes", (-np.inf, np.inf)),
    ("bytes_per_request", "bytes/request", (-np.inf, np.inf)),
)
IS_LEAK = True


def guess(requests: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start with the least-squares line on the cumulative requests, shape (2,)."""
    spread = float(np.var(requests))
    slope = float(np.cov(requests, y_bytes, bias=True)[0, 1]) / spread if spread > 0 else 0.0
    return np.array([float(np.mean(y_bytes)) - slope * float(np.mean(requests)), slope])


def predict(
    requests: NDArray[np.float64], start_bytes: float, bytes_per_request: float
) -> NDArray[np.float64]:
    """Return start + bytes a request * requests so far, shape (n,)."""
    return start_bytes + bytes_per_request * requests
