"""Frames as people read them: sizes in MiB, shares in percent, series as sparklines.

The result is HTML without scripts; every text is redacted, then escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

import polars as pl

from forensics.charts._units import human, human_number
from forensics.redaction import redact

MOST_ROWS: Final = 25
_MOST_COLUMNS: Final = 24
_MOST_CHARACTERS: Final = 300
_WIDTH, _HEIGHT = 120, 22

#: How a column's name ends -> the unit of its numbers.
_UNITS: Final = {
    "_bytes": "bytes",
    "_bytes_per_min": "bytes/min",
    "_bytes_per_s": "bytes/s",
    "_bytes_per_request": "bytes/request",
    "_share": "share",
    "_ms": "ms",
    "_s": "s",
    "_min": "min",
    "_per_s": "/s",
    "_per_min": "/min",
}
_WHOLE: Final = {"share": "share", "probability": "share", "bytes": "bytes"}


def human_frame(frame: pl.DataFrame, *, rows: int = MOST_ROWS) -> str:
    """Return a frame as an HTML table: units by column name, bounded, escaped, redacted.

    Parameters
    ----------
    frame
        Any frame. A number's unit is read from its column's name (``used_bytes``,
        ``rate_bytes_per_min``, ``share``), or from a column ``unit`` beside ``value``. Lists
        of numbers become sparklines.
    rows
        Most rows shown: the first ones; a line below says how many there are.
    """
    shown = frame.head(rows)
    names = shown.columns[:_MOST_COLUMNS]
    has_units = "unit" in names and "value" in names
    units: list[str | None] = shown["unit"].to_list() if has_units else [None] * shown.height
    head = "".join(f"<th{_align(shown.schema[name])}>{_text(name)}</th>" for name in names)
    body = []
    for number, row in enumerate(shown.select(names).iter_rows(named=True)):
        cells = [
            _cell(value, _unit_of(name, units[number]), shown.schema[name])
            for name, value in row.items()
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<table class="dataframe"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>{_note(frame, rows)}"
    )


def plain_frame(frame: pl.DataFrame, *, rows: int = MOST_ROWS) -> str:
    """Return the first rows as text, redacted before the width of a column cuts a secret in two.

    What is cut could no longer be told as a secret, and half a token is half known.
    """
    shown = frame.head(rows)
    texts = [
        pl.Series(name, [None if v is None else redact(_plain(v)) for v in shown[name].to_list()])
        for name, dtype in shown.schema.items()
        if not (dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean)
    ]
    with pl.Config(tbl_rows=rows):
        table = str(shown.with_columns(texts))
    return table if frame.height <= rows else f"{table}\n{rows} of {frame.height:,} rows"


def sparkline(values: Sequence[float | None], label: str = "") -> str:
    """Return a small line as inline SVG; gaps stay gaps, nothing but numbers goes into it."""
    points = [v if v is not None and math.isfinite(v) else None for v in values]
    known = [v for v in points if v is not None]
    if not known:
        return "<small>no numbers</small>"
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    across = (_WIDTH - 4) / max(len(points) - 1, 1)
    pieces, pen = [], "M"
    for index, value in enumerate(points):
        if value is None:
            pen = "M"
            continue
        y = _HEIGHT - 3 - (_HEIGHT - 6) * (value - low) / span
        pieces.append(f"{pen}{2 + index * across:.1f} {y:.1f}")
        pen = "L"
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{_text(label)}">'
        f"<title>{_text(label)}</title>"
        f'<path d="{" ".join(pieces)}" fill="none" stroke="#0072b2" stroke-width="1.5" '
        'stroke-linecap="round"/></svg>'
    )


def _note(frame: pl.DataFrame, rows: int) -> str:
    notes = []
    if frame.is_empty():
        notes.append("no rows")
    elif frame.height > rows:
        notes.append(f"{rows} of {frame.height:,} rows")
    if frame.width > _MOST_COLUMNS:
        notes.append(f"{_MOST_COLUMNS} of {frame.width} columns")
    return f"<p><small>{'; '.join(notes)}</small></p>" if notes else ""


def _unit_of(name: str, unit: str | None) -> str:
    if name == "value" and unit:
        return unit
    if name in _WHOLE:
        return _WHOLE[name]
    fitting = [ending for ending in _UNITS if name.endswith(ending)]
    return _UNITS[max(fitting, key=len)] if fitting else ""


def _align(dtype: Any) -> str:
    return ' style="text-align: right"' if dtype.is_numeric() else ' style="text-align: left"'


def _cell(value: Any, unit: str, dtype: Any) -> str:
    align = _align(dtype)
    if isinstance(value, list) and value and all(_is_number_or_null(item) for item in value):
        numbers = [v for v in value if v is not None]
        label = f"{_number(min(numbers), unit)} to {_number(max(numbers), unit)}" if numbers else ""
        return f"<td{align}>{sparkline(value, label)}</td>"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td{align}>{_text(_plain(value))}</td>"
    exact = f' title="{value:,} {escape(unit)}"' if unit else ""
    return f"<td{align}{exact}>{_text(_number(value, unit))}</td>"


def _is_number_or_null(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _number(value: float, unit: str) -> str:
    if unit:
        return human(float(value), unit)
    return f"{value:,}" if isinstance(value, int) else human_number(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    return str(value)


def _text(text: str) -> str:
    """Return ``text`` for HTML: redacted first, since escaping could hide a secret, then cut."""
    clean = redact(text)
    cut = clean if len(clean) <= _MOST_CHARACTERS else clean[:_MOST_CHARACTERS] + "…"
    return escape(cut)
