"""Evidence taken in: walked, hashed, read, merged into one case; custody kept."""

from forensics.evidence._intake import Taken, take_in
from forensics.evidence.case import Case, HeapEvidence, open_case
from forensics.evidence.custody import check_custody, write_custody

__all__ = [
    "Case",
    "HeapEvidence",
    "Taken",
    "check_custody",
    "open_case",
    "take_in",
    "write_custody",
]
