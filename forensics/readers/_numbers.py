"""Columns of numbers from whatever holds them: JSON lists, CSV, Parquet, metrics exports.

For questions that need nothing but numbers in order. Formats that say what they measure
go through the metrics readers; a list or a plain table is taken as it stands.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import CorruptEvidenceError, UnknownFormatError, UsageError
from forensics.readers._pick import read_file
from forensics.readers._source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names under which tables keep the time or the number of a row, in lower case.
_TIME_NAMES = frozenset({"", "time", "timestamp", "ts", "t", "date", "datetime", "index", "x"})
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None"]
_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class NumberColumns:
    """Columns of numbers of equal length.

    Attributes
    ----------
    names
        One per column.
    values
        Shape (n, d); NaN where missing.
    times
        What the file says about each row's time or place: datetimes, numbers or text;
        empty if it says nothing.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    times: Sequence[object]

    def time_at(self, index: int) -> object:
        """Return the time of one row, None if the file has none."""
        return self.times[index] if index < len(self.times) else None


def read_numbers(path: Path, *, column: str | None = None) -> NumberColumns:
    """Read columns of numbers, by content: JSON, Parquet, CSV, or any metrics export.

    JSON may be a list of numbers (null for missing), a list of rows, an object of lists, or
    an object with ``series`` each holding ``raw`` and optionally ``time``. In a table, a
    column of dates, one called time (or index, date, ...) or an evenly rising first column
    is the time, the other numeric columns are values. Reads the whole file into memory.

    Parameters
    ----------
    path
        The file; plain, gzip or zstd.
    column
        Which column (of a metrics export: metric, or metric and entity) to keep; all if
        None, except that series of a metrics export aren't mixed.

    Raises
    ------
    EvidenceError
        If the file can't be opened or parsed.
    UsageError
        If ``column`` names none, or a metrics export needs one named.
    """
    source = Source(path)
    first = source.head().data.lstrip(b"\xef\xbb\xbf \t\r\n")
    found: NumberColumns | None
    if first[:4] == _PARQUET_MAGIC:
        found = _from_parquet(source)
    elif first[:1] in {b"[", b"{"}:
        found = _from_json(source)
    else:
        found = _from_text(source)
    if found is None:
        return _from_metrics(path, column)
    return found if column is None else _pick(found, column, source.name)


def _from_parquet(source: Source) -> NumberColumns | None:
    try:
        return _from_frame(pl.read_parquet(io.BytesIO(source.read_document())))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CorruptEvidenceError(
            source.name, "is no sound Parquet file", way_out="write it again"
        ) from error


def _pick(found: NumberColumns, column: str, file_name: str) -> NumberColumns:
    if column not in found.names:
        raise UsageError(
            f"{file_name}: has no column {column!r}; there are: {', '.join(found.names)}"
        )
    place = found.names.index(column)
    return NumberColumns((column,), found.values[:, [place]], found.times)


def _from_json(source: Source) -> NumberColumns | None:
    """Return the columns of a JSON document, None if it is of another kind."""
    data = source.read_document()
    try:
        content = json.loads(data)
    except ValueError:
        return None  # one document a line, or damaged: the metrics readers say
    if isinstance(content, list):
        return _from_rows(content)
    if isinstance(content, dict) and isinstance(content.get("series"), list):
        return _from_series(content)
    if isinstance(content, dict) and content and all(_is_row(v) for v in content.values()):
        return _from_frame(pl.DataFrame(content, strict=False))
    return None


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_row(value: object) -> bool:
    return isinstance(value, list) and all(_is_number(item) for item in value)


def _column(values: Sequence[object]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _from_rows(content: list[Any]) -> NumberColumns | None:
    """Read a list of numbers, or of rows (lists of one length, or objects)."""
    if all(_is_number(item) for item in content):
        return NumberColumns(("value",), _column(content)[:, None], ())
    if all(_is_row(item) for item in content) and len({len(item) for item in content}) == 1:
        values = np.stack([_column(item) for item in content])
        return NumberColumns(tuple(f"column_{i + 1}" for i in range(values.shape[1])), values, ())
    if all(isinstance(item, dict) for item in content):
        return _from_frame(pl.DataFrame(content, strict=False, infer_schema_length=None))
    return None


def _from_series(content: dict[str, Any]) -> NumberColumns | None:
    """Read the layout of the Turing change point data: series of raw values over one time."""
    series = [part for part in content["series"] if isinstance(part, dict)]
    if not series or not all(_is_row(part.get("raw")) for part in series):
        return None
    if len({len(part["raw"]) for part in series}) != 1:
        return None
    names = tuple(str(part.get("label", f"series_{i + 1}")) for i, part in enumerate(series))
    time = content.get("time")
    times = time.get("raw") or time.get("index") or () if isinstance(time, dict) else ()
    return NumberColumns(names, np.column_stack([_column(part["raw"]) for part in series]), times)


def _from_text(source: Source) -> NumberColumns | None:
    """Read a delimited table, with or without a header; None if it has no numbers."""
    data = source.read_document()
    head = data[:4096].decode("utf-8", errors="replace").lstrip("\ufeff").splitlines()
    if not head:
        return NumberColumns(("value",), np.empty((0, 1)), ())
    separator = max(",;\t", key=head[0].count)
    cells = [cell.strip().strip('"') for cell in head[0].split(separator)]
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            separator=separator,
            has_header=not all(_reads_as_number(cell) for cell in cells),
            null_values=_MISSING,
            infer_schema_length=None,
            try_parse_dates=True,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError:
        return None
    return _from_frame(frame)


def _reads_as_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return cell in _MISSING
    return True


def _from_frame(frame: pl.DataFrame) -> NumberColumns | None:
    """Part a frame into time and numbers; None for the long form of a metrics table."""
    if {"metric", "value"} <= {name.lower() for name in frame.columns}:
        return None
    time_name = _time_column(frame)
    names = [
        name
        for name, dtype in frame.schema.items()
        if name != time_name and (dtype.is_numeric() or dtype == pl.Null)
    ]
    if not names:
        return None
    values = frame.select(pl.col(names).cast(pl.Float64)).fill_null(np.nan).to_numpy()
    times = frame[time_name].to_list() if time_name is not None else ()
    return NumberColumns(tuple(names), np.asarray(values, dtype=np.float64), times)


def _time_column(frame: pl.DataFrame) -> str | None:
    """Return the column that says where a row is: a date, a telling name, an even count."""
    if frame.width < 2:
        return None
    for name, dtype in frame.schema.items():
        if dtype.is_temporal():
            return name
    for name in frame.columns:
        if name.strip().lower() in _TIME_NAMES:
            return name
    first = frame.columns[0]
    if frame[first].dtype.is_numeric() and frame.height > 2:
        steps = np.diff(frame[first].cast(pl.Float64).fill_null(np.nan).to_numpy())
        if np.all(steps > 0) and np.allclose(steps, steps[0], rtol=1e-6):
            return first
    return None


def _from_metrics(path: Path, column: str | None) -> NumberColumns:
    """Read a metrics export and return one of its series."""
    reading = read_file(path)
    if "metrics" not in reading.tables:
        raise UnknownFormatError(
            path.name,
            f"is read as {reading.kind}, which holds no numbers over time",
            expected="a list of numbers, a table or a metrics export",
            way_out="export the numbers as CSV or JSON",
        )
    table = reading.table("metrics")
    keys = ["metric", "entity", "labels"]
    series: dict[str, pl.DataFrame] = {}
    for key, part in table.partition_by(keys, as_dict=True, maintain_order=True).items():
        metric, entity = str(key[0]), str(key[1] or "")
        name = f"{metric} {entity}".strip()
        name = name if name not in series else f"{name} #{len(series)}"
        if column is None or column in {metric, entity, name}:
            series[name] = part
    if not series:
        there = ", ".join(table["metric"].unique().sort().to_list()[:20])
        raise UsageError(f"{path.name}: has no series {column!r}; there are: {there}")
    if len(series) > 1:
        raise UsageError(
            f"{path.name}: holds {len(series)} series; name one with --column, such as "
            f"{next(iter(series))!r}"
        )
    name, part = next(iter(series.items()))
    part = part.sort("time")
    values = part["value"].fill_null(np.nan).to_numpy()
    if values.size == 0:
        raise CorruptEvidenceError(path.name, "the series holds no samples")
    return NumberColumns((name,), values[:, None], part["time"].to_list())
