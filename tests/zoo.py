"""Memory series whose truth is known: leaks and what merely looks like one.

Every parameter (span, step, level, size of growth, noise and its memory, garbage-collection
sawtooth, gaps, restarts) is drawn at random from broad ranges, so that no threshold fits by
accident. ``draw_case(shape, seed)`` gives the same series for the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
DAY_S = 86_400.0


@dataclass(frozen=True)
class ZooCase:
    """One series with its truth; ``load`` and ``limit_bytes`` are what the evidence would hold."""

    shape: str
    seed: int
    is_leak: bool
    t_s: Floats
    y_bytes: Floats
    load: Floats | None = None
    limit_bytes: float | None = None
    restarts_s: tuple[float, ...] = ()
    truth: dict[str, float] = field(default_factory=dict)


@dataclass
class _Draft:
    """What the shapes share while a case is drawn: axis, level and the random numbers."""

    rng: np.random.Generator
    t: Floats
    level: float
    load: Floats | None = None
    gives_load: bool = False
    sawtooth_odds: float = 0.4
    growth: float = 0.0
    restarts: tuple[float, ...] = ()
    truth: dict[str, float] = field(default_factory=dict)

    @property
    def u(self) -> Floats:
        return (self.t - self.t[0]) / (self.t[-1] - self.t[0])

    @property
    def span(self) -> float:
        return float(self.t[-1] - self.t[0])


def _ar(rng: np.random.Generator, n: int, rho: float) -> Floats:
    """Return unit-variance AR(1) noise."""
    shocks = rng.standard_normal(n) * np.sqrt(1 - rho**2)
    shocks[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -rho], shocks))


def _traffic(d: _Draft, *, swing: float, trend: float = 0.0) -> Floats:
    phase = d.rng.uniform(0, 2 * np.pi)
    wave = 1 + swing * np.sin(2 * np.pi * d.t / DAY_S + phase)
    noise = 1 + 0.03 * _ar(d.rng, d.t.size, 0.9)
    return np.maximum(wave * (1 + trend * d.u) * noise, 0.02) * d.rng.uniform(20, 5000)


def _draw_growth(d: _Draft, low: float = 0.12, high: float = 1.5) -> float:
    d.growth = float(np.exp(d.rng.uniform(np.log(low), np.log(high))))
    return d.growth * d.level


# Leaks.
def _linear(d: _Draft) -> Floats:
    return d.level + _draw_growth(d) * d.u


def _exponential(d: _Draft) -> Floats:
    c = d.rng.uniform(1.5, 5.0)
    return d.level + _draw_growth(d) * np.expm1(c * d.u) / np.expm1(c)


def _sublinear(d: _Draft) -> Floats:
    grown = _draw_growth(d, 0.2, 1.5)
    if d.rng.random() < 0.5:
        return d.level + grown * d.u ** d.rng.uniform(0.4, 0.75)
    k = d.rng.uniform(3.0, 20.0)
    return d.level + grown * np.log1p(k * d.u) / np.log1p(k)


def _per_request(d: _Draft) -> Floats:
    load = _traffic(d, swing=d.rng.uniform(0.2, 0.7), trend=d.rng.choice([0.0, 0.0, 0.5]))
    d.load, d.gives_load = load, d.rng.random() < 0.7
    total = np.cumsum(load)
    return d.level + _draw_growth(d) * total / total[-1]


def _gc_floor(d: _Draft) -> Floats:
    d.sawtooth_odds = 0.0
    grown = _draw_growth(d, 0.15, 0.6)
    floor = d.level + grown * d.u
    ceiling = d.level * 1.02 + grown * d.rng.uniform(1.0, 2.0)
    return floor + (ceiling - floor).clip(0.05 * d.level) * _saw(d, jitter=0.1)


def _slow(d: _Draft) -> Floats:
    return d.level + _draw_growth(d, 0.03, 0.10) * d.u


def _late(d: _Draft) -> Floats:
    onset = d.rng.uniform(0.4, 0.85)
    d.truth["onset_s"] = float(d.t[0] + onset * d.span)
    return d.level + _draw_growth(d, 0.15, 1.5) * np.maximum(d.u - onset, 0) / (1 - onset)


def _across_restarts(d: _Draft) -> Floats:
    lives = int(d.rng.integers(2, 8))
    life = d.span / (lives - d.rng.uniform(0.05, 0.9))
    grown = _draw_growth(d, 0.4, 2.0)
    since = (d.t - d.t[0]) % life
    d.restarts = tuple(d.t[0] + life * k for k in range(1, lives) if life * k < d.span)
    return d.level + grown * since / life - 0.2 * d.level * np.exp(-since / 120)


def _off_heap(d: _Draft) -> Floats:
    warm = d.rng.uniform(0.05, 0.3) * d.level
    d.sawtooth_odds = 0.1
    return d.level + warm * -np.expm1(-d.u / 0.02) + _draw_growth(d) * d.u


def _warm_leak(d: _Draft) -> Floats:
    warm = d.rng.uniform(0.1, 0.6) * d.level * -np.expm1(-d.u / d.rng.uniform(0.01, 0.08))
    return d.level + warm + _draw_growth(d, 0.12, 1.0) * d.u


def _diurnal_leak(d: _Draft) -> Floats:
    load = _traffic(d, swing=d.rng.uniform(0.2, 0.6))
    d.load, d.gives_load = load, d.rng.random() < 0.6
    days = d.span / DAY_S
    share = d.rng.uniform(0.03, 0.2) * min(days, 1.0)
    grown = _draw_growth(d, 0.2, 1.0)
    return d.level * (1 + share * load / load.mean()) + grown * d.u


# Look-alikes.
def _stable(d: _Draft) -> Floats:
    return np.full(d.t.size, d.level)


def _sawtooth(d: _Draft) -> Floats:
    d.sawtooth_odds = 0.0
    return d.level * (1 + d.rng.uniform(0.1, 1.0) * _saw(d, jitter=0.25))


def _warm_up(d: _Draft) -> Floats:
    return d.level + _draw_growth(d, 0.1, 1.5) * -np.expm1(-d.u / d.rng.uniform(0.01, 0.10))


def _cache_fill(d: _Draft) -> Floats:
    grown = _draw_growth(d, 0.1, 1.2)
    if d.rng.random() < 0.75:
        return d.level + grown * -np.expm1(-d.u / d.rng.uniform(0.12, 0.45))
    return d.level + grown * np.minimum(d.u / d.rng.uniform(0.3, 0.85), 1.0)


def _diurnal(d: _Draft) -> Floats:
    load = _traffic(d, swing=d.rng.uniform(0.2, 0.8))
    d.load, d.gives_load = load, d.rng.random() < (0.5 if d.span > DAY_S else 1.0)
    return d.level * (1 + d.rng.uniform(0.1, 0.5) * load / load.mean())


def _traffic_growth(d: _Draft) -> Floats:
    d.load = _traffic(d, swing=d.rng.uniform(0, 0.3), trend=d.rng.uniform(0.3, 2.0))
    d.gives_load = True
    return d.level * (1 + d.rng.uniform(0.3, 1.0) * d.load / d.load.mean())


def _staircase(d: _Draft) -> Floats:
    steps = int(d.rng.integers(3, 8))
    at = np.sort(d.rng.uniform(0.08, 0.95, steps))
    sizes = d.rng.uniform(0.03, 0.2, steps)
    return d.level * (1 + (sizes * (d.u[:, None] >= at)).sum(axis=1))


def _one_step(d: _Draft) -> Floats:
    return d.level * (1 + d.rng.uniform(0.08, 0.6) * (d.u >= d.rng.uniform(0.1, 0.92)))


def _restart(d: _Draft) -> Floats:
    at = np.sort(d.rng.uniform(0.1, 0.9, int(d.rng.integers(1, 4)))) * d.span + d.t[0]
    d.restarts = tuple(float(a) for a in at)
    start = np.concatenate([[d.t[0] - DAY_S], at])
    since = d.t - start[np.searchsorted(at, d.t, side="right")]
    depth, warm_s = d.rng.uniform(0.3, 0.8), d.rng.uniform(0.005, 0.06) * d.span
    return d.level * (1 - depth * np.exp(-since / warm_s))


def _batch(d: _Draft) -> Floats:
    every = d.rng.uniform(0.08, 0.4) * d.span
    width = every * d.rng.uniform(0.08, 0.4)
    offset = d.rng.uniform(0, every)
    return d.level * (1 + d.rng.uniform(0.1, 0.7) * (((d.t - d.t[0] + offset) % every) < width))


def _page_cache(d: _Draft) -> Floats:
    cap_at = d.rng.uniform(0.15, 0.8)
    grown = _draw_growth(d, 0.2, 2.0)
    filled = np.minimum(d.u / cap_at, 1.0) ** d.rng.uniform(0.6, 1.0)
    reclaim = np.where(d.u > cap_at, -0.06 * _saw(d, jitter=0.3), 0.0)
    return d.level + grown * (filled + reclaim)


def _drain(d: _Draft) -> Floats:
    start, width = d.rng.uniform(0.1, 0.5), d.rng.uniform(0.05, 0.2)
    up = np.clip((d.u - start) / width, 0, 1)
    down = np.clip((d.u - start - width) / (width * d.rng.uniform(0.5, 1.5)), 0, 1)
    return d.level * (1 + d.rng.uniform(0.2, 1.5) * (up - down))


LEAKS: dict[str, Callable[[_Draft], Floats]] = {
    "linear": _linear,
    "exponential": _exponential,
    "sublinear": _sublinear,
    "per_request": _per_request,
    "gc_floor": _gc_floor,
    "slow": _slow,
    "late": _late,
    "across_restarts": _across_restarts,
    "off_heap": _off_heap,
    "warm_leak": _warm_leak,
    "diurnal_leak": _diurnal_leak,
}
LOOK_ALIKES: dict[str, Callable[[_Draft], Floats]] = {
    "stable": _stable,
    "sawtooth": _sawtooth,
    "warm_up": _warm_up,
    "cache_fill": _cache_fill,
    "diurnal": _diurnal,
    "traffic_growth": _traffic_growth,
    "staircase": _staircase,
    "one_step": _one_step,
    "restart": _restart,
    "batch": _batch,
    "page_cache": _page_cache,
    "drain": _drain,
}
SHAPES = {**LEAKS, **LOOK_ALIKES}


def _saw(d: _Draft, *, jitter: float) -> Floats:
    """Return a sawtooth from 0 (after collection) to about 1, of uneven cycles."""
    period = np.exp(d.rng.uniform(np.log(120), np.log(min(2400, d.span / 15))))
    period = max(period, 4 * float(d.t[1] - d.t[0]))
    lengths = period * d.rng.uniform(1 - jitter, 1 + jitter, int(d.span / period * 1.5) + 8)
    edges = np.concatenate([[-d.rng.uniform(0, period)], np.cumsum(lengths)]) + d.t[0]
    cycle = np.searchsorted(edges, d.t, side="right") - 1
    phase = (d.t - edges[cycle]) / lengths[np.minimum(cycle, lengths.size - 1)]
    floor = d.rng.uniform(0, jitter / 2, edges.size)[cycle]
    return np.clip(floor + (1 - floor) * phase, 0, 1.2)


def draw_case(shape: str, seed: int) -> ZooCase:
    """Draw one case of ``shape``; the same arguments give the same series."""
    names = sorted(SHAPES)
    rng = np.random.default_rng([seed, names.index(shape)])
    span = float(np.exp(rng.uniform(np.log(3 * 3600), np.log(4 * DAY_S))))
    if shape in ("diurnal", "diurnal_leak", "per_request"):
        span = max(span, 1.3 * DAY_S if shape == "diurnal" else 0.4 * DAY_S)
    step = float(rng.choice([10, 15, 30, 60]))
    if span / step > 12_000:
        step = 60.0
    start = 1.7e9 + rng.uniform(0, 3e7)
    t = start + np.arange(0, span, step)
    draft = _Draft(rng, t, float(np.exp(rng.uniform(np.log(80e6), np.log(16e9)))))
    clean = SHAPES[shape](draft)
    y = clean + _noise(draft, 8 * np.std(clean) if shape == "slow" else draft.level)
    if rng.random() < draft.sawtooth_odds:
        y = y + draft.level * rng.uniform(0.03, 0.4) * _saw(draft, jitter=0.15)
    y, keep = np.maximum(y, 0.02 * draft.level), _kept(rng, t)
    limit = float(np.max(y) * rng.uniform(1.05, 2.0)) if rng.random() < 0.5 else None
    return ZooCase(
        shape=shape,
        seed=seed,
        is_leak=shape in LEAKS,
        t_s=t[keep],
        y_bytes=np.round(y[keep] / 4096) * 4096,
        load=draft.load[keep] if draft.gives_load and draft.load is not None else None,
        limit_bytes=limit,
        restarts_s=draft.restarts,
        truth=draft.truth,
    )


def _noise(d: _Draft, scale: float) -> Floats:
    """White noise plus noise with a memory of up to an hour, plus rare spikes."""
    step = float(d.t[1] - d.t[0])
    white = np.exp(d.rng.uniform(np.log(0.001), np.log(0.03)))
    slow = np.exp(d.rng.uniform(np.log(0.001), np.log(0.02)))
    memory_s = np.exp(d.rng.uniform(np.log(60), np.log(min(3600, d.span / 25))))
    noise = white * d.rng.standard_normal(d.t.size)
    noise += slow * _ar(d.rng, d.t.size, float(np.exp(-step / memory_s)))
    if d.rng.random() < 0.2:
        spikes = d.rng.random(d.t.size) < 0.002
        noise += spikes * d.rng.uniform(0.05, 0.3)
    return noise * scale


def _kept(rng: np.random.Generator, t: Floats) -> NDArray[np.bool_]:
    """Choose which samples the monitoring kept: all, most, or all but a hole."""
    kind = rng.random()
    if kind < 0.5:
        return np.ones(t.size, bool)
    if kind < 0.8:
        return rng.random(t.size) > rng.uniform(0.02, 0.35)
    a = rng.uniform(0.1, 0.7)
    u = np.linspace(0, 1, t.size)
    return (u < a) | (u > a + rng.uniform(0.03, 0.2))
