"""Process memory net of what is measured inside it: the part that only a leak outside explains.

Resident memory of a managed runtime rises while the heap is touched for the first time, up to
the most that heap may hold, and with the code that gets loaded and compiled. Each of these has
a gauge of its own. What is left once they are taken off is what the process verdict rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats = NDArray[np.float64]

#: Gauges of memory that is part of the process and is judged by itself.
PARTS: Final = ("nonheap_used", "direct_used")
#: A gauge that covers less of the samples than this isn't taken off.
_MIN_COVER: Final = 0.6
#: Samples at the end of a life whose median stands for what its parts hold from then on.
_LAST: Final = 3


@dataclass(frozen=True, slots=True)
class Explained:
    """Bytes of a process that its own gauges explain, shape (n,), and by which roles."""

    y_bytes: Floats
    roles: tuple[str, ...]


def explain_process(
    t_s: Floats, by_role: Mapping[str, pl.DataFrame], births_s: tuple[float, ...]
) -> Explained | None:
    """Return what gauges inside the process explain of its memory, or None without a heap gauge.

    Of the heap counts what was touched: the most that was in use since the process started,
    and never more than is committed; pages once touched stay resident.

    Parameters
    ----------
    t_s : array of float64, shape (n,)
        Times to explain, Unix seconds.
    by_role
        Points of each role of the process in order of time, with their times as ``_t``.
    births_s
        Starts of the process: memory touched before doesn't count after.
    """
    used = _series(by_role.get("heap_used"), t_s)
    committed = _series(by_role.get("heap_committed"), t_s)
    if used is None and committed is None:
        return None
    life = np.searchsorted(np.sort(np.array(births_s, np.float64)), t_s, side="right")
    if used is None:
        heap, names = committed, ["heap_committed"]
    else:
        heap, names = _running_peak(used, life), ["heap_used"]
        if committed is not None:
            heap, names = np.minimum(heap, committed), [*names, "heap_committed"]
    total = np.zeros(t_s.size) if heap is None else heap
    for role in PARTS:
        part = _series(by_role.get(role), t_s)
        if part is not None:
            total, names = total + part, [*names, role]
    return Explained(total, tuple(names))


def take_off(
    t_s: Floats, y_bytes: Floats, explained: Explained, births_s: tuple[float, ...]
) -> Floats:
    """Return the memory with its explained part held at what it was when each life ended.

    The level stays that of the process, so that its limit still applies; only the movement of
    the explained part is gone.
    """
    life = np.searchsorted(np.sort(np.array(births_s, np.float64)), t_s, side="right")
    net = y_bytes - explained.y_bytes
    for number in np.unique(life):
        mine = life == number
        net[mine] += float(np.median(explained.y_bytes[mine][-_LAST:]))
    return net


def _series(frame: pl.DataFrame | None, t_s: Floats) -> Floats | None:
    """Return a gauge at the given times, None where it covers too few of them."""
    if frame is None:
        return None
    if frame.height < _LAST:
        return None
    when, what = frame["_t"].to_numpy(), frame["value"].to_numpy()
    step = float(np.median(np.diff(when)))
    inside = (t_s >= when[0] - 2 * step) & (t_s <= when[-1] + 2 * step)
    return np.interp(t_s, when, what) if inside.mean() >= _MIN_COVER else None


def _running_peak(used: Floats, life: NDArray[np.int64]) -> Floats:
    peak = used.copy()
    for number in np.unique(life):
        mine = life == number
        peak[mine] = np.maximum.accumulate(used[mine])
    return peak
