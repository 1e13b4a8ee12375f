"""Events of Amazon RDS and Aurora (``aws rds describe-events``).

References
----------
AWS CLI reference, ``rds describe-events``; Amazon RDS event categories.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import iter_mappings
from forensics.readers._source import Source
from forensics.readers.changes._document import (
    Row,
    head_keys,
    load_json,
    parse_moment,
    table_reading,
    text_of,
    texts_of,
    walk,
)

TITLE: Final = "RDS events"
KIND: Final[Kind] = "changes"

#: Categories that mean somebody or something changed the database.
_CHANGES: Final = {
    "maintenance",
    "configuration change",
    "failover",
    "patching",
    "migration",
    "creation",
    "deletion",
    "restoration",
    "read replica",
    "global-failover",
}
_KINDS: Final = {"availability": "stop", "failover": "restart", "failure": "stop"}


def sniff(head: Head) -> Match:
    """Claim JSON with the keys of RDS events."""
    return Match.MAGIC if {"SourceIdentifier", "EventCategories"} <= head_keys(head) else Match.NO


def read(source: Source) -> Reading:
    """Read all events; those that change the database are changes as well."""
    changes: list[Row] = []
    events: list[Row] = []
    document = load_json(source)
    for item in iter_mappings(walk(document, "Events") or document):
        moment, name = parse_moment(item.get("Date")), text_of(item.get("SourceIdentifier"))
        message, categories = text_of(item.get("Message")), texts_of(item.get("EventCategories"))
        kind = next((_KINDS[category] for category in categories if category in _KINDS), "other")
        reason = ", ".join(categories) or "rds"
        events.append(
            {
                "time": moment,
                "kind": kind,
                "reason": reason,
                "entity": name,
                "count": 1,
                "message": message,
            }
        )
        if _CHANGES.intersection(category.lower() for category in categories):
            changes.append(
                {
                    "time": moment,
                    "kind": "database",
                    "what": message or reason,
                    "scope": [name] if name else [],
                    "details": f"RDS event: {reason}",
                }
            )
    return table_reading("rds_events", source, {"changes": changes, "events": events})
