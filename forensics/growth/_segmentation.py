"""Cut a prepared series where a change is both visible and more than noise.

A change pays if it lowers the sum of squares around the segments by more than its price::

    price = SHARE * (sum of squares around the mean)      visible: it matters on a plot
          + 3 log(n) * (long-run variance of the noise)   significant: noise wouldn't do it

The first part is why smooth curves aren't cut into ever shorter straight pieces; people who
mark changes by eye don't either. The second is the penalty of Zhang and Siegmund [1]_ with
the variance that autocorrelated noise gives to a mean. A segment that slopes instead of
being level costs half as much again: it takes three numbers (place, level, slope), not two.

References
----------
.. [1] N. R. Zhang, D. O. Siegmund (2007), "A modified Bayes information criterion",
   Biometrics 63, 22-32, doi:10.1111/j.1541-0420.2006.00662.x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.growth._problem import Floats
from forensics.growth._series import NoiseLevel, measure_noise
from forensics.kernels.partition import cut_cheapest, sum_moments

#: A change explains at least this share of a series' sum of squares. On 16 annotated series
#: the score is level from 0.003 to 0.012; this is the (geometric) middle.
SHARE = 0.006
SLOPE_PRICE = 0.5
NOISE_PRICE = 3.0
MIN_LENGTH = 3
#: More changes than that are a pattern, not events: nobody marks each beat of a pulse. The
#: pattern then counts as noise whose correlation lasts one beat.
MAX_CHANGES = 20
_PATTERN_ROUNDS = 5
#: A change of noise is reported where its standard deviation doubles or halves, and only from
#: this many samples on: fewer don't tell a deviation to within a factor of 1.4.
_VARIANCE_RATIO = 4.0
_MIN_VARIANCE_LENGTH = 20
#: Variance of the logarithm of a squared normal number (digamma'), and twice as much over
#: the long run because neighbouring steps share a sample.
_LOG_SQUARE_VARIANCE = np.pi**2 / 2
_STEP_CORRELATION = 2.0


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where a prepared series is cut, in its own rows.

    Attributes
    ----------
    starts, slopes
        Shape (m + 1,): first row of each segment, and whether it slopes.
    scaled
        Shape (d, n): the columns that vary, of mean 0 and sum of squares 1.
    noise
        Per column; variances in units of ``scaled``.
    is_pattern
        There were more than ``MAX_CHANGES`` changes, so that they counted as noise.
    """

    starts: NDArray[np.int64]
    slopes: NDArray[np.bool_]
    scaled: Floats
    noise: tuple[NoiseLevel, ...]
    is_pattern: bool


def cut_series(values: Floats) -> Cuts:
    """Find the changes of level and slope in a prepared series of shape (n, d).

    Columns that don't vary are left out; a change must pay on average over the columns.
    Takes O(d * n²) time.
    """
    scaled = _scale(values)
    rows, n = scaled.shape
    noise = tuple(measure_noise(row) for row in scaled)
    if rows == 0 or n < 2 * MIN_LENGTH:
        return Cuts(np.zeros(1, np.int64), np.zeros(1, np.bool_), scaled, noise, is_pattern=False)
    sums = sum_moments(np.linspace(-1.0, 1.0, n), scaled)
    variances = np.array([level.long_run_variance for level in noise])
    starts, slopes = _cut(sums, variances)
    is_pattern = starts.size - 1 > MAX_CHANGES
    if is_pattern:
        starts, slopes, noise = _cut_beyond_pattern(sums, scaled, noise, beats=starts.size)
    return Cuts(starts, slopes, scaled, noise, is_pattern)


def _scale(values: Floats) -> Floats:
    """Return columns that vary as rows of mean 0 and sum of squares 1, shape (d, n)."""
    if values.size == 0:
        return np.empty((0, values.shape[0]))
    # By the largest size first: squares of values beyond 1e154 overflow.
    largest = np.max(np.abs(values), axis=0)
    scaled = values / np.where(largest > 0, largest, 1.0)
    scaled = scaled - scaled.mean(axis=0)
    norms = np.linalg.norm(scaled, axis=0)
    # Rounding of a constant is no movement.
    varies = norms > 1e-13 * np.sqrt(values.shape[0])
    return np.ascontiguousarray((scaled[:, varies] / norms[varies]).T)


def _cut(sums: Floats, variances: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    n = sums.shape[0] - 1
    price = SHARE + NOISE_PRICE * np.log(n) * variances
    starts, slopes = cut_cheapest(sums, 1 / (price * variances.size), SLOPE_PRICE, MIN_LENGTH)
    return starts, slopes


def _cut_beyond_pattern(
    sums: Floats, scaled: Floats, noise: tuple[NoiseLevel, ...], *, beats: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], tuple[NoiseLevel, ...]]:
    """Cut again with the pattern as noise: its variance around the cuts, correlated for a beat."""
    n = scaled.shape[1]
    beat = n / beats
    starts, slopes = np.zeros(1, np.int64), np.ones(1, np.bool_)
    variances = np.zeros(scaled.shape[0])
    for _ in range(_PATTERN_ROUNDS):
        variances = np.mean(fit_residuals(scaled, starts, slopes) ** 2, axis=1) * beat
        found, found_slopes = _cut(sums, variances)
        if np.array_equal(found, starts):
            break
        starts, slopes = found, found_slopes
    correlation = (beat - 1) / (beat + 1)
    levels = tuple(
        NoiseLevel(max(float(variance), level.long_run_variance), correlation)
        for variance, level in zip(variances, noise, strict=True)
    )
    return starts, slopes, levels


def fit_residuals(scaled: Floats, starts: NDArray[np.int64], slopes: NDArray[np.bool_]) -> Floats:
    """Return what the segments leave over, shape (d, n)."""
    left = np.empty_like(scaled)
    stops = np.append(starts[1:], scaled.shape[1])
    for start, stop, has_slope in zip(starts, stops, slopes, strict=True):
        part = scaled[:, start:stop]
        left[:, start:stop] = part - part.mean(axis=1, keepdims=True)
        if has_slope and stop - start > 2:
            t = np.arange(stop - start) - (stop - start - 1) / 2
            left[:, start:stop] -= np.outer(part @ t / (t @ t), t)
    return left


def find_variance_changes(cuts: Cuts) -> NDArray[np.int64]:
    """Find rows where the noise changes its size, ascending.

    Cuts the logarithm of the squared steps into levels: steps, so that neither level nor
    slope matters; the logarithm, so that a spike doesn't. Noise too small to be seen (less
    than ``SHARE`` of the variance on either side) is let be, and so is a change that only
    moves a change of level or slope by less than the least length.
    """
    n = cuts.scaled.shape[1]
    if cuts.is_pattern or n < 2 * _MIN_VARIANCE_LENGTH + 1:
        return np.zeros(0, np.int64)
    squares = np.diff(cuts.scaled, axis=1) ** 2
    usual = np.median(squares, axis=1)
    if not (usual > 0).all():
        return np.zeros(0, np.int64)
    logs = np.log(squares + 1e-4 * usual[:, None])
    logs -= logs.mean(axis=1, keepdims=True)
    sums = sum_moments(np.linspace(-1.0, 1.0, n - 1), np.ascontiguousarray(logs))
    price = NOISE_PRICE * np.log(n) * _LOG_SQUARE_VARIANCE * _STEP_CORRELATION
    prices = np.full(len(logs), 1 / (price * len(logs)))
    found, _ = cut_cheapest(sums, prices, np.inf, _MIN_VARIANCE_LENGTH)
    ends = np.append(found[1:], n - 1)
    sizes = [np.median(squares[:, a:b], axis=1) for a, b in zip(found, ends, strict=True)]
    kept = [
        place + 1
        for place, before, after in zip(found[1:], sizes[:-1], sizes[1:], strict=True)
        if _is_visible_change(before, after, n)
        and np.min(np.abs(cuts.starts - place)) >= _MIN_VARIANCE_LENGTH // 2
    ]
    return np.array(kept, np.int64)


def _is_visible_change(before: Floats, after: Floats, n: int) -> bool:
    """Tell whether a median squared step, per column, doubles its root and can be seen."""
    larger, smaller = np.maximum(before, after), np.minimum(before, after)
    # The median of a squared normal number is 0.455 of its mean; a step has twice the variance.
    is_visible = larger / 0.455 / 2 >= SHARE / n
    return bool(np.any(is_visible & (larger >= _VARIANCE_RATIO * smaller)))
