"""Check a report against its evidence, and one report against another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from forensics.errors import EvidenceError
from forensics.evidence import check_custody, check_report, open_case
from forensics.evidence.custody import read_custody
from forensics.findings import Findings, read_findings, to_json
from forensics.redaction import redact_value
from forensics.run._compare import compare, rank_of
from forensics.run.assemble import assemble
from forensics.run.pipeline import Pipeline

COLUMNS: Final = {
    "what": pl.String,
    "where": pl.String,
    "before": pl.String,
    "after": pl.String,
}
_PSEUDONYM: Final = re.compile(r"\[([a-z-]+)#[0-9a-f]{6}\]")
#: Parts of the findings that depend on the run, not on the evidence.
_RUN_PARTS: Final = ("charts", "missing", "generated_by")


_WHAT: Final = ("verdict differs", "reason differs", "finding differs")


def verify_report(report: Path, evidence: Path | None, *, replay: bool) -> pl.DataFrame:
    """Return one row a difference between a report, its evidence and a replay.

    Parameters
    ----------
    report
        The run folder.
    evidence
        The evidence folder; ``None`` looks for the recorded name beside and above the report.
    replay
        Analyse the evidence again and compare the findings, field by field.

    Raises
    ------
    EvidenceError
        If the report's custody record or the evidence is not there.
    """
    folder = evidence or _find_evidence(report)
    rows = [
        (f"evidence {item.what}", item.path, item.recorded, item.found)
        for item in check_custody(report, folder)
    ]
    rows += [
        (f"report {item.what}", item.path, item.recorded, item.found)
        for item in check_report(report)
    ]
    if replay and not rows:
        case = open_case(folder)
        pipeline = Pipeline(case)
        again = assemble(pipeline)
        rows += [
            ("finding differs", where, before, after)
            for where, before, after in compare(
                _plain(read_findings(report / "findings.json")), _plain(again)
            )
        ]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def diff_reports(first: Path, second: Path) -> pl.DataFrame:
    """Return one row for each field of the findings that differs between two reports.

    What changed in the verdict comes first, then what it rests on, then everything else.

    Raises
    ------
    CorruptEvidenceError
        If a ``findings.json`` can't be read.
    """
    before, after = (_plain(read_findings(path / "findings.json")) for path in (first, second))
    found = sorted(compare(before, after), key=lambda row: rank_of(row[0]))
    rows = [(_WHAT[rank_of(row[0])], *row) for row in found]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _plain(findings: Findings) -> Any:
    """Return findings as JSON values, redacted as a report's are, without its run's parts."""
    shown = orjson.dumps(redact_value(orjson.loads(to_json(findings)))).decode()
    document = orjson.loads(_PSEUDONYM.sub(r"[\1]", shown))  # another user has another key
    return {key: value for key, value in document.items() if key not in _RUN_PARTS}


def _find_evidence(report: Path) -> Path:
    name = str(read_custody(report)["evidence"])
    for parent in report.resolve().parents:
        for candidate in (parent / name, parent / "data" / "incidents" / name):
            if candidate.exists() and candidate.resolve() != report.resolve():
                return candidate
    raise EvidenceError(name, "is not beside the report", way_out="name it with --evidence")
