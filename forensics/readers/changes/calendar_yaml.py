"""Change calendar as YAML: a list of changes, or lists of them under any keys."""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._calendar import find_rows, to_changes
from forensics.readers.changes._document import load_yaml, table_reading

TITLE: Final = "Change calendar (YAML)"
KIND: Final[Kind] = "changes"

_TIME_KEY: Final = re.compile(
    r"(?mi)^\s*(?:- )?(?:time|start\w*|at|when|date|begin\w*|timestamp|\w+_?(?:at|start|date))"
    r": *['\"]?(?:\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{4})"
)
_WHAT_KEY: Final = re.compile(
    r"(?m)^\s*(?:- )?(?:what|title|summary|subject|name|\w*description|change|kind|type|"
    r"to_version|version): *\S"
)
_ITEM: Final = re.compile(r"(?m)^\s*- (?:\w+: |\{)")


def sniff(head: Head) -> Match:
    """Claim YAML with list items that have a time and say what changed."""
    text = head.text
    if head.is_binary or text.lstrip()[:1] in ("{", "[", "<", "#!") or "apiVersion:" in text:
        return Match.NO
    is_list = _ITEM.search(text) and _TIME_KEY.search(text) and _WHAT_KEY.search(text)
    if not is_list:
        return Match.NO
    says_so = re.search(r"(?m)^(?:changes|change_calendar|calendar|events):", text)
    return Match.MAGIC if says_so else Match.SHAPE


def read(source: Source) -> Reading:
    """Read all changes; an item without a readable time is damage."""
    rows, damage = to_changes(find_rows(load_yaml(source)), source)
    return table_reading("calendar_yaml", source, {"changes": rows}, damage=damage)
