"""Rate, onset and time to the limit with intervals, averaged over all models that may hold.

An interval from the best model alone is too short: it leaves out that another model may be
right. So parameters are drawn from every (model, background, noise) in proportion to its
weight, and the quantiles of what follows from them are the interval [1]_.

References
----------
.. [1] J. A. Hoeting, D. Madigan, A. E. Raftery, C. T. Volinsky (1999), "Bayesian model
   averaging: a tutorial", Statistical Science 14, 382-401, eq. (1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.growth._evidence import RHOS, Evidence, correlations
from forensics.growth._types import UNKNOWN, Estimate, Floats, Floor
from forensics.kernels.regressions import whiten_columns

#: Explanations drawn (with repetition), and draws from each; few where no leak is likely.
_WAYS = 64
_FEW_WAYS = 12
_EACH = 60
_SEED = 20_260_209
#: Logarithm of the weight below which the likeliest leak is drawn from sparingly.
_UNLIKELY = -5.0
#: A forecast that comes late costs more than one that comes early, and a window too short to
#: show a bend favours the line: curves that accelerate count this much more in forecasts.
_LOG_CAUTION = float(np.log(2.5))
_FASTER = 1.1
#: How far ahead a limit is looked for, in lengths of the window.
_HORIZON = 1000.0
_AHEAD = np.concatenate([[0.0], np.geomspace(1e-3, _HORIZON, 500)])


@dataclass(frozen=True, slots=True)
class Draws:
    """Joint draws of what the leak models say; each array has shape (k,).

    ``level_bytes`` and ``rate_bytes_per_s`` hold at the last point, ``onset_s`` in the time
    of the series, ``to_limit_s`` from the horizon's ``now_s`` on (inf: never).
    """

    level_bytes: Floats
    rate_bytes_per_s: Floats
    rise_bytes: Floats
    onset_s: Floats
    to_limit_s: Floats

    def interval(self, values: Floats, level: float = 0.9) -> Estimate:
        """Return the median with the central interval; unknown without draws."""
        if values.size == 0:
            return UNKNOWN
        tail = (1 - level) / 2
        low, middle, high = np.quantile(
            np.where(np.isfinite(values), values, np.finfo(np.float64).max), [tail, 0.5, 1 - tail]
        )
        huge = np.finfo(np.float64).max / 2
        ends = [float(v) if v < huge else np.inf for v in (middle, low, high)]
        return Estimate(ends[0], ends[1], ends[2], level)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Where memory ends (None: not known), from when one looks ahead, when the life began."""

    limit_bytes: float | None
    now_s: float
    started_s: float


def draw_forecast(floor: Floor, evidence: Evidence, log_weights: Floats, horizon: Horizon) -> Draws:
    """Draw from the leak models in proportion to their weight.

    Parameters
    ----------
    floor, evidence
        The points and how each explanation was weighed.
    log_weights : array of float64, shape of ``evidence.grown``
        ``Selection.leak``.
    horizon
        Which limit, seen from when.
    """
    none = np.zeros(0)
    if not np.isfinite(log_weights.max(initial=-np.inf)):
        return Draws(none, none, none, none, none)
    rng = np.random.default_rng(_SEED)
    hastened = log_weights + np.where(_is_accelerating(evidence), _LOG_CAUTION, 0.0)
    weights = np.exp(hastened - hastened.max()).ravel()
    # Systematic resampling: equally spaced through the cumulated weight, unbiased and even.
    total = np.cumsum(weights)
    count = _WAYS if log_weights.max() > _UNLIKELY else _FEW_WAYS
    marks = (np.arange(count) + rng.random()) / count * total[-1]
    ways, counts = np.unique(np.searchsorted(total, marks), return_counts=True)
    parts = [
        _draw_way(
            floor, evidence, np.unravel_index(way, log_weights.shape), count * _EACH, horizon, rng
        )
        for way, count in zip(ways.tolist(), counts.tolist(), strict=True)
    ]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Draws(*joined)


def _is_accelerating(evidence: Evidence) -> NDArray[np.bool_]:
    """Tell which curves grow faster the longer they grow, shape (c,)."""
    curves = evidence.curves
    ends = np.array([1 - 1e-3, 1.0, 1.5])
    faster = np.zeros(curves.theta.size, np.bool_)
    for k, shape in enumerate(curves.shapes):
        mine = curves.shape == k
        before, now, later = shape.curve(ends, curves.theta[mine]).T
        faster[mine] = later - now > _FASTER * 500 * (now - before)
    return faster


def _draw_way(
    floor: Floor,
    evidence: Evidence,
    place: tuple[np.intp, ...],
    count: int,
    horizon: Horizon,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Draw from one (correlation, background, curve)."""
    i, j, c = (int(p) for p in place)
    curves, background = evidence.curves, evidence.takers[j]
    y = floor.y_bytes
    design = np.column_stack([np.ones(y.size), curves.values[:, c], background.columns])
    phi = correlations(floor.t_s, float(RHOS[i]))
    white = whiten_columns(np.column_stack([design, y]), phi)
    q, r = np.linalg.qr(white[:, :-1])
    centre = np.linalg.solve(r, q.T @ white[:, -1])
    rest = white[:, -1] - white[:, :-1] @ centre
    spare = max(y.size - design.shape[1], 1)
    scale = np.sqrt(float(rest @ rest) / rng.chisquare(spare, count))
    spread = np.linalg.solve(r, rng.standard_normal((design.shape[1], count)))
    drawn = centre[:, None] + spread * scale
    ahead, slope = _extend(evidence, c)
    rise = np.maximum(drawn[1], 0.0)
    start = drawn[0] + _now(background.name, background.columns) @ drawn[2:]
    level = start + rise
    rate = rise * slope / max(floor.span_s, 1e-9)
    onset = _onset(floor, evidence, c, horizon)
    to_limit = np.full(count, np.inf)
    if horizon.limit_bytes is not None:
        with np.errstate(divide="ignore"):
            needed = np.divide(
                horizon.limit_bytes - start, rise, out=np.full(count, np.inf), where=rise > 0
            )
        reached = np.interp(needed, ahead, _AHEAD, left=0.0, right=np.inf)
        to_limit = np.maximum(reached * floor.span_s - (horizon.now_s - floor.t_s[-1]), 0.0)
    return level, rate, rise, np.full(count, onset), to_limit


def _now(name: str, columns: Floats) -> Floats:
    """Return the background that the future is assumed to have: traffic as on average."""
    if columns.shape[1] == 0:
        return np.zeros(0)
    if name in ("steps", "warm"):
        return np.asarray(columns[-1])
    return np.zeros(columns.shape[1]) if name == "daily" else columns.mean(axis=0)


def _extend(evidence: Evidence, c: int) -> tuple[Floats, float]:
    """Return a curve at 1 + ``_AHEAD`` windows, and its slope at the last point."""
    shape = evidence.curves.shapes[int(evidence.curves.shape[c])]
    u = np.concatenate([1 + _AHEAD, [1 - 1e-3]])
    values = shape.curve(u, evidence.curves.theta[c : c + 1])[0]
    slope = float((values[0] - values[-1]) / 1e-3)
    return np.maximum.accumulate(values[:-1]), slope


def _onset(floor: Floor, evidence: Evidence, c: int, horizon: Horizon) -> float:
    """Return when the curve begins to rise: its hinge, or the start of the life."""
    if evidence.curves.shapes[int(evidence.curves.shape[c])].name != "piecewise":
        return horizon.started_s
    return float(floor.t_s[0] + float(evidence.curves.theta[c]) * floor.span_s)
