"""Every scenario file can be read and is of one piece; small parts of the rig do what they say."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

scenario = importlib.import_module("rig.scenario")
truth = importlib.import_module("rig.truth")
heap = importlib.import_module("rig.heap")
run = importlib.import_module("run")

FILES = sorted((Path(run.__file__).parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_scenario_is_of_one_piece(path: Path):
    plan = scenario.read_scenario(path)
    times = [*(h.at_s for h in plan.happenings), *plan.dumps_s, plan.declared_s]
    assert max(times) < plan.duration_s
    assert {h.do for h in plan.happenings} <= set(run.CHANGE_KINDS)
    assert plan.cause is None or plan.cause in {h.change_id for h in plan.happenings}
    assert {w.version for w in plan.workloads} <= set(plan.versions)
    deployed = {h.options["to_version"] for h in plan.happenings if h.do == "deploy"}
    assert deployed <= set(plan.versions)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_declaration_of_a_scenario_names_only_known_figures(path: Path):
    plan = scenario.read_scenario(path)
    plan.declaration.format(started="a", detected="b", changes="c", limit_mib=1)


def test_a_quick_run_has_the_same_order_in_a_third_of_the_time():
    path = next(p for p in FILES if p.stem == "leak-after-deploy")
    slow, quick = scenario.read_scenario(path), scenario.read_scenario(path, speed=3.0)
    assert quick.duration_s == pytest.approx(slow.duration_s / 3)
    assert [h.do for h in quick.happenings] == [h.do for h in slow.happenings]


def dump(
    file: str, *, at: float, live_bytes: int, objects: int, life: int = 0
) -> dict[str, object]:
    lost = {"objects": objects, "life": life}
    return {"file": file, "pod": "p", "at": at, "live_bytes": live_bytes, "lost": lost}


def test_growth_between_two_dumps_is_measured_a_lost_object():
    rows = truth.live_growth(
        [dump("a", at=0, live_bytes=1000, objects=2), dump("b", at=30, live_bytes=5000, objects=12)]
    )
    assert rows[0]["rate_bytes_per_min"] == 8000
    assert rows[0]["bytes_per_lost_object"] == 400


def test_dumps_of_two_container_lives_are_not_compared():
    rows = truth.live_growth(
        [
            dump("a", at=0, live_bytes=1000, objects=2),
            dump("b", at=30, live_bytes=900, objects=0, life=1),
        ]
    )
    assert rows == []


def test_the_total_of_a_class_histogram_is_read_from_its_last_line():
    text = "123:\n num #instances #bytes class\n 1: 3 96 [B\nTotal 3 96\n"
    assert heap.total_bytes(text) == 96
