"""Custody: which bytes the report rests on, what made it, and whether they still agree."""

from __future__ import annotations

import getpass
import platform
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from forensics._version import __version__
from forensics.errors import CorruptEvidenceError
from forensics.evidence._store import hash_file
from forensics.findings import EvidenceFile

SCHEMA_NAME: Final = "forensics/custody/1"
FILE_NAME: Final = "custody.json"
SUMS_NAME: Final = "SHA256SUMS"
_LIBRARIES: Final = (
    "numpy",
    "numba",
    "scipy",
    "polars",
    "matplotlib",
    "plotly",
    "papermill",
    "pydantic",
    "jinja2",
    "weasyprint",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is no longer what the report was made from."""

    path: str
    what: Literal["changed", "missing", "new"]
    recorded: str
    found: str


def write_custody(
    out: Path,
    files: Sequence[EvidenceFile],
    *,
    evidence: str,
    parameters: Mapping[str, Any],
    generated_at: datetime,
) -> None:
    """Write ``custody.json`` and ``SHA256SUMS`` into the run folder.

    ``SHA256SUMS`` can be checked with ``sha256sum -c`` from inside the evidence folder.
    ``evidence`` is the folder's name, never its absolute path.
    """
    record = {
        "schema": SCHEMA_NAME,
        "made_by": {"forensics": __version__, "python": platform.python_version()},
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "run": {
            "generated_at": generated_at.isoformat(),
            "user": _user(),
            "host": socket.gethostname(),
            "system": platform.platform(terse=True),
        },
        "evidence": evidence,
        "parameters": dict(parameters),
        "files": [file.model_dump(mode="json") for file in files],
    }
    (out / FILE_NAME).write_bytes(
        orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    )
    lines = [_sum_line(file) for file in files if file.sha256]
    (out / SUMS_NAME).write_text("".join(lines), encoding="utf-8")


def _sum_line(file: EvidenceFile) -> str:
    """Return one line of GNU ``sha256sum``; names with a newline or backslash are escaped."""
    if "\n" in file.path or "\\" in file.path:
        escaped = file.path.replace("\\", "\\\\").replace("\n", "\\n")
        return f"\\{file.sha256}  {escaped}\n"
    return f"{file.sha256}  {file.path}\n"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def read_custody(report: Path) -> dict[str, Any]:
    """Load a report's ``custody.json``.

    Raises
    ------
    CorruptEvidenceError
        If it is missing or of another schema.
    """
    path = report / FILE_NAME
    try:
        record: Any = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise CorruptEvidenceError(
            path,
            "can't be read",
            expected="the custody record of a report",
            way_out="make it again",
        ) from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA_NAME:
        raise CorruptEvidenceError(path, "has another schema", expected=SCHEMA_NAME)
    checked: dict[str, Any] = record
    return checked


def check_custody(report: Path, evidence: Path) -> list[Difference]:
    """Hash the evidence again and return every file that differs from the record.

    Raises
    ------
    CorruptEvidenceError
        If the report has no readable custody record.
    """
    recorded = {
        item["path"]: item["sha256"] for item in read_custody(report)["files"] if item["sha256"]
    }
    differences = []
    for name, sha256 in sorted(recorded.items()):
        path = evidence if evidence.is_file() else evidence / name
        if not path.is_file():
            differences.append(Difference(name, "missing", sha256, ""))
            continue
        found = hash_file(path)
        if found != sha256:
            differences.append(Difference(name, "changed", sha256, found))
    return differences
