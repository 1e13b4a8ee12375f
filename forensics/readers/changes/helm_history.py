"""Helm's release history: ``helm history NAME -o json`` and ``-o yaml``, or its table.

References
----------
Helm documentation, ``helm history``: revision, updated, status, chart, app_version, description.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._narrow import as_count, iter_mappings
from forensics.readers._source import Source
from forensics.readers.changes._document import (
    Row,
    load_json,
    load_yaml,
    parse_moment,
    table_reading,
    text_of,
)
from forensics.tables import to_utc

TITLE: Final = "Helm release history"
KIND: Final[Kind] = "changes"

_COLUMNS: Final = ("revision", "updated", "status", "chart", "app_version", "description")
_TABLE: Final = re.compile(r"^REVISION\s+UPDATED\s+STATUS\s+CHART\s+APP VERSION\s+DESCRIPTION")
_DATE: Final = "%a %b %d %H:%M:%S %Y"


def sniff(head: Head) -> Match:
    """Claim the table's header, or objects with revision, updated and chart."""
    text = head.text.lstrip()
    if _TABLE.match(text):
        return Match.MAGIC
    keys = ("revision", "updated", "chart", "app_version")
    has_keys = all(re.search(rf'(?m)["\s{{,-]?{key}"?\s*:', text) for key in keys)
    return Match.MAGIC if has_keys and text[:1] in ("[", "{", "-") else Match.NO


def read(source: Source) -> Reading:
    """Read one deploy a revision; the version before is that of the revision before."""
    text = source.head().text.lstrip()
    if _TABLE.match(text):
        items = _table_rows(source)
    elif text[:1] in ("[", "{"):
        items = list(iter_mappings(load_json(source)))
    else:
        items = [item for document in load_yaml(source) for item in iter_mappings(document)]
    rows: list[Row] = []
    damage: list[DamageRow] = []
    before: str | None = None
    for item in sorted(items, key=lambda item: as_count(item.get("revision"))):
        moment = parse_moment(item.get("updated")) or _table_time(str(item.get("updated")))
        if moment is None:
            damage.append(
                DamageRow(
                    source.name, f"revision {item.get('revision')} has no time", "kept without"
                )
            )
        version = text_of(item.get("app_version")) or text_of(item.get("chart"))
        rows.append(_row(item, moment, before, version))
        before = version
    return table_reading("helm_history", source, {"changes": rows}, damage=damage)


def _row(
    item: dict[str, Any], moment: datetime | None, before: str | None, version: str | None
) -> Row:
    chart = text_of(item.get("chart")) or "release"
    name = re.sub(r"-\d+\.\d+.*$", "", chart)
    return {
        "time": moment,
        "kind": "deploy",
        "what": f"Helm revision {item.get('revision')} of {chart}",
        "scope": [name],
        "from_version": before,
        "to_version": version,
        "details": "; ".join(str(item[key]) for key in ("status", "description") if item.get(key)),
    }


def _table_rows(source: Source) -> list[dict[str, Any]]:
    lines = source.read_document().decode("utf-8", errors="replace").splitlines()
    cells = (re.split(r"\t|\s{2,}", line.strip()) for line in lines[1:] if line.strip())
    return [dict(zip(_COLUMNS, [cell.strip() for cell in row], strict=False)) for row in cells]


def _table_time(text: str) -> datetime | None:
    try:
        return to_utc(datetime.strptime(re.sub(r"\s+", " ", text), _DATE))  # noqa: DTZ007  # Helm's table names no zone
    except ValueError:
        return None
