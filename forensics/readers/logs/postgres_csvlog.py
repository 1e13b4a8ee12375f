"""PostgreSQL server log as CSV (``log_destination = csvlog``).

References
----------
PostgreSQL documentation, "Using CSV-Format Log Output": the order of the columns.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import TextBlock
from forensics.readers.logs._collect import collect
from forensics.readers.logs._events import Heads
from forensics.readers.logs._times import Clock, parse_strings

TITLE: Final = "PostgreSQL server log (csvlog)"
KIND: Final[Kind] = "logs"

_START: Final = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (?:[A-Z]{2,5}|[+-]\d\d),"
_SEVERITY: Final = re.compile(
    r",(?:DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC),[0-9A-Z]{5},"
)
# log_time, user_name, database_name, process_id, connection_from, …: places of the columns.
_TIME, _USER, _DATABASE, _PID, _FROM, _LEVEL, _MESSAGE, _DETAIL, _QUERY, _APPLICATION = (
    0, 1, 2, 3, 4, 11, 13, 14, 19, 22,
)  # fmt: skip


def sniff(head: Head) -> Match:
    """Claim CSV that starts with a time and has a severity and an SQLSTATE."""
    is_mine = not head.is_binary and re.match(_START, head.text) and _SEVERITY.search(head.text)
    return Match.MAGIC if is_mine else Match.NO


def read(source: Source) -> Reading:
    """Read all records; one may go on over many lines inside quotes."""
    return collect(source, _heads).reading("postgres_csvlog")


def _heads(block: TextBlock) -> Heads:
    text = block.text()
    index = text.str.contains(_START).arg_true().to_numpy().astype(np.int64)
    rows = list(_rows(block, index))
    columns: dict[str, list[str | None]] = {
        "level": [row[_LEVEL] for row in rows],
        "message": [_joined(row) for row in rows],
        "service": [f"{row[_USER]}@{row[_DATABASE]}" if row[_USER] else None for row in rows],
        "host": [row[_FROM].rsplit(":", 1)[0] or None for row in rows],
        "trace_id": [row[_PID] or None for row in rows],
        "logger": [row[_APPLICATION] or None for row in rows],
    }
    fields = {name: pl.Series(name, values, dtype=pl.String) for name, values in columns.items()}
    times = pl.Series([row[_TIME] for row in rows], dtype=pl.String)
    clock = Clock(log_time.ISO)
    return Heads(index, parse_strings(times, clock.style, clock.year), fields, absorbs=True)


def _rows(block: TextBlock, index: NDArray[np.int64]) -> Iterator[list[str]]:
    """Yield the columns of each record, missing ones empty."""
    ends = np.append(index[1:] - 1, len(block) - 1)[: len(index)]
    for first, last in zip(index, ends, strict=True):
        record = block.data[block.starts[first] : block.ends[last]].tobytes().decode()
        try:
            row = next(csv.reader([record]), [])
        except csv.Error:
            row = record.split(",")
        yield [*row, *[""] * (_APPLICATION + 1 - len(row))]


def _joined(row: list[str]) -> str:
    parts = [row[_MESSAGE]]
    parts += [f"DETAIL: {row[_DETAIL]}"] if row[_DETAIL] else []
    parts += [f"STATEMENT: {row[_QUERY]}"] if row[_QUERY] else []
    return "\n".join(parts)
