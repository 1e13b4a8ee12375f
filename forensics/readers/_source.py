"""Open evidence: unpack gzip and zstd, bound what a file may cost, never write.

A file of a few kilobytes may unpack to terabytes. Every byte that leaves a ``Source`` is
counted against its limits, so a reader can't forget to check.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal, cast

import zstandard
from isal import igzip, isal_zlib

from forensics.errors import CorruptEvidenceError, EvidenceError, EvidenceTooLargeError
from forensics.readers._contract import Head

Compression = Literal["none", "gzip", "zstd"]

HEAD_BYTES: Final = 4096
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_CODEC_ERRORS: Final[tuple[type[Exception], ...]] = (
    zstandard.ZstdError,
    igzip.BadGzipFile,
    cast("type[Exception]", isal_zlib.IsalError),  # its stub calls the class an instance
)


#: Never waits for the writer of a pipe, never updates the time of last access.
_READ_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_ACCESS_TIME: Final = getattr(os, "O_NOATIME", 0)


def open_evidence(path: Path) -> IO[bytes]:
    """Open a regular file for reading only, and leave its time of last access where possible.

    The kind of file is looked at after it is open, so that a pipe put in the place of a file
    can't hang the run. Only the owner of a file may leave its access time (Linux).

    Raises
    ------
    OSError
        If it can't be opened or is no regular file.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS | _NO_ACCESS_TIME)
    except PermissionError:
        descriptor = os.open(path, _READ_FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no regular file")
    return os.fdopen(descriptor, "rb")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. All are configurable in ``incident.yaml`` under ``limits``.

    ``ratio`` applies only past ``free_bytes``: small files compress well by nature. It holds
    for the holes of a sparse file, too.
    """

    expanded_bytes: int = 64 * 2**30
    ratio: float = 1100.0
    free_bytes: int = 256 * 2**20
    line_bytes: int = 1 * 2**20
    document_bytes: int = 1 * 2**30
    depth: int = 256
    files: int = 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """One evidence file, opened for reading only.

    Parameters
    ----------
    path
        Where the file is.
    name
        What reports call it: its path relative to the evidence folder.
    limits
        What reading it may cost.
    cache
        Folder for derived files (Parquet of large logs, heap indexes); ``None`` keeps
        everything in memory.
    """

    path: Path
    name: str = ""
    limits: Limits = field(default_factory=Limits)
    cache: Path | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path.name)

    @property
    def file_bytes(self) -> int:
        """Size on disk, as compressed."""
        return self.path.stat().st_size

    @property
    def expanded_limit(self) -> int:
        """How many bytes may come out of it, unpacked."""
        by_ratio = int(max(self.limits.free_bytes, self.limits.ratio * self.file_bytes))
        return min(self.limits.expanded_bytes, by_ratio)

    @property
    def compression(self) -> Compression:
        """How the content is packed, by its first bytes, whatever the name says."""
        with self.open_raw() as raw:
            magic = raw.read(4)
        if magic[:2] == _GZIP_MAGIC:
            return "gzip"
        return "zstd" if magic == _ZSTD_MAGIC else "none"

    def open_raw(self) -> IO[bytes]:
        """Open the bytes as they are on disk.

        Raises
        ------
        EvidenceError
            If the path is no regular file (a FIFO or device would hang) or can't be opened.
        """
        try:
            return open_evidence(self.path)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise EvidenceError(
                    self.name,
                    "is no regular file",
                    expected="a regular file",
                    way_out="copy its content into a file",
                ) from error
            raise EvidenceError(
                self.name,
                f"can't be opened ({error.strerror})",
                way_out="check that it exists and may be read",
            ) from error

    def open(self) -> IO[bytes]:
        """Open the unpacked content; reading past a limit raises ``EvidenceTooLargeError``.

        A gzip or zstd stream that ends early raises ``EOFError`` or ``CorruptEvidenceError``
        at the point of the damage: bytes before it have been delivered.
        """
        raw = self.open_raw()
        compression = self.compression
        if compression == "none":
            return raw
        if compression == "gzip":
            unpacked = cast("IO[bytes]", igzip.GzipFile(fileobj=raw))  # type: ignore[no-untyped-call]  # isal ships partial types
        else:
            unpacked = cast(
                "IO[bytes]",
                zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True),
            )
        counted = _CountedReader(unpacked, self)
        return cast("IO[bytes]", io.BufferedReader(counted, buffer_size=1 << 20))

    def head(self) -> Head:
        """Return the name and the first 4 KiB, unpacked; a broken pack yields what came out."""
        data = b""
        try:
            with self.open() as stream:
                while len(data) < HEAD_BYTES:
                    block = stream.read(HEAD_BYTES - len(data))
                    if not block:
                        break
                    data += block
        except (EOFError, CorruptEvidenceError):
            pass
        return Head(self.name, data)

    def read_document(self) -> bytes:
        """Return the whole unpacked content of a file that must be parsed at once.

        Raises
        ------
        EvidenceTooLargeError
            If it is larger than ``limits.document_bytes``.
        CorruptEvidenceError
            If the pack is damaged.
        """
        limit = self.limits.document_bytes
        data = bytearray()
        for block in self.iter_blocks():
            data += block
            if len(data) > limit:
                raise EvidenceTooLargeError(
                    self.name,
                    f"is larger than {limit:,} bytes when unpacked",
                    way_out="raise limits.document_bytes in incident.yaml, or split the file",
                )
        return bytes(data)

    def iter_blocks(self, block_bytes: int = 8 << 20) -> Iterator[bytes]:
        """Yield the unpacked content in blocks; a damaged pack ends the iteration with an error.

        Raises
        ------
        CorruptEvidenceError
            At the point of the damage, after all blocks before it.
        """
        with self.open() as stream:
            while True:
                try:
                    block = stream.read(block_bytes)
                except EOFError as error:
                    raise CorruptEvidenceError(
                        self.name, "the packed data end early", way_out="copy the file again"
                    ) from error
                if not block:
                    return
                yield block


class _CountedReader(io.RawIOBase):
    """Count unpacked bytes against the limits and turn codec errors into ours."""

    def __init__(self, stream: IO[bytes], source: Source) -> None:
        self._stream = stream
        self._source = source
        self._count = 0
        self._limit = source.expanded_limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # Buffer protocol type differs between typeshed versions
        try:
            block = self._stream.read(len(buffer))
        except _CODEC_ERRORS as error:
            raise CorruptEvidenceError(
                self._source.name,
                f"the packed data are damaged ({type(error).__name__})",
                offset=self._count,
                way_out="copy the file again",
            ) from error
        buffer[: len(block)] = block
        self._count += len(block)
        if self._count > self._limit:
            raise EvidenceTooLargeError(
                self._source.name,
                f"unpacks to more than {self._limit:,} bytes from {self._source.file_bytes:,}",
                way_out="if it is sound, raise limits.expanded_bytes in incident.yaml",
            )
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()
