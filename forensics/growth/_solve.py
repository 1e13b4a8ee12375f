"""Minimise a sum of squares to the last digit that double precision holds.

Two steps, each with its reason:

1. Levenberg-Marquardt (MINPACK) with tolerances at machine precision, and a trust-region run
   from the same start. Either alone loses cases of the NIST collection from the far start;
   the smaller sum of squares is kept.
2. Gauss-Newton steps by a QR of the column-scaled Jacobian, as long as they shrink. The
   optimisers stop on the sum of squares, which is flat to 1e-16 where the parameters are
   still 1e-8 away from the minimum; the step itself isn't.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from forensics.growth._problem import EPSILON, Floats, Problem

_MAX_POLISH_STEPS = 50
_SMALLER_STARTS = (0.3, 0.1, 0.03)
_MAX_QUICK_STEPS = 100
#: A quick search ends when a step lowers the sum of squares by less than this share.
_QUICK_GAIN = 1e-10


def solve(problem: Problem, start: Floats) -> Floats:
    """Minimise the sum of squares from one start, whatever it costs; parameters, shape (k,).

    Where nothing better than a constant is found, an exponent was too far out: smaller starts
    are tried.
    """
    constant = problem.root_weights * (problem.y - np.mean(problem.y))
    flat_cost = float(constant @ constant)
    best = _search(problem, start)
    best_cost = problem.cost(best)
    for share in _SMALLER_STARTS:
        if best_cost < flat_cost or flat_cost == 0:
            break
        candidate = _search(problem, np.clip(share * start, problem.lower, problem.upper))
        cost = problem.cost(candidate)
        if cost < best_cost:
            best, best_cost = candidate, cost
    return best


def _search(problem: Problem, start: Floats) -> Floats:
    """Return the best of all methods from one start."""
    is_bounded = bool(np.isfinite(problem.lower).any() or np.isfinite(problem.upper).any())
    # MINPACK knows no bounds.
    runs = [_trust_region] if is_bounded else [_levenberg_marquardt, _trust_region]
    best, best_cost = start, problem.cost(start)
    for run in runs:
        candidate = polish(problem, run(problem, start))
        cost = problem.cost(candidate)
        if cost < best_cost:
            best, best_cost = candidate, cost
    return best


def solve_quickly(problem: Problem, start: Floats) -> Floats:
    """Minimise by projected Levenberg-Marquardt steps: about a tenth of the cost of ``solve``.

    Parameters that a step would push over a bound are held there for that step. Right for
    warm starts and for the many small fits of a growth analysis, not for far starts.
    """
    parameters, cost, damping = start, problem.cost(start), 1e-3
    for _ in range(_MAX_QUICK_STEPS):
        jacobian = problem.jacobian(parameters)
        gradient = jacobian.T @ problem.residuals(parameters)
        free = ~(
            ((parameters <= problem.lower) & (gradient > 0))
            | ((parameters >= problem.upper) & (gradient < 0))
        )
        curvature = jacobian.T @ jacobian
        step, trial, trial_cost, damping = _damped_step(
            problem, parameters, cost, (gradient, curvature, free, damping)
        )
        if step is None:
            break
        gain = cost - trial_cost
        parameters, cost = trial, trial_cost
        if gain <= _QUICK_GAIN * cost:
            break
    return parameters


def _damped_step(
    problem: Problem,
    parameters: Floats,
    cost: float,
    model: tuple[Floats, Floats, NDArray[np.bool_], float],
) -> tuple[bool | None, Floats, float, float]:
    """Raise the damping until a step lowers the cost; first item None if none does."""
    gradient, curvature, free, damping = model
    diagonal = np.diag(curvature)
    # Marquardt's scaling; an insensitive parameter gets a unit, or the matrix is singular.
    diagonal = np.where(diagonal > 0, diagonal, 1.0)
    for _ in range(12):
        damped = curvature + damping * np.diag(diagonal)
        step = np.zeros(parameters.size)
        inner = np.ix_(free, free)
        try:
            step[free] = -np.linalg.solve(damped[inner], gradient[free])
        except np.linalg.LinAlgError:
            damping *= 10
            continue
        trial = np.clip(parameters + step, problem.lower, problem.upper)
        trial_cost = problem.cost(trial)
        if trial_cost < cost:
            return True, trial, trial_cost, max(damping / 10, 1e-12)
        damping *= 10
    return None, parameters, cost, damping


def _levenberg_marquardt(problem: Problem, start: Floats) -> Floats:
    found = least_squares(
        problem.residuals,
        start,
        jac=problem.jacobian,
        method="lm",
        x_scale=_scale(start),
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=2000 * (start.size + 1),
    )
    return np.asarray(found.x, dtype=np.float64)


def _trust_region(problem: Problem, start: Floats) -> Floats:
    found = least_squares(
        problem.residuals,
        start,
        jac=problem.jacobian,
        method="trf",
        bounds=(problem.lower, problem.upper),
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=1000,
    )
    return np.asarray(found.x, dtype=np.float64)


def _scale(start: Floats) -> Floats:
    """Return the size of each parameter at the start: NIST's span fourteen decades."""
    return np.where(start == 0, 1.0, np.abs(start))


def polish(problem: Problem, parameters: Floats) -> Floats:
    """Take Gauss-Newton steps while they shrink and don't raise the sum of squares."""
    cost = problem.cost(parameters)
    last = np.inf
    for _ in range(_MAX_POLISH_STEPS):
        step = gauss_newton_step(problem, parameters)
        if step is None:
            break
        trial = np.clip(parameters + step, problem.lower, problem.upper)
        size = float(np.max(np.abs(trial - parameters) / np.maximum(np.abs(trial), 1e-300)))
        trial_cost = problem.cost(trial)
        # Near the minimum the sums of squares differ by rounding only: the step decides then.
        slack = problem.cost_rounding(cost) if size < 1e-4 else 0.0
        if not trial_cost <= cost + slack or not size < last:
            break
        parameters, cost, last = trial, trial_cost, size
        if size < 4 * EPSILON:
            break
    return parameters


def gauss_newton_step(problem: Problem, parameters: Floats) -> Floats | None:
    """Return the least-squares step, shape (k,), or None where the Jacobian has no full rank."""
    factor = factorise(problem.jacobian(parameters))
    if factor is None:
        return None
    q, r, scale = factor
    return np.asarray(np.linalg.solve(r, -(q.T @ problem.residuals(parameters))) / scale)


def factorise(jacobian: Floats) -> tuple[Floats, Floats, Floats] | None:
    """Return Q, R and the column norms of the scaled Jacobian, or None if rank is lost.

    Rank is judged after scaling, so that units don't decide it.
    """
    scale = np.linalg.norm(jacobian, axis=0)
    if jacobian.shape[0] < jacobian.shape[1] or not np.all(scale > 0):
        return None
    q, r = np.linalg.qr(jacobian / scale)
    diagonal = np.abs(np.diag(r))
    if not np.min(diagonal) > 4 * EPSILON * jacobian.shape[0]:
        return None
    return q, r, scale
