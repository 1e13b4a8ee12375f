"""A least-squares problem: residuals and exact derivatives, safe for wild parameters.

The Jacobian comes from the complex step where ``predict`` takes complex numbers, and from
fourth-order differences elsewhere: forward differences cost half the digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Predict = Callable[..., Floats]

#: What a prediction that isn't a number costs: far above any residual, and its square summed
#: over 10^9 samples still is a double.
_WILD_RESIDUAL = 1e140
_ARITHMETIC_ERRORS = (ArithmeticError, ValueError)
EPSILON = float(np.finfo(np.float64).eps)
#: Nodes and factors of fourth-order differences, in steps.
_CENTRAL = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([1.0, -8.0, 8.0, -1.0]) / 12
_ONE_SIDED = np.arange(5.0), np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / 12


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
        return 64 * EPSILON * (cost + float(np.sqrt(cost)) * size)

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
