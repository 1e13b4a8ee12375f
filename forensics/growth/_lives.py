"""Cut a series into process lifetimes: at restarts that are known, and at falls that look so.

A restart and a full collection both make memory fall at once. What tells them apart without
further evidence: collections come often and fall to the level they fell to before; a restart
is rare and falls deeper than the collections around it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.growth._envelope import find_swings, find_troughs
from forensics.growth._types import Floats, Life

#: A restart gives back at least this share of the memory held.
_MIN_DEPTH = 0.2
#: A restart falls this many times deeper than the collections around it.
_DEEPER = 1.6
#: More falls alike than this are collections: nobody lets a process die that often unseen.
_MAX_RESTARTS = 12
#: ... and a life shorter than this without any other sign of a restart is a collection cycle.
_MIN_LIFE_S = 1500.0
#: A fall takes at most this many samples.
_MAX_FALL_SAMPLES = 4
#: Samples (or minutes) of one life below which nothing is cut off.
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
        for first, stop in zip(edges[:-1], edges[1:], strict=True)
    )


def find_restarts(t_s: Floats, y_bytes: Floats) -> NDArray[np.int64]:
    """Return the first sample of each life that a fall in memory alone gives away."""
    none = np.zeros(0, np.int64)
    swings = find_swings(y_bytes)
    if swings.size < 2:
        return none
    change = np.diff(y_bytes[swings])
    samples = np.diff(swings)
    step_s = float(np.median(np.diff(t_s)))
    gap_s = np.diff(t_s[swings])
    is_fall = (change < 0) & ((samples <= _MAX_FALL_SAMPLES) | (gap_s <= 3 * step_s))
    stops, depths = swings[1:][is_fall], -change[is_fall]
    starts = swings[:-1][is_fall]
    share = depths / np.maximum(y_bytes[starts], 1e-9)
    chosen = _choose(depths, share, _is_regular(t_s, y_bytes, starts, stops))
    cut = np.sort(stops[chosen])
    return cut[(cut >= _MIN_SAMPLES) & (cut <= t_s.size - 1)]


def _choose(depths: Floats, share: Floats, is_regular: bool) -> NDArray[np.int64]:
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
    k = int(np.argmax(top)) + 1
    return order[:k] if top[k - 1] >= _DEEPER else deep[:0]


def _is_regular(
    t_s: Floats, y_bytes: Floats, starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> bool:
    """Tell whether falls come as collections do: at short distance."""
    if stops.size == 0:
        return False
    distance = np.diff(np.concatenate([[t_s[0]], t_s[stops]]))
    del y_bytes, starts
    return bool(np.median(distance) < _MIN_LIFE_S)


def _nearest_fall(t_s: Floats, y_bytes: Floats, moment: float) -> int:
    """Return the sample after the deepest fall near ``moment``: clocks and scrapes lag."""
    at = int(np.searchsorted(t_s, moment))
    low, high = max(at - 3, 1), min(at + 4, t_s.size)
    if low >= high:
        return at
    falls = y_bytes[low - 1 : high - 1] - y_bytes[low:high]
    best = low + int(np.argmax(falls))
    return best if falls[best - low] > 0 else min(max(at, 1), t_s.size - 1)


__all__ = ["clean", "find_restarts", "find_troughs", "split_lives"]
