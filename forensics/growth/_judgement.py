"""Say of each cut of a series where exactly it is, what kind of change, and how sure it is."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.growth._problem import Floats
from forensics.growth._segmentation import NOISE_PRICE, SHARE, Cuts
from forensics.growth._series import Prepared

Kind = Literal["level", "slope", "variance"]


def refine_place(prepared: Prepared, raw: Floats, cuts: Cuts, i: int) -> int:
    """Return the raw index of cut ``i``, refined within two blocks if the series was thinned."""
    row = int(cuts.starts[i])
    index = int(prepared.positions[row])
    if prepared.block == 1:
        return index
    reach = 2 * prepared.block
    before = int(prepared.positions[cuts.starts[i - 1]])
    has_next = i + 1 < cuts.starts.size
    after = int(prepared.positions[cuts.starts[i + 1]]) if has_next else prepared.stop
    low, high = max(before, index - 20 * reach), min(after, index + 20 * reach)
    window = raw[low:high]
    candidates = np.arange(max(index - reach, low + 2), min(index + reach, high - 2))
    costs = np.zeros(candidates.size)
    for column in window.T:
        seen = np.isfinite(column)
        if seen.any() and np.ptp(column[seen]) > 0:
            costs += _split_costs(column, seen, candidates - low) / np.var(column[seen])
    return int(candidates[np.argmin(costs)]) if candidates.size else index


def _split_costs(column: Floats, seen: NDArray[np.bool_], splits: NDArray[np.int64]) -> Floats:
    """Return the sum of squares around one line before and one after each split."""
    t = np.linspace(-1.0, 1.0, column.size)
    low, high = np.quantile(column[seen], [0.005, 0.995])
    value = np.where(seen, np.clip(column, low, high) - np.mean(column[seen]), 0.0)
    weight = seen.astype(np.float64)
    terms = np.stack([weight, weight * t, weight * t * t, value, value * t, value * value])
    sums = np.concatenate([np.zeros((6, 1)), np.cumsum(terms, axis=1)], axis=1)
    left, right = sums[:, splits], sums[:, -1:] - sums[:, splits]
    return _line_cost(left) + _line_cost(right)


def _line_cost(sums: Floats) -> Floats:
    """Return the sum of squares around a line from its six sums, shape (6, m)."""
    count, t, tt, value, tv, vv = sums
    count = np.maximum(count, 1.0)
    spread = tt - t * t / count
    shared = tv - t * value / count
    slope_part = np.divide(shared**2, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    return np.asarray(vv - value**2 / count - slope_part)


def judge_change(cuts: Cuts, i: int) -> tuple[Kind, float]:
    """Say what kind of change cut ``i`` is, and how sure it is no noise."""
    n = cuts.scaled.shape[1]
    start, here = int(cuts.starts[i - 1]), int(cuts.starts[i])
    stop = int(cuts.starts[i + 1]) if i + 1 < cuts.starts.size else n
    part = cuts.scaled[:, start:stop]
    t = np.arange(start, stop, dtype=np.float64) - here
    after = (t >= 0).astype(np.float64)
    line = np.column_stack([np.ones(t.size), t])
    designs = {
        "none": line,
        "level": np.column_stack([line, after]),
        # Half a step before the first new sample: that is where the segments meet.
        "slope": np.column_stack([line, after * (t + 0.5)]),
        "both": np.column_stack([line, after, after * t]),
    }
    misfits = {name: _misfit(design, part) for name, design in designs.items()}
    kind: Kind = "level" if misfits["level"].sum() <= misfits["slope"].sum() else "slope"
    gains = misfits["none"] - misfits["both"]
    beyond_noise, share = 0.0, float(gains.mean())
    for row, level, gain in zip(part, cuts.noise, gains, strict=True):
        if np.isnan(level.autocorrelation):
            beyond_noise += _walk_evidence(row, here - start)
        else:
            beyond_noise += gain / max(level.long_run_variance, 1e-30)
    sure = _confidence(beyond_noise - NOISE_PRICE * np.log(n))
    if any(np.isnan(level.autocorrelation) for level in cuts.noise):
        # Nobody can tell whether a walk's wandering is noise (then `sure` holds) or movement
        # (then any visible change is one): even odds on the two.
        sure = (sure + share / (share + SHARE)) / 2
    return kind, sure


def _misfit(design: Floats, rows: Floats) -> Floats:
    """Return the sum of squares of each row, shape (d,), around its best fit."""
    solution = np.linalg.lstsq(design, rows.T, rcond=None)[0]
    return np.asarray(((rows.T - design @ solution) ** 2).sum(axis=0))


def _walk_evidence(row: Floats, split: int) -> float:
    """Return the squared score of a jump, or of a change of drift, against a random walk."""
    steps = np.diff(row)
    before, after = steps[: split - 1], steps[split:]
    rest = np.concatenate([before - before.mean(), after - after.mean()])
    variance = max(float(rest @ rest) / max(rest.size - 2, 1), 1e-30)
    jump = float(steps[split - 1] - np.mean(rest if rest.size == 0 else steps)) ** 2 / variance
    bend = float(before.mean() - after.mean()) ** 2 / (
        variance * (1 / before.size + 1 / after.size)
    )
    return max(jump, bend)


def judge_variance(cuts: Cuts, row: int) -> float:
    """Return how sure the steps before and after ``row`` differ in size."""
    reach = 100
    steps = np.diff(cuts.scaled, axis=1)
    before, after = steps[:, max(row - reach, 0) : row], steps[:, row : row + reach]
    logs = [np.log(np.maximum(part**2, 1e-300)) for part in (before, after)]
    spread = np.pi**2 * (1 / before.shape[1] + 1 / after.shape[1])
    scores = (logs[0].mean(axis=1) - logs[1].mean(axis=1)) ** 2 / spread
    return _confidence(float(scores.sum()) - NOISE_PRICE * np.log(cuts.scaled.shape[1]))


def _confidence(surplus: float) -> float:
    """Turn twice a surplus of log evidence into a probability, never quite 0 or 1."""
    return float(np.clip(1 / (1 + np.exp(-np.clip(surplus, -60, 60) / 2)), 0.0001, 0.9999))
