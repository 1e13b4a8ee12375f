"""Tables as text with a time column: plain CSV, spreadsheet exports, Grafana's panel CSV.

Wide (one column a series), long (metric and value columns) and mixed (label columns beside
value columns) are told apart by the columns. Cells may carry units (``7.8 GiB``).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import HEAD_BYTES, Source
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._table import (
    BLANKS,
    METRIC_NAMES,
    PROSE_NAMES,
    VALUE_NAMES,
    add_frame,
)
from forensics.readers.metrics._time import epoch_unit, find_time_in_text
from forensics.readers.metrics._time_column import ELAPSED_NAMES, TIME_NAMES
from forensics.readers.metrics._units import name_tokens, parse_value

TITLE: Final = "CSV with a time column (also Grafana panel exports)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "table_csv"
_DELIMITERS: Final = ",;\t|"
_SEP_LINE: Final = re.compile(r"^\"?sep=(.)\"?\r?\n")


def sniff(head: Head) -> Match:
    """Answer SHAPE for a header with a time column and rows of numbers."""
    if head.is_binary or head.data.lstrip()[:1] in (b"{", b"[", b"<", b"#"):
        return Match.NO
    text = _decode(head.data)
    rows, _, has_header = _split(text, max_rows=6)
    if len(head.data) >= HEAD_BYTES and len(rows) > 2 and len(text.splitlines()) <= len(rows):
        rows = rows[:-1]
    if len(rows) < 2 or len(rows[0]) < 2:
        return Match.NO
    return Match.SHAPE if _is_table_of_numbers(rows, has_header=has_header) else Match.NO


def read(source: Source) -> Reading:
    """Read the table; unreadable cells become null and damage rows.

    Times without a zone are taken as UTC, which a note says.

    Raises
    ------
    CorruptEvidenceError
        If it has no column of times, none of numbers, or no rows.
    """
    text = _decode(source.read_document())
    table = SeriesTable(source)
    notes: list[str] = []
    frame, ragged = _to_frame(source.name, text)
    stem = PurePath(source.name).name.split(".")[0]
    bad_cells = add_frame(table, frame, stem, notes)
    damage = [
        DamageRow(source.name, f"column {column}: {count} unreadable cells", "left out")
        for column, count in bad_cells.items()
    ]
    damage += [
        DamageRow(source.name, "a row of another length than the header", action, line=line)
        for line, action in ragged
    ]
    return table.reading(_NAME, damage=damage, notes=notes)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[: len(data) // 2 * 2].decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _split(text: str, *, max_rows: int) -> tuple[list[list[str]], str, bool]:
    """Return the first rows, the delimiter, and whether the first row is a header."""
    sep = _SEP_LINE.match(text)
    if sep is not None:
        text = text[sep.end() :]
    lines = [line for line in text.splitlines()[: max_rows + 4] if line.strip()][:max_rows]
    if not lines:
        return [], ",", True
    delimiter = sep.group(1) if sep else max(_DELIMITERS, key=lines[0].count)
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter) if row
        ]
    except csv.Error:
        return [], delimiter, True
    has_header = not all(_is_number_or_time(cell) for cell in rows[0])
    return rows, delimiter, has_header


def _to_frame(name: str, text: str) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Return all cells as text, and the rows that don't fit the header."""
    rows, delimiter, has_header = _split(text, max_rows=3)
    sep = _SEP_LINE.match(text)
    skipped = 0
    if sep is not None:
        text, skipped = text[sep.end() :], 1
    if not rows:
        raise CorruptEvidenceError(name, "holds no rows", expected="a header and rows")
    options = {
        "separator": delimiter,
        "has_header": has_header,
        "infer_schema": False,
        "null_values": [""],
    }
    ragged: list[tuple[int, str]] = []
    try:
        frame = pl.read_csv(io.BytesIO(text.encode()), **options)  # type: ignore[arg-type]  # options of one call, spelled once
    except pl.exceptions.PolarsError:
        text, ragged = _repair(text, delimiter, skipped)
        try:
            frame = pl.read_csv(io.BytesIO(text.encode()), **options)  # type: ignore[arg-type]  # same
        except pl.exceptions.PolarsError as error:
            raise CorruptEvidenceError(name, "is no table of one width") from error
    frame.columns = _tell_apart(column.strip().replace('""', '"') for column in frame.columns)
    if not has_header and frame.width == 2:
        frame.columns = ["time", "value"]
    if delimiter == ";":
        # A semicolon separates where the comma is the decimal sign.
        frame = frame.with_columns(pl.all().str.replace(r"^(\s*[-+]?\d+),(\d+.*)$", "${1}.${2}"))
    return frame, ragged


def _tell_apart(names: Iterable[str]) -> list[str]:
    """Return names of columns, ``index`` for an empty one, a number behind those that repeat."""
    seen: Counter[str] = Counter()
    told: list[str] = []
    for name in names:
        plain = name or "index"
        unique = plain
        while seen[unique]:
            seen[plain] += 1
            unique = f"{plain}_{seen[plain]}"
        seen[unique] += 1
        told.append(unique)
    return told


def _repair(text: str, delimiter: str, skipped: int) -> tuple[str, list[tuple[int, str]]]:
    """Return the rows as wide as the first, and the lines of the others."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    ragged: list[tuple[int, str]] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    width = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            ragged.append((reader.line_num + skipped, "left out"))
            continue
        if row is None:
            return out.getvalue(), ragged
        width = width or len(row)
        if len(row) == width:
            writer.writerow(row)
        elif row:
            ragged.append((reader.line_num + skipped, "left out"))


def _is_table_of_numbers(rows: list[list[str]], *, has_header: bool) -> bool:
    header = rows[0]
    if has_header and any(_looks_like_time(cell) for cell in header):
        return False  # the first line holds a moment and text: a log
    names = ["_".join(name_tokens(cell)) for cell in header] if has_header else []
    body = [row for row in rows[has_header:] if len(row) == len(header)]
    is_long = bool({*names} & {*METRIC_NAMES}) and bool({*names} & {*VALUE_NAMES})
    time = _time_index(names, body) if body else None
    if time is None or ({*names} & PROSE_NAMES and not is_long):
        return False
    others = [index for index in range(len(header)) if index != time]
    return any(_is_number_column([row[index] for row in body]) for index in others)


def _time_index(names: list[str], body: list[list[str]]) -> int | None:
    """Return the index of the column of times, by name or by the look of its cells."""
    for index, name in enumerate(names):
        cells = [row[index] for row in body]
        if name in TIME_NAMES and all(_is_number_or_time(cell) for cell in cells if cell):
            return index
    for index in range(len(body[0])):
        if all(_looks_like_time(row[index]) for row in body):
            return index
    return next(
        (
            index
            for index, name in enumerate(names)
            if name in ELAPSED_NAMES and _is_number_column([row[index] for row in body])
        ),
        None,
    )


def _looks_like_time(cell: str) -> bool:
    if len(cell) <= 40 and find_time_in_text(cell) is not None and cell[:1].isdigit():
        return True
    value = parse_value(cell)
    return value is not None and value[1] is None and epoch_unit(value[0]) is not None


def _is_number_or_time(cell: str) -> bool:
    is_date = bool(re.match(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", cell)) or bool(
        re.match(r"^[A-Z][a-z]{2} \d{1,2}, \d{4}", cell)
    )
    return is_date or _looks_like_time(cell) or parse_value(cell) is not None


def _is_number_column(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.lower() not in BLANKS]
    readable = sum(parse_value(cell) is not None for cell in filled)
    return readable > 0.5 * len(filled)
