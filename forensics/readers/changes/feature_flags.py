"""Audit logs of feature flags: LaunchDarkly, Unleash, and plain lists of flag changes.

References
----------
LaunchDarkly REST API, "Audit log"; Unleash API, ``/api/admin/events``.
"""

from __future__ import annotations

from typing import Any, Final

from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._narrow import iter_mappings
from forensics.readers._source import Source
from forensics.readers.changes._document import (
    Row,
    head_keys,
    load_json,
    parse_moment,
    table_reading,
    text_of,
    walk,
)

TITLE: Final = "Feature-flag audit log (LaunchDarkly, Unleash)"
KIND: Final[Kind] = "changes"

_FLAG_NAMES: Final = {"flag", "flagKey", "flag_key", "featureName", "feature_flag", "toggle"}
_TIMES: Final = ("date", "createdAt", "created_at", "time", "timestamp", "at", "changedAt")


def sniff(head: Head) -> Match:
    """Claim JSON of audit entries about flags."""
    keys = head_keys(head)
    is_launchdarkly = {"titleVerb", "date"} <= keys or {"accesses", "date", "kind"} <= keys
    is_plain = bool(keys & _FLAG_NAMES) and bool(keys & set(_TIMES)) and "message" not in keys
    return Match.MAGIC if is_launchdarkly or is_plain else Match.NO


def read(source: Source) -> Reading:
    """Read one flag change an entry; an entry without time is damage."""
    document = load_json(source)
    items = (
        walk(document, "items") or walk(document, "events") or walk(document, "changes") or document
    )
    rows: list[Row] = []
    damage: list[DamageRow] = []
    for number, item in enumerate(iter_mappings(items), start=1):
        moment = next((found for key in _TIMES if (found := parse_moment(item.get(key)))), None)
        if moment is None:
            damage.append(DamageRow(source.name, f"entry {number} has no time", "left out"))
            continue
        rows.append({"time": moment, "kind": "flag", **_told(item)})
    return table_reading("feature_flags", source, {"changes": rows}, damage=damage)


def _told(item: dict[str, Any]) -> Row:
    name = next((text_of(item[key]) for key in _FLAG_NAMES if item.get(key)), None)
    name = name or text_of(walk(item, "target", "name")) or text_of(item.get("name"))
    verb = (
        text_of(item.get("titleVerb")) or text_of(item.get("type")) or text_of(item.get("action"))
    )
    place = text_of(item.get("environment")) or text_of(walk(item, "parent", "name"))
    said = [
        text_of(item.get(key))
        for key in ("description", "comment", "shortDescription", "title", "data")
    ]
    number = text_of(item.get("id") or item.get("_id") or item.get("change_id"))
    services = item.get("service") or item.get("services") or item.get("project")
    before, after = item.get("from", item.get("old")), item.get("to", item.get("new"))
    return {
        "what": " ".join(part for part in ("Flag", name, verb) if part),
        "scope": [
            str(part) for part in (services if isinstance(services, list) else [services]) if part
        ],
        "from_version": text_of(before),
        "to_version": text_of(after),
        "details": "; ".join(
            part for part in (number and f"id: {number}", place, *dict.fromkeys(said)) if part
        )
        or None,
    }
