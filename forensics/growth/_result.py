"""What a fit returns: parameters, how well they are known, and reasons not to trust them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from forensics.errors import UsageError
from forensics.growth._problem import Floats, Problem
from forensics.growth._solve import factorise, gauss_newton_step

#: A further Gauss-Newton step moves no parameter by more than this share of its standard error.
_CONVERGED_SHARE = 1e-4
#: The same, relative to the parameter, for data that the model fits to the last digit.
_CONVERGED_RELATIVE = 1e-8


@dataclass(frozen=True, slots=True)
class FitFlags:
    """What is right with a fit; a flag that is false is a reason not to trust it.

    Attributes
    ----------
    is_finite
        Parameters and residuals are numbers.
    is_stationary
        A further Gauss-Newton step would move no parameter noticeably.
    is_full_rank
        The data tell all parameters apart.
    is_off_bounds
        No parameter sits on a bound; on one, its interval means little.
    has_spare_samples
        There are more samples than parameters, so that the noise can be measured.
    """

    is_finite: bool
    is_stationary: bool
    is_full_rank: bool
    is_off_bounds: bool
    has_spare_samples: bool

    @property
    def is_valid(self) -> bool:
        """All flags hold."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the flags that don't hold."""
        return tuple(flag.name for flag in fields(self) if not getattr(self, flag.name))


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted curve.

    Attributes
    ----------
    parameters, standard_errors
        Shape (k,); errors are infinite where the data don't determine a parameter.
    covariance
        Shape (k, k).
    residuals
        Shape (n,), ``y - predict(x, *parameters)``, unweighted; NaN where ``y`` was missing.
    residual_std
        Root of the weighted sum of squares over the degrees of freedom, in units of ``y``
        (without weights).
    residual_sum_squares
        Weighted sum of squared residuals.
    degrees_of_freedom
        Samples less parameters, at least 0. For autocorrelated noise: effective samples.
    autocorrelation
        Correlation of the residuals of neighbouring samples, 0 where it wasn't modelled.
    effective_samples
        Number of independent samples that would tell as much.
    log_likelihood
        Of the (whitened) residuals under a normal law with its best variance.
    converged
        The optimiser stands at a minimum. Whether to believe it, ``flags`` say.
    evaluations
        Calls of ``predict``.
    """

    parameters: Floats
    standard_errors: Floats
    covariance: Floats
    residuals: Floats
    residual_std: float
    residual_sum_squares: float
    degrees_of_freedom: float
    autocorrelation: float
    effective_samples: float
    log_likelihood: float
    flags: FitFlags
    evaluations: int

    @property
    def converged(self) -> bool:
        """The optimiser stands at a minimum that is a number."""
        return self.flags.is_finite and self.flags.is_stationary

    def intervals(self, level: float = 0.9) -> Floats:
        """Return lower and upper ends of the confidence intervals, shape (k, 2).

        Student's t around each parameter: right for a curve that is nearly straight within
        the interval, too narrow for a strongly bent one.

        Raises
        ------
        UsageError
            If ``level`` isn't between 0 and 1.
        """
        if not 0 < level < 1:
            raise UsageError(f"intervals: level is {level}; it must lie between 0 and 1")
        if self.degrees_of_freedom <= 0:
            unbounded = np.full(self.parameters.size, np.inf)
            return np.column_stack([-unbounded, unbounded])
        reach = float(stdtrit(self.degrees_of_freedom, 0.5 + level / 2)) * self.standard_errors
        return np.column_stack([self.parameters - reach, self.parameters + reach])

    def bic(self) -> float:
        """Return the Bayesian information criterion, counting independent samples only.

        The variance counts as a parameter. Smaller is better; half a difference is the
        logarithm of an evidence ratio.
        """
        count = self.parameters.size + 1
        return count * float(np.log(max(self.effective_samples, 1.0))) - 2 * self.log_likelihood


@dataclass(frozen=True, slots=True)
class NoiseSummary:
    """What is known of the noise when a fit is described; the default is white noise.

    ``variance`` of the residuals (None: from the weighted sum of squares), ``correction`` a
    factor of the covariance, ``log_determinant`` of the whitening, and the independent
    samples (None: all).
    """

    variance: float | None = None
    likelihood_variance: float | None = None
    correction: float = 1.0
    autocorrelation: float = 0.0
    log_determinant: float = 0.0
    effective_samples: float | None = None


def describe(problem: Problem, parameters: Floats, noise: NoiseSummary) -> Fit:
    """Turn the optimum of a problem into a ``Fit``."""
    count = problem.y.size
    weighted = problem.residuals(parameters)
    residuals = problem.y - problem.model(parameters)
    sum_squares = float(weighted @ weighted)
    spare = count - parameters.size
    variance = noise.variance
    if variance is None:
        variance = sum_squares / spare if spare > 0 else np.nan
    covariance = _covariance(problem, parameters, variance * noise.correction)
    errors = np.sqrt(np.diag(covariance))
    gap = 1e-9 * np.maximum(np.abs(parameters), 1e-300)
    at_bound = (parameters - problem.lower <= gap) | (problem.upper - parameters <= gap)
    effective = float(count if noise.effective_samples is None else noise.effective_samples)
    per_sample = noise.likelihood_variance
    if per_sample is None:
        per_sample = sum_squares / count
    log_variance = np.log(2 * np.pi * max(per_sample, np.finfo(np.float64).tiny))
    return Fit(
        parameters=parameters,
        standard_errors=errors,
        covariance=covariance,
        residuals=residuals,
        residual_std=float(np.sqrt(variance)),
        residual_sum_squares=sum_squares,
        degrees_of_freedom=max(effective - parameters.size, float(min(spare, 1))),
        autocorrelation=noise.autocorrelation,
        effective_samples=effective,
        log_likelihood=float(-0.5 * (count * (log_variance + 1) + noise.log_determinant)),
        flags=FitFlags(
            is_finite=bool(np.isfinite(residuals).all() and np.isfinite(parameters).all()),
            is_stationary=_is_stationary(problem, parameters, errors, at_bound=at_bound),
            is_full_rank=bool(np.isfinite(errors).all()),
            is_off_bounds=not at_bound.any(),
            has_spare_samples=spare > 0,
        ),
        evaluations=problem.evaluations,
    )


def _covariance(problem: Problem, parameters: Floats, variance: float) -> Floats:
    """Return the covariance of the parameters, infinite where rank is lost."""
    factor = factorise(problem.jacobian(parameters))
    count = parameters.size
    if factor is None or not np.isfinite(variance):
        return np.diag(np.full(count, np.inf))
    _, r, scale = factor
    inverse = np.linalg.solve(r, np.eye(count))
    return np.asarray(variance * (inverse @ inverse.T) / np.outer(scale, scale))


def _is_stationary(
    problem: Problem, parameters: Floats, errors: Floats, *, at_bound: NDArray[np.bool_]
) -> bool:
    """Tell whether one more step would move anything; on a bound, whether a step inside helps."""
    step = gauss_newton_step(problem, parameters)
    if step is None:
        return False
    if at_bound.any():
        trial = np.clip(parameters + 1e-3 * step, problem.lower, problem.upper)
        return problem.cost(trial) >= problem.cost(parameters) * (1 - 1e-6)
    tolerance = np.maximum(
        _CONVERGED_SHARE * np.where(np.isfinite(errors), errors, 0.0),
        _CONVERGED_RELATIVE * np.abs(parameters),
    )
    return bool(np.all(np.abs(step) <= tolerance + 1e-300))
