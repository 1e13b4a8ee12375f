"""The seed incident's simulator: the same bytes, the declared figures, the laws it claims."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

model = importlib.import_module("model")
simulate = importlib.import_module("simulate")
world = importlib.import_module("world")
place_heap = importlib.import_module("place_heap")


@pytest.fixture(scope="module")
def outcome():
    return model.Simulation(simulate.SEED).run()


@pytest.fixture(scope="module")
def leaky(outcome):
    return [p for p in outcome.pods if p.is_leaky and p.created_s < world.SCALE_OUT_S]


def first_life(pod, start_s, end_s):
    end_s = min([end_s, *pod.oom_kills])
    return [s for s in pod.samples if s.up and start_s <= s.second < end_s]


def test_the_folder_in_the_repository_is_written_again_byte_for_byte(tmp_path: Path):
    simulate.write_evidence(tmp_path)
    assert simulate.find_differences(tmp_path, simulate.HOME) == []


def test_a_changed_file_is_reported_as_different(tmp_path: Path):
    for name in ("left", "right"):
        (tmp_path / name / "metrics").mkdir(parents=True)
        (tmp_path / name / "metrics" / "up.json").write_text(name)
    differing = simulate.find_differences(tmp_path / "left", tmp_path / "right")
    assert differing == ["metrics/up.json"]


def test_connections_run_out_at_the_declared_second(outcome):
    assert outcome.exhausted_s == world.EXHAUSTED_S


def test_the_declared_number_of_containers_is_killed_before_the_declaration(outcome):
    assert sum(1 for at_s, _ in outcome.kills if at_s <= world.DECLARED_S) == 23


def test_only_pods_of_the_new_version_are_killed(outcome):
    assert {pod.version for _, pod in outcome.kills} == {world.NEW_VERSION}


def test_retained_bytes_are_linear_in_the_timeouts(leaky):
    for pod in leaky:
        for sample in first_life(pod, world.DEPLOY_S + 300, world.EXHAUSTED_S):
            leaked = sample.heap_live_bytes - sample.pending * world.PENDING_BYTES - 0.9e9
            assert leaked == pytest.approx(sample.fraud_timeouts * world.SESSION_BYTES, abs=0.02e9)


def test_memory_grows_by_the_declared_rate_before_the_sale_and_four_times_it_after(leaky):
    for pod in leaky:
        for start_s, end_s, rate in (
            (world.DEPLOY_S + 150, world.SALE_S, 250e6),
            (world.SALE_S + 45, world.EXHAUSTED_S - 15, 1000e6),
        ):
            samples = first_life(pod, start_s, end_s)
            gained = samples[-1].sessions - samples[0].sessions
            minutes = (samples[-1].second - samples[0].second) / 60
            assert gained * world.SESSION_BYTES / minutes == pytest.approx(rate, rel=0.08)


def test_connections_in_use_follow_littles_law_on_the_old_version(outcome):
    old = [p for p in outcome.pods if p.ended_s is not None]
    used = [sum(p.samples[i].active for p in old) for i in range(1, 100)]
    assert sum(used) / len(used) == pytest.approx(world.NORMAL_RPS * world.HOLD_S, rel=0.03)


def test_pools_of_the_serving_pods_add_up_to_the_declared_limit(leaky):
    assert sum(pod.pool_max for pod in leaky) == world.POOL_TOTAL


def test_pod_names_have_a_replica_set_hash_and_a_suffix(outcome):
    for pod in outcome.pods:
        digest, suffix = pod.name.split("-")[-2:]
        assert len(digest) == 10
        assert len(suffix) == 5


def test_every_figure_of_the_declaration_is_kept():
    text = (simulate.HOME / "declaration.md").read_text(encoding="utf-8")
    for figure in (
        "2026-02-09T14:23:17Z", "2026-02-09T14:28:45Z", "5 min 28 sec", "~50,000", "$2.5M/hour",
        "100% failure rate", "95%", "500/500", "30 seconds", "12,847", "78%", "45%", "23%",
        "7.8GB / 8GB", "+250MB/minute (exponential)", "23 pods", "14:15:00Z", "8 minutes",
        "v2.1.3", "v2.5.0", "14:10:00Z", "250M rows", "14:20:00Z", "70% off", "400%",
        "5K req/s", "20K req/s", "$312,500", "99.9%", "-87%", "PostgreSQL 14.2", "8 targets",
        "12 engineers", "2,300 tickets", "v3.4.9", "v3.5.0", "production-us-east-1",
        "payment-system", "> 99%", "< 1%", "> 90%", "> 30s",
    ):  # fmt: skip
        assert figure in text, figure


def test_a_body_has_the_shape_of_a_range_query():
    path = simulate.HOME / "metrics" / "container_memory_working_set_bytes.json"
    body = json.loads(path.read_bytes())
    assert body["status"] == "success"
    assert body["data"]["resultType"] == "matrix"
    series = body["data"]["result"][0]
    assert series["metric"]["__name__"] == "container_memory_working_set_bytes"
    steps = {b[0] - a[0] for a, b in zip(series["values"], series["values"][1:], strict=False)}
    assert steps == {world.STEP_S}


def test_placing_a_dump_changes_its_time_and_nothing_else():
    dump = place_heap.MAGIC + bytes([0, 0, 0, 8]) + bytes(8) + b"records"
    placed = place_heap.set_time(dump, 1_770_646_647_000)
    assert int.from_bytes(placed[23:31], "big") == 1_770_646_647_000
    assert placed[:23] + placed[31:] == dump[:23] + dump[31:]


def test_placing_refuses_what_is_no_dump():
    with pytest.raises(ValueError, match="not a heap dump"):
        place_heap.set_time(b"GIF89a" + bytes(40), 0)
