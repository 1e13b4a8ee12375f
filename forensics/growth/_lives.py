"""Cut a series into process lifetimes: at restarts that are known, and at falls that look so.

A restart and a full collection both make memory fall at once. What tells them apart without
further evidence: collections come often and fall to the level they fell to before; a restart
is rare and falls deeper than the collections around it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.growth._envelope import drop_spikes, find_swings, noise_std
from forensics.growth._types import Floats, Life

#: A restart gives back at least this share of the memory held.
_MIN_DEPTH = 0.2
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
#: A life of fewer samples isn't cut off.
_MIN_SAMPLES = 4


def clean(
    t_s: Floats, y_bytes: Floats, load: Floats | None = None
) -> tuple[Floats, Floats, Floats | None]:
    """Return the samples that are numbers, in order of time, one a moment."""
    t, y = np.asarray(t_s, np.float64), np.asarray(y_bytes, np.float64)
    good = np.flatnonzero(np.isfinite(t) & np.isfinite(y))
    good = good[np.argsort(t[good], kind="stable")]
    if good.size:
        good = good[np.concatenate([np.diff(t[good]) > 0, [True]])]
    return t[good], y[good], None if load is None else np.asarray(load, np.float64)[good]


def split_lives(
    t_s: Floats,
    y_bytes: Floats,
    *,
    restarts_s: tuple[float, ...] = (),
    is_complete: bool = False,
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
    """
    if t_s.size == 0:
        return ()
    cuts: dict[int, Literal["restart", "drop"]] = {}
    if not is_complete and not restarts_s:
        cuts = dict.fromkeys(find_restarts(t_s, y_bytes).tolist(), "drop")
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


def find_restarts(t_s: Floats, y_bytes: Floats) -> NDArray[np.int64]:
    """Return the first sample of each life that a fall in memory alone gives away."""
    none = np.zeros(0, np.int64)
    y_bytes = drop_spikes(y_bytes)
    swings = find_swings(y_bytes)
    if swings.size < 2 or y_bytes.size < 4 * _FALL_SAMPLES:
        return none
    falls = np.flatnonzero(np.diff(y_bytes[swings]) < 0)
    sudden, jumps = _sudden_falls(y_bytes), _sudden_falls(-y_bytes)
    at, depth = [], []
    for k in falls:
        first, stop = swings[k] + 1, swings[k + 1] + 1
        best = first + int(np.argmax(sudden[first:stop]))
        whole = y_bytes[swings[k]] - y_bytes[swings[k + 1]]
        risen = jumps[swings[k - 1] + 1 : swings[k] + 1].max(initial=0.0) if k else 0.0
        # What jumped up before it fell is a job that ended, not a process that died.
        if sudden[best] >= _SUDDEN_SHARE * whole and risen < _PULSE_SHARE * whole:
            at.append(best)
            depth.append(min(sudden[best], _lasting_fall(y_bytes, best)))
    if not at:
        return none
    if sum(sudden[at] > _SUDDEN_SHARE * sudden[at].max()) <= _FEW_FALLS:
        depth = [max(d, _recovered_fall(y_bytes, k)) for d, k in zip(depth, at, strict=True)]
    stops, depths = np.array(at, np.int64), np.array(depth)
    before = np.maximum(y_bytes[stops - 1], y_bytes[np.maximum(stops - _FALL_SAMPLES, 0)])
    distance = np.diff(np.concatenate([[t_s[0]], t_s[stops]]))
    is_regular = bool(np.median(distance) < _MIN_LIFE_S)
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


def _lasting_fall(y: Floats, at: int) -> float:
    """Return the fall from the median just before ``at`` to that just after: noise has none."""
    before = y[max(at - _LASTING_SAMPLES - 1, 0) : at]
    after = y[at : at + _LASTING_SAMPLES]
    return float(np.median(before) - np.median(after)) if before.size else 0.0


def _recovered_fall(y: Floats, at: int) -> float:
    """Return the fall at ``at`` if memory recovers from it step by step: a process warming up."""
    before = y[max(at - _LASTING_SAMPLES - 1, 0) : at]
    recovery = y[at : at + _RECOVERY_SAMPLES]
    if not before.size or recovery.size < _RECOVERY_SAMPLES or (np.diff(recovery) <= 0).any():
        return 0.0
    level = float(np.median(before))
    is_clear = level - recovery[-1] > _CLEAR_OF_NOISE * noise_std(y)
    return float(level - recovery[0]) if is_clear else 0.0


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
