"""The floor under a series: what stays in memory once garbage is collected.

A managed heap rises until a collection drops it. The rise says how fast the program
allocates, the troughs say what it keeps. Only the troughs can show a leak, so a series that
swings like that is reduced to them; any other series to medians of windows, which spikes
and single samples can't move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from forensics.growth._types import Floats, Floor, Life
from forensics.kernels.reversals import find_reversals

#: Points a floor is thinned to. More adds cost and no information: neighbours are correlated.
MAX_POINTS = 96
#: A swing counts above this many standard deviations of the sample noise.
_SWING_SIGMAS = 6.0
#: ... and above this many units that the samples were rounded to: one is a flicker.
_SWING_UNITS = 1.5
#: Points whose median tells whether the middle one stands out.
_AROUND = 5
_MIN_CYCLES = 8
#: Fewer troughs can't carry a verdict: all samples are taken then.
_MIN_TROUGHS = 12
#: Median rise lasts this many times the median fall in a sawtooth; 1 in any symmetric noise.
_MIN_ASYMMETRY = 2.5
#: A collection takes less than two samples: noise with a memory wanders down over many.
_SUDDEN_SHARE = 0.5
#: Values that are multiples of a unit were rounded by who wrote them; coarsely, if the unit is
#: at least this share of all that they move.
_COARSE_SHARE = 1e-3
_WHOLE = 1e-3
#: Values on so few levels were rounded, and if they change level this many times as often as
#: there are levels, noise does it, no process that grows by steps.
_MAX_LEVELS = 60
_DITHER = 4
#: Collections come by the clock if this share of them is where a fixed period puts them.
_BY_THE_CLOCK = 0.9
#: A trough seen this many times as late as usual after the sample before it is no trough.
_LATE = 1.5
#: Share of the troughs of a window below the point chosen: full collections cut deeper than
#: young ones, and only they show what is live.
_TROUGH_QUANTILE = 0.4


def noise_std(y: Floats) -> float:
    """Return the standard deviation of sample noise, from second differences, robustly."""
    if y.size < 5:
        return 0.0
    second = np.abs(np.diff(y, 2))
    return float(1.4826 * np.median(second) / np.sqrt(6.0))


def drop_spikes(y: Floats) -> Floats:
    """Return ``y`` with single high samples lowered to the higher of their neighbours.

    A spike stands above both neighbours by more than they differ, so that the last sample before
    a collection is none, and by more than noise and rounding do.
    """
    if y.size < 3:
        return y
    before, after = y[:-2], y[2:]
    higher = np.maximum(before, after)
    steps = np.abs(np.diff(y))
    unit = float(np.min(steps, where=steps > 0, initial=np.inf))
    least = _SWING_SIGMAS * max(noise_std(y), unit if np.isfinite(unit) else 0.0)
    calm = y.copy()
    is_spike = y[1:-1] - higher > np.maximum(least, np.abs(before - after))
    calm[1:-1][is_spike] = higher[is_spike]
    return calm


def block_medians(y: Floats, width: int) -> Floats:
    """Return the median of each whole block of ``width`` samples."""
    blocks = y.size // width
    return np.asarray(np.median(y[: blocks * width].reshape(blocks, width), axis=1))


def drop_outliers(y: Floats) -> Floats:
    """Return ``y`` with one or two points that stand out replaced by the median around them.

    What lasts for so short a time is no level that memory held: a scrape in the middle of a
    restart, a job. A monotone series is left as it is.
    """
    if y.size < _AROUND:
        return y
    middle = median_filter(y, _AROUND, mode="nearest")
    return np.where(np.abs(y - middle) > _SWING_SIGMAS * noise_std(y), middle, y)


def find_swings(y: Floats) -> NDArray[np.int64]:
    """Return positions of peaks and troughs of swings that noise doesn't explain."""
    spread = float(np.subtract(*np.quantile(y, [0.95, 0.05]))) if y.size else 0.0
    # The range that as many normal samples have by chance: 2 sqrt(2 log n) deviations.
    sigmas = max(_SWING_SIGMAS, 2 * float(np.sqrt(2 * np.log(max(y.size, 1)))))
    threshold = max(
        sigmas * noise_std(y),
        0.1 * spread,
        1e-3 * float(np.median(np.abs(y))),
        _SWING_UNITS * rounding_unit(y),
    )
    return find_reversals(y, threshold)


def find_troughs(y: Floats, *, min_cycles: int = _MIN_CYCLES) -> NDArray[np.int64]:
    """Return positions of the troughs if ``y`` swings like a collected heap, else none.

    A trough that stays in the upper half of the usual swing is left out: a scrape in the
    middle of a collection, or a young collection that a full one follows.
    """
    none = np.zeros(0, np.int64)
    swings = find_swings(y)
    if swings.size < 2 * min_cycles + 1:
        return none
    change = np.diff(y[swings])
    lengths = np.diff(swings)
    rises, falls = lengths[change > 0], lengths[change < 0]
    if min(rises.size, falls.size) < min_cycles:
        return none
    if np.median(rises) < _MIN_ASYMMETRY * np.median(falls):
        return none
    troughs = swings[1:][change < 0]
    if np.median(_sudden_shares(y, swings[:-1][change < 0], troughs)) < _SUDDEN_SHARE:
        return none
    usual = median_filter(y[troughs], size=5, mode="nearest")
    is_usual = y[troughs] <= usual + 0.5 * float(np.median(-change[change < 0]))
    found: NDArray[np.int64] = troughs[is_usual]
    return found


def _sudden_shares(y: Floats, tops: NDArray[np.int64], troughs: NDArray[np.int64]) -> Floats:
    """Return the share of each fall that its greatest single step makes up, shape (k,)."""
    steps = np.maximum(-np.diff(y), 0.0)
    steepest = np.array([steps[a:b].max() for a, b in zip(tops, troughs, strict=True)])
    return np.asarray(steepest / (y[tops] - y[troughs]))


def scan_floor(
    t_s: Floats,
    y_bytes: Floats,
    *,
    life: Life,
    load: Floats | None = None,
    is_sawtooth: bool | None = None,
) -> Floor:
    """Return the floor of one life of a series.

    Parameters
    ----------
    t_s, y_bytes : array of float64, shape (n,)
        The whole series, times strictly increasing, no NaN.
    life
        Which samples to look at.
    load : array of float64, shape (n,), optional
        Requests a second (or anything memory may follow); carried along to the points.
    is_sawtooth
        What is known from the other lives of the process; None asks this life alone. A short
        life of a process that swings is judged by its few troughs, never by its slopes.
    """
    part = slice(life.first, life.stop)
    t, y = t_s[part], drop_spikes(y_bytes[part])
    q = load[part] if load is not None else None
    troughs = find_troughs(y, min_cycles=1 if is_sawtooth else _MIN_CYCLES)
    if is_sawtooth is None:
        is_sawtooth = bool(troughs.size >= _MIN_TROUGHS)
    requests = _cumulate(t, q) if q is not None else None
    period = float(np.median(np.diff(t[troughs]))) if troughs.size > 1 else np.nan
    is_averaged = not is_sawtooth and is_dithered(y)
    if is_sawtooth:
        troughs = _seen_at_once(t, troughs)
        beat = _find_beat(t, troughs, _swing(y, troughs))
        at, low = t[troughs], y[troughs] - beat.risen_bytes
        middle, level = _reduce(at, low, _edges(at, life), quantile=_TROUGH_QUANTILE)
    elif is_averaged:
        middle, level = _average(t, y)
    else:
        middle, level = _reduce(t, y, _edges(t, life), quantile=0.5)
        level = drop_outliers(level)
    return Floor(
        t_s=middle,
        y_bytes=level,
        load=_smooth_at(middle, t, q) if q is not None and middle.size else None,
        requests=np.interp(middle, t, requests) if requests is not None else None,
        is_sawtooth=is_sawtooth,
        period_s=period if is_sawtooth else np.nan,
        swing_bytes=_swing(y, troughs) if is_sawtooth else 0.0,
        drift_bytes=beat.drift_bytes if is_sawtooth else 0.0,
        rounding_bytes=rounding_unit(y) * (_share_at_rest(t, y) if is_averaged else 1.0),
    )


def _seen_at_once(t: Floats, troughs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the troughs that were sampled no later than usual after the sample before them.

    After a gap, memory has risen again by the time it is seen.
    """
    lag = t[troughs] - t[np.maximum(troughs - 1, 0)]
    return troughs[lag <= _LATE * np.median(lag)] if troughs.size else troughs


@dataclass(frozen=True, slots=True)
class _Beat:
    """What sampling does to the troughs of collections that come by the clock.

    ``risen_bytes``, shape (k,), was gained between each collection and the sample after it;
    ``drift_bytes`` is how much of it may have changed over the window without being noticed.
    """

    risen_bytes: Floats
    drift_bytes: float = 0.0


def _find_beat(t: Floats, troughs: NDArray[np.int64], swing: float) -> _Beat:
    """Return how the beat between samples and collections moves the troughs.

    Nothing is known of the moment of a collection but that it lies between two samples, unless
    they come by the clock. Then the moments follow from all of them together, but for what the
    period may be wrong by: where the lag was never seen to wrap around, it may have drifted.
    """
    none = _Beat(np.zeros(troughs.size))
    if troughs.size < _MIN_TROUGHS:
        return none
    step = float(np.median(np.diff(t)))
    apart = np.diff(t[troughs])
    cycles = np.concatenate([[0.0], np.cumsum(np.round(apart / np.median(apart)))])
    period, first = np.polyfit(cycles, t[troughs], 1)
    late = t[troughs] - first - period * cycles
    if period <= step or np.quantile(np.abs(late), _BY_THE_CLOCK) > step / 2:
        return none
    rate = swing / (period - step)
    least, most = np.quantile(late, [0.05, 0.95])
    return _Beat(rate * np.clip(late - least, 0.0, step), rate * max(step - most + least, 0.0))


def _swing(y: Floats, troughs: NDArray[np.int64]) -> float:
    """Return the median height of the peaks above the troughs that follow them."""
    if troughs.size < 2:
        return 0.0
    tops = np.maximum.reduceat(y, troughs)[:-1]
    return float(np.median(tops - y[troughs[1:]]))


def _edges(t: Floats, life: Life) -> Floats:
    """Return window edges: windows of equal length, about four samples or more each."""
    windows = int(np.clip(t.size // 4, 1, MAX_POINTS)) if t.size > MAX_POINTS else t.size
    end = max(life.ended_s, float(t[-1])) if t.size else life.ended_s
    start = float(t[0]) if t.size else life.started_s
    return np.linspace(start, end, max(windows, 1) + 1)


def _reduce(t: Floats, y: Floats, edges: Floats, *, quantile: float) -> tuple[Floats, Floats]:
    """Return mean time and quantile of each window that holds enough samples."""
    if t.size <= MAX_POINTS:
        return t, y
    window = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, edges.size - 2)
    counts = np.bincount(window, minlength=edges.size - 1)
    order = np.lexsort((y, window))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    enough = counts >= max(1.0, 0.2 * float(np.median(counts[counts > 0])))
    place = starts + np.minimum(quantile * (counts - 1), np.maximum(counts - 1, 0))
    below = np.clip(np.floor(place).astype(np.int64), 0, t.size - 1)
    above = np.clip(np.ceil(place).astype(np.int64), 0, t.size - 1)
    share = place - np.floor(place)
    ranked = y[order]
    level = (1 - share) * ranked[below] + share * ranked[above]
    middle = np.bincount(window, weights=t - t[0], minlength=edges.size - 1)
    with np.errstate(invalid="ignore"):
        middle = middle / counts + t[0]
    return middle[enough], level[enough]


def rounding_unit(y: Floats) -> float:
    """Return the unit that all values are whole multiples of (logs round to MiB), else 0."""
    values = np.unique(y)
    if values.size < 2:
        return 0.0
    unit = float(np.min(np.diff(values)))
    if unit < _COARSE_SHARE * (values[-1] - values[0]):
        return 0.0
    multiples = values / unit
    return unit if bool((np.abs(multiples - np.round(multiples)) < _WHOLE).all()) else 0.0


def is_dithered(y: Floats) -> bool:
    """Tell whether values were rounded coarsely, and noise moves them from one step to the next.

    The mean of such samples is finer than their unit; their median is not.
    """
    steps = np.unique(y).size
    return bool(1 < steps <= _MAX_LEVELS and np.count_nonzero(np.diff(y)) >= _DITHER * steps)


def _windows(t: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the window of each sample, of at most a hundred of four samples or more; edges."""
    edges = np.linspace(t[0], t[-1], int(np.clip(t.size // 4, 1, MAX_POINTS)) + 1)
    return np.clip(np.searchsorted(edges, t, side="right") - 1, 0, edges.size - 2), edges


def _share_at_rest(t: Floats, y: Floats) -> float:
    """Return the share of windows in which noise moves no sample: there the mean is no finer."""
    window, _ = _windows(t)
    moved = np.unique(window[1:][(np.diff(y) != 0) & (np.diff(window) == 0)])
    return 1.0 - moved.size / np.unique(window).size


def _average(t: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return mean time and mean of each window."""
    window, edges = _windows(t)
    counts = np.bincount(window, minlength=edges.size - 1)
    enough = counts >= max(1.0, 0.2 * float(np.median(counts[counts > 0])))
    some = np.maximum(counts, 1)
    middle = np.bincount(window, weights=t - t[0], minlength=counts.size) / some + t[0]
    level = np.bincount(window, weights=y - y[0], minlength=counts.size) / some + y[0]
    return middle[enough], level[enough]


def _cumulate(t: Floats, load: Floats) -> Floats:
    """Return the integral of the load from the first sample on, missing load as its median."""
    known = np.isfinite(load)
    filled = np.where(known, load, np.median(load[known]) if known.any() else 0.0)
    steps = np.diff(t) * (filled[1:] + filled[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


def _smooth_at(at: Floats, t: Floats, load: Floats) -> Floats:
    """Return the mean of the load samples around each point, NaN-free, shape (m,)."""
    known = np.isfinite(load)
    if not known.any():
        return np.full(at.size, np.nan)
    when, what = t[known], load[known]
    reach = float(np.median(np.diff(at))) / 2 if at.size > 1 else np.inf
    first = np.searchsorted(when, at - reach, side="left")
    stop = np.searchsorted(when, at + reach, side="right")
    total = np.concatenate([[0.0], np.cumsum(what)])
    counts = stop - first
    mean = (total[stop] - total[first]) / np.maximum(counts, 1)
    return np.where(counts > 0, mean, np.interp(at, when, what))
