"""Judge bare series as ``forensics.growth.assess_growth(t_s, y)`` does, with no role or name.

``python -m tests.benchmarks.bare_series [FIRST STOP] [-v]`` draws seeds from FIRST up to STOP
(default 500 to 510) of every shape; ``-v`` lists every case that was judged wrong. It shares no
code and no parameter with the two zoos: steps of 15 s to 5 min, half an hour to two weeks, noise
white, autoregressive, heavy-tailed, spiky, quantised or none, gaps, holes and missing values.
Where traffic grows, and for half of the leaks by request, the load is given too.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from forensics.growth import assess_growth

Floats = NDArray[np.float64]
DAY_S = 86_400.0
NOISES = ("white", "ar", "heavy", "spiky", "quantised", "none")


@dataclass
class Bare:
    """What a shape draws from: times, the unit window, growth as a share of the base."""

    r: np.random.Generator
    t: Floats
    u: Floats
    step: float
    grown: float
    load: Floats | None = None

    @classmethod
    def draw(cls, r: np.random.Generator, *, least_s: float = 1800.0) -> Bare:
        step = float(r.choice([15, 30, 60, 120, 300]))
        span = float(np.exp(r.uniform(np.log(least_s), np.log(14 * DAY_S))))
        count = int(np.clip(span / step, max(80, least_s / step), 20_000))
        t = 1.7e9 + r.uniform(0, 7 * DAY_S) + np.arange(count) * step
        grown = float(np.exp(r.uniform(np.log(0.08), np.log(2.5))))
        return cls(r, t, (t - t[0]) / (t[-1] - t[0]), step, grown)

    def rate(self, trend: float = 0.0) -> Floats:
        """Return requests a second: a day with an overtone, quieter weekends, a trend."""
        angle = 2 * np.pi * self.t / DAY_S + self.r.uniform(0, 2 * np.pi)
        day = 1 + self.r.uniform(0.2, 0.8) * np.sin(angle) + 0.15 * np.sin(2 * angle + 1)
        week = 1 - 0.25 * ((self.t // DAY_S) % 7 >= 5)
        noise = 1 + 0.05 * self.r.standard_normal(self.t.size)
        return np.maximum(100 * day * week * (1 + trend * self.u) * noise, 0.1)

    def collected(self, live: Floats, top: Floats) -> Floats:
        """Return a heap that rises from ``live`` to ``top`` and is collected at once."""
        cycle = max(1 / self.r.integers(20, 200), 6 / self.t.size)
        phase = (self.u / cycle + self.r.random()) % 1.0
        speed = np.interp(self.u, np.linspace(0, 1, 12), self.r.uniform(0.9, 1.1, 12))
        return live + (top - live) * np.clip(phase * speed, 0, 1)


def exponential(b: Bare) -> Floats:
    k = b.r.uniform(1, 4.5)
    return 1 + b.grown * np.expm1(k * b.u) / np.expm1(k)


def sublinear(b: Bare) -> Floats:
    slow = (
        np.log1p(b.r.uniform(3, 20) * b.u) if b.r.random() < 0.4 else b.u ** b.r.uniform(0.45, 0.8)
    )
    return 1 + b.grown * slow / slow[-1]


def per_request(b: Bare) -> Floats:
    rate = b.rate()
    total = np.cumsum(rate)
    b.load = rate if b.r.random() < 0.5 else None
    return 1 + b.grown * total / total[-1]


def slow(b: Bare) -> Floats:
    b.grown = float(np.exp(b.r.uniform(np.log(0.02), np.log(0.1))))
    return 1 + b.grown * b.u


def late(b: Bare) -> Floats:
    onset = b.r.uniform(0.4, 0.8)
    return 1 + b.grown * np.clip((b.u - onset) / (1 - onset), 0, None)


def across_restarts(b: Bare) -> Floats:
    b.grown = max(b.grown, 0.3)
    return 1 + b.grown * ((b.u * (b.r.integers(2, 6) - b.r.uniform(0.1, 0.9))) % 1)


def off_heap(b: Bare) -> Floats:
    return 1 + b.grown * np.clip(b.u - b.r.uniform(0, 0.15), 0, None) - 0.1 * np.expm1(-b.u / 0.02)


def cache_fill(b: Bare) -> Floats:
    if b.r.random() < 0.6:
        return 1 - b.grown * np.expm1(-b.u / b.r.uniform(0.12, 0.3))
    return 1 + b.grown * np.minimum(b.u / b.r.uniform(0.3, 0.75), 1)


def diurnal(b: Bare) -> Floats:
    angle = 2 * np.pi * b.t / DAY_S + b.r.uniform(0, 2 * np.pi)
    height = b.r.uniform(0.05, 0.5)
    return 1 + height * (np.sin(angle) + 0.2 * np.sin(2 * angle + b.r.uniform(0, 6)))


def traffic_growth(b: Bare) -> Floats:
    b.load = b.rate(trend=b.r.uniform(0.2, 1.5))
    return 0.4 + 0.6 * b.load / b.load[0]


def staircase(b: Bare) -> Floats:
    count = b.r.integers(2, 7)
    heights = b.r.uniform(0.3, 1, count)
    steps = b.u[:, None] >= np.sort(b.r.uniform(0.05, 0.95, count))
    return 1 + b.grown * steps @ (heights / heights.sum())


def restart(b: Bare) -> Floats:
    at = b.r.uniform(0.2, 0.8)
    since = np.where(b.u < at, b.u, b.u - at)
    return 1 - b.r.uniform(0.3, 0.6) * np.exp(-since / b.r.uniform(0.01, 0.05))


def batch(b: Bare) -> Floats:
    period = b.r.uniform(0.04, 0.2)
    place = ((b.u + b.r.random() * period) % period) / period
    return 1 + b.grown * (place < b.r.uniform(0.2, 0.5))


def page_cache(b: Bare) -> Floats:
    filled = np.minimum(b.u / b.r.uniform(0.2, 0.7), 1)
    return 1 + b.grown * (filled - 0.03 * b.r.random() * (b.u > 0.7))


def gc_floor(b: Bare) -> Floats:
    return b.collected(1 + b.grown * b.u, np.full(b.u.size, 1 + b.grown + b.r.uniform(0.3, 1.5)))


def sawtooth(b: Bare) -> Floats:
    return b.collected(np.ones(b.u.size), np.full(b.u.size, 1 + b.r.uniform(0.3, 2)))


LEAKS: dict[str, Callable[[Bare], Floats]] = {
    "linear": lambda b: 1 + b.grown * b.u,
    "exponential": exponential,
    "sublinear": sublinear,
    "per_request": per_request,
    "gc_floor": gc_floor,
    "slow": slow,
    "late": late,
    "across_restarts": across_restarts,
    "off_heap": off_heap,
}
LOOK_ALIKES: dict[str, Callable[[Bare], Floats]] = {
    "stable": lambda b: np.ones(b.u.size),
    "sawtooth": sawtooth,
    "warm_up": lambda b: 1 - b.grown * np.expm1(-b.u / b.r.uniform(0.01, 0.1)),
    "cache_fill": cache_fill,
    "diurnal": diurnal,
    "traffic_growth": traffic_growth,
    "staircase": staircase,
    "one_step": lambda b: 1 + b.grown * (b.u > b.r.uniform(0.15, 0.85)),
    "restart": restart,
    "batch": batch,
    "page_cache": page_cache,
}
SHAPES = {**LEAKS, **LOOK_ALIKES}


def disturb(b: Bare, clean: Floats) -> tuple[Floats, str]:
    """Return the series with noise of some kind, at most a fifth of what it grows by."""
    kind, n = str(b.r.choice(NOISES)), clean.size
    size = min(float(np.exp(b.r.uniform(np.log(0.001), np.log(0.04)))), b.grown / 5)
    white = b.r.standard_normal(n)
    if kind == "quantised":
        unit = float(np.exp(b.r.uniform(np.log(0.001), np.log(0.02))))
        return np.round((clean + 0.3 * size * white) / unit) * unit, kind
    if kind == "ar":
        rho = b.r.uniform(0.5, 0.95)
        noise = lfilter([np.sqrt(1 - rho**2)], [1, -rho], white)
    elif kind == "spiky":
        is_spike = b.r.random(n) < 0.01
        noise = np.where(is_spike, 3 * np.abs(b.r.standard_t(2, n)), 0.3 * white)
    else:
        noise = b.r.standard_t(3, n) / np.sqrt(3) if kind == "heavy" else white * (kind == "white")
    return clean + size * noise, kind


def draw(shape: str, seed: int) -> tuple[Bare, Floats, str]:
    """Return times (and load) and samples with what disturbed them."""
    r = np.random.default_rng([seed, 91, sorted(SHAPES).index(shape)])
    b = Bare.draw(r, least_s=DAY_S if shape == "diurnal" else 1800.0)
    y, noise = disturb(b, SHAPES[shape](b))
    y = y * float(np.exp(r.uniform(np.log(30e6), np.log(20e9))))
    gaps = str(r.choice(["none", "drops", "holes", "missing"]))
    keep = np.ones(b.t.size, bool)
    if gaps == "drops":
        keep = r.random(b.t.size) > r.uniform(0.02, 0.3)
    elif gaps == "holes":
        for at in r.integers(0, b.t.size, r.integers(1, 5)):
            keep[at : at + int(b.t.size * r.uniform(0.01, 0.08))] = False
    elif gaps == "missing":
        y[r.random(b.t.size) < 0.1] = np.nan
    b.t, b.load = b.t[keep], None if b.load is None else b.load[keep]
    return b, y[keep], f"{noise} noise, {gaps} gaps, grows by {b.grown:.3f}"


def main() -> None:
    """Judge and print the table."""
    words = [word for word in sys.argv[1:] if word != "-v"]
    first, stop = (int(word) for word in words[:2]) if len(words) > 1 else (500, 510)
    total: Counter[tuple[bool, str]] = Counter()
    wrong: list[str] = []
    started = time.process_time()
    print(f"{'shape':16} {'yes':>4} {'no':>4} {'unknown':>8}")
    for shape in SHAPES:
        count: Counter[str] = Counter()
        for seed in range(first, stop):
            b, y, about = draw(shape, seed)
            found = assess_growth(b.t, y, load=b.load)
            count[found.leak] += 1
            total[shape in LEAKS, found.leak] += 1
            if (found.leak == "yes") != (shape in LEAKS):
                models = [(life.model, round(life.log_odds, 1)) for life in found.lives]
                hours = (b.t[-1] - b.t[0]) / 3600
                wrong.append(f"{found.leak}: {shape} {seed}, {hours:.1f} h, {about}: {models}")
        print(f"{shape:16} {count['yes']:4} {count['no']:4} {count['unknown']:8}")
    if "-v" in sys.argv:
        print("\n".join(wrong))
    found_leaks, false = total[True, "yes"], total[False, "yes"]
    leaks = sum(times for (is_leak, _), times in total.items() if is_leak)
    precision, recall = found_leaks / max(found_leaks + false, 1), found_leaks / leaks
    cpu_ms = 1e3 * (time.process_time() - started) / total.total()
    print(
        f"precision {precision:.3f}  recall {recall:.3f}"
        f"  {total.total()} series, {cpu_ms:.0f} ms CPU each, drawing included"
    )


if __name__ == "__main__":
    main()
