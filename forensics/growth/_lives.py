"""Cut a series into process lifetimes: at restarts that are known, and at falls that look so.

A restart and a full collection both make memory fall at once. What tells them apart without
further evidence: collections come often and fall to the level they fell to before; a restart
is rare and falls deeper than the collections around it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

from forensics.errors import UsageError
from forensics.growth._envelope import block_medians, drop_spikes, find_swings, noise_std
from forensics.growth._types import Floats, Life

#: A restart gives back at least this share of the memory held.
_MIN_DEPTH = 0.14
#: A restart falls this many times deeper than the collections around it.
_DEEPER = 1.6
#: More falls alike than this are collections: nobody lets a process die that often unseen.
_MAX_RESTARTS = 12
#: ... and a life shorter than this without any other sign of a restart is a collection cycle.
_MIN_LIFE_S = 1500.0
#: A fall takes fewer samples than this.
_FALL_SAMPLES = 4
#: ... and makes up at least this share of the swing it is part of.
_SUDDEN_SHARE = 0.5
#: Samples on either side by which a fall must have lasted.
_LASTING_SAMPLES = 5
#: Samples over which a process that came back is seen to recover, and by how many standard
#: deviations of the noise it is still below at the last of them.
_RECOVERY_SAMPLES = 3
_CLEAR_OF_NOISE = 6.0
#: More falls than this, as sudden, are collections, from which memory recovers in the same way.
_FEW_FALLS = 3
#: A rise as sudden as the fall, of at least this share of it, makes the two a pulse.
_PULSE_SHARE = 0.6
#: Memory rests that moved, in the last third before it fell, by less than this share of the fall.
_REST_PART = 3
_RESTING_SHARE = 0.1
#: A gap is this many usual steps long; how fast memory falls is asked of so many parts of the
#: series, and of the fastest tenth of them.
_GAP_STEPS = 4.0
_BLOCKS = 100
_FAST_QUANTILE = 0.9
#: Samples whose median is asked where single ones tell nothing, and how many must be there.
_NEIGHBOURS = 5
_MANY_SAMPLES = 60
#: A life of fewer samples isn't cut off.
_MIN_SAMPLES = 4


def clean(
    t_s: ArrayLike, y_bytes: ArrayLike, load: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats | None]:
    """Return the samples that are numbers, in order of time, one a moment.

    Raises
    ------
    UsageError
        If the arrays differ in length or have more than one dimension.
    """
    t, y = _seconds(t_s), np.asarray(y_bytes, np.float64)
    q = None if load is None else np.asarray(load, np.float64)
    if t.ndim != 1 or y.shape != t.shape or (q is not None and q.shape != t.shape):
        found = f"{t.shape} times, {y.shape} samples, {'no' if q is None else q.shape} load"
        raise UsageError(f"growth: {found}; expected one-dimensional arrays of equal length")
    good = np.flatnonzero(np.isfinite(t) & np.isfinite(y))
    good = good[np.argsort(t[good], kind="stable")]
    if good.size:
        good = good[np.concatenate([np.diff(t[good]) > 0, [True]])]
    return t[good], y[good], None if q is None else q[good]


def _seconds(t_s: ArrayLike) -> Floats:
    """Return times as seconds; date times (naive: UTC) as Unix seconds."""
    t = np.asarray(t_s)
    if t.dtype == object:
        t = np.array([_naive(moment) for moment in t.ravel()]).reshape(t.shape)
    if t.dtype.kind == "M":
        seconds = t.astype("datetime64[us]").astype(np.float64) / 1e6
        return np.where(np.isnat(t), np.nan, seconds)
    return np.asarray(t, np.float64)


def _naive(moment: object) -> object:
    """Return a date time with a zone as one of UTC without, as numpy takes it."""
    if isinstance(moment, datetime):
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        return np.datetime64(utc.replace(tzinfo=None), "us")
    return np.nan if moment is None else moment


def split_lives(
    t_s: Floats,
    y_bytes: Floats,
    *,
    restarts_s: tuple[float, ...] = (),
    is_complete: bool = False,
    is_resident: bool = False,
) -> tuple[Life, ...]:
    """Cut a cleaned series into lives.

    Parameters
    ----------
    t_s, y_bytes : array of float64, shape (n,)
        As ``clean`` returns them.
    restarts_s
        Times of restarts known from counters, start times or events.
    is_complete
        True if every restart would be among ``restarts_s``: nothing is inferred then.
    is_resident
        True if the series is memory of a whole process, which no collection gives back at once:
        frequent falls are restarts then.
    """
    if t_s.size == 0:
        return ()
    cuts: dict[int, Literal["restart", "drop"]] = {}
    if not is_complete and not restarts_s:
        cuts = dict.fromkeys(find_restarts(t_s, y_bytes, is_resident=is_resident).tolist(), "drop")
    for moment in restarts_s:
        at = _nearest_fall(t_s, y_bytes, moment)
        if 0 < at < t_s.size:
            cuts[at] = "restart"
    edges = [0, *sorted(cuts), t_s.size]
    return tuple(
        Life(
            first=first,
            stop=stop,
            started_s=float(t_s[first]),
            ended_s=float(t_s[stop - 1]),
            ended_by=cuts.get(stop, "end"),
        )
        for first, stop in pairwise(edges)
    )


def find_restarts(t_s: Floats, y_bytes: Floats, *, is_resident: bool = False) -> NDArray[np.int64]:
    """Return the first sample of each life that a fall in memory alone gives away."""
    calm = drop_spikes(y_bytes)
    found = _find_deep_falls(t_s, calm, is_resident=is_resident)
    if found.size or y_bytes.size < _MANY_SAMPLES:
        return found
    # Noise with heavy tails hides a fall among its own; medians of neighbours have no such tails.
    middle = median_filter(calm, _NEIGHBOURS, mode="nearest")
    return _find_deep_falls(t_s, middle, is_resident=is_resident)


def _find_deep_falls(t_s: Floats, y_bytes: Floats, *, is_resident: bool) -> NDArray[np.int64]:
    """Return the first samples after falls that last and stand out, ascending."""
    none = np.zeros(0, np.int64)
    swings = find_swings(y_bytes)
    if swings.size == 0 or y_bytes.size < 4 * _FALL_SAMPLES:
        return none
    if y_bytes[0] > y_bytes[swings[0]]:
        # The series begins at its first peak, which no rise led to.
        swings = np.concatenate([np.zeros(1, np.int64), swings])
    if swings.size < 2:
        return none
    falls = np.flatnonzero(np.diff(y_bytes[swings]) < 0)
    sudden, jumps = _sudden_falls(y_bytes), _sudden_falls(-y_bytes)
    reach = _lasting_reach(swings, falls.size)
    glided = _glides(t_s, y_bytes)
    at, depth, ends = [], [], []
    for k in falls:
        first, stop = swings[k] + 1, swings[k + 1] + 1
        best = first + int(np.argmax(sudden[first:stop]))
        ends.append(best)
        whole = y_bytes[swings[k]] - y_bytes[swings[k + 1]]
        risen = jumps[swings[k - 1] + 1 : swings[k] + 1].max(initial=0.0) if k else 0.0
        # What jumped up before it fell is a job that ended, not a process that died.
        if sudden[best] >= _SUDDEN_SHARE * whole and risen < _PULSE_SHARE * whole:
            at.append(best)
            depth.append(min(sudden[best], _lasting_fall(y_bytes, best, reach)) - glided[best])
    if not at:
        return none
    alike = np.array(ends)[sudden[ends] > _SUDDEN_SHARE * sudden[at].max()]
    if alike.size <= _FEW_FALLS:
        recovered = [_recovered_fall(y_bytes, k) - glided[k] for k in at]
        depth = [max(pair) for pair in zip(depth, recovered, strict=True)]
    stops, depths = np.array([_steepest(y_bytes, k) for k in at], np.int64), np.array(depth)
    before = np.maximum(y_bytes[stops - 1], y_bytes[np.maximum(stops - _FALL_SAMPLES, 0)])
    distance = np.diff(np.concatenate([t_s[:1], t_s[np.union1d(alike, at)], t_s[-1:]]))
    is_short = not is_resident and bool(np.median(distance) < _MIN_LIFE_S)
    is_frequent = alike.size > _MAX_RESTARTS or is_short
    is_regular = is_frequent and not _fell_once_from_rest(y_bytes, at)
    chosen = _choose(depths, depths / np.maximum(before, 1e-9), is_regular=is_regular)
    cut = np.sort(stops[chosen])
    return cut[(cut >= _MIN_SAMPLES) & (cut <= t_s.size - 1)]


def _sudden_falls(y: Floats) -> Floats:
    """Return how far each sample lies below the lower of what came just before it, shape (n,).

    Compares with samples one to three back, so that a scrape in the middle of a fall doesn't
    hide it.
    """
    falls = np.zeros_like(y)
    for back in range(1, _FALL_SAMPLES):
        falls[back:] = np.maximum(falls[back:], y[:-back] - y[back:])
    return falls


def _steepest(y: Floats, at: int) -> int:
    """Return the sample after the greatest fall between neighbours of those that end at ``at``."""
    first = max(at - _FALL_SAMPLES + 1, 0)
    return first + 1 + int(np.argmin(np.diff(y[first : at + 1])))


def _lasting_reach(swings: NDArray[np.int64], falls: int) -> int:
    """Return the samples by which a fall must have lasted: two cycles of collections, if any."""
    if falls <= _MAX_RESTARTS:
        return _LASTING_SAMPLES
    cycle = 2 * float(np.median(np.diff(swings[::2]))) if swings.size > 2 else 0.0
    return max(_LASTING_SAMPLES, round(cycle))


def _lasting_fall(y: Floats, at: int, reach: int) -> float:
    """Return the fall from the samples just before ``at`` to those just after: noise has none.

    Medians stand for either side, and where both rise, what memory rose between their middles is
    added, or the teeth of a leak that restarts would seem less deep the steeper they are.
    """
    before = y[max(at - reach - 1, 0) : at]
    after = y[at : at + reach]
    if not before.size:
        return 0.0
    apart = (before.size + after.size) / 2
    risen = max(0.0, min(_pace(before), _pace(after))) * apart
    return float(np.median(before) - np.median(after)) + risen


def _pace(y: Floats) -> float:
    """Return the rise a sample: the median over pairs half the samples apart."""
    half = y.size // 2
    return float(np.median(y[-half:] - y[:half])) / (y.size - half) if half else 0.0


def _glides(t_s: Floats, y: Floats) -> Floats:
    """Return how far memory may have fallen gradually before each sample, shape (n,).

    That is nothing but over a gap, where it may have fallen as fast as it does elsewhere: the
    evening's decline of a daily wave is no restart because nobody watched it.
    """
    steps = np.diff(t_s, prepend=t_s[0])
    width = max(t_s.size // _BLOCKS, 1)
    t, level = (block_medians(v, width) for v in (t_s, y))
    rates = -np.diff(level) / np.diff(t)
    usual = max(0.0, float(np.quantile(rates, _FAST_QUANTILE))) if rates.size else 0.0
    glides = np.where(steps > _GAP_STEPS * np.median(steps), usual * steps, 0.0)
    # A fall is measured over a few samples; the gap may be at any of them.
    seen = [np.roll(glides, back) for back in range(_FALL_SAMPLES - 1)]
    return np.asarray(np.max(seen, axis=0))


def _recovered_fall(y: Floats, at: int) -> float:
    """Return the fall at ``at`` if memory recovers from it step by step: a process warming up."""
    before = y[max(at - _LASTING_SAMPLES - 1, 0) : at]
    recovery = y[at : at + _RECOVERY_SAMPLES]
    if not before.size or recovery.size < _RECOVERY_SAMPLES or (np.diff(recovery) <= 0).any():
        return 0.0
    level = float(np.median(before))
    is_clear = level - recovery[-1] > _CLEAR_OF_NOISE * noise_std(y)
    return float(level - recovery[0]) if is_clear else 0.0


def _fell_once_from_rest(y: Floats, at: list[int]) -> bool:
    """Tell whether the only fall came after memory had rested: a collection ends a rise."""
    if len(at) != 1:
        return False
    before = y[at[0] - max(at[0] // _REST_PART, 1) : at[0]]
    return bool(np.ptp(before) < _RESTING_SHARE * (before[-1] - y[at[0]]))


def _choose(depths: Floats, share: Floats, *, is_regular: bool) -> NDArray[np.int64]:
    """Return which falls are restarts: all if few and far apart, else those that stand out."""
    order = np.argsort(-depths)
    deep = order[share[order] >= _MIN_DEPTH]
    if deep.size == 0:
        return deep
    if deep.size == depths.size and depths.size <= _MAX_RESTARTS and not is_regular:
        return deep
    ranked = depths[order]
    ratios = ranked[:-1] / np.maximum(ranked[1:], 1e-9)
    top = ratios[: min(_MAX_RESTARTS, deep.size)]
    if top.size == 0:
        return deep if not is_regular else deep[:0]
    standing_out = np.flatnonzero(top >= _DEEPER)
    return order[: standing_out[-1] + 1] if standing_out.size else deep[:0]


def _nearest_fall(t_s: Floats, y_bytes: Floats, moment: float) -> int:
    """Return the sample after the deepest fall near ``moment``: clocks and scrapes lag."""
    at = int(np.searchsorted(t_s, moment))
    low, high = max(at - 3, 1), min(at + 4, t_s.size)
    if low >= high:
        return at
    falls = y_bytes[low - 1 : high - 1] - y_bytes[low:high]
    best = low + int(np.argmax(falls))
    return best if falls[best - low] > 0 else min(max(at, 1), t_s.size - 1)
