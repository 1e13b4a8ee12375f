"""Read several logs into one Parquet file of the ``logs`` schema."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from forensics.errors import AmbiguousFormatError, EvidenceError, UnknownFormatError, UsageError
from forensics.readers._contract import Reading
from forensics.readers._pick import find_reader
from forensics.readers._source import Source
from forensics.readers.logs import pattern
from forensics.readers.logs._rotation import order_rotations
from forensics.tables import empty_table

_COUNTS: Final = ("lines", "events", "continuations", "raw")


@dataclass(slots=True)
class ParsedLogs:
    """What was read: which reader each file got, counts over all files, damage and notes."""

    readers: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    damage: list[pl.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the machine's answer: counts at the top, the rest below."""
        rows = [row for frame in self.damage for row in frame.to_dicts()]
        return {
            **self.counts,
            "readers": self.readers,
            "notes": self.notes,
            "damage": rows,
            "unreadable": self.unreadable,
        }


def parse_logs(files: Sequence[Path], out: Path, *, reader: str | None = None) -> ParsedLogs:
    """Read ``files`` in the order in which rotation wrote them and write one table.

    Large files go through Parquet parts in a folder beside ``out``, which is removed again.

    Raises
    ------
    UsageError
        If a reader named or found isn't one for logs.
    EvidenceError
        If no file at all can be read.
    """
    parsed = ParsedLogs()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".logs-") as cache:
        frames = []
        for name in order_rotations(str(file) for file in files):
            try:
                frames.append(_read(Path(name), Path(cache), parsed, reader))
            except EvidenceError as error:
                if len(files) == 1:
                    raise
                parsed.unreadable[name] = str(error)
        if not frames and files:
            raise EvidenceError(
                str(files[0]), "and the others can't be read", way_out="check the paths"
            )
        unfinished = Path(cache) / "out.parquet"
        whole = pl.concat([frame.lazy() for frame in frames]) if frames else None
        (whole if whole is not None else empty_table("logs").lazy()).sink_parquet(unfinished)
        unfinished.replace(out)
    return parsed


def _read(
    path: Path, cache: Path, parsed: ParsedLogs, reader: str | None
) -> pl.DataFrame | pl.LazyFrame:
    source = Source(path, cache=cache)
    reading = _reading(source, reader)
    if "lines" not in reading.counts:
        raise UsageError(f"{source.name} is read by {reading.reader}, which is no reader of logs")
    parsed.readers[str(path)] = reading.reader
    for name in _COUNTS:
        parsed.counts[name] += reading.counts[name]
    parsed.notes += reading.notes
    if reading.damage.height:
        parsed.damage.append(reading.damage)
    return reading.tables["logs"]


def _reading(source: Source, reader: str | None) -> Reading:
    """Read as the content asks; text that nobody claims is kept line by line."""
    try:
        _, module = find_reader(source, reader)
    except (UnknownFormatError, AmbiguousFormatError):
        return pattern.read(source).check()
    reading = module.read(source).check()
    if reader is None and "lines" not in reading.counts:
        return pattern.read(source).check()
    return reading
