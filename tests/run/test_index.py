"""The index reads many reports, tells trends, keeps what it should, and trusts no text."""

from __future__ import annotations

import json

import pytest

from forensics.errors import UsageError
from forensics.findings import to_json
from forensics.run.index import build_index
from tests.charts.small_case import give


def put(folder, name, day, *, leak="yes", incident="shop", title="Shop slow"):
    findings = give("findings")
    findings = findings.model_copy(
        update={
            "incident": findings.incident.model_copy(update={"id": incident, "title": title}),
            "verdict": findings.verdict.model_copy(update={"leak": leak}),
        }
    )
    path = folder / name
    path.mkdir(parents=True)
    (path / "findings.json").write_bytes(to_json(findings))
    (path / "custody.json").write_text(
        json.dumps({"run": {"generated_at": f"2026-03-{day:02}T06:00:00Z"}})
    )


@pytest.fixture
def reports(tmp_path):
    put(tmp_path, "monday", 2, leak="unknown")
    put(tmp_path, "deep/tuesday", 3)
    put(tmp_path, "wednesday", 4)
    put(tmp_path, "other", 4, incident="till", leak="no")
    return tmp_path


def test_reports_are_listed_the_newest_first(reports) -> None:
    index = build_index(reports)
    assert index.reports["report"].to_list() == ["other", "wednesday", "deep/tuesday", "monday"]
    document = json.loads((reports / "index.json").read_text())
    assert document["schema"] == "forensics/index/1"
    assert [row["leak"] for row in document["reports"]] == ["no", "yes", "yes", "unknown"]


def test_trends_count_by_day(reports) -> None:
    rows = build_index(reports).trends().select("reports", "leaks").rows()
    assert rows == [(1, 0), (1, 1), (2, 1)]


def test_a_verdict_that_changed_is_told_once(reports) -> None:
    changed = build_index(reports).changes()
    assert changed["report"].to_list() == ["deep/tuesday"]


def test_keep_deletes_the_oldest_of_each_incident(reports) -> None:
    index = build_index(reports, keep=1)
    assert index.removed == ("deep/tuesday", "monday")
    assert not (reports / "monday").exists()
    assert (reports / "wednesday").exists()
    assert (reports / "other").exists()


def test_a_broken_report_is_named_and_never_deleted(reports) -> None:
    (reports / "torn").mkdir()
    (reports / "torn" / "findings.json").write_text("{")
    index = build_index(reports, keep=1)
    assert list(index.unreadable) == ["torn"]
    assert (reports / "torn").exists()


def test_hostile_text_stays_text(tmp_path) -> None:
    put(tmp_path, "a'><script>", 2, title="<script>alert(1)</script>")
    build_index(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_empty_folder_is_an_empty_index(tmp_path) -> None:
    assert build_index(tmp_path).reports.is_empty()
    assert "0 reports" in (tmp_path / "index.html").read_text()


def test_a_report_folder_itself_is_not_deleted(tmp_path) -> None:
    put(tmp_path, "x", 3)
    for name in ("findings.json", "custody.json"):
        (tmp_path / name).write_bytes((tmp_path / "x" / name).read_bytes())
    (tmp_path / "custody.json").write_text('{"run": {"generated_at": "2026-01-01T00:00:00Z"}}')
    with pytest.raises(UsageError, match="itself a report"):
        build_index(tmp_path, keep=1)


def test_keep_zero_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        build_index(tmp_path, keep=0)
