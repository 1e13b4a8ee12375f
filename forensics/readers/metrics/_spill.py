"""Keep the samples of large exports on disk: raw blocks while reading, Parquet afterwards."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.readers._source import Source

#: Samples held in memory before blocks go to disk: 128 MiB.
HELD_SAMPLES: Final = 1 << 23
#: Samples from which a table is laid out as Parquet, and how many go into one part.
TABLE_SAMPLES: Final = 1 << 23
PART_SAMPLES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Times (UTC microseconds) and values of some samples of one series, in memory."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of samples."""
        return self.times.size

    def load(self) -> Block:
        """Return itself."""
        return self


@dataclass(frozen=True, slots=True)
class BlockOnDisk:
    """The same in a file: all times from ``offset`` on, then all values."""

    path: Path
    offset: int
    size: int

    def load(self) -> Block:
        """Read the block into memory."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            times = np.fromfile(file, np.int64, self.size)
            return Block(times, np.fromfile(file, np.float64, self.size))


@dataclass(slots=True)
class Spill:
    """Keeps blocks; past a bound on disk, in a folder of the source's cache that goes with it."""

    source: Source
    held: int = 0
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)

    def keep(self, block: Block) -> Block | BlockOnDisk:
        """Return the block as it is, or where it is on disk once enough are held."""
        self.held += block.size
        if self.source.cache is None or self.held <= HELD_SAMPLES:
            return block
        if self._folder is None:
            self.source.cache.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix="samples-", dir=self.source.cache)
        path = Path(self._folder.name) / "blocks"
        with path.open("ab") as out:
            offset = out.tell()
            block.times.tofile(out)
            block.values.tofile(out)
        return BlockOnDisk(path, offset, block.size)


def write_parts(frames: Iterable[pl.DataFrame], source: Source) -> tuple[pl.LazyFrame, int]:
    """Write frames to Parquet in the source's cache, one file each; one table and its height."""
    if source.cache is None:
        raise AssertionError("spills only with a cache")
    status = source.path.stat()
    identity = f"{source.path.resolve()}|{source.name}|{status.st_size}|{status.st_mtime_ns}"
    folder = source.cache / f"metrics-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    files, height = [], 0
    for number, frame in enumerate(frames):
        path = folder / f"part-{number:05d}.parquet"
        unfinished = path.with_suffix(".writing")
        frame.write_parquet(unfinished, compression="lz4", statistics=False)
        unfinished.replace(path)
        files.append(path)
        height += frame.height
    return pl.scan_parquet(files), height
