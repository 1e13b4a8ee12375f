"""The rubric's checks, on a report made from the small case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forensics.charts import draw_charts
from forensics.report import ReportOptions, write_report
from forensics.report.rubric import CHECKS, read_report
from tests.charts.small_case import give, give_empty, make_findings

STAMP = datetime(2026, 2, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    drawn = draw_charts(give)
    write_report(
        give("findings"),
        drawn.charts,
        folder,
        options=ReportOptions(generated_at=STAMP, with_pdf=False, versions={"python": "3"}),
    )
    return read_report(folder)


@pytest.fixture(scope="module")
def empty_report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    write_report(give_empty("findings"), [], folder, options=ReportOptions(with_pdf=False))
    return read_report(folder)


@pytest.mark.parametrize("name", CHECKS)
def test_the_report_of_the_small_case_passes_every_check(report, name):
    assert CHECKS[name](report) == []


@pytest.mark.parametrize("name", CHECKS)
def test_a_report_without_findings_still_passes_every_check(empty_report, name):
    assert CHECKS[name](empty_report) == []


def spoiled(tmp_path, **changes):
    findings = make_findings().model_copy(update=changes)
    write_report(findings, [], tmp_path, options=ReportOptions(with_pdf=False))
    return read_report(tmp_path)


def test_a_suspect_without_a_counterargument_is_noticed(tmp_path):
    suspect = make_findings().suspects[0].model_copy(update={"against": []})
    assert CHECKS["both sides"](spoiled(tmp_path, suspects=[suspect]))


def test_blaming_words_are_noticed(tmp_path):
    decision = make_findings().decisions[0].model_copy(update={"why": "ops failed to look"})
    assert CHECKS["blameless"](spoiled(tmp_path, decisions=[decision]))


def test_a_sentence_that_was_cut_is_noticed(tmp_path):
    decision = make_findings().decisions[0].model_copy(update={"why": "Roll back:."})
    assert CHECKS["sentences"](spoiled(tmp_path, decisions=[decision]))


def test_a_rate_without_interval_is_noticed(tmp_path):
    growth = make_findings().growth[0].model_copy(update={"rate_interval": None})
    assert CHECKS["intervals"](spoiled(tmp_path, growth=[growth]))


def test_an_unknown_answer_that_nothing_would_settle_is_noticed(tmp_path):
    question = make_findings().questions[1].model_copy(update={"missing": []})
    assert CHECKS["questions"](spoiled(tmp_path, questions=[question]))


def test_a_number_that_no_finding_holds_is_noticed(tmp_path):
    folder = tmp_path
    spoiled(folder)
    page = folder / "postmortem.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("Obligations to check", "Obligations after 987654 days"))
    assert CHECKS["numbers"](read_report(folder)) == [
        "number 987654 of the text is not in findings.json"
    ]
