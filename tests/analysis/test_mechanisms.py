"""Memory and pool: one mechanism where the same objects hold both, else what filled the pool."""

from types import SimpleNamespace

import pytest

from forensics.analysis import heap_summary, held_connections, mechanisms
from forensics.findings import HeapFile, HeapSuspect

SUSPECT = HeapSuspect.model_validate(
    {"class": "acme.Session", "instances": 40, "retained_bytes": 9, "share": 0.5, "held_by": []}
)
HEAP = heap_summary.Result(
    (HeapFile(file="a.hprof", objects=1, shallow_bytes=1, suspects=[SUSPECT]),)
)
LEAK = SimpleNamespace(leak="yes")


def pools(driver):
    return SimpleNamespace(pools=[SimpleNamespace(is_saturated=driver != "none", driver=driver)])


def judge(driver, held=None, leak=LEAK):
    return mechanisms.run(
        memory_growth=leak, saturation=pools(driver), heap_summary=HEAP, held_connections=held
    )


def test_objects_that_pile_up_and_hold_connections_are_one_mechanism():
    held = held_connections.Held("a.hprof", "pg.Connection", "acme.Session", 12, None)
    found = judge("demand", held_connections.Result((held,)))
    assert found.count == "one"
    assert "Session objects" in found.text


@pytest.mark.parametrize(("driver", "count"), [("demand", "two"), ("unreleased", "one")])
def test_without_them_what_filled_the_pool_decides(driver, count):
    assert judge(driver).count == count


def test_nothing_is_said_without_a_leak_or_a_full_pool():
    assert judge("none").count == "none"
    assert judge("demand", leak=SimpleNamespace(leak="no")).count == "none"
