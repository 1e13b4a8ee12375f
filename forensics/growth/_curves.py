"""The curves that compete to explain a floor, and what may come on top of any of them.

Each growth model that defines ``shapes(u)`` brings its curves over the unit window: ``u`` runs
from 0 at the first point to 1 at the last, and so does each curve. Level and height are then
linear, so that a whole family is weighed by one matrix product instead of a search.

Backgrounds are what a leak may sit on: traffic, the time of day, a warm-up, steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from forensics.growth._types import Floats, Floor
from forensics.kernels.segments import cut_levels
from forensics.plugins import find_plugins

REQUIRED = ("NAME", "PARAMETERS", "guess", "predict")

_DAY_S = 86_400.0
#: A part of a day this short looks like any curve; its sine would explain leaks away.
_MIN_DAYS = 0.35
_MIN_DAYS_OVERTONE = 0.8
_WARM_UPS = (0.012, 0.03, 0.07)
_MAX_STEPS = 9
_MAX_STEPS_UNDER_GROWTH = 3
#: Steps and a leak at once are two stories: rarer than either.
_LOG_COINCIDENCE = log(0.03)

Shapes = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Family:
    """A growth model that brings its curves."""

    name: str
    is_leak: bool
    shapes: Shapes


@dataclass(frozen=True, slots=True)
class Curves:
    """All curves at the points of one floor.

    Attributes
    ----------
    families
        Names, as ``family`` counts them.
    family : array of int64, shape (c,)
    is_leak : array of bool, shape (c,)
    theta : array of float64, shape (c,)
        The one nonlinear parameter, in shares of the window.
    log_prior : array of float64, shape (c,)
        Families of leaks share one half of the prior, families of look-alikes the other;
        within a family all curves are equal.
    values : array of float64, shape (m, c)
    """

    families: tuple[Family, ...]
    family: NDArray[np.int64]
    is_leak: NDArray[np.bool_]
    theta: Floats
    log_prior: Floats
    values: Floats


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
def find_families() -> tuple[Family, ...]:
    """Return the models of the folder that define ``shapes``, by name."""
    modules = (p.module for p in find_plugins("forensics.growth", REQUIRED) if p.module)
    return tuple(
        Family(module.NAME, bool(module.IS_LEAK), module.shapes)
        for module in modules
        if hasattr(module, "shapes")
    )


def build_curves(floor: Floor) -> Curves:
    """Evaluate all families at the points of ``floor``; adds the one from requests if known."""
    u = unit_time(floor)
    families = list(find_families())
    parts = [family.shapes(u) for family in families]
    if floor.requests is not None and floor.requests[-1] > floor.requests[0]:
        total = floor.requests - floor.requests[0]
        families.append(Family("per_request", is_leak=True, shapes=_straight))
        parts.append((np.zeros(1), (total / total[-1])[None, :]))
    sizes = [theta.size for theta, _ in parts]
    family = np.repeat(np.arange(len(families)), sizes)
    leaky = np.array([f.is_leak for f in families])
    share = np.where(leaky, 1 / leaky.sum(), 1 / max((~leaky).sum(), 1))
    return Curves(
        families=tuple(families),
        family=family,
        is_leak=leaky[family],
        theta=np.concatenate([theta for theta, _ in parts]),
        log_prior=np.log(share / np.array(sizes))[family],
        values=np.concatenate([curve for _, curve in parts]).T,
    )


def unit_time(floor: Floor) -> Floats:
    """Return the times of the points as shares of the window, shape (m,)."""
    return (floor.t_s - floor.t_s[0]) / max(floor.span_s, 1e-9)


def _straight(u: Floats) -> tuple[Floats, Floats]:
    return np.zeros(1), u[None, :].astype(np.float64)


def build_backgrounds(floor: Floor) -> tuple[Background, ...]:
    """Return all backgrounds that this floor allows for, the empty one first."""
    u = unit_time(floor)
    empty = np.zeros((u.size, 0))
    found = [Background("plain", empty, 0.0)]
    daily = _daily(floor)
    load = _load(floor)
    if load is not None:
        found.append(Background("load", load, log(1.0)))
    found.extend(Background("daily", columns, log(0.25 / 2**k)) for k, columns in enumerate(daily))
    for tau in _WARM_UPS:
        warm = -np.expm1(-u / tau)[:, None]
        found.append(Background("warm", warm, log(0.3 / len(_WARM_UPS)), for_leaks_only=True))
    found.extend(_levels(floor.y_bytes))
    found.extend(_levels_under_growth(floor.y_bytes, u))
    if load is not None:
        rest = floor.y_bytes - _fitted(np.column_stack([np.ones_like(u), load]), floor.y_bytes)
        found.extend(
            Background("steps+load", np.column_stack([load, b.columns]), b.log_prior, False)
            for b in _levels(rest)
        )
    return tuple(found)


def _load(floor: Floor) -> Floats | None:
    """Return the load, scaled to a mean of 1, if it varies at all."""
    if floor.load is None or not np.isfinite(floor.load).all():
        return None
    mean = float(np.mean(np.abs(floor.load)))
    if mean <= 0 or float(np.std(floor.load)) < 1e-6 * mean:
        return None
    return (floor.load / mean)[:, None]


def _daily(floor: Floor) -> list[Floats]:
    """Return the sine of the day, and with its overtone, as far as the window shows them."""
    days = floor.span_s / _DAY_S
    if days < _MIN_DAYS:
        return []
    angle = 2 * np.pi * floor.t_s / _DAY_S
    first = np.column_stack([np.sin(angle), np.cos(angle)])
    if days < _MIN_DAYS_OVERTONE:
        return [first]
    return [first, np.column_stack([first, np.sin(2 * angle), np.cos(2 * angle)])]


def _levels(y: Floats) -> list[Background]:
    """Return the best staircases of 1 to 9 steps; each step pays for its place."""
    most = min(_MAX_STEPS, y.size // 4)
    if most < 1:
        return []
    cuts = cut_levels(y, most, 2)
    places = np.arange(y.size)[:, None]
    found = []
    for k in range(1, most + 1):
        row = cuts[k - 1, :k]
        if row[0] >= 0:
            columns = (places >= row[None, :]).astype(np.float64)
            prior = -log(comb(y.size - 1, k)) - k * log(2)
            found.append(Background("steps", columns, prior, takes_curves=False))
    return found


def _levels_under_growth(y: Floats, u: Floats) -> list[Background]:
    """Return 1 to 3 steps found beside a steady rise, one after the other."""
    if y.size < 16:
        return []
    places = np.arange(2, y.size - 1)
    candidates = (np.arange(y.size)[:, None] >= places[None, :]).astype(np.float64)
    design = np.column_stack([np.ones_like(u), u])
    chosen: list[Background] = []
    steps = np.zeros((y.size, 0))
    for k in range(1, _MAX_STEPS_UNDER_GROWTH + 1):
        q, _ = np.linalg.qr(np.column_stack([design, steps]))
        rest = y - q @ (q.T @ y)
        free = candidates - q @ (q.T @ candidates)
        size = np.einsum("ij,ij->j", free, free)
        gain = np.where(size > 1e-6, (free.T @ rest) ** 2 / np.maximum(size, 1e-6), 0.0)
        steps = np.column_stack([steps, candidates[:, int(np.argmax(gain))]])
        prior = -log(comb(y.size - 1, k)) - k * log(2) + _LOG_COINCIDENCE
        chosen.append(Background("steps", steps, prior, for_leaks_only=True))
    return chosen


def _fitted(design: Floats, y: Floats) -> Floats:
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    return np.asarray(design @ found)


__all__ = ["Background", "Curves", "Family", "build_backgrounds", "build_curves", "combinations"]
