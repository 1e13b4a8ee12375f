"""The curves that compete to explain a floor, and what may come on top of any of them.

Each growth model that defines ``SHAPES`` brings its curves over the unit window: ``u`` runs
from 0 at the first point to 1 at the last, and so does each curve. Level and height are then
linear, so that a whole family is weighed by one matrix product instead of a search.

Backgrounds are what a leak may sit on: traffic, the time of day, a warm-up, steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from forensics.growth._envelope import noise_std
from forensics.growth._following import DAY_S, calmer_loads, day_waves, scaled_load, swelling_day
from forensics.growth._types import Floats, Floor
from forensics.kernels.segments import cut_levels
from forensics.plugins import find_plugins

REQUIRED = ("NAME", "PARAMETERS", "guess", "predict")

#: A part of a day this short looks like any curve; its sine would explain leaks away.
_MIN_DAYS = 0.5
#: Less than this much of a day is seldom all there is to see of it.
_MOST_OF_A_DAY = 0.9
_LOG_PART_OF_A_DAY = log(0.1)
_MIN_DAYS_OVERTONE = 0.8
#: A floor that falls back by less than this share of its rise never falls, noise aside.
_FALLS_BACK = 0.03
_SWING_SIGMAS = 4.0
_WARM_UPS = (0.012, 0.03, 0.07)
#: Prior of each of them, against 1 for the load as it was counted.
_CALM_LOADS = 1.0
#: ... and of a load that shows in nothing but a growing wave of the day.
_HIDDEN_LOAD = 0.25
_MAX_STEPS = 9
_MAX_STEPS_UNDER_GROWTH = 3
#: So many steps, each lower than this many rounding units, are a line.
_ROUNDED_STEPS = 3
_ONE_UNIT = 1.5
#: Steps and a leak at once are two stories: rarer than either.
_LOG_COINCIDENCE = log(0.03)

_AT_THE_END = np.array([1 - 1e-3, 1.0])

CurveOf = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Shape:
    """One-parameter curves of a growth model.

    ``grid`` has shape (k,); ``curve(u, theta)`` returns shape (len(theta), len(u)), a level
    and a height short of the model. The prior is even over the cells of the grid.
    """

    name: str
    is_leak: bool
    grid: Floats
    curve: CurveOf


@dataclass(frozen=True, slots=True)
class Curves:
    """All curves at the points of one floor.

    Attributes
    ----------
    shapes
        Where the curves come from, as ``shape`` counts them.
    shape : array of int64, shape (c,)
    is_leak : array of bool, shape (c,)
    theta : array of float64, shape (c,)
        The one nonlinear parameter, in shares of the window.
    log_prior : array of float64, shape (c,)
        Models of leaks share one half of the prior, models of look-alikes the other.
    values : array of float64, shape (m, c)
    """

    shapes: tuple[Shape, ...]
    shape: NDArray[np.int64]
    is_leak: NDArray[np.bool_]
    theta: Floats
    log_prior: Floats
    values: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, each once, in order."""
        return tuple(dict.fromkeys(shape.name for shape in self.shapes))

    def end_slopes(self) -> Floats:
        """Return the slope of each curve at the end over its mean slope, shape (c,).

        Growth by request has the slope of its mean rate: at night it is no slower a leak.
        """
        slopes = np.ones(self.theta.size)
        for k, shape in enumerate(self.shapes):
            mine = self.shape == k
            if shape.is_leak and shape.name != "per_request":
                last, end = shape.curve(_AT_THE_END, self.theta[mine]).T
                slopes[mine] = (end - last) / (_AT_THE_END[1] - _AT_THE_END[0])
        return slopes

    def is_of(self, name: str) -> NDArray[np.bool_]:
        """Tell which curves belong to a model, shape (c,)."""
        return np.array([shape.name == name for shape in self.shapes])[self.shape]


@dataclass(frozen=True, slots=True)
class Background:
    """What explains a part of the floor without being growth.

    ``columns`` has shape (m, q), without the constant. ``is_positive`` tells that the
    coefficients are heights above an empty process and can't be negative.
    """

    name: str
    columns: Floats
    log_prior: float
    takes_curves: bool = True
    for_leaks_only: bool = False


@lru_cache(maxsize=1)
def find_shapes() -> tuple[Shape, ...]:
    """Return the curves of all models of the folder that define ``SHAPES``."""
    modules = (p.module for p in find_plugins("forensics.growth", REQUIRED) if p.module)
    return tuple(
        Shape(module.NAME, bool(module.IS_LEAK), grid, curve)
        for module in modules
        for grid, curve in getattr(module, "SHAPES", ())
    )


def shapes_of(floor: Floor) -> tuple[Shape, ...]:
    """Return all shapes for ``floor``; adds the one from requests where they are known."""
    shapes = find_shapes()
    if floor.requests is None or floor.requests[-1] <= floor.requests[0]:
        return shapes
    total = floor.requests - floor.requests[0]
    curve = partial(_by_requests, unit_time(floor), total / total[-1])
    return (*shapes, Shape("per_request", is_leak=True, grid=np.zeros(1), curve=curve))


def _by_requests(known_u: Floats, share: Floats, u: Floats, theta: Floats) -> Floats:
    """Return the share of requests served by ``u``; after the window, at the mean rate."""
    curve = np.where(u > 1, u, np.interp(u, known_u, share))
    return curve[None, :] + 0.0 * theta[:, None]


def build_curves(floor: Floor, finer: dict[int, Floats] | None = None) -> Curves:
    """Evaluate all shapes at the points of ``floor``.

    ``finer`` maps a shape's number to values of theta between those of its grid. They share
    the prior of the cells they lie in, so that a finer look changes no odds.
    """
    u = unit_time(floor)
    shapes = shapes_of(floor)
    thetas, masses = [], []
    for k, shape in enumerate(shapes):
        theta, mass = _cells(shape.grid, (finer or {}).get(k))
        thetas.append(theta)
        masses.append(mass * _model_prior(shapes, shape))
    number = np.repeat(np.arange(len(shapes)), [theta.size for theta in thetas])
    return Curves(
        shapes=shapes,
        shape=number,
        is_leak=np.array([shape.is_leak for shape in shapes])[number],
        theta=np.concatenate(thetas),
        log_prior=np.log(np.concatenate(masses)),
        values=np.concatenate(
            [shape.curve(u, theta) for shape, theta in zip(shapes, thetas, strict=True)]
        ).T,
    )


def _model_prior(shapes: tuple[Shape, ...], shape: Shape) -> float:
    """Return a shape's prior: even over models of its sort, then by grid size in a model."""
    models = {s.name for s in shapes if s.is_leak == shape.is_leak}
    mine = [s.grid.size for s in shapes if s.name == shape.name]
    return shape.grid.size / sum(mine) / len(models)


def _cells(grid: Floats, finer: Floats | None) -> tuple[Floats, Floats]:
    """Return grid and finer values, and the share of the prior in the cell around each."""
    if finer is None or grid.size < 2:
        return grid, np.full(grid.size, 1 / grid.size)
    place = np.arange(grid.size, dtype=np.float64)
    theta = np.unique(np.concatenate([grid, finer]))
    at = np.interp(theta, grid, place)
    edges = np.concatenate([[-0.5], (at[1:] + at[:-1]) / 2, [grid.size - 0.5]])
    return theta, np.maximum(np.diff(edges), 1e-12) / grid.size


def unit_time(floor: Floor) -> Floats:
    """Return the times of the points as shares of the window, shape (m,)."""
    return np.asarray((floor.t_s - floor.t_s[0]) / max(floor.span_s, 1e-9))


def build_backgrounds(floor: Floor) -> tuple[Background, ...]:
    """Return all backgrounds that this floor allows for, the empty one first."""
    u = unit_time(floor)
    empty = np.zeros((u.size, 0))
    found = [Background("plain", empty, 0.0)]
    daily = _daily(floor)
    load = scaled_load(floor)
    if load is not None:
        found.append(Background("load", load, log(1.0)))
        calmer = calmer_loads(load, u, floor.y_bytes)
        found.extend(
            Background("load", column, log(_CALM_LOADS), takes_curves=False) for column in calmer
        )
    part = _LOG_PART_OF_A_DAY if floor.span_s < _MOST_OF_A_DAY * DAY_S else 0.0
    only_rises = floor.span_s >= DAY_S and _never_falls(floor.y_bytes)
    found.extend(
        Background("daily", columns, log(0.25 / 2**k) + part, for_leaks_only=only_rises)
        for k, columns in enumerate(daily)
    )
    swelling = swelling_day(floor, u)
    if swelling is not None:
        found.append(Background("load", swelling, log(_HIDDEN_LOAD), takes_curves=False))
    for tau in _WARM_UPS:
        warm = -np.expm1(-u / tau)[:, None]
        found.append(Background("warm", warm, log(0.3 / len(_WARM_UPS)), for_leaks_only=True))
    found.extend(_levels(floor.y_bytes, floor.rounding_bytes))
    found.extend(_levels_under_growth(floor.y_bytes, u))
    if load is not None:
        rest = floor.y_bytes - _fitted(np.column_stack([np.ones_like(u), load]), floor.y_bytes)
        found.extend(
            Background(
                "steps+load", np.column_stack([load, b.columns]), b.log_prior, takes_curves=False
            )
            for b in _levels(rest, 0.0)
        )
    return tuple(found)


def _daily(floor: Floor) -> list[Floats]:
    """Return the sine of the day, and with its overtone, as far as the window shows them."""
    days = floor.span_s / DAY_S
    if days < _MIN_DAYS:
        return []
    waves = day_waves(floor.t_s)
    return [waves[:, :2]] if days < _MIN_DAYS_OVERTONE else [waves[:, :2], waves]


def _never_falls(y: Floats) -> bool:
    """Tell whether a floor falls back by no more than noise and a small share of its rise.

    Memory that follows the time of day falls once a day. Where it never does, the day shows in
    the rate of what stays: a leak by request, faster by day than by night.
    """
    fall = float(np.max(np.maximum.accumulate(y) - y))
    return fall <= _FALLS_BACK * float(np.ptp(y)) + _SWING_SIGMAS * noise_std(y)


def _levels(y: Floats, unit: float) -> list[Background]:
    """Return the best staircases of 1 to 9 steps; each step pays for its place."""
    most = min(_MAX_STEPS, y.size // 4)
    if most < 1:
        return []
    cuts = cut_levels(y, most, 2)
    places = np.arange(y.size)[:, None]
    found = []
    for k in range(1, most + 1):
        row = cuts[k - 1, :k]
        if row[0] >= 0 and not _is_rounded_line(y, row, unit):
            columns = (places >= row[None, :]).astype(np.float64)
            prior = -log(comb(y.size - 1, k)) - k * log(2)
            found.append(Background("steps", columns, prior, takes_curves=False))
    return found


def _is_rounded_line(y: Floats, cuts: NDArray[np.int64], unit: float) -> bool:
    """Tell whether several steps go up by one rounding unit each: a line, coarsely written."""
    if unit <= 0 or cuts.size < _ROUNDED_STEPS:
        return False
    heights = np.diff([float(np.median(part)) for part in np.split(y, cuts)])
    return bool(heights.min() >= 0 and heights.max() < _ONE_UNIT * unit)


def _levels_under_growth(y: Floats, u: Floats) -> list[Background]:
    """Return 1 to 3 steps found beside a steady rise, one after the other.

    One of them may go down, as when a cache is cleared. More, with a rise between, are the teeth
    of a saw: whatever rose was given back.
    """
    if y.size < 16:
        return []
    places = np.arange(2, y.size - 1)
    candidates = (np.arange(y.size)[:, None] >= places[None, :]).astype(np.float64)
    design = np.column_stack([np.ones_like(u), u])
    chosen: list[Background] = []
    steps = np.zeros((y.size, 0))
    has_fallen = False
    for k in range(1, _MAX_STEPS_UNDER_GROWTH + 1):
        q, _ = np.linalg.qr(np.column_stack([design, steps]))
        rest = y - q @ (q.T @ y)
        free = candidates - q @ (q.T @ candidates)
        size = np.einsum("ij,ij->j", free, free)
        along = free.T @ rest
        gain = np.where(size > 1e-6, along**2 / np.maximum(size, 1e-6), 0.0)
        gain[has_fallen & (along < 0)] = 0.0
        best = int(np.argmax(gain))
        has_fallen = has_fallen or bool(along[best] < 0)
        steps = np.column_stack([steps, candidates[:, best]])
        prior = -log(comb(y.size - 1, k)) - k * log(2) + _LOG_COINCIDENCE
        chosen.append(Background("steps", steps, prior, for_leaks_only=True))
    return chosen


def _fitted(design: Floats, y: Floats) -> Floats:
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    return np.asarray(design @ found)
