"""Does memory leak: each process lifetime judged, then all of them together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from forensics.analysis._growth_pool import pool_versions
from forensics.analysis._growth_signals import BACKLOG_ROLES, Signal, iter_signals
from forensics.findings import Confidence, EvidenceRef, Growth, LeakKind, YesNo
from forensics.growth._types import Estimate, GrowthAssessment, Known, LifeGrowth
from forensics.growth._verdict import assess_growth, pool_lives
from forensics.growth._youth import is_young

if TYPE_CHECKING:
    from forensics.analysis import lifetimes as lifetimes_module
    from forensics.analysis import roles as roles_module

TITLE: Final = "Memory growth"
NEEDS: Final = ("roles", "lifetimes", "gc", "events")

_PER_MIN: Final = 60.0
#: Log odds from which a verdict is called of high, and of medium, confidence: 50:1 and 5:1.
_HIGH: Final = 3.9
_MEDIUM: Final = 1.6
#: What rises while a managed runtime starts up, and how near its limit it says more than that.
_GROW_AT_START: Final = ("rss", "working_set", "nonheap_used")
_NEAR_LIMIT: Final = 0.85
#: Share of the limit (of its top, where no limit is known) that a cache fills to be named.
_MIN_CACHE_SHARE: Final = 0.05
_UNDATED: Final = "the log counts from the start of the process, which nothing dates"
#: Forecasts further ahead than this many minutes (ten years) are "never".
_FAR_MIN: Final = 5.3e6


@dataclass(frozen=True, slots=True)
class SignalGrowth:
    """One memory series and what was concluded from it.

    ``load_role`` is the load that explains most and was used, None without any.
    """

    signal: Signal
    assessment: GrowthAssessment
    load_role: str | None
    kind: LeakKind

    @property
    def is_silent(self) -> bool:
        """No life of it says anything: too short, or too young."""
        return self.assessment.leak == "unknown" and self.assessment.log_odds == 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What memory did, over all processes.

    Parameters
    ----------
    signals
        Every series judged, heap before process before off-heap.
    leak, kind
        The verdict over all of them.
    log_odds
        Natural logarithm of its odds.
    versions
        One row a version: ``version, leak, log_odds, processes, rate_bytes_per_min, rate_low,
        rate_high``; empty where versions aren't known.
    """

    signals: tuple[SignalGrowth, ...]
    leak: YesNo
    kind: LeakKind
    log_odds: float
    versions: pl.DataFrame

    @property
    def probability(self) -> float:
        """Probability of a leak, given equal odds before."""
        return float(1 / (1 + np.exp(-np.clip(self.log_odds, -700, 700))))

    @property
    def deciding(self) -> tuple[SignalGrowth, ...]:
        """One series a process: the one that its verdict rests on."""
        chosen: dict[str, SignalGrowth] = {}
        for grown in self.signals:
            known = chosen.get(grown.signal.entity)
            if known is None or _tells_more(grown, known):
                chosen[grown.signal.entity] = grown
        return tuple(chosen.values())


def run(
    *,
    roles: roles_module.Result,
    lifetimes: lifetimes_module.Result,
    gc: pl.DataFrame,
    events: pl.DataFrame | None = None,
    limit_bytes: float | None = None,
) -> Result:
    """Judge every memory series.

    Parameters
    ----------
    roles, lifetimes
        Results of those analyses.
    gc
        Table of the ``gc`` schema, or an empty frame.
    events
        Table of the ``events`` schema: which version a pod ran, where metrics don't tell.
    limit_bytes
        Where memory ends, if the caller knows better than the metrics.
    """
    grown = [
        assess_signal(replace(signal, limit_bytes=limit_bytes) if limit_bytes else signal)
        for signal in iter_signals(roles, lifetimes, gc, events)
    ]
    signals, versions = pool_versions(_name_kinds(grown))
    leak, kind, odds = _overall(signals)
    return Result(tuple(signals), leak, kind, odds, versions)


def assess_signal(signal: Signal) -> SignalGrowth:
    """Judge one series, with the load that explains it best."""
    best: tuple[float, GrowthAssessment, str | None] | None = None
    known = Known(
        restarts_are_complete=signal.is_watched,
        births_s=signal.births_s,
        is_resident=signal.side == "process",
        is_heap_floor=signal.side == "heap",
    )
    for name, load in [(None, None), *signal.loads.items()]:
        if name is None and signal.loads:
            continue
        assessment = assess_growth(
            signal.t_s,
            signal.y_bytes,
            load=load,
            limit_bytes=signal.limit_bytes,
            restarts_s=signal.restarts_s,
            known=known,
        )
        score = sum(life.log_evidence for life in assessment.lives)
        if best is None or score > best[0]:
            best = (score, assessment, name)
    assert best is not None
    hedged = tuple(hedge_youth(signal, life) for life in best[1].lives)
    assessment = best[1] if hedged == best[1].lives else pool_lives(hedged)
    return SignalGrowth(signal, assessment, best[2], "unknown")


def hedge_youth(signal: Signal, life: LifeGrowth) -> LifeGrowth:
    """Take back a "yes" that rests on nothing but the start-up of a managed runtime.

    In its first minutes its process memory and its code grow whatever the program does. A life
    no longer than that shows a leak there only by coming near the limit; the heap after
    collection and direct buffers have gauges of their own and need no such care.
    """
    is_start_up = signal.has_managed_heap and signal.role in _GROW_AT_START
    if not is_start_up or life.log_odds <= 0 or not is_young(life.life, _births(signal)):
        return life
    top = float(life.floor.y_bytes.max(initial=0.0))
    if signal.limit_bytes and signal.side == "process" and top >= _NEAR_LIMIT * signal.limit_bytes:
        return life
    why = f"{life.why}; but a process this young grows whatever it does"
    return replace(life, leak="unknown", kind="unknown", log_odds=0.0, why=why)


def _births(signal: Signal) -> tuple[float, ...]:
    return (*signal.births_s, *signal.restarts_s)


def _name_kinds(grown: list[SignalGrowth]) -> list[SignalGrowth]:
    """Say heap or off-heap by comparing the signals of each process."""
    verdict = {(g.signal.entity, g.signal.side): g.assessment.leak for g in grown}
    return [replace(g, kind=_kind(g, verdict.get((g.signal.entity, "heap")))) for g in grown]


def _kind(grown: SignalGrowth, heap: str | None) -> LeakKind:
    """Name what grows; a process that grows while its heap is known not to grows off-heap.

    Where nothing shows a heap that a runtime manages, the memory of a process is its heap.
    """
    leak, side = grown.assessment.leak, grown.signal.side
    if leak == "no":
        follows = any(life.model == "load_following" for life in grown.assessment.lives)
        if follows and grown.load_role in BACKLOG_ROLES:
            return "backlog"
        return (
            "cache-warmup"
            if any(map(partial(_is_cache, grown), grown.assessment.lives))
            else "none"
        )
    if leak == "unknown":
        return "unknown"
    if side in {"heap", "offheap"}:
        return "heap" if side == "heap" else "offheap"
    if side == "process" and heap is None and not grown.signal.has_managed_heap:
        heap = "yes"
    if side == "process" and heap is not None:
        return "heap" if heap == "yes" else "offheap" if heap == "no" else "unknown"
    return grown.assessment.kind


def _is_cache(grown: SignalGrowth, life: LifeGrowth) -> bool:
    """Tell whether a life filled a cache worth the name.

    The start-up of a managed runtime also fills its process and its code area, and any program
    keeps a little more heap once it is warm: neither is a cache.
    """
    signal = grown.signal
    if life.kind != "cache-warmup" or (signal.has_managed_heap and signal.side != "heap"):
        return False
    whole = signal.limit_bytes or float(np.max(life.floor.y_bytes, initial=0.0))
    return _span(life) >= _MIN_CACHE_SHARE * whole


def _span(life: LifeGrowth) -> float:
    return float(np.ptp(life.floor.y_bytes)) if life.floor.t_s.size else 0.0


def _tells_more(grown: SignalGrowth, known: SignalGrowth) -> bool:
    """Prefer a leak to none; else keep the earlier, which is nearer to the heap."""
    return grown.assessment.leak == "yes" and known.assessment.leak != "yes"


def _overall(signals: list[SignalGrowth]) -> tuple[YesNo, LeakKind, float]:
    """Join all series: one leak is enough; without any, most of those that can speak decide."""
    growing = [g for g in signals if g.assessment.leak == "yes"]
    if growing:
        risen: dict[LeakKind, float] = {}
        for g in growing:
            rise = sum(life.rise_bytes for life in g.assessment.lives if life.leak == "yes")
            risen[g.kind] = risen.get(g.kind, 0.0) + rise
        kind = max(risen, key=lambda name: (name != "unknown", risen[name], name))
        return "yes", kind, max(g.assessment.log_odds for g in growing if g.kind == kind)
    speaking = [g for g in signals if g.signal.role != "nonheap_used" and not g.is_silent]
    calm = [g for g in speaking if g.assessment.leak == "no"]
    if not calm or len(speaking) - len(calm) >= len(calm):
        return "unknown", "unknown", max((g.assessment.log_odds for g in speaking), default=0.0)
    return "no", _calm_kind(calm), max(g.assessment.log_odds for g in calm)


def _calm_kind(calm: list[SignalGrowth]) -> LeakKind:
    """Name what moved without leaking: the kind of whatever moved most."""
    moved: dict[LeakKind, float] = {"none": 0.0}
    for g in calm:
        if g.kind not in {"none", "unknown"}:
            spans = [_span(life) for life in g.assessment.lives]
            moved[g.kind] = moved.get(g.kind, 0.0) + sum(spans)
    return max(moved, key=lambda name: moved[name])


def summarise(result: Result) -> str:
    """Say the verdict in one sentence."""
    if not result.signals:
        return "No memory series was found, so nothing can be said about growth."
    processes = result.deciding
    growing = [g for g in processes if g.assessment.leak == "yes"]
    count = f"{len(growing)} of {len(processes)} processes"
    if result.leak == "yes":
        lives = [life for g in growing for life in g.assessment.lives if life.leak == "yes"]
        rates = [life.rate.value * _PER_MIN for life in lives if life.rate.is_known]
        rate = f", at {np.median(rates) / 2**20:,.3g} MiB/min" if rates else ""
        return f"Memory leaks in {count}{rate} (kind: {result.kind})."
    if result.leak == "no":
        return f"Memory doesn't leak in any of {len(processes)} processes (kind: {result.kind})."
    return f"Whether memory leaks can't be told yet from {len(processes)} processes."


def findings(result: Result) -> list[Growth]:
    """Return one entry for each lifetime of each process, from the series that decides."""
    return [
        describe_life(grown, life) for grown in result.deciding for life in grown.assessment.lives
    ]


def describe_life(grown: SignalGrowth, life: LifeGrowth) -> Growth:
    """Turn one lifetime into an entry of the findings."""
    signal = grown.signal
    onset = life.onset_s if life.leak == "yes" and signal.is_dated else None
    to_limit = life.time_to_limit_s
    reaches = life.leak != "no" and to_limit.is_known and to_limit.value < _FAR_MIN * 60
    return Growth(
        entity=signal.entity,
        metric=signal.metric,
        leak=life.leak,
        kind=_life_kind(grown, life),
        version=signal.version_at(life.life.started_s) if signal.is_dated else None,
        life_started_at=_moment(life.life.started_s) if signal.is_dated else None,
        life_ended_at=_moment(life.life.ended_s) if signal.is_dated else None,
        model=life.model,
        onset=_moment(onset.value) if onset and onset.is_known else None,
        onset_interval=(_moment(onset.low), _moment(onset.high))
        if onset and onset.is_known
        else None,
        rate_bytes_per_min=_scaled(life.rate, _PER_MIN)[0],
        rate_interval=_scaled(life.rate, _PER_MIN)[1],
        limit_bytes=signal.limit_bytes,
        time_to_limit_min=to_limit.value / 60 if reaches else None,
        time_to_limit_interval=(to_limit.low / 60, _or_none(to_limit.high / 60))
        if reaches
        else None,
        runner_up=life.runner_up,
        evidence_ratio=float(min(life.evidence_ratio, 1e6)),
        confidence=_confidence(life.log_odds, life.leak),
        why=life.why if signal.is_dated else f"{life.why}; {_UNDATED}",
        evidence=[
            EvidenceRef(path=path, query=f"{signal.metric} of {signal.entity}")
            for path in signal.sources or ("metrics",)
        ],
    )


def _life_kind(grown: SignalGrowth, life: LifeGrowth) -> LeakKind:
    if life.leak == grown.assessment.leak:
        is_cache = life.leak == "no" and life.kind == "cache-warmup"
        return "none" if is_cache and not _is_cache(grown, life) else grown.kind
    return "none" if life.leak == "no" else "unknown"


def _confidence(log_odds: float, leak: str) -> Confidence:
    size = abs(log_odds)
    if leak == "unknown" or size < _MEDIUM:
        return "low"
    return "high" if size >= _HIGH else "medium"


def _scaled(estimate: Estimate, factor: float) -> tuple[float | None, tuple[float, float] | None]:
    if not estimate.is_known:
        return None, None
    return estimate.value * factor, (estimate.low * factor, estimate.high * factor)


def _or_none(minutes: float) -> float | None:
    return minutes if minutes < _FAR_MIN else None


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
