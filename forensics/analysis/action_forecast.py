"""What each action would do: left alone, rolled back, restarted, scaled out, rerouted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from forensics.analysis._candidates import Candidate, runs_version
from forensics.analysis._service_fit import fit_service
from forensics.analysis._service_model import Action, Course, Service, simulate
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.roles import Result as Roles
from forensics.analysis.saturation import Result as Saturation
from forensics.analysis.what_if import Result as WhatIf
from forensics.config import IncidentConfig
from forensics.findings import AnyEntry, EvidenceRef, Finding, Measure

TITLE: Final = "What each action would do"
NEEDS: Final = ("roles", "memory_growth", "saturation", "attribution", "what_if", "config")

LEFT_ALONE: Final = "left alone"
ROLL_BACK: Final = "rolled back"
RESTART: Final = "restarted"
SCALE: Final = "twice the processes"
RAISE_POOL: Final = "twice the pool"
REROUTE: Final = "rerouted, same code"

#: What is looked at: three times the time that memory lasts, within these bounds.
_HORIZON_S: Final = (1800.0, 12 * 3600.0)
_NO_LIMIT_S: Final = 3600.0
#: How long replacing one process takes where no rollout was seen.
_EACH_S: Final = 60.0
_APART_S: Final = 180.0
#: Trouble not seen for this long is over.
_OVER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Result:
    """The fitted service and the course of each action by its name; empty without a model.

    ``rollout_s`` is how long replacing all processes takes, ``is_rollout_seen`` whether a rollout
    in the evidence took that long or a minute a process is assumed.
    """

    service: Service | None = None
    courses: tuple[Course, ...] = ()
    rollout_s: float = math.nan
    is_rollout_seen: bool = False

    def course(self, name: str) -> Course | None:
        """Return the course of an action."""
        return next((c for c in self.courses if c.action.name == name), None)

    @property
    def horizon_min(self) -> float:
        """How far the courses look ahead, minutes."""
        return float(self.courses[0].minutes[-1]) if self.courses else 0.0


def run(  # one argument an input
    *,
    roles: Roles,
    memory_growth: Growths,
    saturation: Saturation,
    attribution: Attribution,
    what_if: WhatIf,
    config: IncidentConfig,
) -> Result:
    """Fit the service as it was last seen and play every action forward from there."""
    share = sum(what_if.share_from_load) / 2.0
    service = fit_service(roles, memory_growth, saturation, share)
    if service is None or not _has_trouble(service, attribution, roles):
        return Result()
    cause = next((s for s in attribution.suspects if s.role == "cause"), None)
    change = next(
        (c for c in attribution.candidates if cause and c.change_id == cause.change_id), None
    )
    seen_s = _rollout_s(change, attribution)
    rollout_s = seen_s or _EACH_S * service.processes
    horizon_s = _horizon_s(service)
    courses = tuple(
        simulate(where, action, horizon_s)
        for where, action in _actions(service, change, rollout_s, config)
    )
    return Result(service, courses, rollout_s, seen_s is not None)


def _has_trouble(service: Service, attribution: Attribution, roles: Roles) -> bool:
    """Say whether something was still wrong at the end of the evidence."""
    return service.rate_bytes_per_s > 0 or not is_over(attribution, roles)


def is_over(attribution: Attribution, roles: Roles) -> bool:
    """Say whether the trouble was last seen well before the evidence ends."""
    symptom = attribution.symptom
    if symptom is None or roles.points.is_empty():
        return True
    last: datetime = roles.points["time"].max()  # type: ignore[assignment]  # a datetime column
    return symptom.end is not None and symptom.end < last - _OVER


def _horizon_s(service: Service) -> float:
    if not (service.rate_bytes_per_s > 0 and math.isfinite(service.limit_bytes)):
        return _NO_LIMIT_S
    lasts_s = (service.limit_bytes - service.fresh_bytes) / service.rate_bytes_per_s
    return min(max(3.0 * lasts_s, _HORIZON_S[0]), _HORIZON_S[1])


def _actions(
    service: Service, change: Candidate | None, rollout_s: float, config: IncidentConfig
) -> Iterator[tuple[Service, Action]]:
    yield service, Action(LEFT_ALONE)
    if change is not None and change.kind == "deploy":
        yield service, Action(ROLL_BACK, replaced_over_s=rollout_s, is_clean=True)
    elif change is not None and change.kind in {"flag", "config"}:
        yield service, Action(ROLL_BACK, stops_growth=True)
    if service.rate_bytes_per_s > 0:
        yield service, Action(RESTART, replaced_over_s=rollout_s)
    yield service, Action(SCALE, process_factor=2.0)
    if service.pool_size > 0:
        yield service, Action(RAISE_POOL, pool_factor=2.0)
    if service.rate_bytes_per_s > 0:
        count = config.standby.processes or service.processes
        traffic = service.requests_per_s + config.standby.requests_per_s
        there = replace(service, requests_per_s=traffic) if traffic > 0 else service
        factor = count / service.processes
        yield there, Action(REROUTE, process_factor=factor, is_elsewhere=True)


def _rollout_s(change: Candidate | None, attribution: Attribution) -> float | None:
    """Return how long the last rollout took: by its record, else from first to last start."""
    deploys = [c for c in attribution.candidates if c.kind == "deploy"]
    if change is not None and change.kind == "deploy":
        deploys = [change]
    if not deploys or deploys[-1].time is None:
        return None
    last, began = deploys[-1], deploys[-1].time
    if last.end_time is not None and last.end_time > began:
        return (last.end_time - began).total_seconds()
    starts: dict[str, float] = {}
    for life in attribution.lives:
        if runs_version(life.version, last.to_version):
            starts.setdefault(life.entity, life.start_s)
    ordered = sorted(starts.values())
    # Processes that were added long afterwards are no part of the rollout.
    gaps = [b - a for a, b in pairwise(ordered)]
    count = next((i + 1 for i, gap in enumerate(gaps) if gap > _APART_S), len(ordered))
    took_s = ordered[count - 1] - ordered[0] if count else 0.0
    return took_s if took_s > 0 else None


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement with two measures an action."""
    if not result.courses:
        return []
    hours = result.horizon_min / 60.0
    span = f"{hours:.2g} h" if hours >= 2 else f"{result.horizon_min:.0f} min"
    return [
        Finding(
            topic="actions",
            text=f"Each action played forward for {span}, with traffic as it was last seen.",
            confidence="low",
            measures=[m for course in result.courses for m in _measures(course, result)],
            evidence=[EvidenceRef(path="metrics", query="memory, requests and connections")],
        )
    ]


def _measures(course: Course, result: Result) -> Iterator[Measure]:
    name = course.action.name
    service = result.service
    if service is not None and math.isfinite(service.limit_bytes) and service.rate_bytes_per_s > 0:
        is_met = math.isfinite(course.limit_min)
        yield Measure(
            name=f"first process at its limit, {name}",
            value=round(course.limit_min, 1) if is_met else None,
            unit="min",
            why="" if is_met else f"none within {result.horizon_min:.0f} min",
        )
    if service is not None and service.requests_per_s > 0:
        yield Measure(
            name=f"requests served, {name}", value=round(course.mean_served, 3), unit="share"
        )
