"""Evidence taken in: walked, hashed, read, merged into one case; custody kept."""

from forensics.evidence._intake import Taken, take_in
from forensics.evidence.case import Case, HeapEvidence, list_evidence, open_case
from forensics.evidence.custody import (
    check_custody,
    check_report,
    sign_custody,
    write_custody,
)

__all__ = [
    "Case",
    "HeapEvidence",
    "Taken",
    "check_custody",
    "check_report",
    "list_evidence",
    "open_case",
    "sign_custody",
    "take_in",
    "write_custody",
]
