"""CloudWatch answers: ``get-metric-data`` and ``get-metric-statistics`` of the AWS CLI.

References
----------
Amazon CloudWatch API Reference, GetMetricData and GetMetricStatistics.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import as_list, as_scalars, iter_mappings
from forensics.readers._source import Source
from forensics.readers.metrics._json_document import load_document
from forensics.readers.metrics._series import SeriesTable, to_floats
from forensics.readers.metrics._time import parse_time_column
from forensics.readers.metrics._units import parse_unit, to_base

TITLE: Final = "CloudWatch metric data (JSON)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "cloudwatch"
_STATISTICS: Final = ("Average", "Sum", "Maximum", "Minimum", "SampleCount")
#: CloudWatch writes metric names in camel case; what else stands in a label is a dimension.
_METRIC: Final = re.compile(r"[A-Z][A-Za-z]*[a-z][A-Z][A-Za-z0-9_]*|[A-Z]{2,}[A-Z][a-z]\w*")


def sniff(head: Head) -> Match:
    """Claim JSON whose keys are those of the two answers."""
    data = head.data.lstrip()
    if not data.startswith(b"{"):
        return Match.NO
    is_statistics = b'"Datapoints"' in data and b'"Timestamp"' in data
    return Match.MAGIC if b'"MetricDataResults"' in data or is_statistics else Match.NO


def read(source: Source) -> Reading:
    """Read all results; values of a partly answered query are noted as incomplete.

    The metric is the camel-case word of the label, the rest of the label names the instance.

    Raises
    ------
    CorruptEvidenceError
        If the file is no such JSON.
    """
    document, damage = load_document(source)
    if not isinstance(document, dict):
        raise CorruptEvidenceError(source.name, "is no JSON object", expected="MetricDataResults")
    table = SeriesTable(source)
    notes = [
        f"CloudWatch said: {message.get('Value', '')}"
        for message in iter_mappings(as_list(document.get("Messages")))
    ]
    for result in iter_mappings(as_list(document.get("MetricDataResults"))):
        if result.get("StatusCode") not in (None, "Complete"):
            notes.append(f"{result.get('Label')}: CloudWatch answered {result['StatusCode']}")
        _add_result(table, result)
    _add_statistics(table, document)
    return table.reading(_NAME, damage=damage, notes=notes)


def _add_result(table: SeriesTable, result: dict[str, Any]) -> None:
    stamps, values = as_list(result.get("Timestamps")), as_list(result.get("Values"))
    size = min(len(stamps), len(values))
    if not size:
        return
    metric, labels = _split_label(str(result.get("Label") or result.get("Id") or "value"))
    if result.get("Id"):
        labels["query_id"] = str(result["Id"])
    _extend(table, table.index_of(metric, labels), stamps[:size], to_floats(values[:size]))


def _add_statistics(table: SeriesTable, document: dict[str, Any]) -> None:
    points = list(iter_mappings(as_list(document.get("Datapoints"))))
    metric, labels = _split_label(str(document.get("Label") or "value"))
    for statistic in _STATISTICS:
        known = [p for p in points if statistic in p and "Timestamp" in p]
        if not known:
            continue
        unit = parse_unit(str(known[0].get("Unit") or "None"))
        index = table.index_of(
            metric, {**labels, "statistic": statistic}, unit.base if unit else None
        )
        values = to_base(to_floats([p[statistic] for p in known]), unit)
        _extend(table, index, [p["Timestamp"] for p in known], values)


def _split_label(label: str) -> tuple[str, dict[str, str]]:
    words = label.split()
    metrics = [word for word in words if _METRIC.fullmatch(word)]
    if len(words) > 1 and len(metrics) == 1:
        words.remove(metrics[0])
        return metrics[0], {"instance": " ".join(words)}
    return label, {}


def _extend(table: SeriesTable, index: int, stamps: list[Any], values: NDArray[np.float64]) -> None:
    texts = [None if stamp is None else str(stamp) for stamp in as_scalars(stamps)]
    times = parse_time_column(pl.Series(texts, dtype=pl.String))
    if times is not None:
        valid = times.is_valid
        table.extend(index, times.time_us[valid], values[valid])
