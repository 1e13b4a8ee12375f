"""Fits against closed forms and coverage; the certified cases are in tests/conformance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from forensics.errors import NotEnoughDataError, UsageError
from forensics.growth import Noise, fit, fit_noisy
from forensics.growth._noisy import Whitener, estimate_autocorrelation, find_spikes, gap_steps

X = np.linspace(0.0, 10.0, 40)


def line(x, a, b):
    return a + b * x


def decay(x, a, b):
    return a * np.exp(-b * x)


def noisy_line(seed=0, size=0.5):
    return 2 + 3 * X + size * np.random.default_rng(seed).normal(size=X.size)


def test_a_line_equals_the_normal_equations():
    y = noisy_line()
    design = np.column_stack([np.ones_like(X), X])
    solution, rss = np.linalg.lstsq(design, y, rcond=None)[:2]
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rss[0] / 38)
    found = fit(line, X, y, start=[0, 0])
    assert found.converged
    assert found.flags.is_valid
    np.testing.assert_allclose(found.parameters, solution, rtol=1e-12)
    np.testing.assert_allclose(found.standard_errors, errors, rtol=1e-10)
    assert found.residual_std == pytest.approx(math.sqrt(rss[0] / 38), rel=1e-12)


def test_weights_count_as_repeated_samples():
    y = noisy_line()
    weights = np.where(X < 5, 3.0, 1.0)
    repeated = np.repeat(np.arange(X.size), weights.astype(int))
    weighted = fit(line, X, y, start=[0, 0], weights=weights)
    plain = fit(line, X[repeated], y[repeated], start=[0, 0])
    np.testing.assert_allclose(weighted.parameters, plain.parameters, rtol=1e-10)


@given(st.floats(0.2, 5), st.floats(0.05, 1.5), st.sampled_from([1e-9, 1.0, 1e12]))
@settings(max_examples=25, deadline=None)
def test_exact_curves_give_their_parameters_back_in_any_unit(a, b, unit):
    found = fit(decay, X, decay(X, a * unit, b), start=[unit, 0.5])
    np.testing.assert_allclose(found.parameters, [a * unit, b], rtol=1e-9)


def test_a_bound_holds_and_is_flagged():
    found = fit(line, X, noisy_line(), start=[0, 1], bounds=([-np.inf, 0], [np.inf, 2.5]))
    assert found.parameters[1] == pytest.approx(2.5)
    assert "is_off_bounds" in found.flags.failed
    free = fit(line, X, noisy_line(), start=[0, 1], bounds=(0, 100))
    assert free.flags.is_off_bounds


def test_parameters_that_the_data_cannot_tell_apart_are_flagged():
    found = fit(lambda x, a, b: (a + b) * x, X, 3 * X + noisy_line(), start=[1, 1])
    assert not found.flags.is_full_rank
    assert np.isinf(found.standard_errors).all()


def test_as_many_parameters_as_samples_leave_no_error_estimate():
    found = fit(line, X[:2], [1.0, 2.0], start=[0, 0])
    assert not found.flags.has_spare_samples
    assert np.isinf(found.intervals()).all()


def test_a_model_that_raises_or_overflows_far_away_is_fitted_without_warnings():
    def wild(x, a, b):
        if b < 0:
            raise FloatingPointError("no logarithm")
        return a * np.exp(np.float64(b) ** 3 * x)

    found = fit(wild, X, 2 * np.exp(0.2**3 * X), start=[1, 5.0])
    np.testing.assert_allclose(found.parameters, [2, 0.2], rtol=1e-6)


def test_a_model_that_is_nowhere_a_number_does_not_converge():
    found = fit(lambda x, a: x * np.nan * a, X, X, start=[1.0])
    assert not found.converged
    assert not found.flags.is_finite


def test_a_model_that_answers_complex_numbers_wrongly_is_differentiated_by_differences():
    y = np.abs(X - 4.0) * 2 + 1
    found = fit(lambda x, a, b: np.abs(b * (x - 4.0)) + np.real(a), X, y, start=[0.0, 1.0])
    np.testing.assert_allclose(found.parameters, [1, 2], rtol=1e-8)


def test_intervals_cover_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        found = fit(line, X, noisy_line(seed), start=[0, 0]).intervals(0.9)
        hits += found[1, 0] <= 3 <= found[1, 1]
    assert 0.84 <= hits / 200 <= 0.96


def test_levels_outside_zero_and_one_are_refused():
    with pytest.raises(UsageError, match="level"):
        fit(line, X, noisy_line(), start=[0, 0]).intervals(90)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"start": [np.nan, 0]}, "start"),
        ({"start": [0, 0], "bounds": (5, 1)}, "bound"),
        ({"start": [0, 0], "bounds": ([1, 2, 3], 9)}, "bounds"),
        ({"start": [0, 0], "weights": [-1.0] * 40}, "weights"),
    ],
)
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(UsageError, match=message):
        fit(line, X, noisy_line(), **kwargs)


def test_missing_samples_are_refused_by_the_exact_fit_and_skipped_by_the_noisy_one():
    y = noisy_line()
    y[3] = np.nan
    with pytest.raises(UsageError, match="fit_noisy"):
        fit(line, X, y, start=[0, 0])
    found = fit_noisy(line, X, y, start=[0, 0])
    assert np.isnan(found.residuals[3])
    assert found.parameters[1] == pytest.approx(3, abs=0.15)


def test_fewer_samples_than_parameters_are_refused():
    with pytest.raises(NotEnoughDataError, match="1 samples for 2"):
        fit(line, X[:1], [1.0], start=[0, 0])


def ar1(rng, n, r):
    return lfilter([np.sqrt(1 - r**2)], [1, -r], rng.normal(size=n + 200))[200:]


@pytest.mark.parametrize(("r", "spikes"), [(0.0, 0.0), (0.6, 0.0), (0.6, 0.03), (0.9, 0.03)])
def test_noisy_intervals_cover_under_autocorrelation_and_spikes(r, spikes):
    rng = np.random.default_rng(2)
    t = np.arange(200.0)
    hits = 0
    for _ in range(100):
        y = 5 + 0.02 * t + ar1(rng, 200, r) + 20 * (rng.random(200) < spikes)
        low, high = fit_noisy(line, t, y, start=[0, 0]).intervals(0.9)[1]
        hits += low <= 0.02 <= high
    assert 0.8 <= hits / 100 <= 0.98


@pytest.mark.parametrize("loss", ["linear", "huber", "bisquare"])
def test_every_loss_finds_a_clean_line(loss):
    found = fit_noisy(line, X, noisy_line(), start=[0, 0], noise=Noise(loss=loss))
    assert found.converged
    np.testing.assert_allclose(found.parameters, [2, 3], atol=0.4)


def test_an_unknown_loss_is_refused():
    with pytest.raises(UsageError, match="tukey"):
        fit_noisy(line, X, noisy_line(), start=[0, 0], noise=Noise(loss="tukey"))


def test_outliers_pull_least_squares_and_not_the_robust_losses():
    y = noisy_line()
    y[[5, 20, 33]] += 60
    pulled = fit_noisy(line, X, y, start=[0, 0], noise=Noise("linear", is_autocorrelated=False))
    robust = fit_noisy(line, X, y, start=[0, 0])
    assert abs(robust.parameters[0] - 2) < 0.5 < abs(pulled.parameters[0] - 2)


def test_effective_samples_fall_with_autocorrelation_and_bic_counts_them():
    t, rng = np.arange(400.0), np.random.default_rng(0)
    found = fit_noisy(line, t, ar1(rng, 400, 0.8), start=[0, 0])
    assert found.effective_samples == pytest.approx(400 / 9, rel=0.5)
    white = fit_noisy(line, t, rng.normal(size=400), start=[0, 0])
    assert white.effective_samples > 300
    bent = fit_noisy(lambda x, a, b, c: a + b * x + c * x**2, t, white.residuals, start=[0, 0, 0])
    straight = fit_noisy(line, t, white.residuals, start=[0, 0])
    assert straight.bic() < bent.bic()


def test_autocorrelation_is_estimated_without_bias_and_not_below_zero():
    rng = np.random.default_rng(4)
    gaps = gap_steps(np.arange(60.0))
    found = []
    for _ in range(200):
        e = ar1(rng, 60, 0.5)
        left = e - np.polyval(np.polyfit(np.arange(60), e, 1), np.arange(60))
        found.append(estimate_autocorrelation(left, gaps, parameter_count=2))
    assert np.mean(found) == pytest.approx(0.5, abs=0.04)
    assert estimate_autocorrelation((-1.0) ** np.arange(60), gaps, parameter_count=1) == 0


def test_whitening_takes_correlation_out_and_keeps_the_size():
    e = ar1(np.random.default_rng(0), 5000, 0.7)
    white = Whitener.of(0.7, gap_steps(np.arange(5000.0)))(e)
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.04
    assert white.std() == pytest.approx(1, abs=0.05)


def test_gaps_are_counted_in_usual_steps():
    assert gap_steps(np.array([0, 60, 120, 300, 360.0])).tolist() == [np.inf, 1, 1, 3, 1]
    assert gap_steps(np.array([3, 1, 2.0])).tolist() == [np.inf, 1, 1]


def test_spikes_stand_alone_and_steps_do_not():
    y = np.random.default_rng(0).normal(size=100)
    y[40] += 30
    assert np.flatnonzero(find_spikes(y)).tolist() == [40]
    assert not find_spikes(np.where(np.arange(100) < 50, 0.0, 30.0) + y * 0.01)[45:55].any()
