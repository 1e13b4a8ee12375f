from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from forensics.charts import draw_charts
from forensics.cli import build_app
from forensics.errors import UsageError
from forensics.findings import TimelineRow
from forensics.report import ReportOptions, write_report
from forensics.report._condense import as_sentence
from forensics.report._prose import read_prose
from tests.charts.small_case import give, give_empty, hostile_give, make_findings

STAMP = datetime(2026, 2, 10, tzinfo=UTC)
PLAIN = ReportOptions(with_pdf=False)


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def test_two_runs_give_the_same_bytes_the_pdf_included(tmp_path):
    for run in ("a", "b"):
        write_report(give_empty("findings"), [], tmp_path / run, options=ReportOptions())
    first = files(tmp_path / "a")
    assert sorted(first) == [
        "charts.json",
        "findings.json",
        "postmortem.html",
        "postmortem.md",
        "postmortem.pdf",
    ]
    assert first == files(tmp_path / "b")


def test_prose_between_markers_is_kept_and_shown_escaped(tmp_path):
    write_report(make_findings(), [], tmp_path / "a", options=PLAIN)
    markdown = tmp_path / "a" / "postmortem.md"
    text = markdown.read_text(encoding="utf-8")
    start = text.index("<!-- forensics:keep went-well -->\n") + 34
    end = text.index("\n<!-- forensics:end went-well -->")
    words = "The **pager** worked.\n\n<script>window.pwned=1</script>"
    markdown.write_text(text[:start] + words + text[end:], encoding="utf-8")
    options = ReportOptions(with_pdf=False, previous_markdown=markdown)
    write_report(make_findings(), [], tmp_path / "b", options=options)
    assert read_prose(tmp_path / "b" / "postmortem.md") == {"went-well": words}
    page = (tmp_path / "b" / "postmortem.html").read_text(encoding="utf-8")
    assert "The <strong>pager</strong> worked." in page
    assert "<script>window.pwned" not in page


def test_hostile_texts_are_escaped_in_page_and_markdown(tmp_path):
    write_report(hostile_give("findings"), [], tmp_path, options=PLAIN)
    page = (tmp_path / "postmortem.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "postmortem.md").read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "<img src=x" not in page
    assert "<svg/onload" not in page
    assert re.findall(r"(?<!\\)<(?!!-- forensics:)", markdown) == []
    for text in (page, markdown):
        assert "\u202e" not in text
    assert re.findall(r"(?<!\\)\]\(javascript:", markdown) == []
    assert "{{7*7}}" in page


def test_a_section_that_is_switched_off_is_in_no_document(tmp_path):
    options = ReportOptions(with_pdf=False, sections={"claims": False})
    write_report(make_findings(), [], tmp_path, options=options)
    assert 'id="claims"' not in (tmp_path / "postmortem.html").read_text(encoding="utf-8")
    assert "## Claims audit" not in (tmp_path / "postmortem.md").read_text(encoding="utf-8")


def test_a_template_of_the_users_takes_the_place_of_ours(tmp_path):
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "postmortem.md.j2").write_text("# Ours: {{ text(view.findings.incident.title) }}\n")
    options = ReportOptions(with_pdf=False, template=folder)
    write_report(make_findings(), [], tmp_path / "out", options=options)
    text = (tmp_path / "out" / "postmortem.md").read_text(encoding="utf-8")
    assert text == "# Ours: Payments fail while memory runs out\n"


def test_a_template_with_a_fault_is_named_with_its_line(tmp_path):
    (tmp_path / "postmortem.md.j2").write_text("fine\n{% if %}\n")
    options = ReportOptions(with_pdf=False, template=tmp_path)
    with pytest.raises(UsageError, match=r"postmortem\.md\.j2, line 2"):
        write_report(make_findings(), [], tmp_path / "out", options=options)


def test_a_template_reaches_nothing_but_the_view(tmp_path):
    (tmp_path / "postmortem.md.j2").write_text("{{ view.__class__.__mro__ }}")
    options = ReportOptions(with_pdf=False, template=tmp_path)
    with pytest.raises(UsageError):
        write_report(make_findings(), [], tmp_path / "out", options=options)


def test_a_secret_in_a_finding_reaches_no_file(tmp_path):
    secret = "password=hunter2hunter2"
    findings = make_findings().model_copy(update={"missing": [f"the log of {secret}"]})
    write_report(findings, [], tmp_path, options=PLAIN)
    assert not any(b"hunter2" in content for content in files(tmp_path).values())


def test_the_verb_lists_copies_and_embeds_charts(tmp_path):
    charts = [c for c in draw_charts(give).charts if c.id == "what-if"]
    write_report(make_findings(), charts, tmp_path / "report", options=PLAIN)
    run = CliRunner()
    report = str(tmp_path / "report")
    assert "what-if" in run.invoke(build_app(), ["charts", report]).stdout
    snippet = run.invoke(build_app(), ["charts", report, "--snippet", "markdown"]).stdout
    assert snippet.startswith("![")
    assert "(charts/what-if.svg)" in snippet
    copied = ["charts", report, "--copy", "what-if", "--form", "png", "--out", str(tmp_path / "x")]
    assert run.invoke(build_app(), copied).exit_code == 0
    names = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert names == ["what-if-2x.png", "what-if.png"]


def test_sections_stand_in_the_order_asked_for_and_those_switched_off_are_left_out(tmp_path):
    options = ReportOptions(
        with_pdf=False, section_order=("actions", "cause", "no such"), sections={"impact": False}
    )
    write_report(make_findings(), [], tmp_path, options=options)
    page = (tmp_path / "postmortem.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "postmortem.md").read_text(encoding="utf-8")
    shown = re.findall(r'<section id="([a-z]+)"', page)
    assert shown[:4] == ["actions", "cause", "summary", "timeline"]
    assert "impact" not in shown
    titles = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert titles[:4] == ["Action items", "Root cause", "Summary", "Timeline"]


def test_a_symptom_dates_the_start_that_nobody_stated(tmp_path):
    felt = TimelineRow(time=STAMP, kind="symptom", text="errors pass 2% of requests")
    findings = make_findings()
    unstated = findings.incident.model_copy(update={"started_at": None})
    write_report(
        findings.model_copy(update={"incident": unstated, "timeline": [felt]}),
        [],
        tmp_path,
        options=PLAIN,
    )
    markdown = (tmp_path / "postmortem.md").read_text(encoding="utf-8")
    assert "| started | 2026-02-10 00:00:00 UTC |" in markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing waits", "Nothing waits."),
        ("cart-7f8b9 waits", "cart-7f8b9 waits."),
        ("app.log: cut short", "app.log: cut short."),
        ("done!", "Done!"),
        ("", ""),
    ],
)
def test_a_name_at_the_start_of_a_sentence_stays_as_it_is_written(text, shown):
    assert as_sentence(text) == shown
