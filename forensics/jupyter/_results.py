"""The result of an analysis as HTML: its frames as tables, its records as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any, Final

import polars as pl
from pydantic import BaseModel

from forensics.charts._units import human
from forensics.jupyter._show import human_frame
from forensics.redaction import redact

_SCALARS: Final = (str, int, float, bool)


def draw_result(result: Any) -> str:
    """Return a frozen dataclass field by field, under the names of its fields."""
    return "".join(_draw_field(f.name, getattr(result, f.name)) for f in fields(result))


def to_frame(records: Iterable[Any]) -> pl.DataFrame:
    """Return records (dataclasses, models, mappings) as a frame of their plain fields.

    A field that holds records of its own shows how many there are.
    """
    rows = [_plain_record(record) for record in records]
    return pl.DataFrame([row for row in rows if row], infer_schema_length=None, strict=False)


def _draw_field(name: str, value: Any) -> str:
    title = escape(name.strip("_").replace("_", " "))
    if isinstance(value, pl.DataFrame):
        return f"<h5>{title}</h5>{human_frame(value)}"
    if isinstance(value, pl.LazyFrame):
        return f"<p>{title}: a lazy frame; <code>.collect()</code> reads it</p>"
    if value is None or isinstance(value, _SCALARS):
        return f"<p>{title}: {escape(redact(_scalar(name, value)))}</p>"
    if is_dataclass(value) or isinstance(value, BaseModel):
        return f"<h5>{title}</h5>{human_frame(to_frame([value]))}"
    if isinstance(value, dict):
        value = [{"name": str(key), **_plain_record(inner)} for key, inner in value.items()]
    if isinstance(value, list | tuple) and value:
        return f"<h5>{title}</h5>{human_frame(to_frame(value))}"
    return f"<p>{title}: none</p>"


def _plain_record(record: Any) -> dict[str, Any]:
    """Return the fields of one record that a cell can hold."""
    if isinstance(record, BaseModel):
        items = {name: getattr(record, name) for name in type(record).model_fields}
    elif is_dataclass(record):
        items = {f.name: getattr(record, f.name) for f in fields(record)}
    elif isinstance(record, dict):
        items = record
    else:
        items = {"value": record}
    return {name: _plain_value(value) for name, value in items.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        if all(isinstance(item, str) for item in value):
            return ", ".join(sorted(value) if isinstance(value, set | frozenset) else value)
        return f"{len(value)} entries"
    if isinstance(value, dict):
        return f"{len(value)} entries"
    if isinstance(value, pl.DataFrame):
        return f"{value.height:,} rows"
    return value if value is None or isinstance(value, _SCALARS) else str(value)


def _scalar(name: str, value: str | float | bool | None) -> str:  # noqa: FBT001  # a value, no switch
    if isinstance(value, int | float) and not isinstance(value, bool) and name.endswith("_bytes"):
        return human(float(value), "bytes")
    return "not known" if value is None else str(value)
