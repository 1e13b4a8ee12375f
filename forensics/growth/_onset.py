"""When did the slope (or the level) change: a probability for every moment.

A best guess of an onset without its uncertainty names the wrong deployment with
confidence. The posterior here is exact for its model up to the grid: the lines are
integrated out in closed form, onset and autocorrelation by summing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from forensics.errors import NotEnoughDataError, UsageError
from forensics.growth._noisy import MAX_AUTOCORRELATION, Whitener, find_spikes, gap_steps
from forensics.growth._problem import Floats

Shape = Literal["slope", "level"]
_MIN_SAMPLES = 8
#: Longer series are averaged in blocks, and no more onsets than that are tried.
_MAX_SAMPLES = 2000
_MAX_ONSETS = 500
#: Autocorrelations summed over, each equally likely beforehand.
_AUTOCORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, MAX_AUTOCORRELATION)
#: An onset needs samples on both sides.
_MARGIN = 2


@dataclass(frozen=True, slots=True)
class OnsetPosterior:
    """What the samples say about the moment of a change.

    Attributes
    ----------
    times_s, probability
        Shape (m,): moments tried, in the unit of ``t_s``, and their probability (sums to 1),
        given that there is a change.
    log_evidence
        Natural logarithm of the Bayes factor of one change, somewhere, against none.
    autocorrelation
        Mean of the posterior of the correlation of neighbouring errors.
    """

    times_s: Floats
    probability: Floats
    log_evidence: float
    autocorrelation: float

    @property
    def most_probable_s(self) -> float:
        """The single most probable moment."""
        return float(self.times_s[np.argmax(self.probability)])

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the moments between which the onset lies with probability ``level``.

        Equal tails. Rounded outwards to the moments tried.

        Raises
        ------
        UsageError
            If ``level`` isn't between 0 and 1.
        """
        if not 0 < level < 1:
            raise UsageError(f"interval: level is {level}; it must lie between 0 and 1")
        below = np.cumsum(self.probability)
        tail = (1 - level) / 2
        low = int(np.searchsorted(below, tail))
        high = min(int(np.searchsorted(below, 1 - tail)), self.times_s.size - 1)
        return float(self.times_s[low]), float(self.times_s[high])


def onset_posterior(
    t_s: ArrayLike, y: ArrayLike, *, autocorrelation: float | None = None, shape: Shape = "slope"
) -> OnsetPosterior:
    """Return the posterior of the moment at which a straight line bends or jumps.

    Model: a line, plus from the onset on a ramp (``"slope"``) or a step (``"level"``), plus
    first-order autoregressive normal errors. Flat priors on the line, the logarithm of the
    variance, the onset and the autocorrelation; Zellner's prior worth one independent
    sample on the size of the change [1]_, so that the evidence is finite and no moment is
    favoured by the length of its ramp. Spikes are left out. Takes O(n * m) time and memory
    for n <= 2 000 samples (longer series are averaged) and m <= 500 moments.

    Parameters
    ----------
    t_s : array, shape (n,)
        Strictly increasing; seconds, or any unit.
    y : array, shape (n,)
        NaN marks a missing sample.
    autocorrelation
        Lag-one correlation of the errors if it is known, 0 to 0.98; estimated otherwise.
    shape
        Kind of change.

    Raises
    ------
    UsageError
        If shapes disagree, times don't increase or an argument isn't allowed.
    NotEnoughDataError
        If fewer than eight samples are left.

    References
    ----------
    .. [1] A. Zellner (1986), "On assessing prior distributions and Bayesian regression
       analysis with g-prior distributions", in: Bayesian Inference and Decision Techniques,
       233-243; unit information: R. E. Kass, L. Wasserman (1995), J. Am. Stat. Assoc. 90,
       928-934, doi:10.1080/01621459.1995.10476592.
    """
    if shape not in {"slope", "level"}:
        raise UsageError(f"onset_posterior: shape is {shape!r}; allowed: slope, level")
    if autocorrelation is not None and not 0 <= autocorrelation <= MAX_AUTOCORRELATION:
        raise UsageError(
            f"onset_posterior: autocorrelation is {autocorrelation}; "
            f"expected 0 to {MAX_AUTOCORRELATION}"
        )
    times, values = _clean(t_s, y)
    onsets = _onset_candidates(times)
    unit = (times - times[0]) / (times[-1] - times[0])
    onset_unit = (onsets - times[0]) / (times[-1] - times[0])
    after = unit[:, None] >= onset_unit - 1e-12
    change = np.where(after, unit[:, None] - onset_unit if shape == "slope" else 1.0, 0.0)
    given = _AUTOCORRELATIONS if autocorrelation is None else (autocorrelation,)
    gaps = gap_steps(times)
    tables = [_weigh(unit, values, change, Whitener.of(r, gaps)) for r in given]
    with_change = np.array([table[0] for table in tables])
    without = np.array([table[1] for table in tables])
    log_probability = logsumexp(with_change, axis=0)
    total = logsumexp(log_probability)
    weight = np.exp(logsumexp(with_change, axis=1) - total)
    return OnsetPosterior(
        times_s=onsets,
        probability=np.exp(log_probability - total),
        log_evidence=float(total - np.log(onsets.size) - logsumexp(without)),
        autocorrelation=float(weight @ np.array(given)),
    )


def _clean(t_s: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Check, drop what is missing or a spike, and average blocks of a long series."""
    times, values = np.asarray(t_s, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise UsageError(
            f"onset_posterior: t_s has shape {times.shape} and y {values.shape}; expected (n,) both"
        )
    kept = np.isfinite(times) & np.isfinite(values)
    times, values = times[kept], values[kept]
    if not (np.diff(times) > 0).all():
        raise UsageError("onset_posterior: t_s doesn't increase strictly; sort and merge it first")
    usual = ~find_spikes(values)
    times, values = times[usual], values[usual]
    if times.size < _MIN_SAMPLES:
        raise NotEnoughDataError(
            f"onset_posterior: {times.size} samples; at least {_MIN_SAMPLES} are needed"
        )
    block = -(-times.size // _MAX_SAMPLES)
    whole = times.size // block * block
    times = times[:whole].reshape(-1, block).mean(axis=1)
    values = values[:whole].reshape(-1, block).mean(axis=1)
    largest = float(np.max(np.abs(values))) or 1.0
    return times, values / largest


def _onset_candidates(times: Floats) -> Floats:
    """Return the sample times that may be an onset, thinned evenly if there are many."""
    inner = times[_MARGIN:-_MARGIN]
    if inner.size <= _MAX_ONSETS:
        return inner
    return inner[np.linspace(0, inner.size - 1, _MAX_ONSETS).astype(np.int64)]


def _weigh(
    unit: Floats, values: Floats, change: Floats, whitener: Whitener
) -> tuple[Floats, float]:
    """Return log marginal likelihoods: of each onset, shape (m,), and of no change."""
    line = whitener(np.column_stack([np.ones(unit.size), unit]))
    q, r = np.linalg.qr(line)
    target = whitener(values)
    target = target - q @ (q.T @ target)
    columns = whitener(change)
    columns = columns - q @ (q.T @ columns)
    left = max(float(target @ target), 1e-28)
    sizes = np.einsum("ij,ij->j", columns, columns)
    gained = np.divide(
        (columns.T @ target) ** 2, sizes, out=np.zeros(sizes.size), where=sizes > 1e-14
    )
    freedom = unit.size - 2
    independent = max(whitener.effective_samples, 2.0)
    none = -0.5 * (
        freedom * np.log(left)
        + whitener.log_determinant
        + 2 * float(np.log(np.abs(np.diag(r))).sum())
    )
    share = np.minimum(gained / left, 1 - 1e-14) * independent / (1 + independent)
    return none - 0.5 * (freedom * np.log1p(-share) + np.log1p(independent)), float(none)
