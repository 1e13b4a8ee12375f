import numpy as np
import polars as pl
import pytest

from forensics.analysis import roles, saturation
from forensics.tables import empty_table
from tests.analysis.test_memory_growth import MINUTES, series

CALM = np.arange(MINUTES) < 300


def judge(active, requests, pending, size=20.0):
    frames = [
        series("hikaricp_connections_active", "api-1", active),
        series("hikaricp_connections_max", "api-1", np.broadcast_to(size, MINUTES)),
        series("hikaricp_connections_pending", "api-1", pending),
        series("http_server_requests_seconds_count", "api-1", np.cumsum(requests * 60.0)),
    ]
    result = saturation.run(roles=roles.run(metrics=pl.concat(frames)))
    assert len(saturation.findings(result)) == 1
    return result.pools[0]


def when_full(before, after):
    return np.where(CALM, before, after)


def test_no_pool_no_finding():
    result = saturation.run(roles=roles.run(metrics=empty_table("metrics")))
    assert result.pools == ()


def test_a_pool_with_room_is_not_saturated():
    pool = judge(np.full(MINUTES, 5.0), np.full(MINUTES, 100.0), np.zeros(MINUTES))
    assert (pool.is_saturated, pool.driver, pool.part) == (False, "none", "none")
    assert pool.hold_s_before == pytest.approx(0.05, rel=0.1)


def test_a_pool_filled_by_slow_queries_is_a_symptom():
    pool = judge(when_full(5.0, 20.0), when_full(100.0, 80.0), when_full(0.0, 40.0))
    assert (pool.driver, pool.part) == ("hold time", "symptom")
    assert pool.wait_s == pytest.approx(0.5, rel=0.1)


def test_a_pool_whose_connections_are_not_given_back_is_the_cause():
    pool = judge(when_full(5.0, 20.0), when_full(100.0, 2.0), when_full(0.0, 40.0))
    assert (pool.driver, pool.part) == ("unreleased", "cause")


def test_a_pool_filled_by_demand_is_an_amplifier():
    pool = judge(when_full(5.0, 20.0), when_full(100.0, 400.0), when_full(0.0, 40.0))
    assert (pool.driver, pool.part) == ("demand", "amplifier")


def test_a_pool_that_was_made_smaller_is_the_cause():
    pool = judge(
        when_full(10.0, 5.0),
        np.full(MINUTES, 100.0),
        when_full(0.0, 9.0),
        size=when_full(20.0, 5.0),
    )
    assert (pool.driver, pool.part) == ("size", "cause")
