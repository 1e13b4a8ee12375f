"""Grafana panel data as JSON: data frames, inspector exports, query answers, old targets.

Shapes read: ``{"results": {"A": {"frames": [...]}}}`` of ``/api/ds/query``, lists of frames
with ``schema`` and ``data``, the inspector's ``{"state", "series": [{"fields"}]}``, and
``[{"target", "datapoints": [[value, ms]]}]`` of Graphite and the simple JSON sources.

References
----------
Grafana documentation, "Data frames" and "Panel inspect view".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

import numpy as np
import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import as_list, as_mapping, as_scalars
from forensics.readers._source import Source
from forensics.readers.metrics._exposition import parse_series_name
from forensics.readers.metrics._json_document import load_document
from forensics.readers.metrics._series import SeriesTable, to_floats
from forensics.readers.metrics._time import parse_epochs, parse_time_column
from forensics.readers.metrics._units import Unit, parse_unit, to_base

TITLE: Final = "Grafana panel data (JSON)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "grafana_json"
_FRAME: Final = re.compile(
    rb'"fields"\s*:\s*\[\s*\{[^{}\[\]]{0,400}(?:"type"\s*:\s*"time"|"typeInfo"|"config")'
)
_TARGET: Final = re.compile(
    rb'"(?:target|datapoints)"\s*:.{0,400}"(?:datapoints|target)"\s*:\s*(?:\[\s*\[|")', re.DOTALL
)
#: Grafana's unit ids (``@grafana/data`` value formats) that our unit words don't know.
_UNIT_IDS: Final[dict[str, Unit]] = {
    "decbytes": Unit("bytes"),
    "kbytes": Unit("bytes", 2.0**10),
    "mbytes": Unit("bytes", 2.0**20),
    "gbytes": Unit("bytes", 2.0**30),
    "deckbytes": Unit("bytes", 1e3),
    "decmbytes": Unit("bytes", 1e6),
    "decgbytes": Unit("bytes", 1e9),
    "percentunit": Unit("ratio"),
    "short": Unit("count"),
    "Bps": Unit("bytes/s"),
    "reqps": Unit("1/s"),
    "ops": Unit("1/s"),
}


def sniff(head: Head) -> Match:
    """Claim JSON with fields of a data frame, or targets with data points."""
    data = head.data.lstrip()
    if not data.startswith((b"{", b"[")):
        return Match.NO
    if _FRAME.search(data):
        return Match.MAGIC
    return Match.MAGIC if data.startswith(b"[") and _TARGET.search(data) else Match.NO


def read(source: Source) -> Reading:
    """Read every number field beside a time field.

    Raises
    ------
    CorruptEvidenceError
        If the file is no JSON, or holds no field of times.
    """
    document, damage = load_document(source)
    table = SeriesTable(source)
    stem = PurePath(source.name).name.split(".")[0]
    found = 0
    for fields in _iter_frames(document):
        found += _add_fields(table, fields, stem)
    for target in document if isinstance(document, list) else ():
        found += _add_target(table, target)
    if not found:
        raise CorruptEvidenceError(
            source.name, "holds no field of numbers beside one of times", expected="panel data"
        )
    return table.reading(_NAME, damage=damage)


def _iter_frames(node: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the fields of every frame, each with its ``values``."""
    if isinstance(node, list):
        for item in node:
            yield from _iter_frames(item)
    elif isinstance(node, dict):
        schema, data = node.get("schema"), node.get("data")
        if isinstance(schema, dict) and isinstance(data, dict):
            fields, columns = schema.get("fields"), data.get("values")
            if isinstance(fields, list) and isinstance(columns, list):
                pairs = zip(fields, columns, strict=False)
                yield [{**f, "values": c} for f, c in pairs if isinstance(f, dict)]
                return
        fields = node.get("fields")
        if isinstance(fields, list) and any(isinstance(f, dict) and "values" in f for f in fields):
            yield [f for f in fields if isinstance(f, dict) and "values" in f]
            return
        for item in node.values():
            yield from _iter_frames(item)


def _add_fields(table: SeriesTable, fields: list[dict[str, Any]], stem: str) -> int:
    time = next((f for f in fields if f.get("type") == "time"), None)
    if time is None:
        return 0
    times = parse_time_column(pl.Series(as_scalars(_column(time)), strict=False))
    if times is None:
        return 0
    texts = [f for f in fields if f.get("type") == "string"]
    added = 0
    for field in fields:
        if field.get("type") != "number":
            continue
        metric, labels = _name(field, stem)
        unit = _unit(field)
        values = to_floats(_column(field))
        values = to_base(values, unit)
        keys = list(zip(*(map(str, _column(f)) for f in texts), strict=False)) if texts else None
        size = min(values.size, times.is_valid.size)
        for extra, rows in _groups(keys if keys is None else keys[:size], size):
            own = {str(f.get("name")): v for f, v in zip(texts, extra, strict=False)}
            index = table.index_of(metric, {**labels, **own}, unit.base if unit else None)
            valid = rows[times.is_valid[rows]]
            table.extend(index, times.time_us[valid], values[valid])
            added += 1
    return added


def _column(field: Mapping[str, Any]) -> list[Any]:
    values = field["values"]
    if isinstance(values, dict):  # Grafana 7 wraps them: {"buffer": [...]}
        values = values.get("buffer")
    return as_list(values)


def _groups(
    keys: list[tuple[str, ...]] | None, size: int
) -> Iterator[tuple[tuple[str, ...], np.ndarray[Any, np.dtype[np.int64]]]]:
    """Yield the rows of each combination of the text columns; all rows where there is none."""
    if keys is None:
        yield (), np.arange(size)
        return
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(keys[:size]):
        rows.setdefault(key, []).append(row)
    for key, members in rows.items():
        yield key, np.array(members, np.int64)


def _name(field: Mapping[str, Any], stem: str) -> tuple[str, dict[str, str]]:
    labels = {str(k): str(v) for k, v in as_mapping(field.get("labels")).items()}
    config = as_mapping(field.get("config"))
    shown = str(config.get("displayNameFromDS") or config.get("displayName") or "")
    name = labels.pop("__name__", "") or str(field.get("name") or "")
    if name in {"", "Value", "value"} or name.startswith("Value #"):
        name = shown or stem
    parsed = parse_series_name(name) if "{" in name else None
    if parsed is not None:
        return parsed[0] or stem, {**parsed[1], **labels}
    return name, labels


def _unit(field: Mapping[str, Any]) -> Unit | None:
    text = str(as_mapping(field.get("config")).get("unit") or "")
    return _UNIT_IDS.get(text) or (parse_unit(text) if text else None)


def _add_target(table: SeriesTable, target: Any) -> int:
    if not isinstance(target, dict) or not isinstance(target.get("datapoints"), list):
        return 0
    pairs = [p for p in target["datapoints"] if isinstance(p, list) and len(p) == 2 and p[1]]
    times = parse_epochs(to_floats(p[1] for p in pairs))
    if times is None:
        return 0
    name = str(target.get("target") or "value")
    metric, labels = parse_series_name(name) or (name, {})
    labels |= {str(k): str(v) for k, v in as_mapping(target.get("tags")).items()}
    values = to_floats(p[0] for p in pairs)[times.is_valid]
    index = table.index_of(metric or "value", labels)
    table.extend(index, times.time_us[times.is_valid], values)
    return 1
