from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels.partition import cut_cheapest, measure_misfit, sum_moments


def plain_misfit(t, values, start, stop):
    part, place = values[:, start:stop], t[start:stop]
    level = ((part - part.mean(axis=1, keepdims=True)) ** 2).sum()
    line = 0.0
    for row in part:
        fitted = np.polyval(np.polyfit(place, row, 1), place) if row.size > 1 else row
        line += ((row - fitted) ** 2).sum()
    return level, line


def price_of(t, values, edges, price, slope_price):
    total = len(edges) - 2
    for start, stop in itertools.pairwise(edges):
        level, line = plain_misfit(t, values, start, stop)
        total += min(level * price, line * price + slope_price)
    return total


@given(st.integers(0, 10**6), st.integers(1, 2), st.sampled_from([0.3, 1.0, 5.0]))
@settings(max_examples=20, deadline=None)
def test_cuts_are_as_cheap_as_the_best_of_all_possible_cuts(seed, rows, price):
    values = np.random.default_rng(seed).normal(size=(rows, 9)).cumsum(axis=1)
    t = np.linspace(-1, 1, 9)
    sums = sum_moments(t, values)
    starts, _ = cut_cheapest(sums, np.full(rows, price), 0.5, 3)
    found = price_of(t, values, [*starts, 9], price, 0.5)
    every = (
        [0, *cuts, 9]
        for count in range(3)
        for cuts in itertools.combinations(range(1, 9), count)
        if min(np.diff([0, *cuts, 9])) >= 3
    )
    best = min(price_of(t, values, edges, price, 0.5) for edges in every)
    assert found == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("kernel", [measure_misfit, getattr(measure_misfit, "py_func", None)])
def test_misfit_equals_a_plain_fit_compiled_or_not(kernel):
    if kernel is None:
        pytest.skip("kernels aren't compiled in this run")
    values = np.random.default_rng(1).normal(size=(2, 30))
    t = np.linspace(-1, 1, 30)
    found = kernel(sum_moments(t, values), np.ones(2), 5, 17)
    assert found == pytest.approx(plain_misfit(t, values, 5, 17))


def test_a_series_shorter_than_a_segment_is_not_cut():
    sums = sum_moments(np.array([-1.0, 1.0]), np.array([[0.0, 9.0]]))
    starts, slopes = cut_cheapest(sums, np.ones(1), 0.5, 3)
    assert starts.tolist() == [0] or starts.size == 0
    assert slopes.size == starts.size
