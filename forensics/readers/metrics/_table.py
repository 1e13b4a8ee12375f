"""Turn any table with a time column into series: wide, long, or long with label columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers.metrics._exposition import parse_series_name
from forensics.readers.metrics._series import SeriesTable, unit_note
from forensics.readers.metrics._time import Times
from forensics.readers.metrics._time_column import find_time_column
from forensics.readers.metrics._units import (
    Unit,
    name_tokens,
    parse_unit,
    parse_value,
    strip_unit,
    unit_of_name,
)

METRIC_NAMES: Final = (
    "metric",
    "metric_name",
    "name",
    "series",
    "series_name",
    "measurement",
    "field",
    "variable",
    "counter",
)
VALUE_NAMES: Final = ("value", "val", "v", "sample", "reading", "metric_value", "average", "mean")
#: Columns of prose: with one of these a table is a log or a calendar, unless it names metrics.
PROSE_NAMES: Final = frozenset(
    """action author change content description details event exception from_version kind level
    line log message msg query severity sql_state state_code statement summary title to_version
    what error_severity eventtemplate eventid environment_change""".split()  # noqa: SIM905  # a table of words
)
_UNIT_NAMES: Final = ("unit", "units")
#: What a person calls one of several equal processes: a name with a number or hash, an address.
_INSTANCE: Final = re.compile(
    r"(?:[a-z][\w.]*-)+(?:\d{1,4}|[a-z0-9]{8,10}-[a-z0-9]{5}|(?=[a-z]*\d)[a-z0-9]{5,10})"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[\w.-]+:\d{2,5}"
)
_PAIR: Final = re.compile(r"^(.+?)\s*[ /|:]\s*(.+)$")


@dataclass(slots=True)
class _Columns:
    """Which column plays what."""

    time: str
    times: Times
    metric: str | None = None
    value: str | None = None
    unit: str | None = None
    labels: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


def add_frame(
    table: SeriesTable, frame: pl.DataFrame, stem: str, notes: list[str]
) -> dict[str, int]:
    """Add every series of a frame; return the number of unreadable cells by column.

    Parameters
    ----------
    table
        Where the samples go.
    frame
        One column of times, the rest numbers, numbers as text (with units), and labels.
    stem
        Name of the file without ending; it names metrics whose columns name instances.
    notes
        Assumptions are appended here.

    Raises
    ------
    CorruptEvidenceError
        If no column holds times or none holds numbers.
    """
    columns, damage = _assign(table.source, frame, notes)
    valid = columns.times.is_valid
    if not valid.all():
        damage[columns.time] = int((~valid).sum())
    frame = frame.with_columns(
        pl.Series("__time_us", columns.times.time_us), pl.Series("__valid", valid)
    ).filter("__valid")
    if columns.metric is not None and columns.value is not None:
        _add_long(table, frame, columns, damage)
    else:
        _add_wide(table, frame, columns, _Names(stem, notes, columns.numbers), damage)
    return damage


def _assign(source: str, frame: pl.DataFrame, notes: list[str]) -> tuple[_Columns, dict[str, int]]:
    found = find_time_column(frame) if frame.height else None
    if found is None:
        raise CorruptEvidenceError(
            source,
            "has no column of times" if frame.height else "has no rows",
            expected="a column of epoch numbers or ISO times",
            way_out="name it time or timestamp",
        )
    columns = _Columns(*found)
    notes.extend(columns.times.notes)
    words = {column: "_".join(name_tokens(column)) for column in frame.columns}
    rest = [column for column in frame.columns if column != columns.time]
    columns.value = next((c for name in VALUE_NAMES for c in rest if words[c] == name), None)
    texts = [c for c in rest if frame[c].dtype == pl.String and not _is_numeric(frame[c])]
    columns.metric = next((c for name in METRIC_NAMES for c in texts if words[c] == name), None)
    columns.unit = next((c for c in texts if words[c] in _UNIT_NAMES), None)
    special = {columns.metric, columns.value, columns.unit}
    if columns.metric is not None and columns.value is not None:
        columns.labels = [c for c in rest if c not in special]
        columns.numbers = [columns.value]
        return columns, {}
    columns.metric = None
    columns.labels = [c for c in texts if c != columns.unit]
    columns.numbers = [
        c for c in rest if c not in texts and (frame[c].dtype.is_numeric() or _is_numeric(frame[c]))
    ]
    if not columns.numbers:
        raise CorruptEvidenceError(source, "has no column of numbers", expected="one a series")
    return columns, {}


def _is_numeric(column: pl.Series) -> bool:
    """Return whether most non-empty cells of a text column are numbers (with units)."""
    if column.dtype != pl.String:
        return column.dtype.is_numeric() or column.dtype == pl.Boolean
    cells = column.drop_nulls().head(200).to_list()
    filled = [cell for cell in cells if cell.strip() and not _is_blank(cell)]
    readable = sum(parse_value(cell) is not None for cell in filled)
    return readable > 0.5 * len(filled)


def _is_blank(cell: str) -> bool:
    return cell.strip().lower() in BLANKS


BLANKS: Final = frozenset(
    {
        "",
        "nan",
        "null",
        "none",
        "-",
        "--",
        "n/a",
        "na",
        "no data",
        "undefined",
        "inf",
        "+inf",
        "-inf",
    }
)


def _numbers(column: pl.Series) -> tuple[pl.Series, Unit | None, int]:
    """Return the column as numbers in base units, the unit its cells state, bad cells."""
    if column.dtype != pl.String:
        return column.cast(pl.Float64, strict=False), None, 0
    plain = column.str.strip_chars().cast(pl.Float64, strict=False)
    if not (plain.is_null() & column.is_not_null()).any():
        return plain, None, 0
    units: list[Unit] = []
    values: list[float | None] = []
    bad = 0
    for cell in column.to_list():
        parsed = None if cell is None or _is_blank(cell) else parse_value(cell)
        bad += parsed is None and cell is not None and not _is_blank(cell)
        values.append(None if parsed is None else parsed[0])
        if parsed is not None and parsed[1] is not None:
            units.append(parsed[1])
    return pl.Series(column.name, values, pl.Float64), units[0] if units else None, bad


class _Names:
    """Metric and labels by column name."""

    def __init__(self, stem: str, notes: list[str], columns: list[str]) -> None:
        self.stem = stem
        self.notes = notes
        instances = sum(_INSTANCE.fullmatch(strip_unit(c).strip()) is not None for c in columns)
        self.are_instances = instances > 0 and instances >= 0.8 * len(columns)

    def split(self, column: str) -> tuple[str, dict[str, str]]:
        """Return metric and labels that a column name states."""
        name = strip_unit(column).strip()
        parsed = parse_series_name(name) if "{" in name else None
        if parsed is not None:
            return parsed[0] or self.stem, parsed[1]
        if self.are_instances:
            self.notes.append(
                f"columns name instances; the metric is named {self.stem} after the file"
            )
            return self.stem, {"instance": name}
        pair = _PAIR.match(name)
        if pair is not None:
            for instance, metric in (pair.groups(), pair.groups()[::-1]):
                if _INSTANCE.fullmatch(instance) and not _INSTANCE.fullmatch(metric):
                    return metric, {"instance": instance}
        return name, {}


def _add_wide(
    table: SeriesTable,
    frame: pl.DataFrame,
    columns: _Columns,
    names: _Names,
    damage: dict[str, int],
) -> None:
    for column in columns.numbers:
        values, stated, bad = _numbers(frame[column])
        if bad:
            damage[column] = bad
        unit = stated or unit_of_name(column)
        metric, labels = names.split(column)
        if stated is None and unit is not None:
            values = values * unit.factor
            if unit.is_assumed:
                names.notes.append(unit_note(column, unit))
        part = frame.select("__time_us", *columns.labels).with_columns(values.alias("__value"))
        _add_groups(table, part, columns.labels, (metric, labels, unit.base if unit else None))


def _add_groups(
    table: SeriesTable,
    part: pl.DataFrame,
    keys: list[str],
    series: tuple[str, Mapping[str, str], str | None],
) -> None:
    metric, labels, unit = series
    if not keys:
        _extend(table, table.index_of(metric, labels, unit), part)
        return
    for values, group in part.group_by(keys, maintain_order=True):
        own = {
            key: str(value) for key, value in zip(keys, values, strict=True) if value is not None
        }
        _extend(table, table.index_of(metric, {**labels, **own}, unit), group)


def _add_long(
    table: SeriesTable, frame: pl.DataFrame, columns: _Columns, damage: dict[str, int]
) -> None:
    assert columns.metric is not None
    assert columns.value is not None
    values, stated, bad = _numbers(frame[columns.value])
    if bad:
        damage[columns.value] = bad
    frame = frame.with_columns(values.alias("__value"))
    keys = [columns.metric, *([columns.unit] if columns.unit else []), *columns.labels]
    for group_key, group in frame.group_by(keys, maintain_order=True):
        named = dict(zip(keys, group_key, strict=True))
        metric = str(named.pop(columns.metric) or "value")
        unit = parse_unit(str(named.pop(columns.unit) or "")) if columns.unit else stated
        factor = 1.0 if unit is None or unit is stated else unit.factor
        labels = _labels(named)
        parsed = parse_series_name(metric) if "{" in metric else None
        if parsed is not None:
            metric, labels = parsed[0] or "value", {**labels, **parsed[1]}
        index = table.index_of(metric, labels, unit.base if unit else None)
        _extend(table, index, group, factor)


def _labels(named: Mapping[str, object]) -> dict[str, str]:
    """Return label columns as labels; a column of whole label sets is taken apart."""
    labels: dict[str, str] = {}
    for name, value in named.items():
        if value is None or value == "":
            continue
        text = str(value)
        parsed = None
        if name.lower() in {"labels", "tags", "dimensions"}:
            body = text.strip().removeprefix("{").removesuffix("}")
            quoted = re.sub(r'([\w.]+)\s*[=:]\s*"?([^",]*)"?', r'\1="\2"', body)
            parsed = parse_series_name("x{" + quoted + "}")
        if parsed is not None:
            labels.update(parsed[1])
        else:
            labels[name] = text
    return labels


def _extend(table: SeriesTable, index: int, group: pl.DataFrame, factor: float = 1.0) -> None:
    known = group.filter(pl.col("__value").is_not_null())
    values = known["__value"].to_numpy() * factor
    table.extend(index, known["__time_us"].to_numpy(), np.asarray(values, np.float64))
