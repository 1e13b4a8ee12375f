import numpy as np
import pytest

from forensics.analysis import what_if
from forensics.findings import Finding
from forensics.growth import Scenario, assess_growth, scale_time_to_limit
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
    assert found.share_from_load == (1.0, 1.0)
    named = measures(found)
    assert named["twice the traffic"].value == pytest.approx(named["as it is"].value / 2)


#: Bytes a request and bytes a second leave behind, by what drives the leak.
DRIVERS = {"requests": (40.0, 0.0), "clock": (0.0, 5e3)}
LIMIT = 3e9
POD_RATE = 120.0


def simulate(driver, seed):
    """Return ten hours at one minute of a pod's rate of requests and of its memory."""
    chance = np.random.default_rng([seed, len(driver)])
    wave = 1 + 0.6 * np.sin(np.arange(600) / 45 + chance.uniform(0, 6))
    load = chance.poisson(POD_RATE * wave * 60) / 60
    a_request, a_second = DRIVERS[driver]
    clean = 1e9 + 60 * np.cumsum(a_request * load + a_second)
    return load, clean + 1e6 * chance.normal(size=600), float(clean[-1])


def true_minutes(driver, now_bytes, pod_rate):
    """Return when memory meets the limit at a rate of requests a pod."""
    a_request, a_second = DRIVERS[driver]
    return (LIMIT - now_bytes) / (60 * (a_request * pod_rate + a_second))


@pytest.mark.parametrize("driver", sorted(DRIVERS))
@pytest.mark.parametrize(
    ("scenario", "pod_rate"),
    [
        pytest.param(Scenario(traffic_factor=2.0), 2 * POD_RATE, id="twice the traffic"),
        pytest.param(Scenario(pods_before=4, pods_after=6), POD_RATE * 4 / 6, id="region of six"),
        pytest.param(
            Scenario(traffic_factor=1.5, pods_before=4, pods_after=3),
            1.5 * POD_RATE * 4 / 3,
            id="more traffic on fewer pods",
        ),
    ],
)
def test_the_simulated_time_to_the_limit_lies_in_the_interval(driver, scenario, pod_rate):
    held, seeds = 0, range(12)
    for seed in seeds:
        load, heap, now_bytes = simulate(driver, seed)
        life = assess_growth(60.0 * np.arange(600), heap, load=load, limit_bytes=LIMIT).latest
        by_load = 1.0 if life.model == "per_request" else 0.0
        assert (life.model, by_load) in {("per_request", 1.0), ("linear", 0.0)}
        assert by_load == (driver == "requests")
        left = scale_time_to_limit(life.time_to_limit_s, scenario, share_from_load=(by_load,) * 2)
        # The mean of the simulated waves isn't the rate that the future has: allow it 3 %.
        truth_s = 60 * true_minutes(driver, now_bytes, pod_rate)
        held += left.low * 0.97 <= truth_s <= left.high * 1.03
    # 90 % intervals, less two standard errors of twelve.
    assert held >= 9


def test_after_a_rollback_the_simulated_version_before_never_meets_the_limit():
    load, heap, _ = simulate("requests", 1)
    life = assess_growth(60.0 * np.arange(600), heap, load=load, limit_bytes=LIMIT).latest
    assert scale_time_to_limit(life.time_to_limit_s, Scenario(is_rolled_back=True)).low == np.inf
    steady = 1e9 + 2e6 * load + 1e6 * np.random.default_rng(0).normal(size=600)
    before = assess_growth(60.0 * np.arange(600), steady, load=load, limit_bytes=LIMIT).latest
    assert before.leak == "no"
    assert not before.time_to_limit_s.is_known
