"""Plays a plan: requests, connections, queues, heaps with collections, kills."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.verdict.foreign.plan import MIB, Plan, Process

Floats = NDArray[np.float64]
NAMES = (
    "heap",
    "rss",
    "busy",
    "waiting",
    "ok",
    "failed",
    "seconds",
    "limit",
    "started",
    "restarts",
)


@dataclass(slots=True)
class Track:
    """Samples of one pod; ``values`` by ``NAMES``, counters cumulative within a life."""

    process: Process
    t_s: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    kills: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Played:
    """All pods, and what is the same for all."""

    plan: Plan
    tracks: list[Track]
    pool_size: float
    heap_max: float
    limit: float
    is_managed: bool


def play(plan: Plan, *, is_managed: bool) -> Played:
    """Return every sample of every pod.

    ``is_managed``: a heap with a maximum and process memory that never shrinks; else memory is
    given back and the limit is all there is.
    """
    rng = plan.rng
    start_pods = sum(p.born_s <= 0 for p in plan.processes)
    per_pod = plan.rate / start_pods
    pool_size = float(max(5, np.ceil(2.2 * per_pod * plan.hold_s)))
    base = float(rng.uniform(150, 400)) * MIB
    heap_max = base + float(rng.uniform(500, 900)) * MIB
    limit = heap_max + 350 * MIB
    played = Played(plan, [], pool_size, heap_max, limit, is_managed)
    t = np.arange(0.0, plan.span_s, plan.step_s)
    alive = np.array([max(1, sum(p.born_s <= x < p.gone_s for p in plan.processes)) for x in t])
    wave = 1 + 0.08 * np.sin(2 * np.pi * t / plan.span_s * rng.uniform(0.5, 2) + rng.uniform(0, 6))
    total = plan.rate * wave * (1 + 0.04 * rng.normal(size=t.size))
    total[(t >= plan.rush[0]) & (t < plan.rush[1])] *= plan.rush[2]
    for process in plan.processes:
        load = total / alive * (1 + 0.03 * rng.normal(size=t.size))
        played.tracks.append(_play_one(played, process, t, np.maximum(load, 0.1), base))
    return played


def _play_one(played: Played, process: Process, t: Floats, load: Floats, base: float) -> Track:
    plan, rng = played.plan, played.plan.rng
    track = Track(process)
    usual, drift = float(np.median(load)), float(rng.uniform(0.8, 1.25))
    is_leaky = process.version in plan.leaky or process.name in plan.leaky
    state = dict.fromkeys(("leak", "queue", "ok", "failed", "seconds", "top", "restarts"), 0.0)
    state["leak"] = (is_leaky and plan.leaks_from_s == 0 and process.born_s < 0 and 80 * MIB) or 0.0
    born, down_until, young = process.born_s, -1.0, float(rng.uniform(60, 160)) * MIB
    for now, rate in zip(t, load, strict=True):
        if not process.born_s <= now < process.gone_s or now < down_until:
            continue
        hold = plan.hold_s * (plan.slow[2] if plan.slow[0] <= now < plan.slow[1] else 1.0)
        _serve(state, rate, hold, played.pool_size, plan.step_s)
        if is_leaky and now >= plan.leaks_from_s:
            dose = 1.0 if plan.by_clock else rate / usual
            state["leak"] += plan.leak_bytes_s * drift * dose * plan.step_s
        cache = plan.cache_bytes.get(process.version, 0.0) * (1 - np.exp(-(now - born) / 500))
        warm = 25 * MIB * (1 - np.exp(-(now - born) / 200))
        batch = 180 * MIB if plan.batch[0] <= now < plan.batch[1] else 0.0
        off_heap = state["leak"] if plan.leaks_off_heap else 0.0
        live = base + warm + cache + batch + state["leak"] - off_heap + state["queue"] * 150e3
        garbage = min(young, max(played.heap_max - live, 0)) * float(rng.uniform(0.02, 1.0))
        heap = live + (garbage if played.is_managed else 0.1 * garbage)
        state["top"] = max(state["top"], heap) if played.is_managed else heap
        rss = state["top"] + 160 * MIB + off_heap + 3 * MIB * float(rng.normal())
        limit = played.limit
        if now >= plan.limit_from_s[0]:
            usual_top = base + (young if played.is_managed else 0.0) + 185 * MIB
            limit = min(limit, plan.limit_from_s[1] * usual_top * 1.5)
        values = (
            heap,
            rss,
            state["busy"],
            state["queue"],
            state["ok"],
            state["failed"],
            state["seconds"],
            limit,
            born,
            state["restarts"],
        )
        track.t_s.append(float(now))
        for name, value in zip(NAMES, values, strict=True):
            track.values[name].append(float(value))
        if rss > limit or live > played.heap_max:
            track.kills.append(float(now) + 1)
            down_until, born = now + 20 + plan.step_s, float(now) + 15
            state.update(dict.fromkeys(("leak", "queue", "ok", "failed", "seconds", "top"), 0.0))
            state["restarts"] += 1
    return track


def _serve(state: dict[str, float], rate: float, hold: float, size: float, step: float) -> None:
    """Serve one step: a pool of ``size`` connections, a queue that gives up after 30 s."""
    capacity = size / hold
    demand = rate + state["queue"] / step
    served = min(demand, capacity)
    queue = max(0.0, (demand - served) * step)
    most = 30.0 * capacity
    failed = max(0.0, queue - most)
    state["queue"] = min(queue, most)
    state["busy"] = round(min(size, served * hold))
    state["ok"] += served * step * 0.9995
    state["failed"] += failed + served * step * 0.0005
    wait = state["queue"] / capacity
    state["seconds"] += served * step * (hold * 1.3 + wait)
