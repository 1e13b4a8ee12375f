"""Make a raw series ready for change points: gaps, spikes, seasons, too many samples.

Each step takes and returns arrays of shape (n, d): samples by columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.growth._noisy import find_spikes
from forensics.growth._problem import Floats

#: Exact search costs the square of it: 2 000 samples take a few hundredths of a second.
MAX_SAMPLES = 2000
#: A season must be seen this often before it is one.
_MIN_CYCLES = 3
#: Hyndman's threshold (package forecast, nsdiffs): a season explains 64 % of what isn't trend.
_MIN_SEASONAL_STRENGTH = 0.64
#: Correlation of steps one season apart below which no decomposition is tried.
_MIN_SEASONAL_CORRELATION = 0.3
_MIN_SEASON_SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    """A series ready for segmentation.

    Attributes
    ----------
    values
        Shape (m, d), finite, without spikes and season.
    positions
        Shape (m,), index of the first raw sample of each row; strictly rising.
    stop
        Number of raw samples.
    block
        Raw samples behind one row.
    season_samples
        Length of the season removed, in raw samples; 0 if none was.
    """

    values: Floats
    positions: NDArray[np.int64]
    stop: int
    block: int
    season_samples: int


def prepare_series(raw: Floats) -> Prepared:
    """Drop rows that are missing altogether, fill single gaps, thin, despike, deseason.

    Thinning takes medians of equal blocks until at most ``MAX_SAMPLES`` are left, which
    also takes out spikes shorter than half a block. Takes O(n) time.
    """
    finite = np.isfinite(raw)
    kept = np.flatnonzero(finite.any(axis=1))
    columns = [
        _fill_gaps(raw[kept, j], finite[kept, j]) for j in range(raw.shape[1]) if finite[:, j].any()
    ]
    values = np.column_stack(columns) if columns else np.empty((0, 0))
    block = max(1, -(-kept.size // MAX_SAMPLES))
    if block > 1:
        whole = kept.size // block * block
        kept = kept[:whole:block]
        values = np.median(values[:whole].reshape(-1, block, values.shape[1]), axis=1)
    seasons = [0]
    for j in range(values.shape[1]):
        values[:, j] = _despike(values[:, j])
        season = find_season(values[:, j])
        if season:
            values[:, j], is_removed = remove_season(values[:, j], season)
            seasons.append(season if is_removed else 0)
    return Prepared(values, kept.astype(np.int64), raw.shape[0], block, max(seasons) * block)


def _fill_gaps(column: Floats, finite: NDArray[np.bool_]) -> Floats:
    """Interpolate a column where only other columns have samples; ends are carried on."""
    if finite.all():
        return column.copy()
    places = np.arange(column.size, dtype=np.float64)
    return np.asarray(np.interp(places, places[finite], column[finite]))


def _despike(column: Floats) -> Floats:
    """Replace samples that stand alone by the median of their neighbours."""
    spikes = find_spikes(column)
    if not spikes.any():
        return column
    half = 3
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(column, half, mode="reflect"), 2 * half + 1
    )
    return np.where(spikes, np.median(windows, axis=1), column)


def find_season(column: Floats) -> int:
    """Return the length of the season in samples, 0 if there is none.

    The season is the highest peak in the autocorrelation of the steps (steps, so that a
    trend doesn't hide it), and the shortest among peaks of nearly that height.
    """
    steps = np.diff(column)
    steps = steps - steps.mean() if steps.size else steps
    longest = column.size // _MIN_CYCLES
    power = float(steps @ steps)
    if longest <= _MIN_SEASON_SAMPLES or power <= 0:
        return 0
    spectrum = np.fft.rfft(steps, 2 * steps.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2] / power
    best = 0
    for lag in range(_MIN_SEASON_SAMPLES, longest + 1):
        here = correlation[lag]
        is_peak = here > correlation[lag - 1] and here >= correlation[lag + 1]
        is_higher = best == 0 or here > 1.1 * correlation[best]
        if is_peak and is_higher and here > _MIN_SEASONAL_CORRELATION:
            best = lag
    return best


def remove_season(column: Floats, season_samples: int) -> tuple[Floats, bool]:
    """Subtract the season if it is strong, and tell whether it was.

    References
    ----------
    R. B. Cleveland et al. (1990), "STL: a seasonal-trend decomposition procedure based on
    loess", J. Off. Stat. 6, 3-73; the strength of a season after X. Wang, K. Smith,
    R. Hyndman (2006), Data Min. Knowl. Discov. 13, 335-364, doi:10.1007/s10618-005-0039-x.
    """
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415 - a second; only where a season is seen

    parts = STL(column, season_samples, robust=True).fit()
    rest = float(np.var(parts.resid))
    whole = float(np.var(parts.resid + parts.seasonal))
    if whole <= 0 or 1 - rest / whole <= _MIN_SEASONAL_STRENGTH:
        return column, False
    return np.asarray(column - parts.seasonal), True


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """How much a mean of many samples would wander without any change.

    Attributes
    ----------
    long_run_variance
        Variance of independent noise that would blur a mean as much.
    autocorrelation
        Of neighbouring samples; NaN if the steps don't reverse each other, so that noise
        can't be told from movement (a random walk, a smooth curve).
    """

    long_run_variance: float
    autocorrelation: float


#: Above it, noise can't be told from a random walk in the series we see.
MAX_NOISE_AUTOCORRELATION = 0.9


def measure_noise(column: Floats) -> NoiseLevel:
    """Measure noise by its steps, which neither levels, slopes nor their changes disturb.

    For first-order autoregressive noise the steps have variance 2 s² (1 - r) and lag-one
    correlation -(1 - r) / 2; both are solved for s and r, the steps clipped at three
    robust deviations. Where the correlation isn't negative beyond its standard error
    (1/sqrt(n)), only the white part is measured, by second differences.
    """
    steps = np.diff(column)
    if steps.size < 6:
        return NoiseLevel(0.0, np.nan)
    steps = steps - np.median(steps)
    spread = 1.4826 * float(np.median(np.abs(steps)))
    clipped = np.clip(steps, -3 * spread, 3 * spread)
    clipped = clipped - clipped.mean()
    power = float(clipped @ clipped)
    if power <= 0:
        return NoiseLevel(0.0, np.nan)
    reversal = float(clipped[1:] @ clipped[:-1]) / power
    if reversal > -1 / np.sqrt(steps.size):
        bends = np.diff(column, 2)
        # Second differences of white noise have six times its variance.
        white = (1.4826 * float(np.median(np.abs(bends - np.median(bends))))) ** 2 / 6
        return NoiseLevel(white, np.nan)
    autocorrelation = float(np.clip(1 + 2 * reversal, 0.0, MAX_NOISE_AUTOCORRELATION))
    variance = power / steps.size / (2 * (1 - autocorrelation))
    long_run = variance * (1 + autocorrelation) / (1 - autocorrelation)
    return NoiseLevel(long_run, autocorrelation)
