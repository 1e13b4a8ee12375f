"""Look at one file: its format, how sure that is, its time range, counts, damage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from forensics.readers import Match, Reading, Source, find_reader, sniff_file


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file turned out to be.

    ``confidence`` is ``"certain"`` where the content names its format, ``"likely"`` where
    it has its shape, ``"given"`` where the caller named the reader.
    """

    path: Path
    reader: str
    title: str
    confidence: str
    compression: str
    reading: Reading

    @property
    def time_range(self) -> tuple[datetime, datetime] | None:
        """First and last time in any table."""
        moments: list[datetime] = []
        for frame in self.reading.tables.values():
            lazy = frame.lazy()
            if "time" in lazy.collect_schema():
                low, high = (
                    lazy.select(low=pl.col("time").min(), high=pl.col("time").max())
                    .collect()
                    .row(0)
                )
                moments += [moment for moment in (low, high) if moment is not None]
        return (min(moments), max(moments)) if moments else None

    def as_record(self) -> dict[str, Any]:
        """Return the inspection as the JSON that scripts rely on."""
        span = self.time_range
        return {
            "path": self.path.name,
            "kind": self.reading.kind,
            "reader": self.reader,
            "format": self.title,
            "confidence": self.confidence,
            "compression": self.compression,
            "bytes": self.path.stat().st_size,
            "time_range": None if span is None else [moment.isoformat() for moment in span],
            "counts": {**self._rows(), **self.reading.counts},
            "damage": self.reading.damage.to_dicts(),
            "notes": list(self.reading.notes),
            "details": dict(self.reading.details),
        }

    def as_table(self) -> pl.DataFrame:
        """Return the same as two columns for people."""
        record = self.as_record()
        rows: list[tuple[str, str]] = []
        for key, value in record.items():
            if isinstance(value, dict):
                rows += [(f"{key}: {name}", str(item)) for name, item in value.items()]
            elif isinstance(value, list):
                rows += [(key, _flat(item)) for item in value]
            elif value is not None:
                rows.append((key, str(value)))
        return pl.DataFrame(rows, schema=["what", "value"], orient="row")

    def samples(self, count: int) -> dict[str, pl.DataFrame]:
        """Return the first ``count`` rows of each table, columns without any value left out."""
        found = {}
        for name, frame in self.reading.tables.items():
            head = frame.lazy().head(count).collect()
            if head.height:
                full = [
                    column for column in head.columns if head[column].null_count() < head.height
                ]
                found[name] = head.select(full)
        return found

    def _rows(self) -> dict[str, int]:
        return {
            f"{name}_rows": frame.lazy().select(pl.len()).collect().item()
            for name, frame in self.reading.tables.items()
        }


def inspect_file(path: Path, *, reader: str | None = None) -> Inspection:
    """Sniff and read one file.

    Raises
    ------
    EvidenceError
        If no reader knows it or nothing of it can be read.
    UsageError
        If ``reader`` names none.
    """
    source = Source(path)
    name, module = find_reader(source, reader)
    if reader is not None:
        confidence = "given"
    else:
        confidence = "certain" if sniff_file(source)[name] is Match.MAGIC else "likely"
    reading = module.read(source).check()
    return Inspection(path, name, module.TITLE, confidence, source.compression, reading)


def _flat(item: object) -> str:
    if isinstance(item, dict):
        return ", ".join(f"{key} {value}" for key, value in item.items() if value is not None)
    return str(item)
