"""CloudWatch Logs as the AWS command line exports them, and log files of RDS.

References
----------
AWS CLI reference, ``logs filter-log-events``: ``events[].timestamp`` in milliseconds, ``message``,
``logStreamName``; ``rds download-db-log-file-portion``: ``LogFileData``.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import as_scalars, iter_mappings
from forensics.readers._source import Source
from forensics.readers.logs._wrapped import Unwrapped, read_wrapped

TITLE: Final = "CloudWatch Logs and RDS log export (AWS CLI, JSON)"
KIND: Final[Kind] = "logs"


def sniff(head: Head) -> Match:
    """Claim a JSON document of events with a time in milliseconds and a message."""
    text = head.text.lstrip()
    if not text.startswith("{"):
        return Match.NO
    is_events = '"events"' in text and re.search(
        r'"(?:timestamp|ingestionTime)"\s*:\s*\d{13}', text
    )
    is_file = '"LogFileData"' in text
    return Match.MAGIC if is_file or (is_events and '"message"' in text) else Match.NO


def read(source: Source) -> Reading:
    """Read all events; one message of many lines is one event.

    ``raw_ref.line`` counts the lines of the messages, as the document has none of its own.

    Raises
    ------
    CorruptEvidenceError
        If it is no JSON.
    """
    try:
        document = orjson.loads(source.read_document())
    except orjson.JSONDecodeError as error:
        raise CorruptEvidenceError(
            source.name, f"is no JSON ({error.msg})", line=error.lineno, way_out="export it again"
        ) from error
    found = document.get("events") if isinstance(document, dict) else None
    events = list(iter_mappings(found))
    if isinstance(document, dict) and "LogFileData" in document:
        lines = str(document["LogFileData"]).splitlines()
        events = [{"message": line} for line in lines]
    return read_wrapped(source, "cloudwatch_logs", [_unwrap(events)], [])


def _unwrap(events: list[dict[str, Any]]) -> Unwrapped:
    lines: list[bytes] = []
    owners: list[int] = []
    for number, event in enumerate(events):
        parts = str(event.get("message", "")).rstrip("\n").split("\n")
        lines += [part.encode("utf-8", errors="replace") for part in parts]
        owners += [number] * len(parts)
    stamps = pl.Series(
        as_scalars(event.get("timestamp") for event in events), dtype=pl.Int64, strict=False
    )
    micros = (stamps * 1000).fill_null(-(2**63) + 1).to_numpy()
    streams = pl.Series(
        as_scalars(event.get("logStreamName") for event in events), dtype=pl.String, strict=False
    )
    index = np.array(owners, np.int64)
    return Unwrapped(
        lines=lines,
        numbers=np.arange(1, len(lines) + 1),
        micros=micros[index] if len(index) else micros,
        fields={"host": streams.gather(index)} if streams.count() else {},
    )
