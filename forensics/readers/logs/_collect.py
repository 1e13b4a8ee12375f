"""Run a format over all blocks of a file and gather the result within bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from forensics.readers._contract import DamageRow, Reading, damage_table
from forensics.readers._source import Source
from forensics.readers.logs._block import LineReader, TextBlock
from forensics.readers.logs._events import Folded, Heads, fold
from forensics.readers.logs._messages import may_tell, scan_messages
from forensics.tables import empty_table

#: Text of a file from which its rows go to Parquet in ``source.cache``.
SPILL_BYTES: Final = 256 << 20
_PART_BYTES: Final = 128 << 20
#: An event that goes on longer than this is cut at a block's border.
_OPEN_LINES: Final = 20_000

FindHeads = Callable[[TextBlock], Heads]


@dataclass(slots=True)
class Rows:
    """Gather frames of one table; past a bound write them to Parquet parts."""

    source: Source
    parts: list[pl.DataFrame] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    text_bytes: int = 0
    part_bytes: int = 0

    def add(self, frame: pl.DataFrame, text_bytes: int) -> None:
        """Take the rows of a block of ``text_bytes``."""
        self.parts.append(frame)
        self.text_bytes += text_bytes
        self.part_bytes += text_bytes
        spills = self.source.cache is not None and self.text_bytes > SPILL_BYTES
        if spills and self.part_bytes > _PART_BYTES:
            self._flush()

    def finish(self) -> pl.DataFrame | pl.LazyFrame:
        """Return the table: a frame, or a lazy one over the Parquet parts."""
        if not self.files:
            return pl.concat(self.parts) if self.parts else empty_table("logs")
        if self.parts:
            self._flush()
        return pl.scan_parquet(self.files)

    def _flush(self) -> None:
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{len(self.files):05d}.parquet"
        unfinished = path.with_suffix(".writing")
        pl.concat(self.parts).write_parquet(unfinished, compression="lz4", statistics=False)
        unfinished.replace(path)
        self.files.append(path)
        self.parts.clear()
        self.part_bytes = 0

    def _folder(self) -> Path:
        if self.source.cache is None:
            raise AssertionError("spills only with a cache")
        status = self.source.path.stat()
        identity = (
            f"{self.source.path.resolve()}|{self.source.name}|{status.st_size}|{status.st_mtime_ns}"
        )
        return self.source.cache / f"logs-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


@dataclass(slots=True)
class Collector:
    """Gather rows, counts, damage and what messages tell, block after block."""

    source: Source
    rows: Rows = field(init=False)
    extra: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("lines", "events", "continuations", "raw"), 0)
    )
    damage: list[DamageRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = Rows(self.source)

    def add(self, folded: Folded, text_bytes: int, block: TextBlock | None = None) -> None:
        """Take one folded block; ``block`` saves a search of rows if its text tells nothing."""
        self.rows.add(folded.rows, text_bytes)
        for name in ("events", "continuations", "raw"):
            self.counts[name] += getattr(folded, name)
        self.counts["lines"] += folded.events + folded.continuations + folded.raw
        if block is not None and not may_tell(block.data[block.starts[0] : block.ends[-1]]):
            return
        for name, frame in scan_messages(folded.rows, self.source.name).items():
            self.extra.setdefault(name, []).append(frame)

    def reading(
        self, reader: str, *, notes: Iterable[str] = (), details: dict[str, str] | None = None
    ) -> Reading:
        """Return what was gathered."""
        tables: dict[str, pl.DataFrame | pl.LazyFrame] = {"logs": self.rows.finish()}
        for name, frames in self.extra.items():
            tables[name] = pl.concat(frames)
        return Reading(
            reader=reader,
            kind="logs",
            tables=tables,
            damage=damage_table(self.damage),
            counts=self.counts,
            notes=tuple(dict.fromkeys(notes)),
            details=details or {},
        )


def collect(
    source: Source, find_heads: FindHeads, *, joins: bool = True, blocks: Iterable[TextBlock] = ()
) -> Collector:
    """Run ``find_heads`` over the blocks of a file and fold what lies between the heads.

    The last event of a block waits for the next block, so that no event is cut by the way
    the file is read.

    Parameters
    ----------
    source
        The file.
    find_heads
        Tells which lines of a block begin an event.
    joins
        False for formats of one line an event.
    blocks
        Blocks to read instead of those of the file.
    """
    collector = Collector(source)
    reader = LineReader(source)
    held: TextBlock | None = None
    for block in blocks or reader:
        whole = block if held is None else _join(held, block)
        heads = find_heads(whole)
        cut = int(heads.index[-1]) if joins and len(heads.index) else len(whole)
        if joins and len(whole) - cut < _OPEN_LINES and cut < len(whole):
            held = whole.take(slice(cut, None))
            whole, heads = whole.take(slice(0, cut)), _without_last(heads)
        else:
            held = None
        _add(collector, whole, heads, joins=joins)
    if held is not None:
        _add(collector, held, find_heads(held), joins=joins)
    collector.damage.extend(reader.damage)
    return collector


def _add(collector: Collector, block: TextBlock, heads: Heads, *, joins: bool) -> None:
    if len(block):
        text_bytes = int((block.ends - block.starts).sum())
        collector.add(fold(block, heads, collector.source.name, joins=joins), text_bytes, block)


def _without_last(heads: Heads) -> Heads:
    fields = {name: column.head(len(column) - 1) for name, column in heads.fields.items()}
    return Heads(heads.index[:-1], heads.micros[:-1], fields, heads.absorbs)


def _join(held: TextBlock, block: TextBlock) -> TextBlock:
    """Put the lines held back in front of the next block."""
    first, last = int(held.starts[0]), int(held.ends[-1])
    shift = last - first + 1
    line_feed = np.full(1, 10, np.uint8)
    return TextBlock(
        np.concatenate([held.data[first:last], line_feed, block.data]),
        np.concatenate([held.starts - first, block.starts + shift]),
        np.concatenate([held.ends - first, block.ends + shift]),
        np.concatenate([held.numbers, block.numbers]),
    )
