import heapq

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


def run_queue(*, rate, hold_s, size, lost=0.0, patience_s=30.0, seed=0):
    """Simulate a pool: Poisson arrivals, exponential holds, first come, first served.

    ``rate``, ``hold_s`` and ``size`` map the minute to requests a second, seconds and
    connections; ``lost`` is the share of connections that are never given back after half time.
    A request that waits longer than ``patience_s`` fails. Returns by minute: in use and waiting
    at its end, requests done or failed in it, and of these the failed ones.
    """
    chance = np.random.default_rng(seed)
    busy, waiting = [], []
    gone, now, held = 0, 0.0, [[], [], [], []]
    done = failed = 0
    for minute in range(MINUTES):
        end = 60.0 * (minute + 1)
        arrivals = np.sort(chance.uniform(now, end, chance.poisson(60.0 * rate(minute))))
        for at in [*arrivals, end]:
            while True:
                due = busy[0] if busy else np.inf
                while waiting and waiting[0] + patience_s < min(due, at):
                    heapq.heappop(waiting)
                    done, failed = done + 1, failed + 1
                if due > at:
                    break
                heapq.heappop(busy)
                if minute >= MINUTES // 2 and chance.random() < lost:
                    gone += 1
                else:
                    done += 1
                if waiting and len(busy) + gone < size(minute):
                    heapq.heappop(waiting)
                    heapq.heappush(busy, due + chance.exponential(hold_s(minute)))
            if at < end:
                if len(busy) + gone < size(minute):
                    heapq.heappush(busy, at + chance.exponential(hold_s(minute)))
                else:
                    heapq.heappush(waiting, at)
        now = end
        for column, value in zip(held, (len(busy) + gone, len(waiting), done, failed), strict=True):
            column.append(value)
    return [np.array(column, float) for column in held]


def judge_queue(*, size=8, **world):
    sizes = np.broadcast_to(size, MINUTES)
    used, pending, done, failed = run_queue(size=lambda minute: sizes[minute], **world)
    frames = [
        series("hikaricp_connections_active", "api-1", used),
        series("hikaricp_connections_max", "api-1", sizes),
        series("hikaricp_connections_pending", "api-1", pending),
        series("hikaricp_connections_timeout_total", "api-1", failed),
        series("http_server_requests_seconds_count", "api-1", done),
    ]
    return saturation.run(roles=roles.run(metrics=pl.concat(frames))).pools[0]


def late(before, after):
    return lambda minute: before if minute < MINUTES // 2 else after


def test_a_simulated_pool_with_room_shows_the_time_its_requests_hold_a_connection():
    pool = judge_queue(rate=lambda m: 2.0, hold_s=lambda m: 1.0, size=20)
    assert not pool.is_saturated
    assert pool.hold_s_before == pytest.approx(1.0, rel=0.1)


def test_a_simulated_slow_database_makes_the_pool_a_symptom():
    pool = judge_queue(rate=lambda m: 2.0, hold_s=late(1.0, 4.5))
    assert (pool.driver, pool.part) == ("hold time", "symptom")
    assert pool.hold_s_full == pytest.approx(4.5, rel=0.15)


def test_a_simulated_leak_of_connections_makes_the_pool_the_cause():
    pool = judge_queue(rate=lambda m: 2.0, hold_s=lambda m: 1.0, lost=0.01)
    assert (pool.driver, pool.part) == ("unreleased", "cause")


def test_a_simulated_rush_makes_the_pool_an_amplifier():
    pool = judge_queue(rate=late(2.0, 7.9), hold_s=lambda m: 1.0)
    assert (pool.driver, pool.part) == ("demand", "amplifier")


def test_a_simulated_smaller_pool_is_the_cause():
    sizes = np.where(np.arange(MINUTES) < MINUTES // 2, 8, 2)
    pool = judge_queue(rate=lambda m: 2.0, hold_s=lambda m: 1.0, size=sizes)
    assert (pool.driver, pool.part) == ("size", "cause")


def test_the_wait_in_a_simulated_full_pool_follows_from_those_that_wait():
    _, pending, done, _ = run_queue(rate=late(2.0, 6.0), hold_s=late(1.0, 1.25), size=lambda m: 8)
    # M/M/8 at 7.5 erlangs: 70 % of arrivals wait, 1.25 / (8 - 7.5) s each (Erlang's C formula).
    busy = slice(MINUTES // 2, None)
    wait_s = pending[busy].mean() / (np.diff(done)[MINUTES // 2 :].mean() / 60)
    assert wait_s == pytest.approx(0.7 * 1.25 / 0.5, rel=0.35)
