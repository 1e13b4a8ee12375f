"""Fit any curve to samples and say how well it is known.

``fit`` is for white noise and asks for the last digit; ``fit_noisy`` (in ``_noisy.py``) is
for monitoring data with outliers and autocorrelated noise.

==================================  =========================================================
You have                            Use
==================================  =========================================================
independent errors of equal size    ``fit(predict, x, y, start=...)``
known errors of unequal size        ``fit(..., weights=1 / sigma**2)``
parameters that must stay positive  ``fit(..., bounds=(0, np.inf))``
memory over time, minute by minute  ``fit_noisy(...)``: errors of neighbours resemble each other
==================================  =========================================================
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from forensics.errors import NotEnoughDataError, UsageError
from forensics.growth._problem import Floats, Predict, Problem
from forensics.growth._result import Fit, NoiseSummary, describe
from forensics.growth._solve import solve


def fit(
    predict: Predict,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike,
    bounds: tuple[ArrayLike, ArrayLike] | None = None,
    weights: ArrayLike | None = None,
) -> Fit:
    """Fit ``predict`` to samples by least squares, to the last digit the data allow.

    The answer is a minimum of the sum of squares near ``start``, the better of two
    optimisers' [1]_ [2]_; no promise that a lower one doesn't exist elsewhere. Costs some
    20 to 1 000 calls of ``predict``. Wild parameters may make ``predict`` overflow, return NaN
    or raise ``ArithmeticError`` or ``ValueError``: such places are avoided, silently.

    Parameters
    ----------
    predict : callable
        ``predict(x, *parameters)`` returns shape (n,). It is tried with complex parameters
        for exact derivatives; if it can't take them, or answers wrongly (``abs``), finite
        differences are used instead.
    x : array
        Passed through to ``predict`` as float64, any shape.
    y : array, shape (n,)
        Samples; all finite.
    start : array, shape (k,)
        First guess of the parameters.
    bounds : (lower, upper), optional
        Scalars or arrays of shape (k,).
    weights : array, shape (n,), optional
        Factors of the squared residuals, usually ``1 / sigma**2``.

    Returns
    -------
    Fit
        A failed search is a ``Fit`` whose ``flags`` say so, not an exception.

    Raises
    ------
    UsageError
        If shapes disagree, ``y`` or ``start`` isn't finite, weights are negative or the
        bounds exclude each other.
    NotEnoughDataError
        If there are fewer samples than parameters.

    References
    ----------
    .. [1] J. J. Moré (1978), "The Levenberg-Marquardt algorithm: implementation and theory",
       Lecture Notes in Mathematics 630, 105-116, doi:10.1007/BFb0067700.
    .. [2] M. A. Branch, T. F. Coleman, Y. Li (1999), "A subspace, interior, and conjugate
       gradient method for large-scale bound-constrained minimization problems",
       SIAM J. Sci. Comput. 21, 1-23, doi:10.1137/S1064827595289108.
    .. [3] W. Squire, G. Trapp (1998), "Using complex variables to estimate derivatives of
       real functions", SIAM Review 40, 110-112, doi:10.1137/S003614459631241X.

    Examples
    --------
    >>> x = np.arange(4.0)
    >>> fit(lambda x, a, b: a + b * x, x, 1 + 2 * x, start=[0, 0]).parameters.round(9)
    array([1., 2.])
    """
    values = np.asarray(y, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise UsageError(
            f"fit: y has shape {values.shape} and {int((~np.isfinite(values)).sum())} values that "
            "are no numbers; give one dimension, finite (or use fit_noisy, which skips NaN)"
        )
    root_weights: Floats | float = 1.0
    if weights is not None:
        given = np.asarray(weights, dtype=np.float64)
        if given.shape != values.shape or not (np.isfinite(given).all() and (given >= 0).all()):
            raise UsageError(
                f"fit: weights have shape {given.shape}; expected {values.shape}, finite, >= 0"
            )
        root_weights = np.sqrt(given)
    first, lower, upper = check_start(start, bounds, sample_count=values.size)
    problem = Problem(predict, np.asarray(x, np.float64), values, root_weights, lower, upper)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        best = solve(problem, first)
        return describe(problem, best, NoiseSummary())


def check_start(
    start: ArrayLike, bounds: tuple[ArrayLike, ArrayLike] | None, *, sample_count: int
) -> tuple[Floats, Floats, Floats]:
    """Return start, lower and upper bounds, each of shape (k,), the start moved inside.

    Raises
    ------
    UsageError, NotEnoughDataError
        As ``fit`` says.
    """
    first = np.atleast_1d(np.asarray(start, dtype=np.float64)).copy()
    if first.ndim != 1 or first.size == 0 or not np.isfinite(first).all():
        raise UsageError(f"fit: start is {start!r}; expected one finite number per parameter")
    if sample_count < first.size:
        raise NotEnoughDataError(
            f"fit: {sample_count} samples for {first.size} parameters; "
            "give more samples or a simpler curve"
        )
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    try:
        lower = np.broadcast_to(np.asarray(low, dtype=np.float64), first.shape).copy()
        upper = np.broadcast_to(np.asarray(high, dtype=np.float64), first.shape).copy()
    except ValueError as error:
        raise UsageError(
            f"fit: bounds don't match {first.size} parameters; expected (lower, upper), each one "
            "number or one per parameter"
        ) from error
    if not (lower < upper).all():
        raise UsageError("fit: a lower bound isn't below its upper bound")
    # The trust-region method wants a start strictly inside.
    width = np.where(np.isfinite(upper - lower), upper - lower, np.maximum(np.abs(first), 1.0))
    inner_low, inner_high = lower + 1e-10 * width, upper - 1e-10 * width
    return np.clip(first, inner_low, inner_high), lower, upper
