"""Readers of changes and events: rows field by field, damage, hostile documents."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from forensics.errors import CorruptEvidenceError
from forensics.readers import Source, read_file
from forensics.readers.changes import calendar_csv, calendar_yaml, declaration
from forensics.readers.changes._calendar import to_change
from forensics.readers.changes._document import parse_moment
from forensics.readers.changes._pods import image_version

SAMPLES = Path(__file__).parents[2] / "samples" / "changes"
RELEASE = datetime(2026, 2, 9, 14, 15, tzinfo=UTC)


def read(name):
    return read_file(next(p for p in (SAMPLES / name).iterdir() if p.name != "ORIGIN.md"))


@pytest.mark.parametrize(
    "name",
    ["calendar_yaml", "calendar_json", "calendar_csv", "kubernetes", "helm_history",
     "github_deployments", "gitlab_deployments"],
)  # fmt: skip
def test_the_release_is_found_in_every_format(name) -> None:
    changes = read(name).table("changes")
    release = changes.filter(changes["to_version"] == "v2.0.0").row(0, named=True)
    assert release["time"].replace(microsecond=0) == RELEASE
    assert release["kind"] == "deploy"


@pytest.mark.parametrize(
    "name", ["calendar_yaml", "kubernetes", "helm_history", "argo_cd", "rollout_history"]
)
def test_the_version_before_is_known(name) -> None:
    changes = read(name).table("changes")
    release = changes.filter(changes["to_version"] == "v2.0.0").row(0, named=True)
    assert release["from_version"] == "v1.9.9"


def test_kinds_are_told_by_words_where_no_column_says_them() -> None:
    assert set(read("calendar_yaml").table("changes")["kind"]) == {"deploy", "database"}
    assert read("feature_flags").table("changes")["kind"].to_list() == ["flag"]
    assert read("rds_events").table("changes").height == 1


def test_a_pod_remembers_its_kill_and_restart() -> None:
    events = read("kubernetes").table("events")
    kill = events.filter(events["kind"] == "oom_kill").row(0, named=True)
    assert (kill["entity"], kill["version"]) == ("pay-b-1", "v2.0.0")
    assert kill["time"] == datetime(2026, 2, 9, 14, 25, tzinfo=UTC)
    restart = events.filter(events["kind"] == "restart").row(0, named=True)
    assert restart["count"] == 3
    probe = events.filter(events["kind"] == "probe_failure").row(0, named=True)
    assert (probe["count"], probe["end_time"].minute) == (4, 24)


def test_an_alert_that_goes_on_has_no_end() -> None:
    alert = read("alerts").table("events").row(0, named=True)
    assert (alert["reason"], alert["entity"], alert["end_time"]) == ("MemoryHigh", "pay-b-1", None)


def test_a_declaration_keeps_its_lines_and_only_timed_changes() -> None:
    reading = read("declaration")
    assert reading.details["started_at"] == "2026-02-09T14:23:17Z"
    assert reading.details["severity"] == "P1"
    changes = reading.table("changes")
    assert changes["time"].to_list() == [RELEASE]
    assert changes["source"][0].endswith("#declaration")
    assert reading.table("declaration")["text"][0] == "# Checkout is down"


def test_alias_bombs_and_deep_nesting_are_refused(tmp_path) -> None:
    bomb = tmp_path / "a.yaml"
    bomb.write_text("a: &a [x]\nb: [" + ", ".join(["*a"] * 500) + "]\n")
    with pytest.raises(CorruptEvidenceError, match="aliases"):
        calendar_yaml.read(Source(bomb))
    bomb.write_text("[" * 600 + "]" * 600)
    with pytest.raises(CorruptEvidenceError):
        calendar_yaml.read(Source(bomb))


def test_a_change_without_time_is_damage(tmp_path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("time,type,title\n2026-02-09T14:15:00Z,deploy,a\nsoon,deploy,b\n")
    reading = calendar_csv.read(Source(table)).check()
    assert reading.counts["changes"] == 1
    assert reading.damage["what"].to_list() == ["change 2 has no time that can be read"]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("r.example:5000/a/b:v1.2", "v1.2"),
        ("a/b@sha256:0123456789abcdef", "sha256:0123456789ab"),
        ("a/b", None),
    ],
)
def test_the_version_of_an_image_is_its_tag_or_digest(image, version) -> None:
    assert image_version(image) == version


@pytest.mark.parametrize(
    "value", ["2026-02-09T15:15:00+01:00", 1770646500, 1770646500000, "2026-02-09 14:15 UTC"]
)
def test_times_of_any_spelling_become_utc(value) -> None:
    assert parse_moment(value) == RELEASE


def test_prose_is_claimed_and_logs_are_not(tmp_path) -> None:
    prose = tmp_path / "note.txt"
    prose.write_text("The checkout has been down since noon.\nWe think that the release did it.\n")
    assert declaration.sniff(Source(prose).head())
    prose.write_text("2026-02-09 14:23:17 the service has started again\n" * 5)
    assert not declaration.sniff(Source(prose).head())


@pytest.mark.parametrize("column", ["id", "Change ID", "number", "ticket", "Issue key", "RFC"])
def test_a_change_keeps_its_id_whatever_its_column_is_called(column):
    item = {column: "RFC 12", "title": "Release", "type": "deploy", "startsAt": "2026-02-09T14:15Z"}
    source = Source(SAMPLES / "calendar_json" / "calendar.json")
    row, fault = to_change(item, source, 1)
    assert fault is None
    assert row["details"].startswith("id: RFC 12")
