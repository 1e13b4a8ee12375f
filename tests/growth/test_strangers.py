"""Series that strangers would write, drawn by a generator of their own."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.growth._envelope import is_dithered, rounding_unit
from forensics.growth._lives import find_restarts
from forensics.growth._types import Life
from forensics.growth._verdict import assess_growth
from forensics.growth._youth import is_young
from forensics.run.growth import judge_files
from tests.strangers.exports import write
from tests.strangers.shapes import LEAKS, SHAPES, draw

HOUR = 3600.0


@pytest.mark.slow
def test_strangers_files_are_judged_right_by_the_path_of_the_command(tmp_path):
    # Five seeds nobody looked at; 0.97 less two standard errors of a proportion of 45.
    found = {}
    for shape in SHAPES:
        cases = [draw(shape, seed) for seed in range(9000, 9005)]
        files = [write(case, tmp_path) for case in cases]
        found[shape] = [
            judge_files([path], limit_bytes=case.limit_bytes).leak == "yes"
            for path, case in zip(files, cases, strict=True)
        ]
    true = sum(sum(found[shape]) for shape in LEAKS)
    false = sum(sum(found[shape]) for shape in SHAPES if shape not in LEAKS)
    assert true / (5 * len(LEAKS)) >= 0.92
    assert true / (true + false) >= 0.92


def samples(hours=6, step=30.0, seed=0):
    t = np.arange(0, hours * HOUR, step)
    return t, np.random.default_rng(seed)


def test_memory_that_follows_noisy_requests_late_does_not_leak():
    t, rng = samples()
    load = rng.poisson(20 * (1 + t / t[-1]) * 30) / 30
    held = np.convolve(np.pad(load, (19, 0), mode="edge"), np.ones(20) / 20, mode="valid")
    y = 1e9 * (1 + held / held.mean()) + 1e6 * rng.normal(size=t.size)
    assert assess_growth(t, y, load=load).leak == "no"
    assert assess_growth(t, y, load=np.roll(load[::-1], 3)).leak == "yes"


def test_jobs_that_rest_rise_and_end_do_not_leak_but_lives_that_rise_from_the_start_do():
    t, rng = samples(hours=20)
    since = t % (4 * HOUR)
    noise = 2e6 * rng.normal(size=t.size)
    jobs = 1e9 + 3e5 * np.maximum(since - 3 * HOUR, 0) + noise
    lives = 1e9 + 7e4 * since + noise
    assert assess_growth(t, jobs).leak == "no"
    assert assess_growth(t, lives).leak == "yes"


def test_a_restart_that_warms_up_within_a_few_samples_is_found():
    t, rng = samples(hours=2, step=120.0)
    y = 1e9 + 1e6 * rng.normal(size=t.size)
    y[40:44] -= [5e8, 3e8, 1.5e8, 6e7]
    assert find_restarts(t, y).tolist() == [40]
    assert assess_growth(t, y).leak == "no"


def test_a_leak_behind_coarse_rounding_is_a_line_and_no_staircase():
    t, rng = samples(hours=24, step=300.0)
    unit = 0.1 * 2.0**30
    coarse = np.round((5e9 + 6e8 * t / t[-1]) / unit) * unit
    dithered = (
        np.round((5e9 + 6e8 * t / t[-1] + 0.4 * unit * rng.normal(size=t.size)) / unit) * unit
    )
    assert rounding_unit(coarse) == pytest.approx(unit)
    assert not is_dithered(coarse)
    assert is_dithered(dithered)
    assert assess_growth(t, coarse).leak == "yes"
    assert assess_growth(t, dithered).leak == "yes"


def test_a_life_watched_for_minutes_without_a_known_start_may_be_young():
    assert is_young(Life(0, 9, 0.0, 600.0, "end"), ())
    assert not is_young(Life(0, 9, 0.0, 1800.0, "end"), ())
    assert not is_young(Life(0, 9, 5000.0, 5600.0, "end"), (0.0,))
