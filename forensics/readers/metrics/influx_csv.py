"""Annotated CSV of InfluxDB 2 queries: ``#datatype`` rows, ``_time``, ``_value``, ``_field``.

References
----------
InfluxData documentation, "Annotated CSV".
"""

from __future__ import annotations

import csv
from typing import Final

import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import parse_time_column

TITLE: Final = "InfluxDB annotated CSV"
KIND: Final[Kind] = "metrics"

_NAME: Final = "influx_csv"
_ANNOTATIONS: Final = ("#datatype,", "#group,", "#default,")
_NO_LABELS: Final = frozenset({"", "result", "table"})


def sniff(head: Head) -> Match:
    """Claim annotation rows, or the header that every answer has."""
    text = head.text.lstrip()
    is_own = text.startswith((*_ANNOTATIONS, ",result,table,"))
    return Match.MAGIC if is_own else Match.NO


def read(source: Source) -> Reading:
    """Read all tables of the answer; the metric is measurement and field.

    Raises
    ------
    CorruptEvidenceError
        If the answer is an error table.
    """
    text = source.read_document().decode("utf-8-sig", errors="replace")
    table = SeriesTable(source)
    damage: list[DamageRow] = []
    header: list[str] | None = None
    rows: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    reader = csv.reader(text.splitlines())
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            damage.append(_row(source, "no row of CSV", reader.line_num))
            continue
        if row is None:
            break
        if not any(row):
            continue
        if row[0].startswith("#"):
            _flush(table, header, rows)
            header = None
        elif header is None or row[1:3] == ["result", "table"]:
            _flush(table, header, rows)
            header = row
            if "error" in header and "_value" not in header:
                raise CorruptEvidenceError(source.name, "is an error answer of the server")
        elif len(row) != len(header):
            damage.append(_row(source, "a row of another length", reader.line_num))
        else:
            _collect(header, row, rows)
    _flush(table, header, rows)
    return table.reading(_NAME, damage=damage)


def _row(source: Source, what: str, line: int) -> DamageRow:
    return DamageRow(source.name, what, "left out", line=line)


def _collect(
    header: list[str], row: list[str], rows: dict[tuple[str, ...], list[tuple[str, str]]]
) -> None:
    cells = dict(zip(header, row, strict=True))
    value, time = cells.pop("_value", ""), cells.pop("_time", "")
    labels = tuple(
        f"{name}\0{cell}"
        for name, cell in cells.items()
        if name not in _NO_LABELS and name not in {"_start", "_stop"} and cell
    )
    rows.setdefault(labels, []).append((time, value))


def _flush(
    table: SeriesTable,
    header: list[str] | None,
    rows: dict[tuple[str, ...], list[tuple[str, str]]],
) -> None:
    if header is not None:
        for key, samples in rows.items():
            labels = dict(pair.split("\0", 1) for pair in key)
            parts = [labels.pop("_measurement", ""), labels.pop("_field", "")]
            metric = "_".join(part for part in parts if part and part != "value") or "value"
            times = parse_time_column(pl.Series([time for time, _ in samples]))
            values = pl.Series([value for _, value in samples]).cast(pl.Float64, strict=False)
            if times is not None:
                kept = times.is_valid & values.is_not_null().to_numpy()
                index = table.index_of(metric, labels)
                table.extend(index, times.time_us[kept], values.to_numpy()[kept])
    rows.clear()
