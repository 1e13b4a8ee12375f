"""Levels with jumps between them: deploys, configuration, a data set loaded at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME = "staircase"
PARAMETERS = (
    ("level_bytes", "bytes", (-np.inf, np.inf)),
    ("step_bytes", "bytes", (-np.inf, np.inf)),
    ("at_s", "s", (-np.inf, np.inf)),
)
IS_LEAK = False


def guess(t_s: NDArray[np.float64], y_bytes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the one step that explains most, by cumulative sums in O(n), shape (3,)."""
    n = t_s.size
    if n < 2:
        return np.array([float(np.mean(y_bytes)), 0.0, float(t_s[0])])
    before = np.arange(1, n)
    total = np.cumsum(y_bytes - y_bytes.mean())[:-1]
    gain = total**2 / (before * (n - before))
    split = int(np.argmax(gain)) + 1
    low, high = float(np.mean(y_bytes[:split])), float(np.mean(y_bytes[split:]))
    return np.array([low, high - low, float(t_s[split - 1] + t_s[split]) / 2])


def predict(
    t_s: NDArray[np.float64], level_bytes: float, step_bytes: float, at_s: float
) -> NDArray[np.float64]:
    """Return the level, plus the step from ``at_s`` on, shape (n,).

    More steps than one are found by the segmentation in ``forensics.growth._steps``.
    """
    return np.asarray(level_bytes + step_bytes * (t_s >= at_s), np.float64)
