"""Print which model is named for simulated growth: ``python -m tests.benchmarks.model_choice [N]``.

N (default 10) series of every family at each noise are judged; noise in percent of the base with
the correlation of neighbouring samples. "Right" counts those of which a model was named.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forensics.growth import assess_growth
from tests.benchmarks.time_to_limit import draw_noise

Floats = NDArray[np.float64]
NOISES = ((0.005, 0.0), (0.02, 0.5), (0.03, 0.9))


def _exponential(u: Floats, r: np.random.Generator) -> Floats:
    c = r.uniform(1, 3.5)
    return np.asarray(np.expm1(c * u) / np.expm1(c))


def _piecewise(u: Floats, r: np.random.Generator) -> Floats:
    onset = r.uniform(0.2, 0.8)
    return np.clip((u - onset) / (1 - onset), 0, None)


def _staircase(u: Floats, r: np.random.Generator) -> Floats:
    steps = np.sort(r.uniform(0.05, 0.95, r.integers(2, 6)))
    return (u[:, None] >= steps).mean(axis=1)


FAMILIES: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "constant": lambda u, r: np.zeros(u.size),
    "linear": lambda u, r: u,
    "exponential": _exponential,
    "saturating": lambda u, r: -np.expm1(-u / r.uniform(0.1, 0.3)),
    "logistic": lambda u, r: 1 / (1 + np.exp((r.uniform(0.3, 0.6) - u) / r.uniform(0.03, 0.08))),
    "power": lambda u, r: u ** r.choice([0.4, 0.5, 0.6, 1.5, 2.0]),
    "piecewise": _piecewise,
    "staircase": _staircase,
}


def main() -> None:
    """Simulate and print the table."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    named = right = 0
    print(f"{'family':12} {'right':>6} {'named':>6} {'undetermined':>13}  others")
    for number, (family, curve) in enumerate(FAMILIES.items()):
        found: Counter[str] = Counter()
        for noise, rho in NOISES:
            for seed in range(series):
                r = np.random.default_rng([seed, int(noise * 1e4), number])
                t = 30.0 * np.arange(int(r.integers(200, 1500)))
                clean = 1 + r.uniform(0.4, 1.2) * curve(t / t[-1], r)
                y = 1e9 * (clean + noise * draw_noise(r, t.size, rho))
                found[assess_growth(t, y).latest.model] += 1
        told = found.total() - found["undetermined"]
        others = {m: n for m, n in found.items() if m not in {family, "undetermined"}}
        print(f"{family:12} {found[family]:6} {told:6} {found['undetermined']:13}  {others or ''}")
        named, right = named + told, right + found[family]
    whole = len(NOISES) * series * len(FAMILIES)
    print(f"right {right / named:.3f} of {named} named, {right / whole:.3f} of all {whole}")


if __name__ == "__main__":
    main()
