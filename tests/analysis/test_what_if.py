import numpy as np
import pytest

from forensics.analysis import what_if
from forensics.findings import Finding
from tests.analysis.test_memory_growth import HEAP, IS_HEAP, flat, judge, series


def measures(result):
    (entry,) = what_if.findings(result)
    assert isinstance(entry, Finding)
    return {m.name.removeprefix("time to the limit, "): m for m in entry.measures}


def test_nothing_is_said_without_a_leak():
    result = what_if.run(memory_growth=judge(series(HEAP, "api-1", flat(), labels=IS_HEAP)))
    assert what_if.findings(result) == []


def test_a_rollback_means_that_the_limit_is_never_met():
    grown = judge(series(HEAP, "api-1", flat(rate=1e6), labels=IS_HEAP), limit_bytes=2e9)
    found = measures(what_if.run(memory_growth=grown))
    assert found["after a rollback"].value is None
    assert found["after a rollback"].why


def test_without_a_load_the_interval_at_twice_the_traffic_covers_both_ways_to_grow():
    grown = judge(series(HEAP, "api-1", flat(rate=1e6), labels=IS_HEAP), limit_bytes=2e9)
    found = measures(what_if.run(memory_growth=grown))
    usual, double = found["as it is"], found["twice the traffic"]
    assert usual.value == pytest.approx(400, rel=0.1)
    assert double.interval.low == pytest.approx(usual.interval.low / 2)
    assert double.interval.high == pytest.approx(usual.interval.high)


def test_a_leak_by_request_lasts_half_as_long_at_twice_the_traffic():
    load = 100 + 60 * np.sin(np.arange(600) / 45)
    heap = 1e9 + 1e4 * np.cumsum(load) + 1e6 * np.random.default_rng(0).normal(size=600)
    grown = judge(
        series(HEAP, "api-1", heap, labels=IS_HEAP),
        series("http_requests_per_second", "api-1", load),
        limit_bytes=3e9,
    )
    found = what_if.run(memory_growth=grown)
    if found.share_from_load == (1.0, 1.0):
        named = measures(found)
        assert named["twice the traffic"].value == pytest.approx(named["as it is"].value / 2)
