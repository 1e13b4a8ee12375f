"""Least squares with every digit that double precision holds: Jacobian, optimisers, polish.

Three steps, each with its reason:

1. Levenberg-Marquardt (MINPACK) with tolerances at machine precision, and a trust-region run
   from the same start. Either alone loses cases of the NIST collection from the far start;
   the smaller sum of squares is kept.
2. The Jacobian comes from the complex step where ``predict`` takes complex numbers, and from
   fourth-order differences elsewhere: forward differences cost half the digits.
3. Gauss-Newton steps by a pivot-free QR of the column-scaled Jacobian, as long as they shrink.
   The optimisers stop on the sum of squares, which is flat to 1e-16 where the parameters
   are still 1e-8 away from the minimum; the step itself isn't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]
Predict = Callable[..., Floats]

#: What a prediction that isn't a number costs: far above any residual, and its square summed
#: over 10^9 samples still is a double.
_WILD_RESIDUAL = 1e140

_ARITHMETIC_ERRORS = (ArithmeticError, ValueError)
_EPSILON = float(np.finfo(np.float64).eps)
#: Nodes and factors of fourth-order differences, in steps.
_CENTRAL = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([1.0, -8.0, 8.0, -1.0]) / 12
_ONE_SIDED = np.arange(5.0), np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / 12
_MAX_POLISH_STEPS = 50
_MAX_QUICK_STEPS = 100
#: A quick search ends when a step lowers the sum of squares by less than this share.
_QUICK_GAIN = 1e-10


@dataclass(slots=True)
class Problem:
    """One least-squares problem: residuals and their Jacobian, safe for wild parameters.

    ``root_weights`` multiplies the residuals ``y - predict(x, *parameters)``.
    ``whiten``, if given, takes the correlation out along the first axis before weighting.
    ``evaluations`` counts calls of ``predict``; ``is_complex_safe`` and ``reach`` remember
    what earlier Jacobians showed.
    """

    predict: Predict
    x: object
    y: Floats
    root_weights: Floats | float
    lower: Floats
    upper: Floats
    whiten: Callable[[Floats], Floats] | None = None
    evaluations: int = 0
    is_complex_safe: bool | None = None
    reach: Floats | None = None

    def model(self, parameters: Floats) -> Floats:
        """Return the prediction, NaN where the model can't be evaluated."""
        self.evaluations += 1
        try:
            predicted = np.asarray(self.predict(self.x, *parameters))
        except _ARITHMETIC_ERRORS:
            return np.full_like(self.y, np.nan)
        if np.iscomplexobj(predicted):
            # A negative base under a fractional power: no real prediction there.
            predicted = np.where(predicted.imag == 0, predicted.real, np.nan)
        predicted = np.asarray(predicted, dtype=np.float64)
        if predicted.shape == self.y.shape:
            return predicted
        return np.broadcast_to(predicted, self.y.shape)

    def residuals(self, parameters: Floats) -> Floats:
        """Return weighted residuals, shape (n,), finite whatever the parameters."""
        residuals = self.y - self.model(parameters)
        if self.whiten is not None:
            residuals = self.whiten(residuals)
        residuals = self.root_weights * residuals
        wild = ~(np.abs(residuals) < _WILD_RESIDUAL)
        if wild.any():
            residuals = np.where(wild, _WILD_RESIDUAL, residuals)
        return residuals

    def cost(self, parameters: Floats) -> float:
        """Return the weighted sum of squared residuals."""
        residuals = self.residuals(parameters)
        return float(residuals @ residuals)

    def cost_rounding(self, cost: float) -> float:
        """Return how far rounding of ``y - prediction`` may move a sum of squares."""
        size = float(np.linalg.norm(self.root_weights * self.y))
        return 64 * _EPSILON * (cost + float(np.sqrt(cost)) * size)

    def jacobian(self, parameters: Floats) -> Floats:
        """Return d(residuals)/d(parameters), shape (n, k), zero where it can't be had."""
        columns = None if self.is_complex_safe is False else self._by_complex_step(parameters)
        if self.is_complex_safe is None:
            differences = self._by_differences(parameters)
            self.is_complex_safe = columns is not None and _agree(columns, differences)
            columns = columns if self.is_complex_safe else differences
        if columns is None:
            columns = self._by_differences(parameters)
        if self.whiten is not None:
            columns = self.whiten(columns)
        weighted = -np.atleast_1d(self.root_weights)[:, None] * columns
        return np.where(np.abs(weighted) < _WILD_RESIDUAL, weighted, 0.0)

    def _by_complex_step(self, parameters: Floats) -> Floats | None:
        """Differentiate by f(p + ih): no subtraction, hence no cancellation."""
        columns = np.empty((self.y.size, parameters.size))
        for i, value in enumerate(parameters):
            step = 1e-100 * max(abs(value), 1e-100)
            shifted: list[complex] = list(parameters.astype(complex))
            shifted[i] = complex(value, step)
            self.evaluations += 1
            try:
                predicted = np.asarray(self.predict(self.x, *shifted))
            except (*_ARITHMETIC_ERRORS, TypeError, AttributeError, NotImplementedError):
                return None
            if not np.iscomplexobj(predicted):
                return None
            columns[:, i] = predicted.imag / step
        return columns

    def _by_differences(self, parameters: Floats) -> Floats:
        """Differentiate by five-point central differences, one-sided at a bound."""
        columns = np.empty((self.y.size, parameters.size))
        scale = np.where(parameters == 0, 1.0, np.abs(parameters))
        if self.reach is not None:
            scale = np.minimum(scale, self.reach)
        for i, value in enumerate(parameters):
            # About eps^(1/5): balances truncation O(h^4) and rounding O(eps/h).
            step = 7e-4 * scale[i]
            inside = value - 2 * step >= self.lower[i] and value + 2 * step <= self.upper[i]
            nodes, factors = _CENTRAL if inside else _ONE_SIDED
            if not inside and value + 4 * step > self.upper[i]:
                step = -step
            total = np.zeros(self.y.size)
            for node, factor in zip(nodes, factors, strict=True):
                shifted = parameters.copy()
                shifted[i] = value + node * step
                total += factor * self.model(shifted)
            columns[:, i] = total / step
        self.reach = self._reach(columns)
        return columns

    def _reach(self, columns: Floats) -> Floats:
        """Return how far each parameter may go before the curve moves by its own size.

        A phase or a place of a peak is large against the distance on which it acts; steps
        relative to its value lose half the digits (ENSO and Eckerle4 of the NIST cases).
        """
        size = np.linalg.norm(self.y)
        norms = np.linalg.norm(np.nan_to_num(columns, posinf=0.0, neginf=0.0), axis=0)
        reach = np.divide(size, norms, out=np.full(norms.shape, np.inf), where=norms > 0)
        return np.where(reach > 0, reach, np.inf)


def _agree(first: Floats, second: Floats) -> bool:
    """Tell whether two Jacobians are the same but for rounding; NaN disagrees with nothing."""
    both = np.isfinite(first) & np.isfinite(second)
    scale = np.max(np.abs(np.where(both, second, 0.0)), axis=0, initial=0.0)
    return bool(np.all(np.abs(np.where(both, first - second, 0.0)) <= 1e-3 * scale + 1e-300))


def solve(problem: Problem, start: Floats) -> Floats:
    """Minimise the sum of squares from one start, whatever it costs; parameters, shape (k,)."""
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
        if size < 4 * _EPSILON:
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
    if not np.min(diagonal) > 4 * _EPSILON * jacobian.shape[0]:
        return None
    return q, r, scale
