"""Custody: which bytes the report rests on, what made it, and whether they still agree.

File names are evidence, too: a secret in one is redacted here as everywhere. Such a file is
found again by the rest of its name and its hash.
"""

from __future__ import annotations

import getpass
import platform
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from forensics._version import __version__
from forensics.errors import CorruptEvidenceError, EvidenceError, UsageError
from forensics.evidence._store import hash_file
from forensics.evidence._walk import walk_evidence
from forensics.findings import EvidenceFile
from forensics.redaction import redact, redact_value

SCHEMA_NAME: Final = "forensics/custody/1"
FILE_NAME: Final = "custody.json"
SUMS_NAME: Final = "SHA256SUMS"
_PSEUDONYM: Final = re.compile(r"\\\[[a-z-]+\\#[0-9a-f]{6}\\\]")
#: Files of a run folder that people may edit, or that can't hold their own hash.
_EDITABLE: Final = ("postmortem.md",)
_UNSEALED: Final = frozenset({FILE_NAME, SUMS_NAME, *_EDITABLE})
_SIGN_LIMIT_S: Final = 120
LIBRARIES: Final = (
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
    what: Literal["changed", "missing"]
    recorded: str
    found: str


def write_custody(
    out: Path,
    files: Sequence[EvidenceFile],
    *,
    evidence: str,
    parameters: Mapping[str, Any],
    generated_at: datetime,
    made_from: str = "",
) -> None:
    """Write ``custody.json`` and ``SHA256SUMS`` into the run folder.

    ``SHA256SUMS`` can be checked with ``sha256sum -c`` from inside the evidence folder; a
    file whose name holds a secret stands in it as a comment. ``evidence`` is the folder's
    name, never its absolute path; ``made_from`` a digest of all that the report follows from.
    Call it last: the files of the report are hashed as well.
    """
    record = {
        "schema": SCHEMA_NAME,
        "made_by": {"forensics": __version__, "python": platform.python_version()},
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "run": {
            "generated_at": generated_at.isoformat(),
            "user": _user(),
            "host": socket.gethostname(),
            "system": platform.platform(terse=True),
        },
        "evidence": redact(evidence),
        "parameters": dict(parameters),
        "files": redact_value([file.model_dump(mode="json") for file in files]),
        "report": {
            path.relative_to(out).as_posix(): hash_file(path)
            for path in sorted(out.rglob("*"))
            if path.is_file() and path.name not in _UNSEALED
        },
        "editable": {name: hash_file(out / name) for name in _EDITABLE if (out / name).is_file()},
        "made_from": made_from,
    }
    (out / FILE_NAME).write_bytes(
        orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    )
    lines = [_sum_line(file) for file in files if file.sha256]
    (out / SUMS_NAME).write_text("".join(lines), encoding="utf-8")


def _sum_line(file: EvidenceFile) -> str:
    """Return one line of GNU ``sha256sum``; names with a newline or backslash are escaped.

    A name that can't be given as it is on disk makes a comment, which ``sha256sum`` skips.
    """
    shown = redact(file.path)
    if shown != file.path or re.search(r"\\x[89a-f][0-9a-f]", file.path):
        plain = shown.replace("\n", "\\n")
        return f"# {file.sha256}  {plain}  (not its name on disk; see forensics verify)\n"
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
    try:
        there = {item.name: item.path for item in walk_evidence(evidence) if not item.refusal}
    except EvidenceError:
        there = {}
    differences = []
    for name, sha256 in sorted(recorded.items()):
        hashes = [hash_file(path) for path in _candidates(name, there)]
        if not hashes:
            differences.append(Difference(name, "missing", sha256, ""))
        elif sha256 not in hashes:
            differences.append(Difference(name, "changed", sha256, hashes[0]))
    return differences


def _candidates(name: str, there: Mapping[str, Path]) -> list[Path]:
    """Return the files that may be the recorded one: one, unless its name was redacted."""
    if name in there:
        return [there[name]]
    pattern = re.compile(_PSEUDONYM.sub(".+", re.escape(name)), re.DOTALL)
    if pattern.pattern == re.escape(name):
        return []
    return [path for other, path in sorted(there.items()) if pattern.fullmatch(other)]


def check_report(report: Path) -> list[Difference]:
    """Hash the report's own files and return those that are not as they were written.

    ``postmortem.md`` is left out: people complete it by hand.

    Raises
    ------
    CorruptEvidenceError
        If the report has no readable custody record.
    """
    differences = []
    for name, sha256 in sorted(read_custody(report).get("report", {}).items()):
        path = report / name
        if not path.resolve().is_relative_to(report.resolve()) or not path.is_file():
            differences.append(Difference(name, "missing", sha256, ""))
        elif (found := hash_file(path)) != sha256:
            differences.append(Difference(name, "changed", sha256, found))
    return differences


def sign_custody(out: Path, command: str) -> None:
    """Run ``command`` with the path of ``custody.json`` appended; what it writes beside stays.

    The command is split like a shell's words but no shell sees it. ``custody.json`` holds the
    hashes of the evidence and of the report, so one signature covers both.

    Raises
    ------
    UsageError
        If it can't be run, fails, or takes longer than two minutes.
    """
    words = shlex.split(command)
    try:
        subprocess.run(  # noqa: S603  # the caller's own command, no shell
            [*words, str(out / FILE_NAME)],
            check=True,
            capture_output=True,
            timeout=_SIGN_LIMIT_S,
            cwd=out,
        )
    except (OSError, IndexError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", b"") or b"").decode(errors="replace").strip()
        raise UsageError(
            f"--sign {command!r} failed ({said or error}); run it by hand on a file to see why"
        ) from error
