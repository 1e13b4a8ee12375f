"""Evidence files in, tables or a heap graph out: one file per format.

``read_file`` is the one door: it sniffs by content, picks the reader and returns its
``Reading``. Each of ``heap``, ``metrics``, ``logs`` and ``changes`` is a plug-in folder.
"""

from forensics.readers._contract import Head, Match, Reader, Reading
from forensics.readers._pick import find_reader, list_readers, read_file, sniff_file
from forensics.readers._source import Limits, Source, open_evidence

__all__ = [
    "Head",
    "Limits",
    "Match",
    "Reader",
    "Reading",
    "Source",
    "find_reader",
    "list_readers",
    "open_evidence",
    "read_file",
    "sniff_file",
]
