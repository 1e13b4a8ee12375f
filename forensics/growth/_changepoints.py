"""Find the moments at which a series changes its level, its slope or its noise.

One setting for every series; what is assumed and what was measured is in
``docs/methods/change-points.md``.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from forensics.errors import UsageError
from forensics.growth._segmentation import (
    NOISE_PRICE,
    SHARE,
    Cuts,
    cut_series,
    find_variance_changes,
)
from forensics.growth._series import Prepared, prepare_series
from forensics.growth._solve import Floats

Kind = Literal["level", "slope", "variance"]
_MIN_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """One change.

    Attributes
    ----------
    index
        First sample of what is new, zero-based, in the series as given.
    kind
        What explains it best.
    confidence
        Probability, 0 to 1, that noise alone didn't do it, against equal odds per place.
        Near one half where the series wanders like a random walk, so that nobody can tell.
    """

    index: int
    kind: Kind
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What holds between two changes: samples ``start`` to ``stop`` (exclusive).

    ``levels`` (at the middle), ``slopes_per_sample`` and ``residual_stds`` have shape (d,),
    in units of the columns; NaN for a column without enough samples there.
    """

    start: int
    stop: int
    levels: Floats
    slopes_per_sample: Floats
    residual_stds: Floats


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The changes of a series and what holds between them.

    Attributes
    ----------
    changes
        In order of index.
    segments
        One more than changes.
    season_samples
        Length of the season that was taken out first, 0 for none.
    has_pattern
        The series repeats itself too often for single changes; only what goes beyond the
        pattern is reported.
    """

    changes: tuple[ChangePoint, ...]
    segments: tuple[Segment, ...]
    season_samples: int
    has_pattern: bool

    @property
    def indices(self) -> tuple[int, ...]:
        """First index of each new segment."""
        return tuple(change.index for change in self.changes)


def find_change_points(y: ArrayLike) -> Segmentation:
    """Find changes of level, slope and noise with one setting for every series.

    Spikes and a strong season are taken out; changes are then found by exact optimal
    partitioning into level and sloping segments, and kept where they are both visible and
    beyond (autocorrelated) noise. Neither the unit nor the zero of ``y`` matters. Takes
    O(n) time for thinning to 2 000 samples and O(d * 2 000²) for the search; on a thinned
    series places are found to a block and then refined.

    Parameters
    ----------
    y : array, shape (n,) or (n, d)
        Samples at equal steps; several columns are searched together. NaN and infinite
        values are missing. Fewer than five samples have no changes.

    Returns
    -------
    Segmentation

    Raises
    ------
    UsageError
        If ``y`` has more than two dimensions.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=200)
    >>> find_change_points(noise + 5 * (np.arange(200) >= 120)).indices
    (120,)
    """
    raw = np.asarray(y, dtype=np.float64)
    if raw.ndim not in {1, 2}:
        raise UsageError(
            f"find_change_points: y has {raw.ndim} dimensions; expected (n,) or (n, d)"
        )
    raw = raw[:, None] if raw.ndim == 1 else raw
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _find(raw)


def _find(raw: Floats) -> Segmentation:
    prepared = prepare_series(raw)
    if prepared.positions.size < _MIN_SAMPLES:
        return Segmentation((), _segments(raw, []), prepared.season_samples, has_pattern=False)
    cuts = cut_series(prepared.values)
    changes = [
        ChangePoint(_place(prepared, raw, cuts, i), *_judge(cuts, i))
        for i in range(1, cuts.starts.size)
    ]
    changes += [
        ChangePoint(int(prepared.positions[row]), "variance", _variance_confidence(cuts, int(row)))
        for row in find_variance_changes(cuts)
    ]
    changes.sort(key=lambda change: change.index)
    unique = {change.index: change for change in reversed(changes)}
    ordered = tuple(unique[index] for index in sorted(unique))
    segments = _segments(raw, [change.index for change in ordered])
    return Segmentation(ordered, segments, prepared.season_samples, cuts.is_pattern)


def _place(prepared: Prepared, raw: Floats, cuts: Cuts, i: int) -> int:
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


def _split_costs(column: Floats, seen: np.ndarray, splits: np.ndarray) -> Floats:
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


def _judge(cuts: Cuts, i: int) -> tuple[Kind, float]:
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


def _variance_confidence(cuts: Cuts, row: int) -> float:
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


def _segments(raw: Floats, indices: list[int]) -> tuple[Segment, ...]:
    """Describe what holds between the changes, in units of the columns."""
    edges = [0, *indices, raw.shape[0]]
    return tuple(
        Segment(start, stop, *_describe(raw[start:stop]))
        for start, stop in itertools.pairwise(edges)
    )


def _describe(part: Floats) -> tuple[Floats, Floats, Floats]:
    """Return level in the middle, slope per sample and residual deviation of each column."""
    middle = (part.shape[0] - 1) / 2
    rows = []
    for column in part.T:
        seen = np.flatnonzero(np.isfinite(column))
        values = column[seen]
        if seen.size < 3:
            rows.append((values.mean() if seen.size else np.nan, np.nan, np.nan))
            continue
        t = seen - middle
        slope, level = np.polyfit(t, values, 1)
        left = values - level - slope * t
        rows.append((level, slope, np.sqrt(left @ left / (seen.size - 2))))
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
