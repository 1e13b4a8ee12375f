"""Process lifetimes as the attribution sees them: who leaked, from when, how fast.

One signal a process is used, the same kind for all where possible: growth of the managed heap
shows in resident memory too, but not the other way round, and every fresh process warms up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import SignalGrowth
from forensics.analysis.roles import Result as Roles
from forensics.growth._types import LifeGrowth

Floats = NDArray[np.float64]

_POD: Final = re.compile(r"-[bcdf-hj-np-tv-xz0-9]{5}$")
#: A life of a few samples is judged by its neighbours alone and tells nothing of its own.
_SHORTEST_S: Final = 30.0
_SHORTEST_SHARE: Final = 0.1
#: No verdict on one life is trusted beyond 30 to 1: its model may be wrong in many ways.
_TRUST: Final = 3.4
#: Growth slower than this share of the leaking lives' pace is more likely something else
#: (warm-up, caches); the logistic passes 1/2 here and falls tenfold for each factor of 2.5.
_SLOW: Final = 1.0 / 3.0
_STEEPNESS: Final = 2.5
#: How much one process may add to what is concluded about its version.
_FOR, _AGAINST = 3.0, -2.0
#: The Theil-Sen slope compares all pairs: this many points are enough.
_POINTS: Final = 120


@dataclass(frozen=True, slots=True)
class Life:
    """One process lifetime; times in seconds since the epoch.

    ``leak`` is the probability that it leaks as the others do. ``onset_s`` with its interval
    is when the growth began, NaN where that isn't known. ``t_s`` and ``y_bytes`` are all
    samples of the process (shape (n,)), other lives included.
    """

    entity: str
    version: str | None
    start_s: float
    end_s: float
    leak: float
    onset_s: float
    onset_low_s: float
    onset_high_s: float
    rate_bytes_per_min: float = math.nan
    rate_low_bytes_per_min: float = math.nan
    t_s: Floats | None = None
    y_bytes: Floats | None = None

    @property
    def kin(self) -> str:
        """What runs the same program: its version, else the ReplicaSet in its pod's name."""
        return self.version or _POD.sub("", self.entity)


def collect_lives(growths: Growths, versions: Mapping[str, str]) -> list[Life]:
    """Return the lifetimes of all processes that can be dated, in order of entity and time.

    Parameters
    ----------
    growths
        Verdicts of the growth analysis, one series after the other.
    versions
        Version by entity, for series that don't carry it.
    """
    panel = [grown for grown in _choose_panel(growths) if grown.signal.is_dated]
    known = [life.life for grown in panel for life in grown.assessment.lives]
    ends = [(x.started_s, x.ended_s) for x in known] or [(0.0, 0.0)]
    whole_s = max(end for _, end in ends) - min(start for start, _ in ends)
    shortest_s = min(_SHORTEST_S, _SHORTEST_SHARE * whole_s)
    lives = [
        _life(grown, life, versions)
        for grown in panel
        for life in grown.assessment.lives
        if life.life.ended_s - life.life.started_s >= shortest_s
    ]
    pace = _pace(lives)
    return [replace(life, leak=_adjusted(life, pace)) for life in lives]


def find_versions(roles: Roles, events: pl.DataFrame) -> dict[str, str]:
    """Return the version of each entity that ran only one, from metrics and events."""
    named = pl.concat(
        [roles.points.select("entity", "version"), events.select("entity", "version")]
    ).drop_nulls()
    single = (
        named.group_by("entity")
        .agg(pl.col("version").unique())
        .filter(pl.col("version").list.len() == 1)
    )
    return {entity: versions[0] for entity, versions in single.iter_rows()}


def leak_probability(lives: Sequence[Life]) -> float:
    """Return the probability that the processes of at least one version leak.

    Processes of one version run one program: what they say is added up, each within bounds,
    so that one false alarm among many clean processes accuses nobody.
    """
    odds: dict[str, float] = {}
    for life in lives:
        p = min(max(life.leak, 1e-3), 1.0 - 1e-3)
        share = min(max(math.log(p / (1.0 - p)), _AGAINST), _FOR)
        group = life.kin
        odds[group] = odds.get(group, 0.0) + share
    worst = max(odds.values(), default=-_FOR)
    return 1.0 / (1.0 + math.exp(-min(max(worst, -4.0), 5.0)))


def slope_bytes_per_s(life: Life, low_s: float, high_s: float) -> float:
    """Return the Theil-Sen slope of a life between two moments; NaN below five samples."""
    return slope_interval(life, low_s, high_s)[0]


def slope_interval(life: Life, low_s: float, high_s: float) -> tuple[float, float, float]:
    """Return the Theil-Sen slope of a life between two moments and its 95 % interval."""
    unknown = (math.nan, math.nan, math.nan)
    if life.t_s is None or life.y_bytes is None:
        return unknown
    low_s, high_s = max(low_s, life.start_s), min(high_s, life.end_s)
    inside = (life.t_s >= low_s) & (life.t_s <= high_s) & np.isfinite(life.y_bytes)
    t_s, y = life.t_s[inside], life.y_bytes[inside]
    if t_s.size < 5:
        return unknown
    every = math.ceil(t_s.size / _POINTS)
    slope, _, low, high = stats.theilslopes(y[::every], t_s[::every], alpha=0.95)
    return float(slope), float(low), float(high)


def _choose_panel(growths: Growths) -> list[SignalGrowth]:
    """Return one series a process: its heap where any heap leaks, else all of its memory."""
    heap = {g.signal.entity: g for g in growths.signals if g.signal.side == "heap"}
    rest: dict[str, SignalGrowth] = {}
    for grown in growths.signals:
        if grown.signal.side != "heap":
            known = rest.get(grown.signal.entity)
            is_worse = known is not None and known.assessment.leak != "yes"
            if known is None or (is_worse and grown.assessment.leak == "yes"):
                rest[grown.signal.entity] = grown
    heap_leaks = any(g.assessment.leak == "yes" for g in heap.values())
    first, second = (heap, rest) if heap_leaks or not rest else (rest, heap)
    # A process seen from the other side only is left out: its growth is of another kind.
    chosen = first if len(first) * 2 >= len(second) else {**second, **first}
    return [chosen[entity] for entity in sorted(chosen)]


def _life(grown: SignalGrowth, life: LifeGrowth, versions: Mapping[str, str]) -> Life:
    signal = grown.signal
    odds = life.log_odds
    if life.leak == "unknown":
        odds = min(max(odds, -0.5), 0.5)
    leak = 1.0 / (1.0 + math.exp(-min(max(odds, -_TRUST), _TRUST)))
    onset = life.onset_s
    return Life(
        entity=signal.entity,
        version=signal.version_at(life.life.started_s) or versions.get(signal.entity),
        start_s=life.life.started_s,
        end_s=life.life.ended_s,
        leak=leak,
        onset_s=onset.value if leak > 0.5 else math.nan,
        onset_low_s=onset.low if leak > 0.5 else math.nan,
        onset_high_s=onset.high if leak > 0.5 else math.nan,
        rate_bytes_per_min=life.rate.value * 60.0,
        rate_low_bytes_per_min=life.rate.low * 60.0,
        t_s=signal.t_s,
        y_bytes=signal.y_bytes,
    )


def _pace(lives: Sequence[Life]) -> float:
    """Return how fast leaking lives grow: the upper quartile, NaN with fewer than three."""
    rates = [x.rate_bytes_per_min for x in lives if x.leak > 0.5 and x.rate_bytes_per_min > 0]
    return float(np.quantile(rates, 0.75)) if len(rates) >= 3 else math.nan


def _adjusted(life: Life, pace: float) -> float:
    """Return the probability that a life leaks, its pace held against the leaking lives' pace.

    Much slower growth is of another kind; a life judged clean that grows, beyond its error,
    at half their pace or more is an open case.
    """
    rate = life.rate_bytes_per_min
    if not (pace > 0 and rate > 0):
        return life.leak
    if life.leak <= 0.5:
        return max(life.leak, 0.5) if life.rate_low_bytes_per_min > 0.5 * pace else life.leak
    likeness = 1.0 / (1.0 + math.exp(-_STEEPNESS * math.log(rate / (_SLOW * pace))))
    return life.leak * likeness
