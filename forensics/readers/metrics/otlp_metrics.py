"""OpenTelemetry metrics as JSON: one request, or a line a request (the file exporter).

References
----------
OpenTelemetry Protocol specification, "JSON Protobuf encoding"; ``metrics.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._json_document import load_document
from forensics.readers.metrics._lines import Lines
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._units import Unit, parse_unit

TITLE: Final = "OpenTelemetry metrics (OTLP JSON)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "otlp_metrics"
_ONE_LINE: Final = re.compile(rb'^\s*\{"resource_?[mM]etrics"')
#: ``DataPointFlags``: the exporter says that there is no value (a stale series).
_NO_RECORDED_VALUE: Final = 1
_DELTA: Final = (1, "AGGREGATION_TEMPORALITY_DELTA")


def sniff(head: Head) -> Match:
    """Claim JSON that begins with resource metrics."""
    data = head.data.lstrip()
    is_own = data.startswith(b"{") and (
        b'"resourceMetrics"' in data or b'"resource_metrics"' in data
    )
    return Match.MAGIC if is_own else Match.NO


def read(source: Source) -> Reading:
    """Read gauges, sums, histograms and summaries.

    Delta sums are added up to cumulative counters, so that they read as any other; a note
    says so. Histograms become ``NAME_count``, ``NAME_sum`` and cumulative ``NAME_bucket``.

    Raises
    ------
    CorruptEvidenceError
        If a file of one document is no JSON.
    """
    reader = _Points(SeriesTable(source))
    damage: list[DamageRow] = []
    if _ONE_LINE.match(source.head().data):
        lines = Lines(source, source.limits.document_bytes)
        for line in lines:
            if not line.strip():
                continue
            try:
                reader.add(orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError, ValueError, AttributeError, KeyError):
                lines.hurt("no request in JSON")
        damage = lines.rows()
    if not len(reader.table):
        document, damage = load_document(source)
        reader = _Points(SeriesTable(source))
        try:
            reader.add(document)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            what = f"a data point of another form ({type(error).__name__})"
            damage.append(DamageRow(source.name, what, "read up to here"))
    notes = ["delta sums were added up to counters"] if reader.has_deltas else []
    return reader.table.reading(_NAME, damage=damage, notes=notes)


class _Points:
    """Walk the requests of one file; delta sums need a memory across them."""

    def __init__(self, table: SeriesTable) -> None:
        self.table = table
        self.has_deltas = False
        self._totals: dict[int, float] = {}

    def add(self, request: dict[str, Any]) -> None:
        for resource in _get(request, "resourceMetrics") or ():
            labels = _attributes(_get(resource, "resource") or {})
            for scope in _get(resource, "scopeMetrics") or ():
                for metric in _get(scope, "metrics") or ():
                    self._add_metric(metric, labels)

    def _add_metric(self, metric: dict[str, Any], labels: dict[str, str]) -> None:
        name = str(metric["name"])
        unit = parse_unit(str(metric.get("unit") or "")) if metric.get("unit") else None
        for kind in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
            data = _get(metric, kind)
            if not data:
                continue
            is_delta = _get(data, "aggregationTemporality") in _DELTA
            for point in _get(data, "dataPoints") or ():
                own = {**labels, **_attributes(point)}
                time_us = int(_get(point, "timeUnixNano") or 0) // 1000
                for part, extra, value in _values(kind, point):
                    unit_of = None if part == "_count" else unit
                    self._store(
                        f"{name}{part}", {**own, **extra}, unit_of, (time_us, value), is_delta
                    )

    def _store(
        self,
        metric: str,
        labels: dict[str, str],
        unit: Unit | None,
        sample: tuple[int, float],
        is_delta: bool,  # noqa: FBT001  # a private step of one loop
    ) -> None:
        index = self.table.index_of(metric, labels, unit.base if unit else None)
        time_us, value = sample
        value *= unit.factor if unit and not metric.endswith("_bucket") else 1.0
        if is_delta:
            self.has_deltas = True
            value += self._totals.get(index, 0.0)
            self._totals[index] = value
        self.table.append(index, time_us, value)


def _values(kind: str, point: dict[str, Any]) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield name suffix, extra labels and value of everything a data point says."""
    if int(point.get("flags") or 0) & _NO_RECORDED_VALUE:
        yield "", {}, float("nan")
    elif kind in {"gauge", "sum"}:
        value = _get(point, "asDouble")
        yield "", {}, float(_get(point, "asInt") if value is None else value)
    else:
        yield "_count", {}, float(point.get("count") or 0)
        if point.get("sum") is not None:
            yield "_sum", {}, float(point["sum"])
        bounds = [*(_get(point, "explicitBounds") or ()), "+Inf"]
        total = 0.0
        for bound, count in zip(bounds, _get(point, "bucketCounts") or (), strict=False):
            total += float(count)
            yield "_bucket", {"le": str(bound)}, total
        for quantile in _get(point, "quantileValues") or ():
            yield "", {"quantile": str(quantile["quantile"])}, float(quantile["value"])


def _get(node: dict[str, Any], name: str) -> Any:
    """Return a field under its JSON name or its protobuf name."""
    if name in node:
        return node[name]
    return node.get(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())


def _attributes(node: dict[str, Any]) -> dict[str, str]:
    labels = {}
    for pair in node.get("attributes") or ():
        value = pair.get("value") or {}
        first = next(iter(value.values()), "") if isinstance(value, dict) else value
        labels[str(pair.get("key"))] = str(first)
    return labels
