"""Find tables of samples in a JSON document that follows no published format.

People and scripts write series as records (``[{"time": t, "rss": v}, ...]``), as pairs
(``[[t, v], ...]``), as columns (``{"time": [...], "rss": [...]}``), as maps from time to value,
and wrap any of these in objects that carry a name, labels or a unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from forensics.readers.metrics._table import METRIC_NAMES, VALUE_NAMES
from forensics.readers.metrics._time_column import find_time_column
from forensics.readers.metrics._units import name_tokens

#: Wrappers and objects inside of records nest no deeper than this in the files people write.
_DEPTH: Final = 6
_SCALARS: Final = (str, int, float, bool, type(None))
#: Keys of a wrapper that say nothing about what is inside.
_PLAIN_KEYS: Final = frozenset({
    "data", "values", "value", "points", "datapoints", "samples", "series", "result", "results",
    "records", "rows", "metrics", "measurements", "items", "timeseries", "history", "body",
})  # fmt: skip
_VALUE_WORDS: Final = frozenset({*VALUE_NAMES, "value_1", "y"})

Table = pl.DataFrame


def find_tables(document: Any) -> Iterator[Table]:
    """Yield each table with a column of times; names and labels around it become columns.

    Cost is one walk over the document; lists of samples are turned into columns at once.
    """
    yield from _walk(document, None, {}, 0)


def _walk(node: Any, name: str | None, labels: Mapping[str, str], depth: int) -> Iterator[Table]:
    if depth > _DEPTH:
        return
    if isinstance(node, list):
        table = _of_list(node)
        if table is not None:
            yield from _named(table, name, labels)
            return
        for item in node:
            if isinstance(item, dict | list):
                yield from _walk(item, name, labels, depth + 1)
    elif isinstance(node, dict):
        yield from _walk_object(node, name, labels, depth)


def _walk_object(
    node: dict[str, Any], name: str | None, labels: Mapping[str, str], depth: int
) -> Iterator[Table]:
    table = _of_object(node)
    if table is not None:
        yield from _named(table, name, labels)
        return
    own = {k: str(v) for k, v in node.items() if isinstance(v, str | int) and v != ""}
    named = next((own.pop(k) for k in METRIC_NAMES if k in own), None)
    inner = node.get("labels") or node.get("tags") or node.get("metric")
    if isinstance(inner, dict):
        own |= {str(k): str(v) for k, v in inner.items() if isinstance(v, str | int)}
        named = own.pop("__name__", named)
    for key, value in node.items():
        if isinstance(value, list | dict) and value is not inner:
            is_plain = key.lower() in _PLAIN_KEYS
            yield from _walk(
                value, named or (name if is_plain else key), {**labels, **own}, depth + 1
            )


def _of_list(node: list[Any]) -> Table | None:
    """Return records or rows as a frame, None if the list holds neither."""
    if len(node) < 2:
        return None
    if all(isinstance(item, dict) for item in node[:8]):
        records = [_flatten(item) for item in node if isinstance(item, dict)]
        return _checked(_frame(records)) if any(records) else None
    width = len(node[0]) if isinstance(node[0], list) else 0
    if width < 2 or not all(isinstance(row, list) for row in node[:8]):
        return None
    rows = [row for row in node if isinstance(row, list) and len(row) == width]
    if not all(isinstance(cell, _SCALARS) for row in rows[:8] for cell in row):
        return None
    return _of_rows(rows, width)


def _of_rows(rows: list[list[Any]], width: int) -> Table | None:
    """Return rows of cells as a frame; the first row may be a header, the time in any place."""
    if all(isinstance(cell, str) for cell in rows[0]) and not any(
        isinstance(cell, str) for cell in rows[1][1:]
    ):
        return _checked(_frame([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]))
    for place in range(width):
        columns = [str(k) if width > 2 else "" for k in range(width)]
        names = [f"value{f'_{c}' if c else ''}" for c in columns]
        names[place] = "time"
        table = _checked(_frame([dict(zip(names, row, strict=True)) for row in rows]))
        if table is not None and _has_moments(table):
            return table
    return None


def _has_moments(table: Table) -> bool:
    """Tell whether the times are moments, not seconds since an unknown start."""
    found = find_time_column(table)
    return found is not None and not found[1].is_since_start


def _of_object(node: dict[str, Any]) -> Table | None:
    """Return an object of columns, or of maps from time to value, as a frame."""
    header, body = node.get("columns"), node.get("data") or node.get("values")
    if isinstance(header, list) and isinstance(body, list) and body and isinstance(body[0], list):
        rows = [row for row in body if isinstance(row, list) and len(row) == len(header)]
        index = node.get("index")
        frame = _frame([dict(zip(map(str, header), row, strict=True)) for row in rows])
        is_row_name = isinstance(index, list) and len(index) == frame.height
        if is_row_name and (not rows or find_time_column(frame) is None):
            frame = frame.with_columns(pl.Series("index", index, strict=False))
        return _checked(frame)
    lists = {str(k): v for k, v in node.items() if isinstance(v, list)}
    lists = {k: v for k, v in lists.items() if all(isinstance(x, _SCALARS) for x in v[:8])}
    length = max((len(v) for v in lists.values()), default=0)
    # A column cut short (a damaged file) keeps its place; a short list of words is none.
    columns = {
        k: v + [None] * (length - len(v))
        for k, v in lists.items()
        if len(v) == length or (v and not isinstance(v[0], str))
    }
    if length >= 2 and len(columns) >= 2:
        return _checked(_labelled(_columns(columns), node))
    maps = {k: v for k, v in node.items() if isinstance(v, dict) and len(v) >= 2}
    maps = {k: v for k, v in maps.items() if all(isinstance(x, _SCALARS) for x in v.values())}
    if maps and len(maps) == len(node):
        return _of_maps(maps)
    if len(node) >= 2 and all(isinstance(x, int | float) for x in node.values()):
        return _of_maps({"value": node})
    return None


def _of_maps(maps: dict[str, dict[str, Any]]) -> Table | None:
    """Return ``{column: {row: cell}}`` as a frame; the row keys are times if they look so."""
    keys = list(dict.fromkeys(key for column in maps.values() for key in column))
    frame = _columns({name: [column.get(k) for k in keys] for name, column in maps.items()})
    table = _checked(frame)
    if table is not None and _has_moments(table):
        return table
    table = _checked(frame.with_columns(pl.Series("time", keys)))
    return table if table is not None and _has_moments(table) else None


def _labelled(frame: Table, node: Mapping[str, Any]) -> Table:
    texts = {k: v for k, v in node.items() if isinstance(v, str) and k not in frame.columns}
    return frame.with_columns(pl.lit(v).alias(k) for k, v in texts.items())


def _flatten(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the cells of a record; objects inside give ``outer.inner``, lists are left out."""
    cells: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and depth < _DEPTH:
            is_labels = key.lower() in {"labels", "tags"}
            cells |= _flatten(value, "" if is_labels else f"{prefix}{key}.", depth + 1)
        elif isinstance(value, _SCALARS):
            cells[f"{prefix}{key}"] = value
    return cells


def _frame(records: list[dict[str, Any]]) -> Table:
    names = dict.fromkeys(name for record in records for name in record)
    return _columns({name: [record.get(name) for record in records] for name in names})


def _columns(columns: Mapping[str, list[Any]]) -> Table:
    return pl.DataFrame([as_column(name, cells) for name, cells in columns.items()])


def as_column(name: str, cells: list[Any]) -> pl.Series:
    """Return one column: whole numbers, numbers, or text where any cell is a text."""
    if any(isinstance(cell, str) for cell in cells):
        return pl.Series(name, [None if c is None else str(c) for c in cells], pl.String)
    is_whole = all(isinstance(c, int | None) and abs(c or 0) < 2**63 for c in cells)
    plain = [c if isinstance(c, int | float | None) else None for c in cells]
    return pl.Series(name, plain, pl.Int64 if is_whole else pl.Float64, strict=False)


def _checked(frame: Table) -> Table | None:
    """Return the frame if it has a column of times and one of numbers beside it."""
    if frame.height < 1 or frame.width < 2:
        return None
    found = find_time_column(frame)
    if found is None:
        return None
    others = [frame[c] for c in frame.columns if c != found[0]]
    has_numbers = any(c.dtype.is_numeric() or _is_numeric_text(c) for c in others)
    return frame if has_numbers else None


def _is_numeric_text(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return False
    seen = column.drop_nulls().head(50)
    return len(seen) > 0 and seen.cast(pl.Float64, strict=False).null_count() <= len(seen) / 2


def _named(table: Table, name: str | None, labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield the table with what stands around it: the name on its only value, labels beside."""
    words = {"_".join(name_tokens(column)): column for column in table.columns}
    value = next((words[w] for w in _VALUE_WORDS if w in words), None)
    has_metric = any(word in METRIC_NAMES for word in words)
    if name and value is not None and not has_metric and name not in table.columns:
        unit = labels.get("unit") or labels.get("units")
        table = table.rename({value: f"{name} ({unit})" if unit else name})
    extra = {
        k: v for k, v in labels.items() if k not in table.columns and k not in {"unit", "units"}
    }
    yield table.with_columns(pl.lit(v).alias(k) for k, v in extra.items())
