"""The whole way on evidence that is thin, odd or broken: short, honest, and by the rubric."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forensics.errors import EvidenceError
from forensics.report.rubric import CHECKS, read_report
from forensics.run.report import ReportRequest, make_report
from tests.jupyter.small_heap import write_heap

START = datetime(2031, 3, 4, 5, 0, tzinfo=UTC)
MIB = 1024**2


def only_metrics(folder):
    """Three processes, of which one grows; names with blanks, dots and letters of many scripts."""
    rows = ["time,pod,container_memory_rss"]
    for minute in range(120):
        at = (START + timedelta(minutes=minute)).isoformat()
        for name, rate in (("søknad api.1", 3.0), ("søknad api.2", 0.0), ("结算-0", 0.0)):
            rows.append(f"{at},{name},{(300 + rate * minute + minute % 3) * MIB:.0f}")
    (folder / "export (final) v2.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def only_logs(folder):
    lines = []
    for minute in range(90):
        at = (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        lines.append(f"{at} INFO [worker-{minute % 4}] c.e.Orders - order {minute} stored")
        if minute > 60:
            lines.append(f"{at} ERROR [worker-1] c.e.Orders - queue full, order {minute} refused")
    (folder / "orders.log").write_text("\n".join(lines) + "\n", encoding="utf-8")


def only_a_declaration(folder):
    (folder / "declaration.md").write_text(
        "# Checkout is slow\n\nStarted: 2031-03-04T05:30:00Z\n\n"
        "- Memory grows by 200MB/minute\n- 40% of requests fail\n\n"
        "## Questions\n\n- Should we roll back?\n",
        encoding="utf-8",
    )


def only_a_heap_dump(folder):
    write_heap(folder / "small.hprof")


CASES = {
    "metrics": only_metrics,
    "logs": only_logs,
    "declaration": only_a_declaration,
    "heap": only_a_heap_dump,
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    made = {}
    for name, write in CASES.items():
        root = tmp_path_factory.mktemp(name)
        evidence = root / "Evidence of Mia & Sons <2031>"
        evidence.mkdir()
        write(evidence)
        request = ReportRequest(evidence, root / "out", cache=root / "cache", run_notebooks=False)
        make_report(request)
        made[name] = read_report(root / "out")
    return made


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", CHECKS)
def test_a_report_of_thin_evidence_passes_every_check(reports, name, check):
    assert CHECKS[check](reports[name]) == []


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        pytest.param("metrics", {"heap", "logs", "claims", "questions"}, id="metrics"),
        pytest.param("logs", {"growth", "heap", "claims", "questions"}, id="logs"),
        pytest.param("declaration", {"growth", "heap", "pool", "logs"}, id="declaration"),
        pytest.param("heap", {"growth", "pool", "logs", "claims", "questions"}, id="heap"),
    ],
)
def test_what_nothing_is_known_of_is_one_sentence_instead_of_a_section(reports, name, absent):
    report = reports[name]
    assert not [section for section in absent if report.section(section) is not None]
    (silent,) = report.page.find("ul", **{"class": "silent"})
    assert len(silent.find("li")) >= len(absent)


def test_thin_evidence_makes_a_short_report(reports):
    drawn = frozenset({"svg", "pre"})
    words = {n: len(r.page.find("main")[0].text(drawn).split()) for n, r in reports.items()}
    assert max(words.values()) < 2000, words


def test_a_growing_process_is_found_with_nothing_but_a_table(reports):
    assert reports["metrics"].findings["verdict"]["leak"] == "yes"
    assert reports["logs"].findings["verdict"]["leak"] == "unknown"


def test_a_dump_alone_leads_with_what_it_holds_and_decides_nothing(reports):
    report = reports["heap"]
    assert "hold" in report.page.find("p", **{"class": "sentence"})[0].text()
    assert report.page.find("figure", id="proof")
    assert [d["advice"] for d in report.findings["decisions"] if d["decision"] == "restart"] == [
        "unknown"
    ]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="an empty folder"),
        pytest.param({"a.bin": b"\x00\xff" * 400, "b.hprof": b"JAVA"}, id="nothing readable"),
    ],
)
def test_evidence_of_which_nothing_can_be_read_makes_no_report(tmp_path, files):
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for name, content in files.items():
        (evidence / name).write_bytes(content)
    request = ReportRequest(evidence, tmp_path / "out", cache=tmp_path, run_notebooks=False)
    with pytest.raises(EvidenceError, match="evidence"):
        make_report(request)
    assert not (tmp_path / "out").exists()
