"""What a forecast becomes under other traffic, after a rollback, or on more pods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.growth._types import Estimate


@dataclass(frozen=True, slots=True)
class Scenario:
    """A change to the conditions that a growth was measured under.

    Attributes
    ----------
    traffic_factor
        Total traffic, as a multiple of that measured.
    pods_before, pods_after
        Number of pods that share it.
    is_rolled_back
        The leaking version is replaced by one that was seen not to leak.
    """

    traffic_factor: float = 1.0
    pods_before: int = 1
    pods_after: int = 1
    is_rolled_back: bool = False

    @property
    def load_factor(self) -> float:
        """Traffic of one pod, as a multiple of that measured."""
        return self.traffic_factor * self.pods_before / self.pods_after


def scale_time_to_limit(
    time_s: Estimate, scenario: Scenario, *, share_from_load: tuple[float, float] = (0.0, 1.0)
) -> Estimate:
    """Return the time to the limit of one pod under a scenario.

    A leak by request goes as the load of the pod, a leak by the clock doesn't. Where the
    evidence doesn't say which (``share_from_load`` from 0 to 1), the interval covers both.
    After a rollback no limit is met. A rise in load also raises the memory that running
    requests hold; that isn't in the figure, so it is an upper bound on the time left.

    Parameters
    ----------
    time_s
        Time to the limit as measured, in any unit of time.
    scenario
        What changes.
    share_from_load
        Least and greatest share of the growth that goes with requests, 0 to 1.
    """
    if scenario.is_rolled_back:
        return Estimate(np.inf, np.inf, np.inf, time_s.level)
    factors = [1 - share + share * scenario.load_factor for share in share_from_load]
    slow, fast = min(factors), max(factors)
    middle = float(np.sqrt(max(slow, 1e-9) * max(fast, 1e-9)))
    return Estimate(
        value=time_s.value / middle,
        low=time_s.low / max(fast, 1e-9),
        high=time_s.high / max(slow, 1e-9),
        level=time_s.level,
    )
