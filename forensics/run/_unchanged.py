"""Tell whether a report is what a new run would make again: then it need not be made."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import orjson

from forensics.config import FILE_NAME
from forensics.errors import CorruptEvidenceError
from forensics.evidence import check_report, list_evidence
from forensics.evidence.custody import LIBRARIES, read_custody
from forensics.findings import Findings, read_findings

_PACKAGE: Final = Path(__file__).parents[1]
_CODE: Final = (".py", ".j2", ".css", ".js")


def fingerprint(
    evidence: Path, parameters: Mapping[str, Any], *, others: Iterable[Path] = ()
) -> str:
    """Return a digest of everything that a report follows from.

    That is the name and content of each evidence file and of ``incident.yaml``, the code of
    the package, the versions of what it draws and computes with, and how it was called.
    Reads every file once.

    Parameters
    ----------
    evidence
        The folder, or one file.
    parameters
        How the report is asked for, as JSON values.
    others
        Further files that it is made with: templates of the user's, notebooks.

    Raises
    ------
    EvidenceError
        If the evidence does not exist or holds nothing.
    """
    listed = list_evidence(evidence)
    config = evidence / FILE_NAME
    facts = {
        "evidence": [
            (item.name, item.refusal, "" if item.refusal else _hash(item.path))
            for item in listed.found
        ],
        "config": _hash(config) if config.is_file() else "",
        "made by": describe_code(),
        "others": [(path.name, _hash(path)) for path in sorted(others)],
        "parameters": dict(parameters),
        "date": os.environ.get("SOURCE_DATE_EPOCH", ""),
    }
    return hash_facts(facts)


def hash_facts(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of JSON values, whatever the order of their keys."""
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


@lru_cache(maxsize=1)
def describe_code() -> dict[str, str]:
    """Return the digest of the package's code, and the versions of Python and the libraries."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in _CODE:
            digest.update(path.read_bytes())
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {"code": digest.hexdigest(), "python": platform.python_version(), **libraries}


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def kept_findings(report: Path, made_from: str) -> Findings | None:
    """Return the findings of a report that need not be made again, else ``None``.

    It must have been made from the same things, whole, and each of its files must be as it
    was written: what somebody wrote into ``postmortem.md`` belongs into the page as well.
    """
    try:
        record = read_custody(report)
        if record.get("made_from") != made_from or check_report(report):
            return None
    except CorruptEvidenceError:
        return None
    edited = [name for name, digest in record["editable"].items() if _hash(report / name) != digest]
    if edited or not (report / "postmortem.pdf").is_file() or not _all_ran(report):
        return None
    return read_findings(report / "findings.json")


def _all_ran(report: Path) -> bool:
    record = report / "notebooks" / "run.json"
    return not record.is_file() or all(
        run["status"] == "ok" for run in orjson.loads(record.read_bytes())
    )
