import numpy as np
import pytest

from forensics.growth._types import Estimate
from forensics.growth._what_if import Scenario, scale_time_to_limit

HOUR = Estimate(60.0, 50.0, 80.0)


def test_twice_the_traffic_halves_the_time_of_a_leak_by_request():
    half = scale_time_to_limit(HOUR, Scenario(traffic_factor=2.0), share_from_load=(1.0, 1.0))
    assert (half.value, half.low, half.high) == (30.0, 25.0, 40.0)


def test_traffic_does_not_touch_a_leak_by_the_clock():
    same = scale_time_to_limit(HOUR, Scenario(traffic_factor=2.0), share_from_load=(0.0, 0.0))
    assert same == HOUR


def test_not_knowing_which_widens_the_interval_to_both():
    wide = scale_time_to_limit(HOUR, Scenario(traffic_factor=2.0))
    assert wide.low == 25.0
    assert wide.high == 80.0


def test_twice_the_pods_give_twice_the_time_to_a_leak_by_request():
    scenario = Scenario(pods_before=4, pods_after=8)
    longer = scale_time_to_limit(HOUR, scenario, share_from_load=(1.0, 1.0))
    assert longer.value == pytest.approx(120.0)


def test_after_a_rollback_no_limit_is_met():
    assert np.isinf(scale_time_to_limit(HOUR, Scenario(is_rolled_back=True)).value)
