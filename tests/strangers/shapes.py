"""Simulated processes, one function a shape: memory by the step, with what else was recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MIB = 2.0**20
DAY_S = 86_400.0


@dataclass
class World:
    """What a simulated process lives in; shapes leave what they tell beside memory here."""

    rng: np.random.Generator
    t: Floats
    base: float
    requests: Floats | None = None
    shows_requests: bool = False
    heap: Floats | None = None
    rss: Floats | None = None
    is_managed: bool = False
    counts_page_cache: bool = False
    noise_cap: float = 0.05

    @property
    def span(self) -> float:
        return float(self.t[-1] - self.t[0])

    @property
    def u(self) -> Floats:
        return (self.t - self.t[0]) / self.span

    def between(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def grown(self, low: float = 0.15, high: float = 3.0) -> float:
        """Return how much leaks; noise stays well below it."""
        size = self.between(low, high)
        self.noise_cap = min(self.noise_cap, size / 5)
        return size * self.base


@dataclass(frozen=True)
class Case:
    """One simulated process and the truth about it."""

    shape: str
    seed: int
    is_leak: bool
    t_s: Floats
    memory: Floats
    requests: Floats | None
    heap: Floats | None
    rss: Floats | None
    limit_bytes: float | None
    is_managed: bool
    counts_page_cache: bool
    traits: dict[str, str] = field(default_factory=dict)


def _arrivals(w: World, *, trend: float = 0.0, swing: float | None = None) -> Floats:
    """Return requests a second: a day's wave with a lunch dip, a weekend, Poisson noise."""
    hour = (w.t / 3600 + w.rng.uniform(0, 24)) % 24
    swing = w.rng.uniform(0.1, 0.8) if swing is None else swing
    day = np.clip(np.sin((hour - 6) / 24 * 2 * np.pi), -1, 1) - 0.2 * (np.abs(hour - 13) < 1)
    rate = w.between(5, 3000) * (1 + swing * day) * (1 + trend * w.u)
    step = np.median(np.diff(w.t))
    w.requests = w.rng.poisson(np.maximum(rate, 0.1) * step) / step
    return w.requests


# Leaks.
def linear(w: World) -> Floats:
    return w.base + w.grown() * w.u


def exponential(w: World) -> Floats:
    rate = w.rng.uniform(1.0, 4.0)
    return w.base + w.grown(0.3) * (np.exp(rate * w.u) - 1) / (np.exp(rate) - 1)


def sublinear(w: World) -> Floats:
    kind = w.rng.integers(3)
    if kind == 0:
        return w.base + w.grown(0.3) * np.sqrt(w.u)
    if kind == 1:
        k = w.rng.uniform(2, 30)
        return w.base + w.grown(0.3) * np.log(1 + k * w.u) / np.log(1 + k)
    return w.base + w.grown(0.3) * w.u ** w.rng.uniform(0.5, 0.8)


def per_request(w: World) -> Floats:
    total = np.cumsum(_arrivals(w) * np.diff(w.t, prepend=w.t[0]))
    w.shows_requests = bool(w.rng.random() < 0.7)
    return w.base + w.grown() * total / total[-1]


def gc_floor(w: World) -> Floats:
    w.is_managed = True
    grown = w.grown(0.2, 0.7)
    live = w.base + grown * w.u
    top = w.base + grown * w.rng.uniform(1.1, 2.0)
    return _collected(w, live, np.full(w.t.size, top))


def slow(w: World) -> Floats:
    return w.base + w.grown(0.02, 0.10) * w.u


def late(w: World) -> Floats:
    onset = w.rng.uniform(0.4, 0.8)
    return w.base + w.grown(0.2) * np.clip((w.u - onset) / (1 - onset), 0, None)


def across_restarts(w: World) -> Floats:
    lives = int(w.rng.integers(2, 7))
    cuts = np.sort(w.rng.uniform(0.1, 0.95, lives - 1)) if w.rng.random() < 0.4 else None
    if cuts is None or np.min(np.diff([0, *cuts, 1])) < 0.08:
        cuts = np.arange(1, lives) / (lives - w.rng.uniform(0.1, 0.8))
        cuts = cuts[cuts < 0.97]
    begun = np.concatenate([[0.0], cuts])[np.searchsorted(cuts, w.u, side="right")]
    longest = np.max(np.diff([0, *cuts, 1]))
    return w.base + w.grown(0.4) * (w.u - begun) / longest


def off_heap(w: World) -> Floats:
    w.is_managed = True
    w.heap = _collected(w, np.full(w.t.size, w.base * 0.3), np.full(w.t.size, w.base * 0.6))
    w.rss = w.base + w.grown() * w.u
    return w.rss


# What only looks like a leak.
def stable(w: World) -> Floats:
    return np.full(w.t.size, w.base)


def sawtooth(w: World) -> Floats:
    w.is_managed = True
    swing = w.rng.uniform(0.2, 1.5)
    return _collected(w, np.full(w.t.size, w.base), np.full(w.t.size, w.base * (1 + swing)))


def warm_up(w: World) -> Floats:
    tau = w.between(0.01, 0.12)
    return w.base * (1 - w.rng.uniform(0.2, 0.8) * np.exp(-w.u / tau))


def slow_cache_fill(w: World) -> Floats:
    size = w.grown(0.2, 1.5)
    kind = w.rng.integers(3)
    if kind == 0:  # Distinct keys of a skewed popularity, up to a capacity.
        weights = np.arange(1, 3001) ** -w.rng.uniform(0.6, 1.0)
        draws = w.u[:, None] * (weights / weights.sum() * 3000 * w.rng.uniform(6, 20))
        distinct = 1 - np.exp(-draws).mean(axis=1) if w.t.size < 3000 else _distinct(w, weights)
        return w.base + size * np.minimum(distinct / distinct[-1], w.rng.uniform(0.85, 1.0))
    if kind == 1:
        return w.base + size * (1 - np.exp(-w.u / w.rng.uniform(0.12, 0.33)))
    return w.base + size * np.minimum(w.u / w.rng.uniform(0.3, 0.75), 1)


def _distinct(w: World, weights: Floats) -> Floats:
    coarse = np.linspace(0, 1, 400)
    draws = coarse[:, None] * (weights / weights.sum() * 3000 * w.rng.uniform(6, 20))
    return np.interp(w.u, coarse, 1 - np.exp(-draws).mean(axis=1))


def diurnal(w: World) -> Floats:
    load = _arrivals(w, swing=w.rng.uniform(0.3, 0.9))
    w.shows_requests = bool(w.span < 2 * DAY_S or w.rng.random() < 0.5)
    return w.base * (1 + w.rng.uniform(0.1, 0.6) * _smooth(w, load) / load.mean())


def traffic_growth(w: World) -> Floats:
    load = _arrivals(w, trend=w.rng.uniform(0.3, 2.5), swing=w.rng.uniform(0.0, 0.4))
    w.shows_requests = True
    return w.base * (1 + w.rng.uniform(0.3, 1.2) * _smooth(w, load) / load.mean())


def staircase(w: World) -> Floats:
    steps = int(w.rng.integers(2, 7))
    at = (np.arange(steps) + w.rng.uniform(0.2, 0.8, steps)) / steps
    sizes = w.rng.uniform(0.04, 0.25, steps)
    return w.base * (1 + (w.u[:, None] > at) @ sizes)


def one_step(w: World) -> Floats:
    return w.base * np.where(w.u > w.rng.uniform(0.1, 0.9), 1 + w.rng.uniform(0.1, 0.9), 1.0)


def restart(w: World) -> Floats:
    at = w.rng.uniform(0.2, 0.85)
    since = np.where(w.u > at, w.u - at, 1.0)
    return w.base * (1 - w.rng.uniform(0.3, 0.8) * np.exp(-since / w.between(0.003, 0.04)))


def batch(w: World) -> Floats:
    jobs = int(w.rng.integers(3, 14))
    starts = (np.arange(jobs) + w.rng.uniform(0, 0.5, jobs)) / jobs
    width = w.rng.uniform(0.1, 0.45) / jobs
    height = w.rng.uniform(0.1, 1.2)
    ramp = w.rng.random() < 0.5
    inside = w.u[:, None] - starts
    busy = ((inside > 0) & (inside < width)) * (inside / width if ramp else 1.0)
    return w.base * (1 + height * busy.sum(axis=1))


def page_cache(w: World) -> Floats:
    w.counts_page_cache = True
    full = w.rng.uniform(0.15, 0.7)
    size = w.rng.uniform(0.3, 2.5)
    over = np.clip(w.u - full, 0, None)
    period = w.rng.uniform(0.03, 0.1)
    reclaimed = size * 0.15 * ((over % period) / period) * (over > 0)
    w.rss = np.full(w.t.size, w.base)
    return w.base * (1 + size * np.minimum(w.u / full, 1) - reclaimed * 0.5)


LEAKS: dict[str, Callable[[World], Floats]] = {
    f.__name__: f
    for f in (
        linear,
        exponential,
        sublinear,
        per_request,
        gc_floor,
        slow,
        late,
        across_restarts,
        off_heap,
    )
}
LOOK_ALIKES: dict[str, Callable[[World], Floats]] = {
    f.__name__: f
    for f in (
        stable,
        sawtooth,
        warm_up,
        slow_cache_fill,
        diurnal,
        traffic_growth,
        staircase,
        one_step,
        restart,
        batch,
        page_cache,
    )
}
SHAPES = {**LEAKS, **LOOK_ALIKES}


def _collected(w: World, live: Floats, top: Floats) -> Floats:
    """Return a heap that fills up to ``top`` and is collected down to ``live``."""
    step = np.median(np.diff(w.t))
    cycle = w.between(max(5 * step, 40), max(w.span / 25, 6 * step))
    speed = np.median(top - live) / cycle * w.rng.lognormal(0, 0.2, w.t.size)
    heap = np.empty(w.t.size)
    used = live[0] + w.rng.uniform(0, 1) * (top[0] - live[0])
    for i in range(w.t.size):
        used = max(used, live[i]) + speed[i] * step
        if used > top[i]:
            used = live[i] + w.rng.uniform(0, 0.06) * (top[i] - live[i])
        heap[i] = used
    return heap


def _smooth(w: World, load: Floats) -> Floats:
    """Return the load as memory sees it: averaged over a few minutes."""
    n = max(1, int(w.between(30, 900) / np.median(np.diff(w.t))))
    return np.convolve(np.pad(load, (n - 1, 0), mode="edge"), np.ones(n) / n, mode="valid")


def draw(shape: str, seed: int) -> Case:
    """Draw one case; the same arguments give the same case."""
    rng = np.random.default_rng([seed, 77, sorted(SHAPES).index(shape)])
    t = _clock(rng, shape)
    w = World(rng, t, float(np.exp(rng.uniform(np.log(30 * MIB), np.log(24_000 * MIB)))))
    memory = SHAPES[shape](w)
    if w.requests is None and rng.random() < 0.3:  # Recorded beside it, without any part in it.
        _arrivals(w)
        w.shows_requests = True
    memory, noise = _disturb(w, memory)
    if w.rss is not None:
        w.rss = memory if shape == "off_heap" else _disturb(w, w.rss)[0]
    keep, gaps = _kept(rng, t.size)
    limit = float(np.nanmax(memory) * rng.uniform(1.05, 3.0)) if rng.random() < 0.5 else None
    return Case(
        shape=shape,
        seed=seed,
        is_leak=shape in LEAKS,
        t_s=t[keep],
        memory=memory[keep],
        requests=_pick(w.requests, keep) if w.shows_requests else None,
        heap=_pick(w.heap, keep),
        rss=_pick(w.rss, keep),
        limit_bytes=limit,
        is_managed=w.is_managed,
        counts_page_cache=w.counts_page_cache,
        traits={"noise": noise, "gaps": gaps},
    )


def _pick(values: Floats | None, keep: NDArray[np.bool_]) -> Floats | None:
    return None if values is None else values[keep]


def _clock(rng: np.random.Generator, shape: str) -> Floats:
    span = float(np.exp(rng.uniform(np.log(1800), np.log(14 * DAY_S))))
    if shape == "diurnal":
        span = max(span, 0.5 * DAY_S)
    steps = [s for s in (5, 10, 15, 20, 30, 60, 120, 300) if 60 <= span / s <= 20_000]
    step = float(rng.choice(steps or [300]))
    t = 1.6e9 + np.floor(rng.uniform(0, 1.2e8)) + np.arange(0, span, step)
    kind = rng.random()
    if kind < 0.2:
        t = np.sort(t + rng.normal(0, 0.1 * step, t.size))
    elif kind < 0.3:  # The step changes half way.
        half = t.size // 2
        t = np.concatenate([t[:half], t[half::4]]) if half > 200 else t
    return t


def _disturb(w: World, clean: Floats) -> tuple[Floats, str]:
    """Return the series with noise of some kind, and its kind."""
    kind = str(w.rng.choice(["white", "ar1", "heavy", "quantised", "bursts", "quiet"]))
    size = min(w.between(0.001, 0.05), w.noise_cap) * w.base
    n = clean.size
    if kind == "quiet":
        noise = w.rng.normal(0, 1e-4 * w.base, n)
    elif kind == "ar1":
        rho, noise = w.rng.uniform(0.5, 0.97), np.zeros(n)
        shocks = w.rng.normal(0, size * np.sqrt(1 - rho**2), n)
        for i in range(1, n):
            noise[i] = rho * noise[i - 1] + shocks[i]
    elif kind == "heavy":
        noise = np.clip(w.rng.standard_t(3, n), -12, 12) * size / 1.7
    else:
        noise = w.rng.normal(0, size, n)
    if kind == "bursts":
        for at in w.rng.integers(0, n, int(w.rng.integers(1, 6))):
            noise[at : at + int(w.rng.integers(1, 1 + max(n // 100, 1)))] += size * w.rng.uniform(
                4, 15
            )
    y = np.maximum(clean + noise, 0.01 * w.base)
    if kind == "quantised":
        grain = max(2 * size, MIB)
        y = np.round(y / grain) * grain
    return y, kind


def _kept(rng: np.random.Generator, n: int) -> tuple[NDArray[np.bool_], str]:
    kind = str(rng.choice(["none", "none", "random", "hole", "holes"]))
    keep = np.ones(n, bool)
    if kind == "random":
        keep = rng.random(n) > rng.uniform(0.05, 0.4)
    elif kind != "none":
        for _ in range(1 if kind == "hole" else 4):
            start = int(rng.uniform(0.05, 0.85) * n)
            width = rng.uniform(0.03, 0.2 if kind == "hole" else 0.07)
            keep[start : start + int(width * n)] = False
    keep[0] = keep[-1] = True
    return keep, kind
