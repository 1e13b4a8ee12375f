"""Change calendar as JSON: a list of changes, or lists of them under any keys."""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._calendar import find_rows, has_calendar_columns, to_changes
from forensics.readers.changes._document import head_keys, load_json, table_reading

TITLE: Final = "Change calendar (JSON)"
KIND: Final[Kind] = "changes"

_OTHERS: Final = {
    "apiVersion",
    "level",
    "message",
    "msg",
    "labels",
    "annotations",
    "metric",
    "values",
    "objectName",
    "resourceVersion",
    "accesses",
    "SourceIdentifier",
}


def sniff(head: Head) -> Match:
    """Claim JSON whose objects have a time, a title and a kind or scope."""
    keys = head_keys(head)
    if keys & _OTHERS or not has_calendar_columns(sorted(keys)):
        return Match.NO
    return Match.MAGIC if keys & {"changes", "change_calendar", "calendar"} else Match.SHAPE


def read(source: Source) -> Reading:
    """Read all changes; an object without a readable time is damage."""
    rows, damage = to_changes(find_rows(load_json(source)), source)
    return table_reading("calendar_json", source, {"changes": rows}, damage=damage)
