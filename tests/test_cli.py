"""The command line keeps its contract: verbs, JSON, exit codes, messages with a way out."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forensics.cli import main
from forensics.report.rubric import check_report

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DECLARATION = """# Shop is slow
Started: 2026-03-01T14:00:00Z
- Memory growth rate: +12MB/minute (exponential)
- Payment card 4111 1111 1111 1111 was declined

## Questions
1. Is this related to the search release?
"""
CALENDAR = """
- id: CHG-7
  time: 2026-03-01T13:00:00Z
  kind: deploy
  what: Release search 2.1.0
  scope: [shop]
  to_version: 2.1.0
"""


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    code = ended.value.code
    return (0 if code is None else int(code)), out, err


@pytest.fixture(scope="module")
def evidence(tmp_path_factory) -> Path:
    """Write a process that leaks 3 MiB a minute from 13:00 on, its release, its declaration."""
    folder = tmp_path_factory.mktemp("cli") / "evidence"
    folder.mkdir()
    rows = ["time,container_memory_working_set_bytes"]
    for i in range(480):
        time = START + timedelta(seconds=30 * i)
        leaked = max(0.0, (i - 120) / 2) * 3 * 2**20
        rows.append(f"{time:%Y-%m-%dT%H:%M:%SZ},{int(3e8 + leaked + (i * 7919 % 13) * 1e5)}")
    (folder / "memory.csv").write_text("\n".join(rows) + "\n")
    (folder / "declaration.md").write_text(DECLARATION)
    (folder / "calendar.yaml").write_text(CALENDAR)
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORENSICS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SOURCE_DATE_EPOCH", "1772400000")
        yield


@pytest.fixture(scope="module")
def report(evidence, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "report"
    with pytest.raises(SystemExit) as ended:
        main(["report", str(evidence), "--out", str(out), "--no-notebooks", "--quiet"])
    assert ended.value.code in {0, None}
    return out


def test_help_has_examples_for_every_verb(capsys) -> None:
    _, out, _ = run(capsys, "--help")
    verbs = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.strip()]
    assert {"report", "inspect", "heap", "growth", "changepoints", "logs", "claims"} <= set(verbs)
    for verb in ("report", "inspect", "claims", "verify", "diff", "doctor", "run"):
        code, text, _ = run(capsys, verb, "--help")
        assert code == 0
        assert "Examples:" in text


def test_wrong_usage_ends_with_2(capsys, evidence, tmp_path) -> None:
    assert run(capsys, "report", evidence)[0] == 2
    code, _, err = run(capsys, "report", evidence, "--out", tmp_path / "x", "--fail-on", "mood")
    assert code == 2
    assert "allowed: leak" in err


def test_unusable_evidence_ends_with_3_and_says_what_to_do(capsys, tmp_path) -> None:
    code, _, err = run(capsys, "report", tmp_path / "nowhere", "--out", tmp_path / "x")
    assert code == 3
    assert "give the folder of the evidence" in err
    assert "Traceback" not in err


def test_a_report_has_all_its_files(report) -> None:
    names = {path.name for path in report.iterdir()}
    assert {
        "postmortem.html",
        "postmortem.md",
        "findings.json",
        "charts.json",
        "charts",
        "custody.json",
        "SHA256SUMS",
    } <= names


def test_the_verdict_on_the_small_case_is_right(report) -> None:
    findings = json.loads((report / "findings.json").read_text())
    assert findings["schema"] == "forensics/findings/1"
    assert findings["verdict"]["leak"] == "yes"
    (growth,) = [g for g in findings["growth"] if g["leak"] == "yes"]
    assert growth["rate_bytes_per_min"] == pytest.approx(3 * 2**20, rel=0.05)
    onset = datetime.fromisoformat(growth["onset"])
    assert abs(onset - datetime(2026, 3, 1, 13, tzinfo=UTC)) < timedelta(minutes=10)


def test_a_report_passes_the_rubric(report) -> None:
    wrong = {name: found for name, found in check_report(report).items() if found}
    assert wrong == {}


def test_no_card_number_is_in_any_file(report) -> None:
    for path in report.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"4111 1111 1111 1111" not in data, path
            assert b"4111111111111111" not in data, path


def test_verify_agrees_then_sees_a_changed_file(capsys, report, evidence, tmp_path) -> None:
    assert run(capsys, "verify", report, "--evidence", evidence)[0] == 0
    changed = tmp_path / "evidence"
    shutil.copytree(evidence, changed)
    (changed / "memory.csv").write_text("time,x\n")
    code, out, _ = run(capsys, "verify", report, "--evidence", changed, "--json")
    assert code == 4
    assert json.loads(out)["differences"][0]["where"] == "memory.csv"


def test_diff_of_a_report_with_itself_is_empty(capsys, report) -> None:
    code, out, _ = run(capsys, "diff", report, report, "--json")
    assert code == 0
    assert json.loads(out) == {"same": True, "differences": []}


def test_a_condition_that_holds_ends_with_1(capsys, evidence, tmp_path) -> None:
    code, out, _ = run(
        capsys,
        "report",
        evidence,
        "--out",
        tmp_path / "r",
        "--no-notebooks",
        "--quiet",
        "--fail-on",
        "leak",
        "--json",
    )
    assert code == 1
    assert json.loads(out)["verdict"]["leak"] == "yes"


def test_a_time_limit_ends_with_5_and_leaves_no_folder(capsys, evidence, tmp_path) -> None:
    out = tmp_path / "r"
    code, _, err = run(
        capsys,
        "report",
        evidence,
        "--out",
        out,
        "--quiet",
        "--no-notebooks",
        "--time-limit",
        "0.05",
    )
    assert code == 5
    assert "time limit" in err
    assert not out.exists()


def test_inspect_says_what_a_file_is(capsys, evidence) -> None:
    code, out, _ = run(capsys, "inspect", evidence / "memory.csv", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["kind"] == "metrics"
    assert record["time_range"][0].startswith("2026-03-01T12:00:00")
    assert record["damage"] == []


def test_claims_without_evidence_judges_the_text_alone(capsys, evidence) -> None:
    code, out, _ = run(capsys, "claims", evidence / "declaration.md", "--json", "--quiet")
    assert code == 0
    claims = {claim["quantity"]: claim["verdict"] for claim in json.loads(out)}
    assert claims["growth shape"] == "contradicted"
    assert claims["start of the incident"] == "untestable"


def test_a_declared_question_is_answered(report) -> None:
    findings = json.loads((report / "findings.json").read_text())
    (question,) = findings["questions"]
    assert question["question"].endswith("search release?")
    assert "Release search 2.1.0" in question["answer"]
