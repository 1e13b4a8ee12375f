"""The values that the growth engines pass on: lives, floors, estimates, verdicts.

The main entry is ``forensics.growth.assess_growth``, which returns a ``GrowthAssessment``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.errors import NotEnoughDataError

Floats = NDArray[np.float64]
Leak = Literal["yes", "no", "unknown"]
Kind = Literal["heap", "offheap", "backlog", "cache-warmup", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Life:
    """One process lifetime: half-open range of samples and its times in seconds."""

    first: int
    stop: int
    started_s: float
    ended_s: float
    ended_by: Literal["restart", "drop", "end"]


@dataclass(frozen=True, slots=True)
class Floor:
    """What is left after collection, thinned to at most a hundred points.

    Attributes
    ----------
    t_s, y_bytes
        Shape (m,), increasing times. Points are window medians; of the troughs if
        ``is_sawtooth``, of all samples otherwise.
    load, requests
        Shape (m,): load at each point and requests since the start of the life, or None.
    is_sawtooth
        The series swings like a collected heap: rises slowly, falls at once, many times.
    period_s
        Median time from trough to trough, NaN without a sawtooth.
    swing_bytes
        Median height from peak to trough, 0 without a sawtooth.
    drift_bytes
        What the beat between samples and collections may have moved the troughs by, 0 without one.
    rounding_bytes
        The unit that whoever wrote the samples rounded them to, 0 if none shows.
    """

    t_s: Floats
    y_bytes: Floats
    load: Floats | None
    requests: Floats | None
    is_sawtooth: bool
    period_s: float
    swing_bytes: float = 0.0
    drift_bytes: float = 0.0
    rounding_bytes: float = 0.0

    @property
    def span_s(self) -> float:
        """Time from the first to the last point."""
        return float(self.t_s[-1] - self.t_s[0]) if self.t_s.size else 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the interval that holds it with probability ``level``; NaN is unknown."""

    value: float
    low: float
    high: float
    level: float = 0.9

    @property
    def is_known(self) -> bool:
        """The value is a number (its interval may still be wide)."""
        return bool(np.isfinite(self.value))


UNKNOWN = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a process beside its series.

    Attributes
    ----------
    restarts_are_complete
        Nothing but the restarts given happened: none is inferred from falls.
    births_s
        When the process started, each time, in the time of the series; empty if not known.
    is_resident
        The series is memory of a whole process, which no collection gives back at once.
    is_heap_floor
        The series is a managed heap, and its limit the most that heap may hold.
    """

    restarts_are_complete: bool = False
    births_s: tuple[float, ...] = ()
    is_resident: bool = False
    is_heap_floor: bool = False


@dataclass(frozen=True, slots=True)
class LifeGrowth:
    """How one life grew.

    Attributes
    ----------
    leak, kind
        The verdict, pooled with the other lives where they say more.
    log_odds
        Natural logarithm of the odds that this life leaks, from its own samples alone.
    model, runner_up, evidence_ratio
        Family that explains best ("undetermined" if the next is too close), the next, and
        how many times likelier the first is.
    log_evidence
        Logarithm of the probability of the points under all models together; compares loads.
    rate
        Bytes a second at the end of the life.
    onset_s
        When the rise began, in the time of the series.
    time_to_limit_s
        Seconds from the last sample until the fitted floor meets the limit; ``inf`` if never.
    rise_bytes
        Growth over the life that the leak models ascribe to the leak.
    floor
        The points all this rests on.
    why
        One sentence for the reader.
    """

    life: Life
    leak: Leak
    kind: Kind
    log_odds: float
    model: str
    runner_up: str | None
    evidence_ratio: float
    log_evidence: float
    rate: Estimate
    onset_s: Estimate
    time_to_limit_s: Estimate
    rise_bytes: float
    floor: Floor
    why: str


@dataclass(frozen=True, slots=True)
class GrowthAssessment:
    """All lives of one series, and the verdict over them."""

    lives: tuple[LifeGrowth, ...]
    leak: Leak
    kind: Kind
    log_odds: float

    @property
    def latest(self) -> LifeGrowth:
        """The life that was seen last, whose rate and time to the limit matter now.

        Raises
        ------
        NotEnoughDataError
            If the series had no sample that is a number.
        """
        if not self.lives:
            raise NotEnoughDataError("growth: 0 samples that are numbers; expected 1 or more")
        return self.lives[-1]

    @property
    def probability(self) -> float:
        """Probability that the series leaks, given equal odds before."""
        return float(1 / (1 + np.exp(-np.clip(self.log_odds, -700, 700))))
