"""Mine the patterns of a log file: through its reader where lines are records, else as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from forensics.patterns import Shapes, mine
from forensics.patterns.lines import LinePatterns, count_parts, mine_lines, mine_parts
from forensics.readers import Match, Source, find_reader, sniff_file
from forensics.run.engine import Engine

_BLOCK_BYTES: Final = 32 << 20
#: Bytes of a partition.
_PART_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a file, from the start of a line to the end of one."""

    path: Path
    start: int
    end: int


def count_range(part: Range) -> list[Shapes]:
    """Count the shapes of the lines in a range of a file: one partition's work."""
    return list(count_parts(_blocks(part)))


def _blocks(part: Range) -> Iterator[bytes]:
    with part.path.open("rb") as stream:
        stream.seek(part.start)
        left = part.end - part.start
        while left > 0 and (block := stream.read(min(_BLOCK_BYTES, left))):
            left -= len(block)
            yield block


def split_file(path: Path, part_bytes: int = _PART_BYTES) -> list[Range]:
    """Cut a plain file into ranges of about ``part_bytes``, each at an end of line."""
    size = path.stat().st_size
    cuts = [0]
    with path.open("rb") as stream:
        while cuts[-1] + part_bytes < size:
            stream.seek(cuts[-1] + part_bytes)
            while block := stream.readline(_BLOCK_BYTES):
                if block.endswith(b"\n"):
                    break
            cuts.append(stream.tell())
    return [Range(path, start, end) for start, end in pairwise([*cuts, size]) if start < end]


def mine_file(path: Path, *, are_messages: bool, engine: Engine | None = None) -> LinePatterns:
    """Find the templates of a log and the template of each of its lines.

    A file of JSON records is read by its reader, so that the message and not the record is
    mined; continuation lines have the template of their event. Any other file is mined as
    lines, with an inferred header taken off unless ``are_messages``.

    With an ``engine`` a plain file is counted in ranges there; the answer is the same.

    Raises
    ------
    EvidenceError
        If the file can't be opened or unpacked.
    """
    source = Source(path)
    if not are_messages and _holds_records(source):
        return _mine_records(source)
    if engine is None or source.compression != "none":
        return mine_lines(source.iter_blocks(_BLOCK_BYTES), has_header=not are_messages)
    counted = engine.run(count_range, split_file(path.absolute()))
    return mine_parts(chain.from_iterable(counted), has_header=not are_messages)


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
