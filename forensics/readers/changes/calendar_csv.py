"""Change calendar as CSV: one change a row, columns named in any common way."""

from __future__ import annotations

import csv
import io
from typing import Final

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._calendar import has_calendar_columns, to_changes
from forensics.readers.changes._document import table_reading

TITLE: Final = "Change calendar (CSV)"
KIND: Final[Kind] = "changes"


def sniff(head: Head) -> Match:
    """Claim tables whose header names a time, what changed, and a kind or scope."""
    lines = head.text.splitlines()
    if head.is_binary or len(lines) < 2 or lines[0][:1] in ("{", "[", "<"):
        return Match.NO
    columns = next(csv.reader([lines[0]], delimiter=_delimiter(lines[0])), [])
    return Match.MAGIC if has_calendar_columns(columns) else Match.NO


def read(source: Source) -> Reading:
    """Read all changes; a row without a readable time is damage.

    Raises
    ------
    CorruptEvidenceError
        If it is no CSV.
    """
    text = source.read_document().decode("utf-8-sig", errors="replace")
    first = text.split("\n", 1)[0]
    table = csv.DictReader(io.StringIO(text), delimiter=_delimiter(first), restkey="more")
    named = ({key: value for key, value in row.items() if value} for row in table)
    try:
        rows, damage = to_changes(iter(named), source)
    except csv.Error as error:
        raise CorruptEvidenceError(
            source.name, f"is no CSV ({error})", way_out="export it again"
        ) from error
    return table_reading("calendar_csv", source, {"changes": rows}, damage=damage)


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)
