from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from forensics.errors import NotEnoughDataError, UsageError
from forensics.growth._curves import unit_time
from forensics.growth._envelope import scan_floor
from forensics.growth._following import swelling_day
from forensics.growth._types import Known, Life
from forensics.growth._verdict import assess_growth, judge, pool_lives
from tests.zoo import LEAKS, LOOK_ALIKES, SHAPES, ZooCase, draw_case

HOUR = 3600.0
#: Drawn after the methods were settled; none of them was looked at while they were made.
FRESH = range(7000, 7006)


def assess(case: ZooCase):
    return assess_growth(case.t_s, case.y_bytes, load=case.load, limit_bytes=case.limit_bytes)


def line(hours=12, rate=30e6, noise=5e6, seed=0):
    t = np.arange(0, hours * HOUR, 30.0)
    noise = noise * np.random.default_rng(seed).normal(size=t.size)
    return t, 1e9 + rate * t / HOUR + noise


@pytest.mark.slow
def test_leaks_are_told_from_look_alikes_on_fresh_draws():
    found = {shape: [assess(draw_case(shape, k)).leak == "yes" for k in FRESH] for shape in SHAPES}
    true = sum(sum(found[shape]) for shape in LEAKS)
    false = sum(sum(found[shape]) for shape in LOOK_ALIKES)
    leaks = len(LEAKS) * len(FRESH)
    # 66 leaks: 0.97 less two standard errors of a proportion.
    assert true / (true + false) >= 0.93
    assert true / leaks >= 0.93


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_clear_case_of_each_shape_is_judged_right(shape):
    # The first draw of each shape whose evidence is beyond doubt either way.
    verdicts = [assess(draw_case(shape, seed)).leak for seed in range(3)]
    expected = "yes" if shape in LEAKS else "no"
    assert verdicts.count(expected) >= 2


def test_a_line_gives_its_rate_and_the_time_to_its_limit():
    t, y = line()
    life = assess_growth(t, y, limit_bytes=2e9).lives[-1]
    assert life.model == "linear"
    assert life.rate.low * HOUR < 30e6 < life.rate.high * HOUR
    truth = (2e9 - 1e9) / 30e6 * HOUR - t[-1]
    assert life.time_to_limit_s.low < truth < life.time_to_limit_s.high


def test_without_a_limit_there_is_no_time_to_it():
    assert not assess_growth(*line()).lives[-1].time_to_limit_s.is_known


def test_a_late_onset_is_found_within_its_interval():
    t, y = line(rate=0)
    y = y + 3e4 * np.maximum(t - 8 * HOUR, 0)
    onset = assess_growth(t, y).lives[0].onset_s
    assert onset.low - 300 <= 8 * HOUR <= onset.high + 300


def test_an_empty_series_is_unknown():
    result = assess_growth(np.zeros(0), np.zeros(0))
    assert result.leak == "unknown"
    assert result.lives == ()


def test_five_samples_are_too_few_to_say():
    assert assess_growth(np.arange(5.0), np.arange(5.0) * 1e6).lives[0].leak == "unknown"


def test_missing_and_unordered_samples_change_nothing():
    t, y = line()
    shuffled = np.random.default_rng(1).permutation(t.size)
    holes = np.insert(y[shuffled], 0, np.nan), np.insert(t[shuffled], 0, 5.0)
    straight, mixed = assess_growth(t, y), assess_growth(holes[1], holes[0])
    assert mixed.log_odds == pytest.approx(straight.log_odds)


def test_the_verdict_does_not_depend_on_the_origin_of_time():
    t, y = line(hours=6)
    here, there = assess_growth(t, y), assess_growth(t + 86_400.0 * 20_000, y)
    assert there.leak == here.leak
    assert there.lives[0].rate.value == pytest.approx(here.lives[0].rate.value, rel=0.02)


def test_memory_that_follows_traffic_is_no_leak_once_traffic_is_known():
    rng = np.random.default_rng(3)
    t = np.arange(0, 12 * HOUR, 30.0)
    load = 100 + 200 * t / t[-1] + 5 * rng.normal(size=t.size)
    y = 5e8 + 3e6 * load + 3e6 * rng.normal(size=t.size)
    assert assess_growth(t, y).leak == "yes"
    assert assess_growth(t, y, load=load).leak == "no"


def test_a_constant_series_without_noise_is_no_leak():
    t = np.arange(0, 6 * HOUR, 30.0)
    assert assess_growth(t, np.full(t.size, 1e9)).leak == "no"


def test_a_short_life_follows_the_lives_before_it():
    t, y = line(hours=10, rate=100e6)
    since = t % (4.5 * HOUR)
    result = assess_growth(t, y - 100e6 * (t - since) / HOUR)
    assert [life.leak for life in result.lives] == ["yes", "yes", "yes"]


def test_warming_up_again_after_a_restart_is_no_leak():
    t, y = line(hours=20, rate=0)
    since = np.where(t < 15 * HOUR, 1e9, t - 15 * HOUR)
    result = assess_growth(t, y - 7e8 * np.exp(-since / (4 * HOUR)))
    assert result.leak == "no"


def test_known_restarts_are_believed_over_falls():
    t, y = line()
    assert len(assess_growth(t, y, restarts_s=(6 * HOUR,)).lives) == 2
    assert len(assess_growth(t, y, known=Known(restarts_are_complete=True)).lives) == 1


@pytest.mark.parametrize(("odds", "verdict"), [(3.0, "yes"), (-3.0, "no"), (0.1, "unknown")])
def test_odds_near_even_are_unknown(odds, verdict):
    assert judge(odds) == verdict


def test_no_lives_pool_to_unknown():
    assert pool_lives(()).leak == "unknown"


def test_neither_the_unit_nor_the_kind_of_time_matters():
    t, y = line()
    plain = assess_growth(t, y, limit_bytes=2e9).latest
    in_gib = assess_growth(t, y / 2**30, limit_bytes=2e9 / 2**30).latest
    stamps = (1.7e9 + t).astype("datetime64[s]")
    dated = assess_growth(stamps, y, limit_bytes=2e9).latest
    zoned = [datetime.fromtimestamp(1.7e9 + s, timezone(timedelta(hours=5))) for s in t]
    assert in_gib.time_to_limit_s.value == pytest.approx(plain.time_to_limit_s.value)
    assert in_gib.rate.value * 2**30 == pytest.approx(plain.rate.value)
    assert dated.time_to_limit_s.value == pytest.approx(plain.time_to_limit_s.value, rel=0.01)
    assert assess_growth(zoned, y).latest.life.started_s == 1.7e9


def test_arrays_that_differ_in_length_are_refused():
    with pytest.raises(UsageError, match="equal length"):
        assess_growth(np.arange(5.0), np.arange(4.0))


def test_a_series_without_a_number_says_nothing():
    found = assess_growth([0.0, 30.0], [np.nan, np.nan])
    assert found.leak == "unknown"
    with pytest.raises(NotEnoughDataError):
        found.latest  # noqa: B018 - the property raises


def test_several_steps_of_one_rounding_unit_are_a_line():
    t = np.arange(0, 7200.0, 15.0)
    noise = 0.2 * np.random.default_rng(5).normal(size=t.size)
    assert assess_growth(t, np.round(100 + 7 * t / t[-1] + noise) * 1e7).leak == "yes"


def test_samples_on_one_level_of_a_coarse_unit_tell_nothing():
    t = np.arange(0, 7200.0, 15.0)
    seldom = np.where(np.arange(t.size) % 300 < 2, 0.1, 0.0)
    assert assess_growth(t, 0.2 + seldom).leak == "unknown"


def test_a_leak_by_unmeasured_requests_shows_the_day_in_its_rate_only():
    t = 1.7e9 + np.arange(0, 1.35 * 86_400, 60.0)
    rate = 1 + 0.6 * np.sin(2 * np.pi * t / 86_400)
    y = 1e9 * (1 + np.cumsum(rate) / rate.sum())
    noise = 1e6 * np.random.default_rng(6).normal(size=t.size)
    assert assess_growth(t, y + noise).leak == "yes"


@pytest.mark.parametrize("width_s", [300.0, 900.0])
def test_memory_of_sessions_that_time_out_follows_traffic(width_s):
    t = np.arange(0, 7200.0, 30.0)
    chance = np.random.default_rng(8)
    load = chance.poisson(30 * 60 * (1 + t / t[-1])) / 30
    n = int(width_s / 30)
    held = np.convolve(np.pad(load, (n - 1, 0), mode="edge"), np.ones(n) / n, mode="valid")
    assert assess_growth(t, 1e9 + 1e7 * held, load=load).leak == "no"


def test_what_has_nearly_stopped_rising_at_the_end_is_no_leak():
    t = np.arange(0, 50_000.0, 60.0)
    u = t / t[-1]
    # Rises by a twentieth, but at the pace of its end by no more than a two-hundredth a window.
    y = 1e9 * (1 + 0.05 * u**0.1 + 0.2 * (u > 0.5))
    assert assess_growth(t, y + 2e6 * np.random.default_rng(7).normal(size=t.size)).leak == "no"


def test_a_few_teeth_of_a_saw_are_no_leak_that_steps_down():
    t = np.arange(0, 3000.0, 15.0)
    y = 1e9 * (1 + 0.08 * (t % 600.0) / 600.0)
    assert assess_growth(t, y + 5e6 * np.random.default_rng(2).normal(size=t.size)).leak != "yes"


def test_no_model_is_named_below_an_evidence_ratio_of_three():
    lives = [assess_growth(*line(hours=1, noise=3e6, seed=seed)).latest for seed in range(8)]
    named = [life for life in lives if life.model != "undetermined"]
    assert 0 < len(named) < len(lives)
    assert all(life.evidence_ratio >= 3 for life in named)
    assert all(life.evidence_ratio < 3 for life in lives if life.model == "undetermined")


@pytest.mark.parametrize(("waves_grow", "expected"), [(True, "no"), (False, "yes")])
def test_growth_under_waves_that_grow_with_it_is_traffic_that_nobody_recorded(waves_grow, expected):
    t = 1.7e9 + np.arange(0, 5 * 86_400.0, 300.0)
    trend = 1 + 0.8 * np.linspace(0, 1, t.size)
    wave = 0.3 * np.sin(2 * np.pi * t / 86_400)
    held = trend * (1 + wave) if waves_grow else trend + wave
    noise = 1e7 * np.random.default_rng(3).normal(size=t.size)
    found = assess_growth(t, 3e8 + 1e9 * held + noise)
    assert found.leak == expected
    assert (found.latest.model == "load_following") == waves_grow


def test_waves_of_one_day_are_too_few_to_grow():
    t = 1.7e9 + np.arange(0, 86_400.0, 300.0)
    held = (1 + 0.8 * np.linspace(0, 1, t.size)) * (1 + 0.3 * np.sin(2 * np.pi * t / 86_400))
    floor = scan_floor(t, 1e9 * held, life=Life(0, t.size, t[0], t[-1], "end"))
    assert swelling_day(floor, unit_time(floor)) is None
