"""Find the moments at which a series changes its level, its slope or its noise.

One setting for every series; what is assumed and what was measured is in
``docs/methods/change-points.md``.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from forensics.errors import UsageError
from forensics.growth._judgement import Kind, judge_change, judge_variance, refine_place
from forensics.growth._problem import Floats
from forensics.growth._segmentation import cut_series, find_variance_changes
from forensics.growth._series import prepare_series

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def as_record(self, times: Sequence[object] = ()) -> dict[str, object]:
        """Return the changes as parallel lists, for JSON; ``times`` has one item a change."""
        return {
            "indices": list(self.indices),
            "times": list(times) or [None] * len(self.changes),
            "kinds": [change.kind for change in self.changes],
            "confidence": [round(change.confidence, 4) for change in self.changes],
            "season_samples": self.season_samples,
            "has_pattern": self.has_pattern,
            "segments": [
                {
                    "start": part.start,
                    "stop": part.stop,
                    "levels": part.levels.tolist(),
                    "slopes_per_sample": part.slopes_per_sample.tolist(),
                    "residual_stds": part.residual_stds.tolist(),
                }
                for part in self.segments
            ],
        }

    def as_table(self, times: Sequence[object] = ()) -> pl.DataFrame:
        """Return one row a change: index, time, kind, confidence."""
        shown = ["" if time is None else str(time) for time in times] or [""] * len(self.changes)
        return pl.DataFrame(
            {
                "index": list(self.indices),
                "time": shown,
                "kind": [change.kind for change in self.changes],
                "confidence": [change.confidence for change in self.changes],
            },
            schema={
                "index": pl.Int64,
                "time": pl.String,
                "kind": pl.String,
                "confidence": pl.Float64,
            },
        )

    def summary(self) -> str:
        """Return one sentence on what was found and what was taken out first."""
        count = len(self.changes)
        text = "no change" if count == 0 else f"{count} change{'s' if count > 1 else ''}"
        if self.season_samples:
            text += f"; a season of {self.season_samples} samples was taken out first"
        if self.has_pattern:
            text += "; the series repeats a pattern, which counts as noise"
        return text


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
        ChangePoint(refine_place(prepared, raw, cuts, i), *judge_change(cuts, i))
        for i in range(1, cuts.starts.size)
    ]
    changes += [
        ChangePoint(int(prepared.positions[row]), "variance", judge_variance(cuts, int(row)))
        for row in find_variance_changes(cuts)
    ]
    changes.sort(key=lambda change: change.index)
    unique = {change.index: change for change in reversed(changes)}
    ordered = tuple(unique[index] for index in sorted(unique))
    segments = _segments(raw, [change.index for change in ordered])
    return Segmentation(ordered, segments, prepared.season_samples, cuts.is_pattern)


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
