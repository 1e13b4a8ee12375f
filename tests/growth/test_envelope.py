import numpy as np
import pytest
from scipy.signal import lfilter

from forensics.growth._envelope import (
    drop_outliers,
    drop_spikes,
    find_troughs,
    noise_std,
    scan_floor,
)
from forensics.growth._lives import clean, find_restarts, split_lives
from forensics.growth._types import Life


def saw(n=2000, period=50, height=4e8, floor=1e9):
    return floor + height * (np.arange(n) % period) / period


def whole(t):
    return Life(0, t.size, float(t[0]), float(t[-1]), "end")


def test_troughs_of_a_sawtooth_are_its_collections():
    assert find_troughs(saw()).tolist() == list(range(50, 2000, 50))


def test_noise_has_no_troughs():
    noise = np.random.default_rng(0).normal(size=3000)
    assert find_troughs(1e9 + 1e7 * noise).size == 0


def test_a_sine_has_no_troughs_since_it_falls_as_slowly_as_it_rises():
    assert find_troughs(np.sin(np.arange(3000) / 10)).size == 0


def test_the_floor_of_a_sawtooth_is_its_lower_edge():
    t = np.arange(0, 60_000.0, 30.0)
    floor = scan_floor(t, saw(t.size), life=whole(t))
    assert floor.is_sawtooth
    assert floor.y_bytes == pytest.approx(1e9)
    assert floor.period_s == 1500.0


def test_the_floor_of_a_smooth_series_is_its_medians():
    t = np.arange(0, 60_000.0, 30.0)
    floor = scan_floor(t, 1e9 + t, life=whole(t))
    assert not floor.is_sawtooth
    assert floor.t_s.size <= 96
    # The mean of times and the median of values differ by rounding within a window.
    assert floor.y_bytes == pytest.approx(1e9 + floor.t_s, rel=1e-6)


def test_a_single_spike_is_dropped_and_a_step_is_kept():
    y = np.array([1.0, 1.1, 1.0, 9.0, 1.1, 1.0, 1.1, 5.0, 5.1, 5.0, 5.1, 5.0])
    cleaned = drop_spikes(y)
    assert cleaned[3] == 1.1
    assert (cleaned[7:] == y[7:]).all()


def test_sample_noise_is_measured_through_a_slope():
    noise = np.random.default_rng(1).normal(size=5000)
    assert noise_std(noise + np.arange(5000)) == pytest.approx(1.0, rel=0.1)


def test_load_is_averaged_around_each_point_and_requests_add_up():
    t = np.arange(0, 60_000.0, 30.0)
    floor = scan_floor(t, 1e9 + t, life=whole(t), load=np.full(t.size, 7.0))
    assert floor.load == pytest.approx(7.0)
    assert floor.requests == pytest.approx(7.0 * floor.t_s)


def test_unknown_load_in_a_gap_is_taken_from_its_neighbours():
    t = np.arange(0, 60_000.0, 30.0)
    load = np.where((t > 2e4) & (t < 3e4), np.nan, 7.0)
    floor = scan_floor(t, 1e9 + t, life=whole(t), load=load)
    assert floor.load == pytest.approx(7.0)


def test_cleaning_orders_samples_and_keeps_the_last_of_equal_times():
    t, y, _ = clean(np.array([3.0, 1.0, np.nan, 1.0]), np.array([30.0, 1.0, 5.0, 2.0]))
    assert t.tolist() == [1.0, 3.0]
    assert y.tolist() == [2.0, 30.0]


def test_a_deep_fall_starts_a_new_life():
    t = np.arange(0, 40_000.0, 30.0)
    y = 1e9 + 3e4 * (t % 20_000.0)
    lives = split_lives(t, y)
    assert [life.started_s for life in lives] == [0.0, 20_010.0]
    assert lives[0].ended_by == "drop"


def test_regular_collections_start_no_lives():
    t = np.arange(0, 60_000.0, 30.0)
    assert find_restarts(t, saw(t.size)).size == 0


def test_a_restart_among_collections_stands_out_by_its_depth():
    t = np.arange(0, 60_000.0, 30.0)
    y = saw(t.size) - np.where(t >= 30_000.0, 7e8 * np.exp(-(t - 30_000.0) / 600), 0.0)
    assert find_restarts(t, y).tolist() == [1000]


def test_heavy_noise_starts_no_lives():
    t = np.arange(0, 40_000.0, 30.0)
    y = 1e9 * (1 + 0.1 * np.random.default_rng(2).normal(size=t.size))
    assert find_restarts(t, y).size == 0


def test_the_last_sample_before_a_collection_is_no_spike():
    y = saw(n=120, period=6)
    assert (drop_spikes(y) == y).all()
    assert find_troughs(y).tolist() == list(range(6, 120, 6))


def test_a_flicker_between_two_rounded_values_is_no_sawtooth():
    chance = np.random.default_rng(3)
    assert find_troughs(np.where(chance.random(2000) < 0.2, 0.9, 1.0)).size == 0


def test_a_low_point_or_two_are_no_level_and_a_step_is_one():
    y = np.r_[np.full(20, 10.0), 3.0, 4.0, np.full(20, 10.0), np.full(20, 15.0)]
    y = y + 0.01 * np.random.default_rng(0).normal(size=y.size)
    assert drop_outliers(y)[20:22] == pytest.approx(10.0, abs=0.1)
    assert (drop_outliers(y)[42:] == y[42:]).all()


def test_the_beat_between_samples_and_collections_is_taken_off_the_troughs():
    t = np.arange(0, 30_000.0, 30.0)
    beating = 1e9 + 4e8 * (t % 310.0) / 310.0
    floor = scan_floor(t, beating, life=whole(t))
    # Uncorrected, troughs lie up to a step's rise above the floor: 39 MB.
    assert np.ptp(floor.y_bytes) < 8e6
    assert floor.drift_bytes < 2e7


def test_a_beat_that_never_wraps_may_hide_a_drift_of_one_step():
    t = np.arange(0, 30_000.0, 30.0)
    floor = scan_floor(t, 1e9 + 4e8 * (t % 300.0) / 300.0, life=whole(t))
    assert floor.drift_bytes == pytest.approx(4e7, rel=0.2)


def test_a_restart_within_half_an_hour_is_seen_where_memory_had_rested():
    t = np.arange(0, 2400.0, 15.0)
    rested = 1e9 * (1 - 0.4 * np.exp(-np.where(t < 1200, 1e9, t - 1200) / 60))
    assert find_restarts(t, rested).tolist() == [80]


def test_noise_with_heavy_tails_hides_no_restart():
    t = np.arange(0, 100_000.0, 15.0)
    y = 1e9 * (1 - 0.35 * np.exp(-np.where(t < 50_000, 1e9, t - 50_000) / 3000))
    y = y + 1e7 * np.random.default_rng(2).standard_t(3, t.size)
    assert find_restarts(t, y) == pytest.approx([3334], abs=2)


def test_the_decline_of_a_wave_over_a_gap_is_no_restart():
    t = np.arange(0, 4 * 86_400.0, 60.0)
    wave = 1e9 * (1 + 0.5 * np.sin(2 * np.pi * t / 86_400))
    seen = (t < 110_000) | (t > 140_000)
    assert find_restarts(t[seen], wave[seen]).size == 0


def test_noise_that_wanders_has_no_troughs():
    for seed in range(20):
        shocks = np.random.default_rng(seed).normal(size=3000)
        assert find_troughs(lfilter([1.0], [1.0, -0.97], shocks)).size == 0


def test_frequent_falls_are_collections_of_a_heap_and_restarts_of_a_process():
    t = np.arange(0, 6000.0, 15.0)
    y = 4e8 + 1e9 * (t % 1200.0) / 1200.0
    assert find_restarts(t, y).size == 0
    assert find_restarts(t, y, is_resident=True).tolist() == [80, 160, 240, 320]


def test_steep_teeth_are_no_less_deep_for_their_steepness():
    t = 300.0 * np.arange(64)
    lives = np.arange(64) % 16
    y = 1e9 * (0.9 + 0.25 * lives / 15) + 5e6 * np.random.default_rng(1).normal(size=64)
    assert find_restarts(t, y).tolist() == [16, 32, 48]
