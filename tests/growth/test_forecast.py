import numpy as np
import pytest

from forensics.growth._forecast import Draws
from tests.benchmarks.time_to_limit import measure


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["linear", "exponential"])
@pytest.mark.parametrize(("noise", "memory"), [(0.002, 0.0), (0.01, 0.9), (0.03, 0.0)])
def test_the_90_percent_interval_of_the_time_to_the_limit_holds_the_truth(shape, noise, memory):
    counts = measure(shape, noise, memory, 40)
    # 40 series: 0.9 less three standard errors of a proportion.
    assert counts["held"] / (40 - counts["no forecast"]) >= 0.76


def test_an_interval_of_draws_is_central_and_knows_never():
    draws = Draws(*(np.zeros(0) for _ in range(5)))
    assert draws.interval(np.arange(101.0)).low == pytest.approx(5.0)
    assert draws.interval(np.full(10, np.inf)).value == np.inf
    assert not draws.interval(np.zeros(0)).is_known
