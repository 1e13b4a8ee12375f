"""Keep the findings of a case, so that eight notebooks don't run every analysis eight times.

They lie in the cache folder under a digest of what they follow from: the content of each
file of the evidence, ``incident.yaml``, and the code. They are evidence, secrets included,
as the readings beside them are.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from forensics.config import FILE_NAME
from forensics.errors import CorruptEvidenceError
from forensics.evidence import Case
from forensics.findings import Findings, read_findings, to_json
from forensics.run._unchanged import describe_code, hash_facts


def recall_findings(case: Case) -> Findings | None:
    """Return the findings of a case that an earlier process kept, ``None`` where none did."""
    try:
        return read_findings(_place(case))
    except (OSError, CorruptEvidenceError):
        return None


def remember_findings(case: Case, findings: Findings) -> None:
    """Keep the findings of a case; where the folder can't be written, they are made again.

    Evidence that changed while it was read is no basis for anybody else.
    """
    if case.changed_files():
        return
    place = _place(case)
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            draft = Path(scratch) / place.name
            draft.write_bytes(to_json(findings))
            draft.replace(place)


def _place(case: Case) -> Path:
    config = case.root / FILE_NAME
    facts = {
        "files": [(file.path, file.sha256, file.status, file.reader) for file in case.files],
        "root": case.root.resolve().name,
        "config": config.read_text(encoding="utf-8", errors="replace") if config.is_file() else "",
        "made by": describe_code(),
    }
    return case.cache / "findings" / f"{hash_facts(facts)}.json"
