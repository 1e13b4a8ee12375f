"""When memory would run out under other traffic, after a rollback, or on more pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from forensics.findings import AnyEntry, EvidenceRef, Finding, Interval, Measure
from forensics.growth._types import Estimate, LifeGrowth
from forensics.growth._what_if import Scenario, scale_time_to_limit

if TYPE_CHECKING:
    from forensics.analysis import memory_growth as memory_growth_module

TITLE: Final = "What if"
NEEDS: Final = ("memory_growth",)

#: Forecasts further ahead than this many minutes (ten years) are "never".
_FAR_MIN: Final = 5.3e6


@dataclass(frozen=True, slots=True)
class Forecast:
    """Time to the limit of the pod that meets it first, in minutes, under one scenario.

    ``minutes`` is infinite where the limit is never met.
    """

    name: str
    scenario: Scenario
    minutes: Estimate


@dataclass(frozen=True, slots=True)
class Result:
    """Forecasts of the pod that runs out first; empty if none leaks or no limit is known.

    ``share_from_load`` is the least and the greatest share of the growth that goes with
    requests: (1, 1) if the best model says so, (0, 0) if growth by the clock was told from
    it, (0, 1) where the two can't be told apart.
    """

    entity: str | None
    pods: int
    share_from_load: tuple[float, float]
    forecasts: tuple[Forecast, ...]


def run(*, memory_growth: memory_growth_module.Result) -> Result:
    """Ask the usual questions of the leaking process that meets its limit first.

    The pods that leak at the end of the window are taken to share the traffic evenly.
    """
    last = [
        (grown, grown.assessment.lives[-1])
        for grown in memory_growth.deciding
        if grown.assessment.leak == "yes" and grown.assessment.lives
    ]
    known = [pair for pair in last if pair[1].time_to_limit_s.is_known]
    if not known:
        return Result(None, len(last), (0.0, 1.0), ())
    grown, life = min(
        known, key=lambda pair: (pair[1].time_to_limit_s.value, pair[0].signal.entity)
    )
    share = _share_from_load(life, has_load=grown.load_role is not None)
    now = life.time_to_limit_s
    minutes = Estimate(now.value / 60, now.low / 60, now.high / 60, now.level)
    pods = len(last)
    scenarios = (
        ("as it is", Scenario()),
        ("twice the traffic", Scenario(traffic_factor=2.0)),
        ("half the traffic", Scenario(traffic_factor=0.5)),
        ("twice the pods", Scenario(pods_before=pods, pods_after=2 * pods)),
        ("after a rollback", Scenario(is_rolled_back=True)),
    )
    forecasts = tuple(
        Forecast(name, scenario, scale_time_to_limit(minutes, scenario, share_from_load=share))
        for name, scenario in scenarios
    )
    return Result(grown.signal.entity, pods, share, forecasts)


def _share_from_load(life: LifeGrowth, *, has_load: bool) -> tuple[float, float]:
    """Return how much of the growth goes with requests, as far as the models tell."""
    if life.model == "per_request":
        return 1.0, 1.0
    told_apart = has_load and life.model != "undetermined" and life.runner_up != "per_request"
    return (0.0, 0.0) if told_apart else (0.0, 1.0)


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement with a measure for each scenario; nothing without a forecast."""
    if not result.forecasts:
        return []
    by_request = {(1.0, 1.0): "with requests", (0.0, 0.0): "with the clock"}
    grows = by_request.get(result.share_from_load, "with requests or with the clock")
    return [
        Finding(
            topic="what-if",
            text=(
                f"{result.entity} meets its limit first; its memory grows {grows}, so traffic "
                "and the number of pods move that time as the measures say."
            ),
            confidence="medium" if result.share_from_load != (0.0, 1.0) else "low",
            measures=[_measure(forecast) for forecast in result.forecasts],
            evidence=[EvidenceRef(path="metrics", query=f"memory of {result.entity}")],
        )
    ]


def _measure(forecast: Forecast) -> Measure:
    time = forecast.minutes
    is_met = np.isfinite(time.value) and time.value < _FAR_MIN
    has_ends = is_met and time.high < _FAR_MIN
    return Measure(
        name=f"time to the limit, {forecast.name}",
        value=time.value if is_met else None,
        unit="min",
        interval=Interval(low=time.low, high=time.high) if has_ends else None,
        why="" if is_met else "the limit isn't met",
    )
