"""Rows of a change calendar, however their columns are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from forensics.readers._contract import DamageRow
from forensics.readers._source import Source
from forensics.readers.changes._document import Row, parse_moment, text_of, texts_of
from forensics.tables import CHANGE_KINDS

_NAMES: Final = {
    "time": (
        "time",
        "start",
        "started",
        "started_at",
        "start_time",
        "starts_at",
        "at",
        "when",
        "timestamp",
        "date",
        "begin",
        "begins",
        "begins_at",
        "start_date",
        "start_at",
        "window_start",
        "actual_start",
        "actual_start_date",
        "scheduled_start",
        "scheduled_at",
        "planned_start",
        "planned_start_date",
        "executed_at",
        "implemented_at",
        "released_at",
        "changed_at",
        "deployed_at",
        "created_at",
    ),
    "end_time": (
        "end_time",
        "end",
        "ended",
        "ended_at",
        "finished",
        "finished_at",
        "ends_at",
        "until",
        "completed",
        "completed_at",
        "end_date",
        "end_at",
        "window_end",
        "actual_end",
        "actual_end_date",
        "scheduled_end",
        "planned_end",
        "planned_end_date",
    ),
    "id": (
        "id",
        "change_id",
        "change_number",
        "change_request",
        "number",
        "ticket",
        "ticket_id",
        "issue",
        "issue_key",
        "key",
        "ref",
        "reference",
        "rfc",
        "cr",
        "crq",
    ),
    "kind": ("kind", "type", "change_type", "category", "class"),
    "what": (
        "what",
        "title",
        "summary",
        "short_description",
        "subject",
        "name",
        "description",
        "change",
        "event",
    ),
    "scope": (
        "scope",
        "service",
        "services",
        "target",
        "targets",
        "affects",
        "affected",
        "component",
        "components",
        "entity",
        "entities",
        "system",
        "application",
        "app",
    ),
    "from_version": ("from_version", "from", "previous_version", "old_version", "before"),
    "to_version": ("to_version", "to", "version", "new_version", "release", "tag", "after"),
    "details": ("details", "notes", "note", "comment", "description", "content", "includes"),
}

# Words of a change and its kind; the first that occurs decides, the kind column before the title.
_KIND_WORDS: Final = (
    ("flag", r"\b(?:feature[ _-]?)?(?:flag|toggle|experiment|rollout percentage)s?\b"),
    (
        "database",
        (
            r"\b(?:database|db|postgres\w*|mysql|sql|index|vacuum|reindex|analy[sz]e|replica|"
            r"schema|migration|rds|dba|failover|optimizer statistics)\b"
        ),
    ),
    (
        "deploy",
        (
            r"\b(?:deploy\w*|release[ds]?|rollout|rolled out|rollback|roll back|version|"
            r"upgrade[ds]?|"
            r"hotfix|helm|v?\d+\.\d+\.\d+)\b"
        ),
    ),
    (
        "traffic",
        (
            r"\b(?:traffic|sale|campaign|promotion|load test|marketing|spike|launch(?:ed)?|"
            r"black friday)\b"
        ),
    ),
    (
        "config",
        (
            r"\b(?:config\w*|setting|parameter|pool size|limit|env(?:ironment)? variable|"
            r"secret|certificate)s?\b"
        ),
    ),
    (
        "infra",
        (
            r"\b(?:infra\w*|node|cluster|kernel|network|dns|load balancer|scal(?:e|ed|ing)|"
            r"instance|"
            r"firewall|region|kubernetes|maintenance)s?\b"
        ),
    ),
)


def kind_of(*texts: str | None) -> str:
    """Return the change kind that the first telling text names, ``other`` if none does."""
    for text in texts:
        if not text:
            continue
        if text.lower() in CHANGE_KINDS:
            return text.lower()
        for kind, pattern in _KIND_WORDS:
            if re.search(pattern, text, re.IGNORECASE):
                return kind
    return "other"


def is_calendar_row(item: object) -> bool:
    """Tell whether a mapping has a time and says what changed."""
    if not isinstance(item, dict):
        return False
    names = {plain_name(str(key)) for key in item}
    has_time = bool(names.intersection(_NAMES["time"]))
    return has_time and bool(names.intersection((*_NAMES["what"], *_NAMES["kind"], "to_version")))


def has_calendar_columns(columns: list[str]) -> bool:
    """Tell whether a table's header is that of a change calendar, not of metrics or logs."""
    names = {plain_name(column) for column in columns}
    says_what = names.intersection(_NAMES["what"]) - {"name", "event"}
    says_sort = names.intersection(
        (*_NAMES["kind"], *_NAMES["scope"], "to_version", "from_version")
    )
    is_other = names.intersection(("value", "level", "message", "metric"))
    return bool(names.intersection(_NAMES["time"]) and says_what and says_sort and not is_other)


def find_rows(document: object) -> Iterator[dict[str, Any]]:
    """Yield calendar rows wherever they lie in a document: a list, or lists under any key."""
    if isinstance(document, list):
        for item in document:
            if is_calendar_row(item):
                yield item
            else:
                yield from find_rows(item)
    elif isinstance(document, dict):
        if is_calendar_row(document):
            yield document
            return
        for key, value in document.items():
            for row in find_rows(value):
                yield {"kind": key, **row} if kind_of(str(key)) != "other" else row


def to_change(
    item: dict[str, Any], source: Source, number: int
) -> tuple[Row | None, DamageRow | None]:
    """Return a ``changes`` row, or the damage if its time can't be read."""
    values: dict[str, Any] = {}
    plain = {plain_name(str(key)): value for key, value in item.items()}
    for column, names in _NAMES.items():
        values[column] = next((plain[name] for name in names if plain.get(name) is not None), None)
    moment = parse_moment(values["time"])
    if moment is None:
        what = f"change {number} has no time that can be read"
        return None, DamageRow(source.name, what, "left out")
    what = text_of(values["what"]) or text_of(values["kind"]) or "change"
    used = {name for names in _NAMES.values() for name in names} - {"details", "notes", "note"}
    rest = {key: value for key, value in item.items() if plain_name(str(key)) not in used}
    details = [text_of(values["details"]) if values["details"] != values["what"] else None]
    details += [
        f"{key}: {text_of(value)}" for key, value in rest.items() if value != values["details"]
    ]
    if values["id"] is not None:
        details.insert(0, f"id: {text_of(values['id'])}")
    row = {
        "time": moment,
        "end_time": parse_moment(values["end_time"]),
        "kind": kind_of(text_of(values["kind"]), what),
        "what": what,
        "scope": texts_of(values["scope"]),
        "from_version": text_of(values["from_version"]),
        "to_version": text_of(values["to_version"]),
        "details": "; ".join(part for part in details if part) or None,
    }
    return row, None


def to_changes(rows: Iterator[dict[str, Any]], source: Source) -> tuple[list[Row], list[DamageRow]]:
    """Return all ``changes`` rows and the damage."""
    found, damage = [], []
    for number, item in enumerate(rows, start=1):
        row, fault = to_change(item, source, number)
        if row is not None:
            found.append(row)
        if fault is not None:
            damage.append(fault)
    return found, damage


def plain_name(name: str) -> str:
    """Return a column's name in ``snake_case``, however it is written."""
    return re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())).lower()
