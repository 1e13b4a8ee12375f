"""JSON tables of samples: records, pairs, columns, or one object a line, bare or wrapped.

What scripts write when they follow no published format; ``_json_tables`` has the shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import orjson

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import HEAD_BYTES, Source
from forensics.readers.metrics._json_document import close_brackets, load_document
from forensics.readers.metrics._json_tables import as_column, find_tables
from forensics.readers.metrics._lines import Lines
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._table import PROSE_NAMES, add_frame
from forensics.readers.metrics._time import parse_time_column
from forensics.readers.metrics._units import name_tokens

TITLE: Final = "JSON with times and numbers (records, pairs, columns, lines)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "table_json"
#: Columns that say the objects are logs, changes, traces or a heap, whatever numbers they hold.
_OTHERS: Final = PROSE_NAMES | {
    "stack", "stack_trace", "stacktrace", "caller", "lvl", "levelname", "logger", "logger_name",
    "trace_id", "span_id", "traceid", "spanid", "nodes", "edges", "call_frame", "snapshot", "cwd",
    "api_version", "url", "path", "method", "user_agent", "thread_name",
}  # fmt: skip
_DEPTH: Final = 64
#: As many numbers in a row at the beginning are a column, not settings.
_MIN_CELLS: Final = 16


def sniff(head: Head) -> Match:
    """Answer SHAPE for JSON whose beginning holds numbers beside times, and no prose."""
    text = head.text.lstrip()
    if head.is_binary or text[:1] not in ("{", "["):
        return Match.NO
    document = _first_line(text)
    if document is None:
        document = _loaded(text) or close_brackets(text, _DEPTH)
    if document is None:
        return Match.NO
    for table in find_tables(document):
        words = {word for column in table.columns for word in _words(column)}
        return Match.NO if words & _OTHERS else Match.SHAPE
    return Match.SHAPE if _begins_with_numbers(document, head) else Match.NO


def read(source: Source) -> Reading:
    """Read every table in the document; what holds no times is left out.

    Raises
    ------
    CorruptEvidenceError
        If it is no JSON, or nothing in it has times beside numbers.
    """
    table = SeriesTable(source)
    notes: list[str] = []
    stem = PurePath(source.name).name.split(".")[0]
    document, damage = _load(source)
    found = 0
    for frame in find_tables(document):
        bad = add_frame(table, frame, stem, notes)
        found += 1
        damage += [
            DamageRow(source.name, f"column {column}: {count} unreadable cells", "left out")
            for column, count in bad.items()
        ]
    if not found:
        raise CorruptEvidenceError(
            source.name,
            "holds no numbers beside times",
            expected="records, pairs or columns with a time",
            way_out="name the column of times time or timestamp",
        )
    return table.reading(_NAME, damage=damage, notes=notes)


def _load(source: Source) -> tuple[Any, list[DamageRow]]:
    """Return one document, or the list of the objects of all lines."""
    if not _is_lines(source.head().text):
        return load_document(source)
    lines = Lines(source)
    records: list[Any] = []
    for line in lines:
        if line.strip():
            try:
                records.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                lines.hurt("no object in JSON")
    return records, lines.rows()


def _is_lines(text: str) -> bool:
    return _first_line(text.lstrip("\ufeff \r\n\t")) is not None


def _first_line(text: str) -> list[Any] | None:
    """Return the objects of the first lines if each line is a whole one, else None."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return None
    whole = [found for line in lines[:8] if isinstance(found := _loaded(line), dict | list)]
    is_last_cut = len(whole) == len(lines) - 1
    return whole if len(whole) == min(len(lines), 8) or is_last_cut else None


def _loaded(text: str) -> Any | None:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _words(column: str) -> Iterator[str]:
    tokens = name_tokens(column.rsplit(".", 1)[-1])
    yield "_".join(tokens)


def _begins_with_numbers(document: Any, head: Head) -> bool:
    """Tell whether the head ends within the first or second of several columns."""
    if not isinstance(document, dict) or len(head.data) < HEAD_BYTES:
        return False
    if {word for key in document for word in _words(key)} & _OTHERS:
        return False
    lists = {key: v for key, v in document.items() if isinstance(v, list) and len(v) >= _MIN_CELLS}
    return any(
        (column := as_column(key, cells)).dtype.is_numeric() or parse_time_column(column)
        for key, cells in lists.items()
    )
