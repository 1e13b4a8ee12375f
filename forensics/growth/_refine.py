"""Look closer where the grid of a shape is coarser than what the points can tell apart.

Where noise is low, the likelihood is a needle between two grid values: the curve that fits
isn't on the grid, and both the choice of a model and the forecast suffer. Here the needle is
found, for the best background and noise of each shape that still matters, and values across
it are added.
"""

from __future__ import annotations

import numpy as np

from forensics.growth._curves import unit_time
from forensics.growth._evidence import FEW_RHOS, Evidence, correlations
from forensics.growth._types import Floats, Floor
from forensics.kernels.regressions import whiten_columns

#: Shapes this many nats behind the best aren't looked at again.
_BEHIND = 14.0
_POINTS = 17
_ROUNDS = 5
#: The likelihood is followed down to this many nats below its top: 4.5 standard deviations.
_DEPTH = 10.0


def find_finer(floor: Floor, evidence: Evidence) -> dict[int, Floats]:
    """Return, by number of shape, values of theta that resolve its likelihood."""
    curves = evidence.curves
    both = np.maximum(evidence.grown.max(axis=(0, 1)), -1e300)
    best = max(float(both.max()), float(evidence.flat.max()))
    finer = {}
    for k, shape in enumerate(curves.shapes):
        mine = np.flatnonzero(curves.shape == k)
        if shape.grid.size < 2 or both[mine].max() < best - _BEHIND:
            continue
        finer[k] = _zoom(floor, evidence, k, int(mine[np.argmax(both[mine])]))
    return finer


def _zoom(floor: Floor, evidence: Evidence, k: int, c: int) -> Floats:
    """Narrow the range around the best theta until it is as wide as the likelihood."""
    shape = evidence.curves.shapes[k]
    mine = evidence.grown[:, :, c]
    i, j = (int(p) for p in np.unravel_index(mine.argmax(), mine.shape))
    profile = _Profile(floor, evidence.takers[j].columns, float(FEW_RHOS[i]))
    place = np.interp(evidence.curves.theta[c], shape.grid, np.arange(shape.grid.size))
    low, high = max(place - 1.0, 0.0), min(place + 1.0, shape.grid.size - 1.0)
    at = np.linspace(low, high, _POINTS)
    for _ in range(_ROUNDS):
        theta = np.interp(at, np.arange(shape.grid.size), shape.grid)
        log_likelihood = profile.of(shape.curve(profile.u, theta))
        inside = np.flatnonzero(log_likelihood > log_likelihood.max() - _DEPTH)
        low, high = at[max(inside[0] - 1, 0)], at[min(inside[-1] + 1, _POINTS - 1)]
        at = np.linspace(low, high, _POINTS)
        if inside.size > _POINTS // 3:
            break
    return np.interp(at, np.arange(shape.grid.size), shape.grid)


class _Profile:
    """Log likelihood of curves on one background under one correlation, height profiled out."""

    def __init__(self, floor: Floor, columns: Floats, rho: float) -> None:
        y = floor.y_bytes
        self.u = unit_time(floor)
        self._phi = correlations(floor.t_s, rho)
        white = whiten_columns(np.column_stack([np.ones(y.size), columns, y]), self._phi)
        self._q = np.linalg.qr(white[:, :-1])[0]
        self._rest = white[:, -1] - self._q @ (self._q.T @ white[:, -1])
        self._left = float(self._rest @ self._rest)

    def of(self, curves: Floats) -> Floats:
        """Return the log likelihood of each curve, shape (k,)."""
        white = whiten_columns(np.ascontiguousarray(curves.T), self._phi)
        whole = np.einsum("ij,ij->j", white, white)
        size = np.maximum(whole - np.sum((self._q.T @ white) ** 2, axis=0), 1e-9 * whole + 1e-300)
        rss = np.maximum(self._left - (self._rest @ white) ** 2 / size, 1e-12 * self._left + 1e-300)
        return np.asarray(-0.5 * (self._rest.size - 1) * np.log(rss))
