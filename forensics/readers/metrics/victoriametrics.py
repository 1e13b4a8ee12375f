"""VictoriaMetrics' ``/api/v1/export``: a line of JSON a series.

References
----------
VictoriaMetrics documentation, "How to export data in JSON line format".
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import orjson

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._lines import Lines
from forensics.readers.metrics._series import SeriesTable, to_floats
from forensics.readers.metrics._time import parse_epochs

TITLE: Final = "VictoriaMetrics export (JSON lines)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "victoriametrics"
_LINE: Final = re.compile(
    rb'^\s*\{\s*"metric"\s*:\s*\{[^{}]*\}\s*,\s*"(?:values|timestamps)"\s*:\s*\[\s*(?:-?\d|null|")'
)


def sniff(head: Head) -> Match:
    """Claim lines of a metric object and a flat array of values."""
    return Match.MAGIC if _LINE.match(head.data) else Match.NO


def read(source: Source) -> Reading:
    """Read line by line; memory follows the longest line."""
    table = SeriesTable(source)
    lines = Lines(source, source.limits.document_bytes)
    for line in lines:
        if not line.strip():
            continue
        try:
            _add(table, orjson.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            lines.hurt("no series in JSON")
    return table.reading(_NAME, damage=lines.rows())


def _add(table: SeriesTable, series: dict[str, object]) -> None:
    labels = {str(k): str(v) for k, v in series["metric"].items()}  # type: ignore[attr-defined]  # a wrong type is caught as damage
    metric = labels.pop("__name__", "value")
    numbers = to_floats(series["values"])  # type: ignore[arg-type]  # a wrong type is caught as damage
    stamps = np.array(series["timestamps"], np.int64)
    times = parse_epochs(stamps) if stamps.shape == numbers.shape else None
    if times is None:
        raise ValueError("no timestamps, or not as many as values")
    valid = times.is_valid
    table.extend(table.index_of(metric, labels), times.time_us[valid], numbers[valid])
