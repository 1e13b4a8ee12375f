"""Each kind of damage does what it says, and the same each time."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path

import pytest
import yaml

damage = importlib.import_module("damage")

POINTS = [[1000 + 2 * i, str(10 * i)] for i in range(40)]


def body(name: str) -> str:
    result = [{"metric": {"__name__": name, "pod": "a"}, "values": POINTS}]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "incident"
    for name in ("metrics", "logs", "gc", "heap"):
        (home / name).mkdir(parents=True)
    for name in ("jvm_memory_used_bytes", "http_server_requests_seconds_count", "jvm_threads_live"):
        (home / "metrics" / f"{name}.json").write_text(body(name))
    (home / "heap" / "a.hprof.gz").write_bytes(gzip.compress(bytes(range(256)) * 40, mtime=0))
    line = '{{"@timestamp":"2026-02-09T14:00:{:02d}.500Z","level":"INFO","message":"m"}}'
    text = "\n".join(line.format(i) for i in range(30)) + "\n"
    (home / "logs" / "a.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (home / "gc" / "a.gc.log").write_text("\n".join(f"line {i}" for i in range(30)) + "\n")
    return home


def points_of(path: Path) -> list[list[object]]:
    return json.loads(path.read_bytes())["data"]["result"][0]["values"]


def test_a_truncated_dump_keeps_six_tenths(folder: Path):
    before = (folder / "heap" / "a.hprof.gz").read_bytes()
    damage.truncate_dump(folder)
    assert (folder / "heap" / "a.hprof.gz").read_bytes() == before[: len(before) * 6 // 10]


def test_a_gap_drops_the_third_quarter_of_memory_scrapes(folder: Path):
    damage.cut_gap(folder)
    kept = points_of(folder / "metrics" / "jvm_memory_used_bytes.json")
    assert kept == POINTS[:20] + POINTS[30:]


def test_a_counter_reset_starts_again_from_zero_half_way(folder: Path):
    damage.reset_counter(folder)
    values = [
        float(v)
        for _, v in points_of(folder / "metrics" / "http_server_requests_seconds_count.json")
    ]
    assert values[19:22] == [190.0, 0.0, 10.0]


def test_a_skewed_clock_moves_every_line_by_the_same_time(folder: Path):
    damage.skew_clock(folder)
    lines = gzip.decompress((folder / "logs" / "a.jsonl.gz").read_bytes()).decode().splitlines()
    assert len(lines) == 30
    first = json.loads(lines[0])
    assert first["@timestamp"] == "2026-02-09T14:01:37.500Z"
    assert first["message"] == "m"


def test_a_missing_rotation_loses_the_middle_third(folder: Path):
    damage.lose_rotation(folder)
    lines = (folder / "gc" / "a.gc.log").read_text().splitlines()
    assert lines[9:11] == ["line 9", "line 20"]


def test_a_duplicate_has_the_same_bytes_under_another_name(folder: Path):
    deed = damage.duplicate_file(folder)
    assert (folder / deed["file"]).read_bytes() == (folder / deed["copy"]).read_bytes()


def test_broken_json_does_not_parse(folder: Path):
    deed = damage.break_json(folder)
    with pytest.raises(json.JSONDecodeError):
        json.loads((folder / deed["file"]).read_text())


def test_damage_leaves_the_source_as_it_was_and_repeats_itself(folder: Path, tmp_path: Path):
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for name in ("one", "two"):
        damage.damage_folder(folder, tmp_path / name, list(damage.KINDS))
    assert before == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    left = {
        p.relative_to(tmp_path / "one"): p.read_bytes()
        for p in (tmp_path / "one").rglob("*")
        if p.is_file()
    }
    right = {
        p.relative_to(tmp_path / "two"): p.read_bytes()
        for p in (tmp_path / "two").rglob("*")
        if p.is_file()
    }
    assert left == right


def test_the_deeds_are_written_beside_the_copy(folder: Path, tmp_path: Path):
    damage.damage_folder(folder, tmp_path / "out", list(damage.KINDS))
    deeds = yaml.safe_load((tmp_path / "out.damage.yaml").read_text())["damage"]
    assert [deed["kind"] for deed in deeds] == list(damage.KINDS)
    assert not any("skipped" in deed for deed in deeds)


def test_damage_that_finds_no_file_says_so(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    deeds = damage.damage_folder(tmp_path / "empty", tmp_path / "out", ["truncated-dump"])
    assert deeds == [{"kind": "truncated-dump", "skipped": "no file of this sort here"}]
