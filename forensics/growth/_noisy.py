"""Fit a curve to monitoring data: outliers, gaps, and errors that resemble their neighbours.

Memory sampled every minute is autocorrelated: an excursion lasts longer than a sample.
Counting every sample as news makes intervals several times too narrow and every extra
parameter look significant. Here the noise is first-order autoregressive; the residuals are
whitened before they are squared, and the result says how many independent samples there were.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.errors import UsageError
from forensics.growth._fit import check_start
from forensics.growth._problem import Floats, Predict, Problem
from forensics.growth._result import Fit, NoiseSummary, describe
from forensics.growth._solve import solve_quickly

#: 95 % efficient for normal errors (Huber 1964; Beaton and Tukey 1974).
_TUNING = {"huber": 1.345, "bisquare": 4.685}
_MAD_TO_STD = 1.4826
#: Rounds of residuals -> weights and correlation -> refit; later rounds change errors < 1 %.
_ROUNDS = 3
_SPIKE_WINDOW = 7
_SPIKE_DEVIATIONS = 5.0
_LARGEST_SPIKE_SHARE = 0.1
#: Above it, a series of any length we see holds a handful of independent samples.
MAX_AUTOCORRELATION = 0.98


@dataclass(frozen=True, slots=True)
class Noise:
    """What is assumed of the errors.

    Attributes
    ----------
    loss
        ``"huber"`` bounds the pull of an outlier, ``"bisquare"`` ends it, ``"linear"``
        (least squares) leaves it.
    is_autocorrelated
        Neighbouring errors resemble each other (first-order autoregression).
    """

    loss: Literal["linear", "huber", "bisquare"] = "huber"
    is_autocorrelated: bool = True


def fit_noisy(
    predict: Predict,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    noise: Noise | None = None,
) -> Fit:
    """Fit ``predict`` to a series with outliers and autocorrelated errors.

    Iteratively reweighted least squares [1]_ on residuals whitened by a first-order
    autoregression whose coefficient is estimated from the residuals and corrected for its
    bias [2]_. One quick optimiser: give a sensible ``start``.

    Parameters
    ----------
    predict, start, bounds
        As for ``fit``.
    x : array, shape (n,) or (d, n)
        Passed to ``predict``. A rising one-dimensional ``x`` is taken for time: across a gap
        of g steps the correlation falls to its g-th power. Otherwise steps count as equal.
    y : array, shape (n,)
        Samples in order; NaN marks a missing one and is skipped.
    noise : Noise, optional
        Huber loss and autocorrelated errors unless told otherwise.

    Returns
    -------
    Fit
        ``residuals`` has shape (n,) with NaN at missing samples and at spikes (samples that
        stand alone, which a robust loss leaves out).

    Raises
    ------
    UsageError, NotEnoughDataError
        As ``fit``, and if ``noise.loss`` is unknown.

    References
    ----------
    .. [1] P. J. Huber (1964), "Robust estimation of a location parameter",
       Ann. Math. Stat. 35, 73-101, doi:10.1214/aoms/1177703732.
    .. [2] F. H. C. Marriott, J. A. Pope (1954), "Bias in the estimation of autocorrelations",
       Biometrika 41, 390-402, doi:10.1093/biomet/41.3-4.390.
    """
    noise = Noise() if noise is None else noise
    if noise.loss != "linear" and noise.loss not in _TUNING:
        raise UsageError(f"fit_noisy: loss is {noise.loss!r}; allowed: linear, huber, bisquare")
    values = np.asarray(y, dtype=np.float64)
    places = np.asarray(x, dtype=np.float64)
    if values.ndim != 1 or places.ndim == 0 or places.shape[-1] != values.size:
        raise UsageError(
            f"fit_noisy: x has shape {places.shape} and y {values.shape}; "
            "expected (n,) or (d, n), and (n,)"
        )
    seen = np.isfinite(values)
    kept = places[..., seen]
    first, lower, upper = check_start(start, bounds, sample_count=int(seen.sum()))
    problem = Problem(predict, kept, values[seen], 1.0, lower, upper)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        first = solve_quickly(problem, first)
        if noise.loss != "linear":
            seen[seen] = ~find_spikes(problem.y - problem.model(first))
            kept = places[..., seen]
            problem = replace(problem, x=kept, y=values[seen])
        gaps = gap_steps(kept if kept.ndim == 1 else np.flatnonzero(seen).astype(np.float64))
        result = _iterate(problem, first, gaps=gaps, noise=noise)
    residuals = np.full(values.shape, np.nan)
    residuals[seen] = result.residuals
    return replace(result, residuals=residuals)


def find_spikes(residuals: Floats) -> NDArray[np.bool_]:
    """Tell which samples stand alone, shape (n,): Hampel's identifier on seven neighbours.

    A spike hides the autocorrelation of its neighbours and is spread over two samples by
    whitening, so it counts as missing instead. Five robust deviations: one in a million
    samples of normal noise. More than a tenth of the samples is no spike but the noise.

    References
    ----------
    R. K. Pearson (2002), "Outliers in process modeling and identification", IEEE Trans.
    Control Syst. Technol. 10, 55-63, doi:10.1109/87.974338.
    """
    if residuals.size < 2 * _SPIKE_WINDOW:
        return np.zeros(residuals.size, dtype=np.bool_)
    half = _SPIKE_WINDOW // 2
    padded = np.pad(residuals, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _SPIKE_WINDOW)
    apart = np.abs(residuals - np.median(windows, axis=1))
    spikes = apart > _SPIKE_DEVIATIONS * _MAD_TO_STD * max(float(np.median(apart)), 1e-300)
    return spikes if spikes.mean() <= _LARGEST_SPIKE_SHARE else np.zeros_like(spikes)


def gap_steps(t: Floats) -> Floats:
    """Return the distance to the predecessor in usual steps, shape (n,); the first is infinite.

    A series that isn't rising has no time: its steps all count one.
    """
    steps = np.diff(t)
    usual = float(np.median(steps)) if steps.size else 1.0
    if not (steps > 0).all() or usual <= 0:
        steps, usual = np.ones(steps.size), 1.0
    # Jitter of the clock is no gap.
    return np.concatenate([[np.inf], np.maximum(np.round(steps / usual, 1), 1.0)])


def estimate_autocorrelation(residuals: Floats, gaps: Floats, *, parameter_count: int) -> float:
    """Return the lag-one correlation of residuals, robust and corrected for its bias.

    Residuals are clipped at three robust deviations, so that a single spike, which would
    hide a strong correlation, can't. The expected bias for k fitted parameters is about
    -(k + (k + 2) r) / n: Marriott and Pope's -(1 + 3 r) / n for a mean, Kendall's for more.
    """
    count = residuals.size
    limit = 3 * _MAD_TO_STD * float(np.median(np.abs(residuals)))
    clipped = np.clip(residuals, -limit, limit) if limit > 0 else residuals
    near = gaps[1:] < 1.5
    before, after = clipped[:-1][near], clipped[1:][near]
    power = float(np.sqrt((before @ before) * (after @ after)))
    if power <= 0 or before.size < 4:
        return 0.0
    raw = float(before @ after) / power
    corrected = (raw * count + parameter_count) / max(count - parameter_count - 2, 1)
    return float(np.clip(corrected, 0.0, MAX_AUTOCORRELATION))


@dataclass(frozen=True, slots=True)
class Whitener:
    """Takes first-order autoregression out of a series, keeping its standard deviation.

    ``carry[t]`` is the correlation with the predecessor, 0 at the first sample.
    """

    carry: Floats

    @classmethod
    def of(cls, autocorrelation: float, gaps: Floats) -> Whitener:
        """Make one for lag-one correlation ``autocorrelation`` over ``gaps`` steps."""
        if autocorrelation <= 0:
            return cls(np.zeros(gaps.size))
        return cls(autocorrelation**gaps)

    def __call__(self, values: Floats) -> Floats:
        """Whiten along the first axis; shape (n,) or (n, k)."""
        carry = self.carry[1:]
        scale = 1 / np.sqrt(1 - carry**2)
        if values.ndim == 2:
            carry, scale = carry[:, None], scale[:, None]
        out = values.copy()
        out[1:] = (values[1:] - carry * values[:-1]) * scale
        return out

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of the correlation matrix."""
        return float(np.log1p(-(self.carry**2)).sum())

    @property
    def effective_samples(self) -> float:
        """How many independent samples tell as much about a mean."""
        if self.carry.size == 0:
            return 0.0
        return 1.0 + float(((1 - self.carry[1:]) / (1 + self.carry[1:])).sum())


def _iterate(problem: Problem, start: Floats, *, gaps: Floats, noise: Noise) -> Fit:
    """Alternate between parameters, robust weights and autocorrelation."""
    parameters = start
    autocorrelation, whitener = 0.0, Whitener.of(0.0, gaps)
    for _ in range(_ROUNDS):
        if noise.is_autocorrelated:
            plain = problem.y - problem.model(parameters)
            autocorrelation = estimate_autocorrelation(plain, gaps, parameter_count=parameters.size)
            whitener = Whitener.of(autocorrelation, gaps)
            problem.whiten = whitener if autocorrelation > 0 else None
        problem.root_weights = np.sqrt(_weights(problem, parameters, noise.loss))
        parameters = solve_quickly(problem, parameters)
    return describe(problem, parameters, _summarise(problem, parameters, whitener, noise))


def _standardised(problem: Problem, parameters: Floats) -> tuple[Floats, float]:
    """Return whitened residuals over their robust scale, and the scale (0: a perfect fit)."""
    residuals = problem.y - problem.model(parameters)
    if problem.whiten is not None:
        residuals = problem.whiten(residuals)
    scale = _MAD_TO_STD * float(np.median(np.abs(residuals)))
    # More than half of the samples fit exactly (a flat stretch): fall back on their spread.
    scale = scale or float(np.sqrt(np.mean(residuals**2)))
    return (residuals / scale if scale > 0 else residuals), scale


def _weights(problem: Problem, parameters: Floats, loss: str) -> Floats:
    """Return the weights of iteratively reweighted least squares, shape (n,)."""
    ratio = np.abs(_standardised(problem, parameters)[0])
    if loss == "huber":
        limit = _TUNING[loss]
        return np.where(ratio > limit, limit / np.maximum(ratio, limit), 1.0)
    if loss == "bisquare":
        # Not quite 0: a parameter that only outliers determine would lose its rank.
        weights = (1 - np.minimum(ratio / _TUNING[loss], 1.0) ** 2) ** 2
        return np.asarray(np.maximum(weights, 1e-6))
    return np.ones(ratio.size)


def _summarise(
    problem: Problem, parameters: Floats, whitener: Whitener, noise: Noise
) -> NoiseSummary:
    """Return variances for errors and likelihood, by Huber's sandwich [1]_ of ``fit_noisy``.

    The likelihood uses the loss in place of the square: one spike costs a model its size,
    not its square.
    """
    ratio, scale = _standardised(problem, parameters)
    weights = _weights(problem, parameters, noise.loss)
    spare = max(ratio.size - parameters.size, 1)
    psi_squared = float(((weights * ratio) ** 2).sum()) / spare * scale**2
    if noise.loss == "linear":
        slope, cost = 1.0, ratio**2
    elif noise.loss == "huber":
        limit = _TUNING["huber"]
        slope = float(np.mean(np.abs(ratio) <= limit))
        cost = np.where(np.abs(ratio) <= limit, ratio**2, 2 * limit * np.abs(ratio) - limit**2)
    else:
        limit = _TUNING["bisquare"]
        inside = np.minimum((ratio / limit) ** 2, 1.0)
        slope = float(np.mean((1 - inside) * (1 - 5 * inside)))
        cost = limit**2 / 3 * (1 - (1 - inside) ** 3)
    # The covariance below is that of the weighted Jacobian; the sandwich wants the plain one.
    correction = float(np.mean(weights)) / max(slope, 0.2) ** 2
    return NoiseSummary(
        variance=psi_squared,
        likelihood_variance=float(np.mean(cost)) * scale**2,
        correction=correction,
        autocorrelation=float(whitener.carry.max(initial=0.0)),
        log_determinant=whitener.log_determinant,
        effective_samples=whitener.effective_samples,
    )
