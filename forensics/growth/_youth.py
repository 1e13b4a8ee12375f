"""What the first minutes of a process can't tell: warming up looks like leaking.

A process that has just started loads code, compiles it, opens pools and touches the pages of
its heap for the first time. All of that rises from the first sample on, slows down, and ends.
A leak may look the same for as long. What separates them is whether the rise goes on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.growth._curves import Curves
from forensics.growth._types import Floats, Floor, Life

#: Assumed to be the longest that starting up takes: class loading, just-in-time compilation,
#: filling pools and touching the heap. Measured on servers it is one to ten minutes.
WARM_UP_S = 900.0
#: A life counts as seen from its start if at most this share of it was missed.
_MISSED_SHARE = 0.25
#: Clocks of who says when a process started and who sampled it differ by this much.
_CLOCK_S = 5.0
#: A curve slows down if its slope at the end is below this share of its mean slope.
_SLOWER = 0.8
#: A heap floor from this share of the most it may hold has nowhere left to go.
_FULL_SHARE = 0.85
#: ... if this share of the points after the first one are as full.
_LASTING_SHARE = 0.8


def is_young(life: Life, births_s: tuple[float, ...]) -> bool:
    """Tell whether a life was seen from its known start and ended within the warm-up.

    Where no start is known, a life watched for no longer than a warm-up may be one.
    """
    before = [born for born in births_s if born <= life.started_s + _CLOCK_S]
    if not before:
        return life.ended_s - life.started_s <= WARM_UP_S
    born = max(before)
    age_s = life.ended_s - born
    return age_s <= WARM_UP_S and life.started_s - born <= _MISSED_SHARE * max(age_s, 1e-9)


def find_slowing(curves: Curves) -> NDArray[np.bool_]:
    """Tell which curves of leaks slow down over the window by themselves, shape (c,).

    Growth by request is left out: it slows down with the requests, which were measured.
    """
    return curves.is_leak & (curves.end_slopes() < _SLOWER)


def cut_when_full(floor: Floor, limit_bytes: float | None, *, min_points: int) -> Floor:
    """Return the part of a heap floor before the heap was full.

    A heap that leaks until nothing is free stays full until the process dies. The plateau is
    the limit's, no ceiling of the program's own, and must not make the rise look like one that
    ended by itself.
    """
    if limit_bytes is None or floor.t_s.size <= min_points:
        return floor
    is_full = floor.y_bytes >= _FULL_SHARE * limit_bytes
    first = int(np.argmax(is_full))
    if not is_full[first] or first < min_points or is_full[first:].mean() < _LASTING_SHARE:
        return floor
    return first_points(floor, first + 1)


def first_points(floor: Floor, count: int) -> Floor:
    """Return the floor of the first points only."""
    return Floor(
        t_s=floor.t_s[:count],
        y_bytes=floor.y_bytes[:count],
        load=_first(floor.load, count),
        requests=_first(floor.requests, count),
        is_sawtooth=floor.is_sawtooth,
        period_s=floor.period_s,
        swing_bytes=floor.swing_bytes,
        drift_bytes=floor.drift_bytes,
        rounding_bytes=floor.rounding_bytes,
    )


def _first(values: Floats | None, count: int) -> Floats | None:
    return None if values is None else values[:count]
