import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels.regressions import multiply, project_groups, whiten_columns
from forensics.kernels.reversals import find_reversals
from forensics.kernels.segments import cut_levels


def plain(kernel):
    return getattr(kernel, "py_func", kernel)


@given(seed=st.integers(0, 1000), groups=st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_what_a_group_leaves_is_what_least_squares_leaves(seed, groups):
    rng = np.random.default_rng(seed)
    widths = rng.integers(0, 4, groups)
    starts = np.concatenate([[0], np.cumsum(widths)])
    columns, y = rng.normal(size=(20, int(starts[-1]))), rng.normal(size=20)
    _, rest, left = project_groups(np.ones(20), columns, starts, y)
    for j in range(groups):
        design = np.column_stack([np.ones(20), columns[:, starts[j] : starts[j + 1]]])
        expected = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        assert rest[j] == pytest.approx(expected, abs=1e-9)
        assert left[j] == pytest.approx(expected @ expected)


def test_a_column_that_others_span_changes_nothing():
    rng = np.random.default_rng(1)
    column, y = rng.normal(size=(12, 1)), rng.normal(size=12)
    once = project_groups(np.ones(12), column, np.array([0, 1]), y)[2]
    twice = project_groups(np.ones(12), np.hstack([column, 2 * column]), np.array([0, 2]), y)[2]
    assert twice == pytest.approx(once)


def test_whitened_noise_is_white():
    rng = np.random.default_rng(2)
    noise = np.zeros((4000, 1))
    noise[0] = rng.normal()
    for i in range(1, 4000):
        noise[i] = 0.8 * noise[i - 1] + 0.6 * rng.normal()
    white = whiten_columns(noise, np.full(3999, 0.8))[:, 0]
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.05
    assert white.std() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("n", [6, 9, 12])
def test_levels_are_cut_where_brute_force_cuts_them(n):
    rng = np.random.default_rng(n)
    y = rng.normal(size=n) + 3 * (np.arange(n) >= n // 2)
    best = min(range(2, n - 1), key=lambda c: y[:c].var() * c + y[c:].var() * (n - c))
    assert cut_levels(y, 2, 2)[0, 0] == best


def test_more_cuts_than_fit_have_no_solution():
    assert (cut_levels(np.arange(4.0), 3, 2)[2] == -1).all()


def test_reversals_of_a_triangle_are_its_corners():
    y = np.concatenate([np.arange(10.0), np.arange(10.0, 0, -1), np.arange(0.0, 10)])
    assert find_reversals(y, 3.0).tolist() == [10, 20, 29]


@pytest.mark.parametrize("kernel", [find_reversals, cut_levels])
def test_the_compiled_and_the_plain_kernel_agree(kernel):
    y = np.random.default_rng(3).normal(size=40).cumsum()
    arguments = (y, 1.5) if kernel is find_reversals else (y, 4, 2)
    assert (kernel(*arguments) == plain(kernel)(*arguments)).all()


def test_the_product_on_one_thread_is_the_product():
    rng = np.random.default_rng(5)
    left, right = rng.normal(size=(7, 30)), rng.normal(size=(30, 11))
    assert multiply(left, right) == pytest.approx(left @ right)
