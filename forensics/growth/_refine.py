"""Look closer where the grid of a shape is coarser than what the points can tell apart.

Where noise is low, the likelihood is a needle between two grid values: the curve that fits
isn't on the grid, and both the choice of a model and the forecast suffer. Here the needle is
found, for the best background and noise of each shape that still matters, and values across
it are added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.growth._curves import Shape, unit_time
from forensics.growth._evidence import FEW_RHOS, Evidence, correlations
from forensics.growth._types import Floats, Floor
from forensics.kernels.regressions import multiply, project_groups, whiten_columns

#: Shapes this many nats behind the best aren't looked at again.
_BEHIND = 14.0
#: A likelihood that varies by fewer nats over the whole grid has no needle in it.
_FLAT = 2.0
_POINTS = 17
_ROUNDS = 5
_PASSES = 3
#: The likelihood is followed down to this many nats below its top: 4.5 standard deviations.
_DEPTH = 10.0


def find_finer(floor: Floor, evidence: Evidence) -> dict[int, Floats]:
    """Return, by number of shape, values of theta that resolve its likelihood."""
    curves = evidence.curves
    both = np.maximum(evidence.grown.max(axis=(0, 1)), -1e300)
    best = max(float(both.max()), float(evidence.flat.max()))
    finer = {}
    profiles = _Profiles(floor, evidence)
    for k, shape in enumerate(curves.shapes):
        mine = np.flatnonzero(curves.shape == k)
        if shape.grid.size < 2 or both[mine].max() < best - _BEHIND:
            continue
        if not _has_needle(evidence, mine):
            continue
        finer[k] = _resolve(profiles, evidence, k, mine)
    return finer


def _has_needle(evidence: Evidence, mine: NDArray[np.int64]) -> bool:
    """Tell whether the likelihood depends on theta at all where the shape explains best.

    Where noise hides the curve, all values do as well: there is nothing between them to find.
    """
    values = evidence.grown[:, :, mine] - evidence.curves.log_prior[mine]
    i, j = np.unravel_index(int(values.max(axis=2).argmax()), values.shape[:2])
    return bool(max(np.ptp(values[i, j]), np.ptp(values[:, 0].max(axis=0))) > _FLAT)


def _resolve(profiles: _Profiles, evidence: Evidence, k: int, mine: NDArray[np.int64]) -> Floats:
    """Return values across the needle on the best background, and on none.

    Where the grid misses the needle, a background or a long memory of the noise stands in for
    what the curve lacks; so the needle is also looked for without, and the memory is judged
    anew once the curve fits.
    """
    scores = evidence.grown[:, :, mine].max(axis=0)
    found = []
    for j in {int(scores.max(axis=1).argmax()), 0}:
        if not np.isfinite(scores[j].max()):
            continue
        rho = float(FEW_RHOS[int(evidence.grown[:, j, mine].max(axis=1).argmax())])
        theta = float(evidence.curves.theta[mine[int(scores[j].argmax())]])
        for _ in range(_PASSES):
            across, theta = _zoom(profiles.get(j, rho), evidence.curves.shapes[k], theta)
            likelier = _likeliest_rho(profiles, j, evidence.curves.shapes[k], theta)
            if likelier == rho:
                break
            rho = likelier
        found.append(across)
    return np.concatenate(found)


def _likeliest_rho(profiles: _Profiles, j: int, shape: Shape, theta: float) -> float:
    """Return the correlation that explains best what one curve leaves."""
    curve = shape.curve(profiles.get(j, 0.0).u, np.array([theta]))
    scores = [profiles.get(j, float(rho)).of(curve)[0] for rho in FEW_RHOS]
    return float(FEW_RHOS[int(np.argmax(scores))])


def _zoom(profile: _Profile, shape: Shape, theta: float) -> tuple[Floats, float]:
    """Narrow the range around ``theta`` to the width of the likelihood; also its top."""
    places = np.arange(shape.grid.size, dtype=np.float64)
    place = float(np.interp(theta, shape.grid, places))
    low, high = max(place - 1.0, 0.0), min(place + 1.0, places[-1])
    at = np.linspace(low, high, _POINTS)
    for _ in range(_ROUNDS):
        log_likelihood = profile.of(shape.curve(profile.u, np.interp(at, places, shape.grid)))
        inside = np.flatnonzero(log_likelihood > log_likelihood.max() - _DEPTH)
        theta = float(np.interp(at[int(log_likelihood.argmax())], places, shape.grid))
        low, high = at[max(inside[0] - 1, 0)], at[min(inside[-1] + 1, _POINTS - 1)]
        at = np.linspace(low, high, _POINTS)
        if inside.size > _POINTS // 3:
            break
    return np.asarray(np.interp(at, places, shape.grid)), theta


class _Profiles:
    """The profiles of one floor, each made when it is first asked for."""

    def __init__(self, floor: Floor, evidence: Evidence) -> None:
        self._floor, self._takers = floor, evidence.takers
        self._made: dict[tuple[int, float], _Profile] = {}

    def get(self, j: int, rho: float) -> _Profile:
        """Return the profile on background ``j`` under one correlation."""
        if (j, rho) not in self._made:
            self._made[j, rho] = _Profile(self._floor, self._takers[j].columns, rho)
        return self._made[j, rho]


class _Profile:
    """Log likelihood of curves on one background under one correlation, height profiled out."""

    def __init__(self, floor: Floor, columns: Floats, rho: float) -> None:
        y = floor.y_bytes
        self.u = unit_time(floor)
        self._phi = correlations(floor.t_s, rho)
        white = whiten_columns(np.column_stack([np.ones(y.size), columns, y]), self._phi)
        level, last = np.ascontiguousarray(white[:, 0]), np.ascontiguousarray(white[:, -1])
        starts = np.array([0, columns.shape[1]])
        self._q, rest, left = project_groups(level, white[:, 1:-1], starts, last)
        self._rest, self._left = rest[0], float(left[0])
        self._log_det = -0.5 * float(np.sum(np.log1p(-(self._phi**2))))

    def of(self, curves: Floats) -> Floats:
        """Return the log likelihood of each curve, shape (k,)."""
        white = whiten_columns(np.ascontiguousarray(curves.T), self._phi)
        whole = np.einsum("ij,ij->j", white, white)
        size = np.maximum(
            whole - np.sum(multiply(self._q, white) ** 2, axis=0), 1e-9 * whole + 1e-300
        )
        rss = np.maximum(
            self._left - multiply(self._rest[None, :], white)[0] ** 2 / size,
            1e-12 * self._left + 1e-300,
        )
        return np.asarray(self._log_det - 0.5 * (self._rest.size - 1) * np.log(rss))
