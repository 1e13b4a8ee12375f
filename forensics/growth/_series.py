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
#: A season explains most of what happens within a cycle.
_MIN_SEASONAL_STRENGTH = 0.5
#: STL smooths each phase over seven cycles: twice that, to see a season change.
_MANY_CYCLES = 14
#: Correlation one season apart below which a season isn't tried.
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
            values[:, j] = remove_season(values[:, j], season)
            seasons.append(season)
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
    """Return the length of the season in samples, 0 if there is none that is strong.

    Candidates are the highest peaks in the autocorrelation of the steps (a trend doesn't
    hide a season there) and of what is left over a line (nor noise there). Each is judged
    by how well its cycles foretell one another.
    """
    if column.size <= _MIN_CYCLES * _MIN_SEASON_SAMPLES or np.ptp(column) == 0:
        return 0
    peaks = {_highest_peak(np.diff(column)), _highest_peak(_less_line(column))} - {0}
    # Noise moves the peak of a long, smooth season by a few samples.
    near = {lag + i for lag in peaks for i in range(-(lag // 30), lag // 30 + 1)}
    strengths = {lag: measure_season(column, lag) for lag in near}
    best = max(strengths, key=lambda lag: (strengths[lag], -lag), default=0)
    return best if best and strengths[best] > _MIN_SEASONAL_STRENGTH else 0


def _highest_peak(signal: Floats) -> int:
    """Return the lag of the highest autocorrelation past a dip, 0 if none is high enough."""
    signal = signal - signal.mean()
    power = float(signal @ signal)
    longest = signal.size // _MIN_CYCLES
    if longest <= _MIN_SEASON_SAMPLES or power <= 0:
        return 0
    spectrum = np.fft.rfft(signal, 2 * signal.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2] / power
    lags = np.arange(_MIN_SEASON_SAMPLES, longest + 1)
    here = correlation[lags]
    # A slow decay has wiggles, not seasons: a peak stands well above the dip before it.
    above_dip = here - np.minimum.accumulate(correlation)[lags]
    is_high = np.minimum(here, above_dip) > _MIN_SEASONAL_CORRELATION
    is_peak = (here > correlation[lags - 1]) & (here >= correlation[lags + 1])
    peaks = np.where(is_high & is_peak, here, 0.0)
    return int(lags[np.argmax(peaks)]) if peaks.any() else 0


def measure_season(column: Floats, season_samples: int) -> float:
    """Return the share of the variance within cycles that the other cycles foretell, up to 1.

    Each cycle, less the series' line and its own mean, is predicted by the mean of all
    others: a chance likeness or a few level shifts foretell nothing.
    """
    table = _cycle_table(column, season_samples)
    others = (table.sum(axis=0) - table) / (table.shape[0] - 1)
    whole = float((table**2).sum())
    return 1 - float(((table - others) ** 2).sum()) / whole if whole > 0 else 0.0


def _cycle_table(column: Floats, season_samples: int) -> Floats:
    """Return whole cycles as rows, counted from the end, less line and cycle means."""
    cycles = column.size // season_samples
    left = _less_line(column)[column.size - cycles * season_samples :]
    table = left.reshape(cycles, season_samples)
    return np.asarray(table - table.mean(axis=1, keepdims=True))


def _less_line(column: Floats) -> Floats:
    t = np.arange(column.size) - (column.size - 1) / 2
    return np.asarray(column - column.mean() - (t @ column) / (t @ t) * t)


def remove_season(column: Floats, season_samples: int) -> Floats:
    """Subtract the season; one that slowly changes if there are cycles enough to see that.

    References
    ----------
    R. B. Cleveland et al. (1990), "STL: a seasonal-trend decomposition procedure based on
    loess", J. Off. Stat. 6, 3-73.
    """
    if column.size // season_samples < _MANY_CYCLES:
        phases = np.median(_cycle_table(column, season_samples), axis=0)
        turn = np.arange(-column.size, 0) % season_samples
        return np.asarray(column - (phases - phases.mean())[turn])
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415 - a second; only where a season is seen

    return np.asarray(column - STL(column, season_samples, robust=True).fit().seasonal)


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
#: Samples over which noise is watched to return. A correlation of 0.8 has
#: died to a quarter by then; longer takes the level shifts of short series for noise.
_RETURN_SAMPLES = 6


def measure_noise(column: Floats) -> NoiseLevel:
    """Measure noise by its steps, which neither levels, slopes nor their changes disturb.

    The variance of a move over k = 6 steps, over that of k single steps, is 1 for a random
    walk, more for a smooth curve, and (1 - r^k) / (k (1 - r)) for first-order autoregressive
    noise, from which r follows. Steps are clipped at three robust deviations, so that
    jumps don't count. Where the ratio isn't below 1 by its standard error [1]_, only the
    white part is measured, by second differences.

    References
    ----------
    .. [1] A. W. Lo, A. C. MacKinlay (1988), "Stock market prices do not follow random
       walks", Rev. Financ. Stud. 1, 41-66, eq. 14, doi:10.1093/rfs/1.1.41.
    """
    steps = np.diff(column)
    n, k = steps.size, min(_RETURN_SAMPLES, steps.size // 3)
    if n < 6:
        return NoiseLevel(0.0, np.nan)
    steps = steps - np.median(steps)
    spread = 1.4826 * float(np.median(np.abs(steps)))
    usual = np.where(np.abs(steps) <= 3 * spread, steps, 0.0)
    usual = usual - usual.mean()
    step_variance = float(usual @ usual) / n
    if step_variance <= 0:
        return NoiseLevel(0.0, np.nan)
    path = np.concatenate([[0.0], np.cumsum(usual)])
    moves = path[k:] - path[:-k]
    # n / (n - k + 1) undoes the bias from subtracting the mean step.
    ratio = float(moves @ moves) / moves.size / (k * step_variance) * n / (n - k + 1)
    if ratio > 1 - np.sqrt(2 * (2 * k - 1) * (k - 1) / (3 * k * n)):
        returning = _measure_return(column)
        if returning is not None:
            return returning
        bends = np.diff(column, 2)
        # Second differences of white noise have six times its variance.
        white = (1.4826 * float(np.median(np.abs(bends - np.median(bends))))) ** 2 / 6
        return NoiseLevel(white, np.nan)
    grid = np.linspace(0.0, MAX_NOISE_AUTOCORRELATION, 181)
    expected = (1 - grid**k) / (k * (1 - grid))
    autocorrelation = float(np.interp(ratio, expected, grid))
    variance = step_variance / (2 * (1 - autocorrelation))
    long_run = variance * (1 + autocorrelation) / (1 - autocorrelation)
    return NoiseLevel(long_run, autocorrelation)


#: Dickey-Fuller statistics below which a random walk is ruled out at 5 %: around a level, around
#: a line [1]. The share of walks taken for noise is small beside that of noise taken for walks.
_RETURNS = (-2.9, -3.45)
#: The test says nothing of shorter series.
_MIN_RETURN_SAMPLES = 60
#: Steps beyond this many deviations are jumps, which no stationary noise makes.
_LARGEST_STEP = 5.0


def _measure_return(column: Floats) -> NoiseLevel | None:
    """Measure noise with a long memory if the whole series returns to one line, else None.

    The regression of the steps on the level before, the step before and a line [1]_ tells a
    random walk from noise that returns; the latter's wandering is no change.

    References
    ----------
    .. [1] D. A. Dickey, W. A. Fuller (1979), "Distribution of the estimators for
       autoregressive time series with a unit root", J. Am. Stat. Assoc. 74, 427-431.
    """
    n = column.size
    if n < _MIN_RETURN_SAMPLES:
        return None
    steps = np.diff(column)
    line = np.column_stack([np.ones(n - 2), np.linspace(-1.0, 1.0, n - 2)])
    for width, bound in enumerate(_RETURNS, start=1):
        design = np.column_stack([column[1:-1], steps[:-1], line[:, :width]])
        found, *_ = np.linalg.lstsq(design, steps[1:], rcond=None)
        left = steps[1:] - design @ found
        variance = float(left @ left) / (n - 4 - width)
        error = float(np.sqrt(variance * np.linalg.pinv(design.T @ design)[0, 0]))
        spread = 1.4826 * float(np.median(np.abs(left)))
        has_jumps = bool(np.max(np.abs(left)) > _LARGEST_STEP * spread)
        if error > 0 and not has_jumps and found[0] < bound * error:
            # The long-run variance of an autoregression is that of its shocks over a squared.
            correlation = float(np.clip(1 + found[0], 0.0, 0.99))
            return NoiseLevel(variance / float(found[0]) ** 2, correlation)
    return None
