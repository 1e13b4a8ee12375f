r"""How well each curve on each background explains a floor, noise with a memory allowed for.

The noise is autoregressive of first order over the points; its correlation :math:`\rho` is
unknown and summed over a grid. Level, heights and noise variance are integrated out by
Laplace's method under a prior that weighs as much as one point [1]_. For n whitened points,
p heights and a residual sum of squares S,

.. math:: \log m = -\tfrac12 [(n-1)\log S + \log(1'1) + p\log(1+n)] + \log\det W,

which is the Schwarz criterion with the correlation summed out. It needs no count of
"effective" samples: whitened points are independent.

References
----------
.. [1] R. E. Kass, L. Wasserman (1995), "A reference Bayesian test for nested hypotheses and
   its relationship to the Schwarz criterion", J. Am. Stat. Assoc. 90, 928-934, eq. (6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from forensics.growth._curves import Background, Curves
from forensics.growth._types import Floats, Floor
from forensics.kernels.regressions import multiply, project_groups, whiten_columns

#: Correlations of neighbouring points: 0.94 remembers a sixth of a hundred points.
RHOS = np.array([0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.88, 0.94])
#: For a first look, to see which curves matter.
FEW_RHOS = np.array([0.0, 0.4, 0.7, 0.88])
#: No process follows a formula closer than these shares of its size, and of all it moved.
_LEVEL_SHARE = 1e-5
_MOVED_SHARE = 3e-4
#: ... nor its load closer than this share, since how long memory remembers it is a guess.
_LOAD_SHARE = 5e-3
#: A slope at the end, as a share of the mean slope, that is as good as none.
_STOPPED = 0.05
#: Explanations this many nats behind the best weigh nothing.
_NEGLIGIBLE = 45.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log marginal likelihoods plus log priors, for every way to explain one floor.

    Attributes
    ----------
    curves, backgrounds
        What was weighed.
    takers
        The backgrounds that take a curve on top, in the order of the arrays below.
    grown : array of float64, shape (rhos, takers, c)
        With the curve rising; -inf where a background takes no curve.
    height, height_std : arrays of the same shape
        Rise over the window in bytes, and its standard deviation.
    flat : array of float64, shape (rhos, backgrounds)
        The background alone; -inf for those that only leaks are weighed on.
    """

    curves: Curves
    backgrounds: tuple[Background, ...]
    takers: tuple[Background, ...]
    grown: Floats
    height: Floats
    height_std: Floats
    flat: Floats


def correlations(t: Floats, rho: float) -> Floats:
    """Return the correlation of each point with the one before it, shape (m - 1,).

    Points further apart than their mean distance are less correlated, by the power of
    the distance, so that gaps cost nothing.
    """
    distance = np.diff(t)
    return np.asarray(rho ** (distance / max(float(distance.mean()), 1e-9)))


def weigh(
    floor: Floor,
    *,
    curves: Curves,
    backgrounds: tuple[Background, ...],
    rhos: Floats = RHOS,
) -> Evidence:
    """Weigh all curves on all backgrounds at the points of ``floor``."""
    takers = tuple(b for b in backgrounds if b.takes_curves)
    shape = (rhos.size, len(takers), curves.theta.size)
    grown, height, std = np.empty(shape), np.empty(shape), np.empty(shape)
    flat = np.empty((rhos.size, len(backgrounds)))
    columns = np.column_stack([b.columns for b in backgrounds])
    widths = np.array([b.columns.shape[1] for b in backgrounds])
    starts = np.concatenate([[0], np.cumsum(widths)])
    taking = np.flatnonzero([b.takes_curves for b in backgrounds])
    rows = np.concatenate([np.arange(starts[j] + j, starts[j + 1] + j + 1) for j in taking])
    firsts = np.concatenate([[0], np.cumsum(widths[taking] + 1)[:-1]])
    prior = np.array([b.log_prior for b in backgrounds])
    everything = np.column_stack([np.ones(floor.t_s.size), floor.y_bytes, columns, curves.values])
    exact = _noise_floor(floor)
    for i, rho in enumerate(rhos):
        phi = correlations(floor.t_s, float(rho))
        white = whiten_columns(everything, phi)
        level, y = np.ascontiguousarray(white[:, 0]), np.ascontiguousarray(white[:, 1])
        start = _Start.of(level, y, -0.5 * float(np.sum(np.log1p(-(phi**2)))), exact)
        split = 2 + columns.shape[1]
        basis, rest, left = project_groups(level, white[:, 2:split], starts, y)
        flat[i] = start.log_evidence(left, widths) + prior
        v = np.ascontiguousarray(white[:, split:])
        whole = np.einsum("ij,ij->j", v, v)
        size = whole - np.add.reduceat(multiply(basis[rows], v) ** 2, firsts, axis=0)
        is_free = size > 1e-7 * whole
        size = np.where(is_free, size, np.inf)
        along = multiply(rest[taking], v)
        rss = np.maximum(left[taking, None] - along**2 / size, 0.0)
        value = start.log_evidence(rss, widths[taking, None] + 1) + prior[taking, None]
        grown[i] = np.where(is_free, value, -np.inf)
        height[i] = along / size
        spare = np.maximum(floor.t_s.size - widths[taking] - 2, 1)[:, None]
        std[i] = np.sqrt((rss + start.exact) / spare / size)
    flat[:, [b.for_leaks_only for b in backgrounds]] = -np.inf
    only = np.array([b.for_leaks_only for b in takers])
    grown[:, only[:, None] & ~curves.is_leak[None, :]] = -np.inf
    return Evidence(curves, backgrounds, takers, grown + curves.log_prior, height, std, flat)


@dataclass(frozen=True, slots=True)
class _Start:
    """The level alone under one correlation: what every explanation is compared with."""

    n: int
    left: float
    log_level: float
    exact: float

    @classmethod
    def of(cls, level: Floats, y: Floats, log_det: float, exact: float) -> _Start:
        size = float(level @ level)
        rest = y - level * float(level @ y) / size
        left = float(rest @ rest) + exact
        log_level = log_det - 0.5 * np.log(size) - 0.5 * (y.size - 1) * np.log(left)
        return cls(y.size, left, float(log_level), exact)

    def log_evidence(self, rss: Floats, heights: NDArray[np.int64]) -> Floats:
        share = np.minimum((rss + self.exact) / self.left, 1.0)
        gain = -(self.n - 1) * np.log(share) - heights * np.log1p(float(self.n))
        return np.asarray(self.log_level + 0.5 * gain)


def _noise_floor(floor: Floor) -> float:
    """Return the sum of squares below which a fit is as good as exact.

    No process follows a formula closer than a hundred-thousandth of its size or a thousandth of
    its movement: without this, data without noise would decide
    between curves by their rounding. Within the unit that samples were rounded to, nothing
    tells a line from steps.
    """
    y = floor.y_bytes
    spread = float(np.subtract(*np.quantile(y, [0.95, 0.05])))
    level = float(np.median(np.abs(y)))
    share = _LOAD_SHARE if floor.load is not None else _MOVED_SHARE
    resolution = max(_LEVEL_SHARE * level, share * spread, floor.rounding_bytes)
    return float(y.size * resolution**2)


def leak_weights(evidence: Evidence, min_rise: float) -> tuple[Floats, Floats]:
    """Split the weight of each curve into "rises, and worth naming" and "doesn't".

    Returns two arrays of the shape of ``evidence.grown``, logarithms. A curve's rise counts
    if it exceeds ``min_rise`` bytes a window at the pace of its end, or over the window if that
    is less; the prior of a rise is one half.
    """
    up, down = np.full_like(evidence.grown, -np.inf), np.full_like(evidence.grown, -np.inf)
    matters = evidence.grown > max(evidence.grown.max(), evidence.flat.max()) - _NEGLIGIBLE
    grown = evidence.grown[matters]
    least = min_rise / np.clip(evidence.curves.end_slopes(), _STOPPED, 1.0)
    needed = np.broadcast_to(least, evidence.grown.shape)[matters]
    z = (evidence.height[matters] - needed) / np.maximum(evidence.height_std[matters], 1e-9)
    z = np.clip(z, -1e6, 1e6)
    up[matters] = grown + log_ndtr(z) + np.log(2)
    down[matters] = grown + log_ndtr(-z) + np.log(2)
    return up, down


def log_sum(values: Floats, where: NDArray[np.bool_] | None = None) -> float:
    """Return the logarithm of the sum of exponentials, -inf of nothing."""
    chosen = values if where is None else values[where]
    top = float(chosen.max(initial=-np.inf))
    if not np.isfinite(top):
        return -np.inf
    return top + float(np.log(np.sum(np.exp(chosen - top))))
