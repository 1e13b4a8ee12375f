"""Known breaks found, nothing found where nothing is, and no setting that depends on units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from forensics.errors import NotEnoughDataError, UsageError
from forensics.growth import find_change_points, onset_posterior
from forensics.growth._series import find_season, measure_noise


def ar1(rng, n, r):
    return lfilter([np.sqrt(1 - r**2)], [1, -r], rng.normal(size=n + 200))[200:]


def steps_at(n, *cuts, size=6.0):
    t = np.arange(n)
    return sum(size * (-1) ** i * (t >= cut) for i, cut in enumerate(cuts))


@pytest.mark.parametrize("r", [0.0, 0.5, 0.8])
def test_level_shifts_are_found_within_two_samples(r):
    y = steps_at(400, 100, 180, 310) + ar1(np.random.default_rng(3), 400, r)
    found = find_change_points(y)
    assert len(found.indices) == 3
    assert np.abs(np.array(found.indices) - [100, 180, 310]).max() <= 2
    assert {change.kind for change in found.changes} == {"level"}
    assert min(change.confidence for change in found.changes) > 0.8


def test_a_bend_is_found_and_called_a_slope():
    t = np.arange(400)
    y = 0.05 * np.maximum(t - 220, 0) + np.random.default_rng(4).normal(size=400) * 0.3
    (change,) = find_change_points(y).changes
    assert abs(change.index - 220) <= 20
    assert change.kind == "slope"


def test_noise_that_quadruples_is_found_and_called_variance():
    y = np.random.default_rng(5).normal(size=400)
    y[200:] *= 4
    (change,) = find_change_points(y).changes
    assert abs(change.index - 200) <= 12
    assert change.kind == "variance"


def test_segments_tell_level_slope_and_noise():
    y = steps_at(200, 120) + np.random.default_rng(6).normal(size=200) * 0.5
    first, second = find_change_points(y).segments
    assert (first.start, first.stop, second.stop) == (0, 120, 200)
    assert second.levels[0] - first.levels[0] == pytest.approx(6, abs=0.3)
    assert first.residual_stds[0] == pytest.approx(0.5, rel=0.2)


@given(st.integers(0, 1000), st.floats(-1e6, 1e6), st.sampled_from([1e-9, 0.3, 7e12, -2.0]))
@settings(max_examples=15, deadline=None)
def test_neither_zero_nor_unit_nor_sign_matters(seed, zero, unit):
    y = steps_at(120, 40, 90) + np.random.default_rng(seed).normal(size=120)
    assert find_change_points((y + zero) * unit).indices == find_change_points(y).indices


@pytest.mark.parametrize("seed", range(5))
def test_a_reversed_series_has_the_same_changes(seed):
    y = steps_at(300, 80, 200) + np.random.default_rng(seed).normal(size=300)
    mirrored = sorted(300 - i for i in find_change_points(y[::-1]).indices)
    assert np.abs(np.array(mirrored) - find_change_points(y).indices).max() <= 2


def false_positive_share(make, count=30):
    rng = np.random.default_rng(17)
    return np.mean([bool(find_change_points(make(rng)).changes) for _ in range(count)])


@pytest.mark.parametrize(
    ("r", "n", "allowed"),
    [(0.0, 50, 0.1), (0.0, 500, 0.05), (0.6, 200, 0.1), (0.6, 500, 0.05), (0.8, 500, 0.1)],
)
def test_stationary_noise_rarely_has_changes(r, n, allowed):
    assert false_positive_share(lambda rng: ar1(rng, n, r)) <= allowed


@pytest.mark.parametrize(("n", "season"), [(100, 12), (480, 24), (2000, 288)])
def test_a_season_is_no_change(n, season):
    turn = 2 * np.pi * np.arange(n) / season
    share = false_positive_share(lambda rng: 3 * np.sin(turn) + rng.normal(size=n), count=15)
    assert share <= 0.1


def test_a_random_walk_has_few_changes_and_low_confidence():
    rng = np.random.default_rng(8)
    found = [find_change_points(np.cumsum(rng.normal(size=500))) for _ in range(15)]
    assert np.mean([len(walk.changes) for walk in found]) < 8
    assert np.median([change.confidence for walk in found for change in walk.changes]) < 0.6


def test_a_pulse_is_a_pattern_and_not_a_change_a_beat():
    rng = np.random.default_rng(9)
    beats = np.cumsum(rng.uniform(0.6, 1.4, size=900)) / 30
    pulse = find_change_points(5.0 * (np.floor(beats) % 2) + rng.normal(size=900) * 0.1)
    assert pulse.has_pattern or pulse.season_samples
    assert len(pulse.changes) <= 3
    assert not find_change_points(steps_at(100, 50)).has_pattern


def test_a_shift_is_found_under_a_season():
    t = np.arange(240)
    y = 4 * np.sin(2 * np.pi * t / 24) + 8 * (t >= 150) + np.random.default_rng(2).normal(size=240)
    found = find_change_points(y)
    assert found.season_samples == 24
    assert np.abs(np.array(found.indices) - 150).min() <= 3


def test_spikes_are_no_changes():
    y = np.random.default_rng(7).normal(size=200)
    y[[30, 90, 150]] += 60
    assert find_change_points(y).indices == ()


def test_columns_are_searched_together():
    rng = np.random.default_rng(1)
    y = np.column_stack([steps_at(200, 70), steps_at(200, 140)]) + rng.normal(size=(200, 2))
    assert find_change_points(y).indices == (70, 140)


@pytest.mark.parametrize(
    "y",
    [[], [1.0], [1, 2, 3, 4], [5.0] * 50, [np.nan] * 30, [np.inf, 1, 2, 1, 2, 1], np.arange(90.0)],
    ids=["empty", "one", "four", "constant", "missing", "infinite", "line"],
)
def test_series_without_changes_have_none(y):
    assert find_change_points(np.array(y, float)).indices == ()


def test_missing_samples_keep_the_index():
    y = steps_at(200, 120) + np.random.default_rng(0).normal(size=200) * 0.3
    y[10:40] = np.nan
    y[130] = np.inf
    assert find_change_points(y).indices == (120,)


@pytest.mark.parametrize("sizes", [(-1e300, 1e300), (1e-300, 3e-300)])
def test_extreme_sizes_neither_overflow_nor_vanish(sizes):
    assert find_change_points(np.repeat(sizes, 20)).indices == (20,)


def test_three_dimensions_are_refused():
    with pytest.raises(UsageError, match="dimensions"):
        find_change_points(np.zeros((2, 2, 2)))


def test_a_million_samples_are_searched_and_the_place_refined():
    y = np.random.default_rng(0).normal(size=1_000_000)
    y[600_123:] += 1
    (index,) = find_change_points(y).indices
    assert abs(index - 600_123) < 40


def test_noise_is_measured_past_jumps_and_told_from_a_walk():
    rng = np.random.default_rng(0)
    y = ar1(rng, 2000, 0.6) + steps_at(2000, 700, 1500, size=40)
    level = measure_noise(y)
    assert level.autocorrelation == pytest.approx(0.6, abs=0.12)
    assert level.long_run_variance == pytest.approx(4.0, rel=0.4)
    assert np.isnan(measure_noise(np.cumsum(rng.normal(size=2000))).autocorrelation)


def test_a_season_is_found_only_where_cycles_foretell_each_other():
    rng = np.random.default_rng(0)
    t = np.arange(300)
    assert find_season(np.sin(2 * np.pi * t / 25) + 0.3 * rng.normal(size=300) + 0.1 * t) == 25
    assert find_season(rng.normal(size=300)) == 0
    assert find_season(steps_at(300, 100, 200)) == 0


def test_the_record_has_parallel_lists():
    record = find_change_points(steps_at(60, 30)).as_record(["noon"])
    assert record["indices"] == [30]
    assert record["times"] == ["noon"]
    assert record["kinds"] == ["level"]
    assert len(record["confidence"]) == 1


def ramp(n, onset, size, rng, r):
    t = np.arange(n) * 60.0
    return t, 100 + size * np.maximum(t - onset, 0) / (n * 60) + ar1(rng, n, r)


@pytest.mark.parametrize("r", [0.0, 0.6])
def test_the_onset_interval_covers_as_often_as_it_says(r):
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(60):
        onset = rng.uniform(0.05, 0.95) * 120 * 60
        t, y = ramp(120, onset, 20, rng, r)
        low, high = onset_posterior(t, y).interval(0.9)
        hits += low - 60 <= onset <= high
    assert hits / 60 >= 0.85


def test_a_clear_onset_is_sure_and_no_onset_is_not():
    rng = np.random.default_rng(6)
    t, y = ramp(200, 6000, 30, rng, 0.3)
    clear, none = onset_posterior(t, y), onset_posterior(t, ar1(rng, 200, 0.3))
    assert clear.log_evidence > 10
    assert abs(clear.most_probable_s - 6000) < 900
    assert none.log_evidence < 1
    assert clear.probability.sum() == pytest.approx(1)


def test_the_onset_of_a_step_is_found_to_the_sample():
    t = np.arange(100.0)
    y = 5.0 * (t >= 40) + np.random.default_rng(1).normal(size=100)
    found = onset_posterior(t, y, shape="level", autocorrelation=0.0)
    assert found.most_probable_s == 40
    assert found.interval(0.9)[1] - found.interval(0.9)[0] <= 4


@pytest.mark.parametrize(
    ("t", "kwargs", "message"),
    [
        ([0, 1, 1, 2, 3, 4, 5, 6, 7], {}, "increase"),
        (range(5), {}, "shape"),
        (range(9), {"shape": "bump"}, "bump"),
        (range(9), {"autocorrelation": 2.0}, "autocorrelation"),
    ],
)
def test_bad_arguments_of_the_onset_are_named(t, kwargs, message):
    with pytest.raises(UsageError, match=message):
        onset_posterior(list(t), np.arange(9.0), **kwargs)


def test_too_few_samples_have_no_onset():
    with pytest.raises(NotEnoughDataError, match="at least 8"):
        onset_posterior(np.arange(5.0), np.arange(5.0))


@pytest.mark.parametrize("seed", range(6))
def test_noise_that_remembers_twenty_samples_but_returns_to_its_level_has_no_changes(seed):
    rng = np.random.default_rng(seed)
    noise = lfilter([1.0], [1.0, -0.9], rng.normal(size=500))[100:]
    assert find_change_points(noise).indices == ()
    # Where it jumps to another level, it does not return to one line.
    jump = noise + 14 * (np.arange(400) >= 220)
    assert any(abs(index - 220) <= 8 for index in find_change_points(jump).indices)
