"""Change calendar as JSON: a list of changes, or lists of them under any keys."""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._calendar import find_rows, to_changes
from forensics.readers.changes._document import head_keys, load_json, table_reading

TITLE: Final = "Change calendar (JSON)"
KIND: Final[Kind] = "changes"

_TIMES: Final = {"time", "start", "started_at", "start_time", "at", "when", "date"}
_WHATS: Final = {"what", "title", "summary", "change"}
_SORTS: Final = {
    "kind",
    "type",
    "category",
    "scope",
    "service",
    "services",
    "to_version",
    "from_version",
}
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
    if keys & _OTHERS or not (keys & _TIMES and keys & _WHATS and keys & _SORTS):
        return Match.NO
    return Match.MAGIC if keys & {"changes", "change_calendar", "calendar"} else Match.SHAPE


def read(source: Source) -> Reading:
    """Read all changes; an object without a readable time is damage."""
    rows, damage = to_changes(find_rows(load_json(source)), source)
    return table_reading("calendar_json", source, {"changes": rows}, damage=damage)
