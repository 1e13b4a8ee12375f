"""Datadog query answers: ``/api/v1/query`` and ``/api/v2/query/timeseries``.

References
----------
Datadog API Reference, "Query timeseries points" and "Query timeseries data across multiple
products".
"""

from __future__ import annotations

from typing import Any, Final

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import as_list, iter_mappings
from forensics.readers._source import Source
from forensics.readers.metrics._json_document import load_document
from forensics.readers.metrics._series import SeriesTable, to_floats
from forensics.readers.metrics._time import parse_epochs
from forensics.readers.metrics._units import Unit, parse_unit, to_base

TITLE: Final = "Datadog query result (JSON)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "datadog"


def sniff(head: Head) -> Match:
    """Claim JSON with a point list, or the answer type of the second interface."""
    data = head.data.lstrip()
    if not data.startswith((b"{", b"[")):
        return Match.NO
    first = b'"pointlist"' in data and (b'"scope"' in data or b'"metric"' in data)
    second = b'"timeseries_response"' in data or (
        b'"group_tags"' in data and b'"query_index"' in data
    )
    envelope = b'"res_type"' in data and b'"from_date"' in data and b'"series"' in data
    return Match.MAGIC if first or second or envelope else Match.NO


def read(source: Source) -> Reading:
    """Read all series; values in a stated unit are converted to its base unit.

    Raises
    ------
    CorruptEvidenceError
        If the file is no such JSON, or an error answer.
    """
    document, damage = load_document(source)
    table = SeriesTable(source)
    if not isinstance(document, dict):
        raise CorruptEvidenceError(source.name, "is no JSON object", expected="series")
    notes: list[str] = []
    for series in iter_mappings(as_list(document.get("series"))):
        _add_series(table, series)
        if damage and "unit" not in series:
            notes.append(f"{series.get('metric')}: its unit was lost by the damage")
    data = document.get("data")
    if isinstance(data, dict) and isinstance(data.get("attributes"), dict):
        _add_attributes(table, data["attributes"])
    if not len(table) and (document.get("errors") or document.get("error")):
        raise CorruptEvidenceError(source.name, "is an error answer", expected="series")
    return table.reading(_NAME, damage=damage, notes=notes)


def _add_series(table: SeriesTable, series: dict[str, Any]) -> None:
    points = [p for p in as_list(series.get("pointlist")) if isinstance(p, list) and len(p) == 2]
    unit = _unit(series.get("unit"))
    tags = as_list(series.get("tag_set")) or str(series.get("scope") or "").split(",")
    metric = str(series.get("metric") or series.get("expression") or "value")
    index = table.index_of(metric, _tags(tags), unit.base if unit else None)
    _extend(table, index, [p[0] for p in points], [p[1] for p in points], unit)


def _add_attributes(table: SeriesTable, attributes: dict[str, Any]) -> None:
    columns, described = attributes.get("values"), attributes.get("series")
    stamps = attributes.get("times")
    if not (isinstance(columns, list) and isinstance(described, list) and isinstance(stamps, list)):
        return
    for series, values in zip(described, columns, strict=False):
        if not isinstance(series, dict) or not isinstance(values, list):
            continue
        unit = _unit(series.get("unit"))
        metric = f"query{series.get('query_index', 0)}"
        index = table.index_of(
            metric, _tags(as_list(series.get("group_tags"))), unit.base if unit else None
        )
        times = stamps[: len(values)]
        _extend(table, index, times, values[: len(times)], unit)


def _tags(tags: list[Any]) -> dict[str, str]:
    labels = {}
    for tag in tags:
        name, colon, value = str(tag).strip().partition(":")
        if colon and name:
            labels[name] = value
    return labels


def _unit(units: Any) -> Unit | None:
    """Return the unit of the first of the two entries (the second is a "per")."""
    if not isinstance(units, list) or not units or not isinstance(units[0], dict):
        return None
    if len(units) > 1 and isinstance(units[1], dict):
        return None
    return parse_unit(str(units[0].get("name") or ""))


def _extend(
    table: SeriesTable, index: int, stamps: list[Any], values: list[Any], unit: Unit | None
) -> None:
    seconds, numbers = to_floats(stamps), to_floats(values)
    times = parse_epochs(seconds)
    if times is not None:
        valid = times.is_valid
        table.extend(index, times.time_us[valid], to_base(numbers[valid], unit))
