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
from scipy.special import log_ndtr, logsumexp

from forensics.growth._curves import Background, Curves
from forensics.growth._types import Floats, Floor

#: Correlations of neighbouring points: 0.94 remembers a sixth of a hundred points.
RHOS = np.array([0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.88, 0.94])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Log marginal likelihoods plus log priors, for every way to explain one floor.

    Attributes
    ----------
    curves, backgrounds
        What was weighed.
    grown : array of float64, shape (rhos, backgrounds, c)
        With the curve rising; -inf where a background takes no curve.
    height, height_std : arrays of the same shape
        Rise over the window in bytes, and its standard deviation.
    flat : array of float64, shape (rhos, backgrounds)
        The background alone.
    """

    curves: Curves
    backgrounds: tuple[Background, ...]
    grown: Floats
    height: Floats
    height_std: Floats
    flat: Floats


def whiten(columns: Floats, t: Floats, rho: float) -> tuple[Floats, float]:
    """Return columns (m, k) with AR(1) noise made white, and the log of the determinant.

    Points further apart than their median distance are less correlated, by the power of
    the distance, so that gaps cost nothing.
    """
    if rho == 0:
        return columns, 0.0
    distance = np.diff(t)
    phi = rho ** (distance / max(float(np.median(distance)), 1e-9))
    scale = np.sqrt(1 - phi**2)
    white = np.empty_like(columns)
    white[0] = columns[0]
    white[1:] = (columns[1:] - phi[:, None] * columns[:-1]) / scale[:, None]
    return white, -float(np.sum(np.log(scale)))


def weigh(floor: Floor, *, curves: Curves, backgrounds: tuple[Background, ...]) -> Evidence:
    """Weigh all curves on all backgrounds at the points of ``floor``."""
    t, y = floor.t_s, floor.y_bytes
    shape = (RHOS.size, len(backgrounds), curves.theta.size)
    grown, height, std = np.full(shape, -np.inf), np.zeros(shape), np.zeros(shape)
    flat = np.full(shape[:2], -np.inf)
    ones = np.ones((y.size, 1))
    for i, rho in enumerate(RHOS):
        white_curves, log_det = whiten(curves.values, t, rho)
        base = whiten(np.column_stack([ones, y]), t, rho)[0]
        start = _Start.of(base[:, :1], base[:, 1], log_det, _noise_floor(y))
        for j, background in enumerate(backgrounds):
            columns = whiten(background.columns, t, rho)[0]
            design = np.column_stack([base[:, :1], columns])
            q = np.linalg.qr(design)[0]
            rest = base[:, 1] - q @ (q.T @ base[:, 1])
            left = float(rest @ rest)
            width = background.columns.shape[1]
            flat[i, j] = start.log_evidence(left, width) + background.log_prior
            if background.takes_curves:
                free = white_curves - q @ (q.T @ white_curves)
                size = np.einsum("ij,ij->j", free, free)
                along = rest @ free
                is_free = size > 1e-7 * np.einsum("ij,ij->j", white_curves, white_curves)
                size = np.where(is_free, size, 1.0)
                rss = np.maximum(left - np.where(is_free, along**2 / size, 0.0), 0.0)
                grown[i, j] = np.where(
                    is_free, start.log_evidence(rss, width + 1) + background.log_prior, -np.inf
                )
                height[i, j] = along / size
                spare = max(y.size - width - 2, 1)
                std[i, j] = np.sqrt((rss + start.floor) / spare / size)
    if any(b.for_leaks_only for b in backgrounds):
        only = np.array([b.for_leaks_only for b in backgrounds])
        flat[:, only] = -np.inf
        grown[:, only] = np.where(curves.is_leak, grown[:, only], -np.inf)
    return Evidence(curves, backgrounds, grown + curves.log_prior, height, std, flat)


@dataclass(frozen=True, slots=True)
class _Start:
    """The level alone under one correlation: what every explanation is compared with."""

    n: int
    left: float
    log_level: float
    floor: float

    @classmethod
    def of(cls, one: Floats, y: Floats, log_det: float, floor: float) -> _Start:
        size = float(one[:, 0] @ one[:, 0])
        rest = y - one[:, 0] * float(one[:, 0] @ y) / size
        left = float(rest @ rest) + floor
        n = y.size
        level = log_det - 0.5 * np.log(size) - 0.5 * (n - 1) * np.log(left)
        return cls(n, left, float(level), floor)

    def log_evidence(self, rss: float | Floats, heights: int) -> Floats:
        share = np.minimum((rss + self.floor) / self.left, 1.0)
        gain = -(self.n - 1) * np.log(share) - heights * np.log1p(float(self.n))
        return np.asarray(self.log_level + 0.5 * gain)


def _noise_floor(y: Floats) -> float:
    """Return the sum of squares below which a fit is as good as exact.

    Memory is counted in pages, and no process follows a formula closer than a ten-thousandth
    of its size or a three-thousandth of its movement: without this, data without noise would
    decide between curves by their rounding.
    """
    spread = float(np.subtract(*np.quantile(y, [0.95, 0.05])))
    resolution = max(4096.0, 1e-5 * float(np.median(np.abs(y))), 3e-4 * spread)
    return y.size * resolution**2


def leak_weights(evidence: Evidence, min_rise: float) -> tuple[Floats, Floats]:
    """Split the weight of each curve into "rises, and worth naming" and "doesn't".

    Returns two arrays of the shape of ``evidence.grown``, logarithms. A curve's rise counts
    if it exceeds ``min_rise`` bytes; the prior of a rise is one half.
    """
    std = np.maximum(evidence.height_std, 1e-9)
    z = np.clip((evidence.height - min_rise) / std, -1e6, 1e6)
    up = evidence.grown + log_ndtr(z) + np.log(2)
    down = evidence.grown + log_ndtr(-z) + np.log(2)
    return up, down


def log_sum(values: Floats, where: NDArray[np.bool_] | None = None) -> float:
    """Return the logarithm of the sum of exponentials, -inf of nothing."""
    chosen = values if where is None else np.where(where, values, -np.inf)
    return float(logsumexp(chosen)) if chosen.size else -np.inf
