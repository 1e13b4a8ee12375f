"""Mine the patterns of a log file: through its reader where lines are records, else as text."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from forensics.patterns import mine
from forensics.patterns.lines import LinePatterns, mine_lines
from forensics.readers import Match, Source, find_reader, sniff_file

_BLOCK_BYTES: Final = 32 << 20


def mine_file(path: Path, *, are_messages: bool) -> LinePatterns:
    """Find the templates of a log and the template of each of its lines.

    A file of JSON records is read by its reader, so that the message and not the record is
    mined; continuation lines have the template of their event. Any other file is mined as
    lines, with an inferred header taken off unless ``are_messages``.

    Raises
    ------
    EvidenceError
        If the file can't be opened or unpacked.
    """
    source = Source(path)
    if not are_messages and _holds_records(source):
        return _mine_records(source)
    return mine_lines(source.iter_blocks(_BLOCK_BYTES), has_header=not are_messages)


def _holds_records(source: Source) -> bool:
    """Say whether each line is a JSON object that a log reader knows for certain."""
    if not source.head().text.lstrip().startswith("{"):
        return False
    answers = sniff_file(source)
    if not answers or max(answers.values()) is Match.NO:
        return False
    return find_reader(source)[1].KIND == "logs"


def _mine_records(source: Source) -> LinePatterns:
    name, reader = find_reader(source)
    del name
    reading = reader.read(source)
    logs = reading.table("logs").select(
        line=pl.col("raw_ref").struct.field("line"), message=pl.col("message").fill_null("")
    )
    patterns = mine(logs["message"])
    rows = patterns.templates.select("template_id", row=pl.int_range(pl.len(), dtype=pl.Int32))
    per_event = (
        pl.DataFrame({"line": logs["line"], "template_id": patterns.message_ids})
        .join(rows, on="template_id", how="left", maintain_order="left")
        .drop_nulls("line")
        .sort("line")
    )
    count = int(reading.counts.get("lines", per_event.height))
    lines = pl.DataFrame({"line": np.arange(1, count + 1)}).join_asof(
        per_event.select("line", "row"), on="line"
    )
    return LinePatterns(patterns, lines["row"].fill_null(0).to_numpy())
