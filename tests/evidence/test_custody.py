"""Which bytes a report rests on, and whether they are still the same."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from forensics.errors import CorruptEvidenceError
from forensics.evidence import check_custody, write_custody
from forensics.evidence._store import hash_file
from forensics.findings import EvidenceFile

WHEN = datetime(2026, 2, 9, 15, tzinfo=UTC)


def entry(folder, name: str) -> EvidenceFile:
    path = folder / name
    return EvidenceFile(
        path=name,
        sha256=hash_file(path),
        bytes=path.stat().st_size,
        kind="logs",
        reader="x",
        status="read",
    )


@pytest.fixture
def report(tmp_path):
    evidence = tmp_path / "evidence"
    (evidence / "logs").mkdir(parents=True)
    for name in ("a.txt", "logs/b c.txt", "new\nline.txt", "back\\slash.txt"):
        (evidence / name).write_text(name)
    out = tmp_path / "report"
    out.mkdir()
    files = [entry(evidence, str(p.relative_to(evidence))) for p in sorted(evidence.rglob("*.txt"))]
    write_custody(out, files, evidence="evidence", parameters={}, generated_at=WHEN)
    return out, evidence


def test_untouched_evidence_agrees(report) -> None:
    assert check_custody(*report) == []


def test_a_changed_and_a_missing_file_are_named(report) -> None:
    out, evidence = report
    (evidence / "a.txt").write_text("tampered")
    (evidence / "logs" / "b c.txt").unlink()
    found = {item.path: item.what for item in check_custody(out, evidence)}
    assert found == {"a.txt": "changed", "logs/b c.txt": "missing"}


def test_the_manifest_is_what_sha256sum_checks_odd_names_included(report) -> None:
    out, evidence = report
    done = subprocess.run(
        ["sha256sum", "-c", str(out / "SHA256SUMS")],
        cwd=evidence,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("OK") == 4


def test_a_report_without_a_record_is_an_error(tmp_path) -> None:
    with pytest.raises(CorruptEvidenceError, match="custody"):
        check_custody(tmp_path, tmp_path)
