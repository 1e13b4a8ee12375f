"""Check one declaration, with evidence or by its own arithmetic alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from forensics.analysis.claims import judge_all, read_declared
from forensics.config import Declaration
from forensics.errors import EvidenceError, EvidenceTooLargeError
from forensics.evidence import open_case
from forensics.findings import Claim
from forensics.run.pipeline import Pipeline

_MAX_BYTES: Final = 16 << 20


def check_declaration(path: Path, evidence: Path | None = None) -> list[Claim]:
    """Return the claims of a declaration, judged.

    Without ``evidence`` only what the declaration says of itself can be judged; every other
    claim is untestable.

    Raises
    ------
    EvidenceError
        If the declaration or the evidence can't be read.
    """
    declaration = _read(path)
    if evidence is None:
        return judge_all(read_declared(declaration)[0], None)
    case = open_case(evidence)
    pipeline = Pipeline(case, declaration=declaration)
    claims: tuple[Claim, ...] = pipeline.result("claims").claims
    return list(claims)


def _read(path: Path) -> Declaration:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise EvidenceTooLargeError(path, f"is larger than {_MAX_BYTES:,} bytes")
        return Declaration(path.name, path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise EvidenceError(
            path, f"can't be read ({error.strerror})", way_out="give a text or Markdown file"
        ) from error
