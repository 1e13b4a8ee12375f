"""Two documents of findings are compared by what their entries are about."""

from __future__ import annotations

from forensics.findings import to_json
from forensics.run._compare import compare
from forensics.run.verify import diff_reports
from tests.charts.small_case import make_findings


def test_an_entry_that_moved_is_no_difference():
    before = {"suspects": [{"change_id": "a", "probability": 1}, {"change_id": "b"}]}
    after = {"suspects": before["suspects"][::-1]}
    assert compare(before, after) == []


def test_an_entry_that_is_new_is_one_row_with_an_empty_side():
    rows = compare({"claims": []}, {"claims": [{"line": 3, "quantity": "money"}]})
    assert rows == [("claims[3 money]", "", '{"line":3,"quantity":"money"}')]


def test_entries_about_the_same_are_told_apart_by_their_number():
    before = {"measures": [{"name": "n", "value": 1}, {"name": "n", "value": 2}]}
    after = {"measures": [{"name": "n", "value": 1}, {"name": "n", "value": 3}]}
    assert compare(before, after) == [("measures[n #2].value", "2", "3")]


def test_the_verdict_comes_first_then_why(tmp_path):
    findings = make_findings()
    suspect = findings.suspects[0].model_copy(update={"probability": 0.4})
    cause = findings.verdict.root_cause.model_copy(update={"probability": 0.4})
    changed = findings.model_copy(
        update={
            "incident": findings.incident.model_copy(update={"severity": "P9"}),
            "suspects": [suspect, *findings.suspects[1:]],
            "verdict": findings.verdict.model_copy(update={"root_cause": cause}),
        }
    )
    for name, document in (("a", findings), ("b", changed)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "findings.json").write_bytes(to_json(document))
    rows = diff_reports(tmp_path / "a", tmp_path / "b").rows()
    assert [row[0] for row in rows] == ["verdict differs", "reason differs", "finding differs"]
    assert rows[1][1] == f"suspects[{suspect.change_id}].probability"
    assert diff_reports(tmp_path / "a", tmp_path / "a").is_empty()
