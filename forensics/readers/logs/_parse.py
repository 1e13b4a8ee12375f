"""Read several logs into one Parquet file of the ``logs`` schema."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
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

    def add(self, done: ParsedFile) -> None:
        """Take what became of one file."""
        if done.error is not None:
            self.unreadable[done.name] = str(done.error)
            return
        self.readers[done.name] = done.reader
        for name in _COUNTS:
            self.counts[name] += done.counts[name]
        self.notes += done.notes
        if done.damage is not None:
            self.damage.append(done.damage)

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


@dataclass(frozen=True, slots=True)
class Task:
    """One file to read: a partition of the work.

    ``cache`` is a folder of this file alone, on a disk that all workers see.
    """

    path: Path
    cache: Path
    reader: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What became of one file; ``rows`` are Parquet files of its part of the table, in order."""

    name: str
    rows: tuple[Path, ...] = ()
    reader: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    damage: pl.DataFrame | None = None
    error: EvidenceError | None = None


RunTasks = Callable[[Callable[[Task], ParsedFile], Sequence[Task]], Iterable[ParsedFile]]


def parse_logs(
    files: Sequence[Path], out: Path, *, reader: str | None = None, run_tasks: RunTasks = map
) -> ParsedLogs:
    """Read ``files`` in the order in which rotation wrote them and write one table.

    Rows go through Parquet parts in a folder beside ``out``, which is removed again: memory
    is that of some blocks, however large the files are.

    Parameters
    ----------
    files, out
        What to read, and the Parquet file to write.
    reader
        Name of the reader for all of them, whatever they hold.
    run_tasks
        Runs ``parse_file`` on each task, here or elsewhere, and gives the answers in order.

    Raises
    ------
    UsageError
        If a reader named or found isn't one for logs.
    EvidenceError
        If no file at all can be read.
    """
    parsed = ParsedLogs()
    out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Path] = []
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".logs-") as cache:
        tasks = [
            Task(Path(name), Path(cache).absolute() / f"{i:05d}", reader)
            for i, name in enumerate(order_rotations(str(file) for file in files))
        ]
        for done in run_tasks(parse_file, tasks):
            if done.error is not None and len(files) == 1:
                raise done.error
            parsed.add(done)
            rows += done.rows
        if files and not parsed.readers:
            raise EvidenceError(
                str(files[0]), "and the others can't be read", way_out="check the paths"
            )
        _write(rows, Path(cache) / "out.parquet", out)
    return parsed


def _write(rows: list[Path], unfinished: Path, out: Path) -> None:
    """Put the parts together; a single part is the table already."""
    if len(rows) == 1:
        rows[0].replace(out)
        return
    whole = pl.scan_parquet(rows) if rows else empty_table("logs").lazy()
    whole.sink_parquet(unfinished, compression="lz4")
    unfinished.replace(out)


def parse_file(task: Task) -> ParsedFile:
    """Read one file and write its rows to Parquet: the same work on whatever machine.

    What makes the file unusable is part of the answer, not raised: others may be sound.
    """
    task.cache.mkdir(parents=True, exist_ok=True)
    source = Source(task.path, cache=task.cache)
    try:
        reading = _reading(source, task.reader)
    except EvidenceError as error:
        return ParsedFile(str(task.path), error=error)
    if "lines" not in reading.counts:
        raise UsageError(f"{source.name} is read by {reading.reader}, which is no reader of logs")
    counts = {name: reading.counts[name] for name in _COUNTS}
    rows = write_rows(reading.tables["logs"], task.cache)
    damage = reading.damage if reading.damage.height else None
    return ParsedFile(str(task.path), rows, reading.reader, counts, tuple(reading.notes), damage)


def write_rows(table: pl.DataFrame | pl.LazyFrame, folder: Path) -> tuple[Path, ...]:
    """Return Parquet files of a table: those it was spilled to, or a new one."""
    if isinstance(table, pl.LazyFrame):
        return tuple(sorted(folder.glob("*/part-*.parquet")))
    path = folder / "rows.parquet"
    table.write_parquet(path, compression="lz4", statistics=False)
    return (path,)


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
