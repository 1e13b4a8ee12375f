"""Alerts: Alertmanager's API and webhook, and Prometheus' ``/api/v1/alerts``.

References
----------
Alertmanager OpenAPI specification v2 (``gettableAlert``) and webhook payload version 4;
Prometheus HTTP API, "Alerts".
"""

from __future__ import annotations

from typing import Any, Final

from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._narrow import as_mapping, iter_mappings
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

TITLE: Final = "Alerts (Alertmanager, Prometheus)"
KIND: Final[Kind] = "changes"

_WHO: Final = ("pod", "instance", "service", "deployment", "job", "node", "namespace")
_NEVER: Final = 1  # Alertmanager writes the year 1 for an alert that has not ended


def sniff(head: Head) -> Match:
    """Claim JSON alerts with labels and a start."""
    keys = head_keys(head)
    has_labels = {"labels", "alertname"} <= keys or {"labels", "annotations"} <= keys
    return Match.MAGIC if has_labels and keys & {"startsAt", "activeAt"} else Match.NO


def read(source: Source) -> Reading:
    """Read all alerts as events of the kind ``alert``."""
    document = load_json(source)
    rows: list[Row] = []
    damage: list[DamageRow] = []
    for number, alert in enumerate(_alerts(document), start=1):
        started = parse_moment(alert.get("startsAt") or alert.get("activeAt"))
        if started is None:
            damage.append(
                DamageRow(source.name, f"alert {number} has no start", "kept without time")
            )
        rows.append(_row(alert, started))
    return table_reading("alerts", source, {"events": rows}, damage=damage)


def _row(alert: dict[str, Any], started: object) -> Row:
    labels = as_mapping(alert.get("labels"))
    annotations = as_mapping(alert.get("annotations"))
    ended = parse_moment(alert.get("endsAt"))
    says = [text_of(annotations.get(key)) for key in ("summary", "description", "message")]
    severity = text_of(labels.get("severity"))
    return {
        "time": started,
        "end_time": None if ended is None or ended.year == _NEVER else ended,
        "kind": "alert",
        "reason": text_of(labels.get("alertname")) or "alert",
        "entity": next((str(labels[key]) for key in _WHO if labels.get(key)), None),
        "version": text_of(labels.get("version")),
        "count": 1,
        "message": " | ".join(part for part in (severity, *dict.fromkeys(says)) if part),
    }


def _alerts(document: object) -> list[dict[str, Any]]:
    """Return the alerts of any of the documents that carry them."""
    groups = [
        document,
        walk(document, "alerts"),
        walk(document, "data"),
        walk(document, "data", "alerts"),
    ]
    found = [alert for group in groups for alert in iter_mappings(group) if "labels" in alert]
    nested = [
        alert for group in iter_mappings(document) for alert in iter_mappings(group.get("alerts"))
    ]
    return found or nested
