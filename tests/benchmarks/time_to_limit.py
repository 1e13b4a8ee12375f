"""Print how often the 90 % interval of the time to the limit holds the truth.

``python -m tests.benchmarks.time_to_limit [SERIES]`` simulates SERIES (default 60) leaks for
each shape, noise and memory of the noise. ``right`` counts the model named; undetermined ones
are left out of it and counted beside it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from forensics.growth._verdict import assess_growth

Floats = NDArray[np.float64]
NOISES = (0.002, 0.01, 0.03, 0.08)
MEMORIES = (0.0, 0.9, 0.98)
BASE_BYTES = 1e9


def draw_trend(shape: str, rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """Return a trend over the unit window that grows by 40 to 120 % of its base."""
    grown = rng.uniform(0.4, 1.2)
    if shape == "linear":
        return lambda u: BASE_BYTES * (1 + grown * u)
    if rng.random() < 0.5:
        return lambda u: BASE_BYTES * np.exp(np.log1p(grown) * u)
    c = rng.uniform(1.0, 3.5)
    return lambda u: BASE_BYTES * (1 + grown * np.expm1(c * u) / np.expm1(c))


def draw_noise(rng: np.random.Generator, n: int, rho: float) -> Floats:
    """Return autoregressive noise of unit variance."""
    shocks = rng.standard_normal(n) * np.sqrt(1 - rho**2)
    shocks[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -rho], shocks))


def measure(shape: str, noise: float, rho: float, series: int) -> Counter[str]:
    """Return counts of what became of the simulated leaks."""
    counts: Counter[str] = Counter()
    for seed in range(series):
        rng = np.random.default_rng([seed, int(noise * 1e4), int(rho * 100)])
        t = np.arange(int(rng.integers(200, 1500))) * 30.0
        trend, ahead = draw_trend(shape, rng), rng.uniform(0.1, 1.0)
        y = trend(t / t[-1]) + noise * BASE_BYTES * draw_noise(rng, t.size, rho)
        limit = float(trend(np.array([1 + ahead]))[0])
        life = assess_growth(t, y, limit_bytes=limit).lives[-1]
        counts["right"] += life.model == shape
        counts["undetermined"] += life.model == "undetermined"
        left = life.time_to_limit_s
        if not left.is_known:
            counts["no forecast"] += 1
            continue
        truth = ahead * t[-1]
        counts["held"] += left.low <= truth <= left.high
        counts["below"] += truth < left.low
        counts["above"] += truth > left.high
    return counts


def main() -> None:
    """Simulate and print the table."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    head = ("shape", "noise", "memory", "held", "below", "above", "none", "right", "undetermined")
    print("{:12} {:>6} {:>6} {:>7} {:>6} {:>6} {:>5} {:>7} {:>12}".format(*head))
    for shape in ("linear", "exponential"):
        for noise in NOISES:
            for rho in MEMORIES:
                c = measure(shape, noise, rho, series)
                share = c["held"] / max(series - c["no forecast"], 1)
                right = c["right"] / max(series - c["undetermined"], 1)
                print(
                    f"{shape:12} {noise:6.1%} {rho:6.2f} {share:7.1%} {c['below']:6} "
                    f"{c['above']:6} {c['no forecast']:5} {right:7.1%} {c['undetermined']:12}"
                )


if __name__ == "__main__":
    main()
