"""Growth results for simulated incidents: analysed in full, or handed over with errors.

The full analysis of a hundred pods takes seconds; most incidents get the growth result that
the analysis would give, wrong as often as it is: short lives undecided, some leaks missed,
fresh processes that warm up taken for leaks.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.analysis import lifetimes, memory_growth
from forensics.analysis._growth_signals import Signal
from forensics.analysis.memory_growth import SignalGrowth
from forensics.analysis.roles import Result as Roles
from forensics.growth._types import Estimate, Floor, GrowthAssessment, Leak, Life, LifeGrowth
from forensics.growth._verdict import judge
from forensics.tables import empty_table
from tests.verdict.simulate import MIB, START, Floats, Incident, Pod

#: Chances of the errors: a leak missed, a clean life accused, a warm-up taken for a leak.
MISSED: Final = 0.08
ACCUSED: Final = 0.05
WARM_ACCUSED: Final = 0.20
_KNOWN_AFTER_S: Final = 300.0
_NOTHING: Final = np.zeros(0)


def analyse_growth(incident: Incident, roles: Roles) -> memory_growth.Result:
    """Run the real analysis."""
    lives = lifetimes.run(roles=roles, events=incident.events)
    return memory_growth.run(roles=roles, lifetimes=lives, gc=empty_table("gc"))


def imagine_growth(incident: Incident) -> memory_growth.Result:
    """Return a growth result as good and as bad as the analysis gives."""
    rng = np.random.default_rng(10_000 + incident.seed)
    by_pod: dict[str, list[LifeGrowth]] = {}
    pods: dict[str, Pod] = {}
    for pod, start_s, end_s, rate, onset_s in incident.lives:
        pods[pod.name] = pod
        life = _life(rng, (start_s, end_s), rate, onset_s, fresh=start_s > 0)
        by_pod.setdefault(pod.name, []).append(life)
    has_versions = "version" in str(incident.metrics["labels"].head(1).to_list())
    signals = tuple(
        _signal(incident, pods[name], lives, has_versions=has_versions)
        for name, lives in by_pod.items()
    )
    odds = sum(float(np.clip(s.assessment.log_odds, -2, 4)) for s in signals)
    leaks = any(s.assessment.leak == "yes" and s.assessment.log_odds > 2.5 for s in signals)
    leak: Leak = judge(max(odds, 3.0)) if leaks else judge(min(odds, -2.0))
    kind = "heap" if leak == "yes" else "none"
    return memory_growth.Result(
        signals, leak, kind, odds if leak == "yes" else -4.0, pl.DataFrame()
    )


def _life(
    rng: np.random.Generator, span: tuple[float, float], rate: float, onset_s: float, *, fresh: bool
) -> LifeGrowth:
    """Judge one life as the analysis would: sure of long lives, now and then wrong."""
    length = span[1] - span[0]
    seen = min(1.0, length / _KNOWN_AFTER_S)
    gained = rate * (span[1] - (span[0] if np.isnan(onset_s) else onset_s))
    leaks = gained > 25 * MIB
    wrong = rng.random() < (MISSED if leaks else ACCUSED)
    warm = not leaks and fresh and rng.random() < WARM_ACCUSED
    sign = -1.0 if leaks == wrong else 1.0
    odds = 3.0 if warm else sign * seen * abs(float(rng.normal(6.0, 3.0)))
    if warm:
        rate = float(rng.uniform(10, 40)) * MIB / max(length, 240.0)
    elif odds > 0 and not leaks:
        rate = float(rng.uniform(5, 60)) * MIB / length
    measured = rate * float(rng.lognormal(0.0, 0.15))
    error = 0.1 * measured + 3 * MIB / max(length, 60.0)
    zero = int(START.timestamp())
    began = span[0] if np.isnan(onset_s) else onset_s
    noise = float(rng.normal(0, min(90.0, 0.05 * length))) if began > span[0] else 0.0
    half = min(180.0, 0.1 * length)
    onset = float(np.clip(began + noise, *span))
    return LifeGrowth(
        life=Life(0, 0, zero + span[0], zero + span[1], "end"),
        leak=judge(odds),
        kind="unknown",
        log_odds=odds,
        model="linear" if odds > 0 else "constant",
        runner_up=None,
        evidence_ratio=10.0,
        log_evidence=0.0,
        rate=Estimate(measured, measured - 1.6 * error, measured + 1.6 * error),
        onset_s=Estimate(zero + onset, zero + max(span[0], onset - half), zero + onset + half),
        time_to_limit_s=Estimate(np.nan, np.nan, np.nan),
        rise_bytes=measured * length,
        floor=Floor(_NOTHING, _NOTHING, None, None, is_sawtooth=False, period_s=np.nan),
        why="",
    )


def _signal(
    incident: Incident, pod: Pod, lives: list[LifeGrowth], *, has_versions: bool
) -> SignalGrowth:
    odds = max((life.log_odds for life in lives), default=0.0)
    t, y = incident.memory[pod.name]
    zero = START.timestamp()
    signal = Signal(
        entity=pod.name,
        role="rss",
        metric="container_memory_rss",
        side="process",
        t_s=t + zero,
        y_bytes=y,
        loads={},
        limit_bytes=1400 * MIB,
        restarts_s=(),
        is_watched=False,
        versions=((zero + pod.start_s, pod.version),) if has_versions else (),
    )
    kind = "heap" if judge(odds) == "yes" else "none"
    return SignalGrowth(signal, GrowthAssessment(tuple(lives), judge(odds), kind, odds), None, kind)


__all__ = ["Floats", "analyse_growth", "imagine_growth"]
