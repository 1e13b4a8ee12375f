"""A snapshot is whole file by file, resumes, and leaves nothing but evidence in its folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from forensics.collect import Snapshot, collect_from, parse_window
from forensics.errors import EvidenceError, UsageError


def flaky(names, broken):
    def reply(path, fields, _document):
        if path.endswith("/values"):
            return 200, {}, {"status": "success", "data": names}
        name = fields["query"].split('"')[1]
        return (500, {}, b"") if name in broken else (200, {}, {"name": name})

    return reply


def test_a_second_run_fetches_only_what_is_missing(serve, tmp_path, last_hour, quick) -> None:
    broken = {"jvm_b"}
    server = serve(flaky(["jvm_a", "jvm_b"], broken))
    first = collect_from("prometheus", server.address, last_hour, tmp_path / "e", access=quick)
    assert [(f.name, f.status) for f in first] == [
        ("metrics/jvm_a.json", "saved"),
        ("metrics/jvm_b.json", "failed"),
    ]
    assert "HTTP 500" in first[1].why
    broken.clear()
    second = collect_from("prometheus", server.address, last_hour, tmp_path / "e", access=quick)
    assert [f.status for f in second] == ["kept", "saved"]
    assert second[0].sha256 == first[0].sha256


def test_a_file_that_was_changed_is_fetched_again(serve, tmp_path, last_hour, quick) -> None:
    server = serve(flaky(["up"], set()))
    collect_from("prometheus", server.address, last_hour, tmp_path / "e", access=quick)
    (tmp_path / "e/metrics/up.json").write_text("edited")
    again = collect_from("prometheus", server.address, last_hour, tmp_path / "e", access=quick)
    assert [f.status for f in again] == ["saved"]


def test_the_record_lies_beside_the_evidence(serve, tmp_path, last_hour, quick) -> None:
    server = serve(flaky(["up"], set()))
    collect_from("prometheus", server.address, last_hour, tmp_path / "e", access=quick)
    assert [p.name for p in (tmp_path / "e").rglob("*") if p.is_file()] == ["up.json"]
    (record,) = json.loads((tmp_path / "e.collect.json").read_text()).values()
    assert len(record["metrics/up.json"]["sha256"]) == 64


def test_nothing_collected_is_an_error_with_the_reason(serve, tmp_path, last_hour, quick) -> None:
    server = serve(lambda *_: (404, {}, b""))
    with pytest.raises(EvidenceError, match=r"nothing was collected.*HTTP 404"):
        collect_from("alertmanager", server.address, last_hour, tmp_path / "e", access=quick)


@pytest.mark.parametrize("name", ["../../etc/x", "/etc/x", "metrics/../../x", "a/.hidden"])
def test_a_hostile_name_stays_in_the_folder(tmp_path, name) -> None:
    folder = tmp_path / "deep" / "e"
    folder.mkdir(parents=True)
    Snapshot(folder, "k").save(name, lambda: b"x")
    (written,) = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "e.collect.json"]
    assert written.is_relative_to(folder)
    assert not written.name.startswith(".")


def test_an_unknown_source_is_answered_with_those_there_are(tmp_path, last_hour) -> None:
    with pytest.raises(UsageError, match="kubernetes, loki"):
        collect_from("nagios", "http://x", last_hour, tmp_path / "e")


def test_a_window_is_a_span_or_two_times() -> None:
    window = parse_window("90m", "2026-03-01T12:00:00Z")
    assert window.start == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    assert parse_window("2026-03-01T10:30:00+00:00", "2026-03-01T13:00:00+01:00") == window


@pytest.mark.parametrize(
    ("since", "until", "fault"),
    [
        ("soon", None, "no time"),
        ("2026-03-01T10:00:00", None, "offset"),
        ("2026-03-01T10:00:00Z", "2026-03-01T09:00:00Z", "empty"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(since, until, fault) -> None:
    with pytest.raises(UsageError, match=fault):
        parse_window(since, until)
