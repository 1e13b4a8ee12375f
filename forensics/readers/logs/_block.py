"""Read a log in blocks of whole lines, cleaned and bounded.

Byte order marks, UTF-16, broken UTF-8, ANSI colours, carriage returns and NUL bytes are dealt
with here, once, so that formats see valid UTF-8 only. What is repaired is written down as damage.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError
from forensics.kernels.log_text import find_lines, string_views
from forensics.readers._contract import DamageRow
from forensics.readers._source import Source

BLOCK_BYTES: Final = 8 << 20

# ECMA-48: CSI sequences, OSC sequences (titles, links), and two-byte escapes.
_ANSI: Final = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_()#%][0-9A-Z]?)"
)


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Some lines of a log over one shared buffer.

    Parameters
    ----------
    data : array of uint8, shape (bytes,)
        Valid UTF-8.
    starts, ends : array of int64, shape (n,)
        Bounds of each line, line feed and carriage return left out.
    numbers : array of int64, shape (n,)
        One-based line numbers in the file.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, index: NDArray[np.int64] | slice) -> TextBlock:
        """Return some of the lines over the same buffer."""
        return TextBlock(self.data, self.starts[index], self.ends[index], self.numbers[index])

    def text(self) -> pl.Series:
        """Return the lines as strings that share the buffer."""
        return self.slices(self.starts, self.ends)

    def slices(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        is_valid: NDArray[np.bool_] | None = None,
    ) -> pl.Series:
        """Return parts of the buffer as strings; null where ``is_valid`` says no."""
        n = len(starts)
        views = string_views(self.data, starts, ends)
        mask = None if is_valid is None else np.packbits(is_valid, bitorder="little")
        buffers = [
            None if mask is None else pa.py_buffer(mask.tobytes()),
            pa.py_buffer(views),
            pa.py_buffer(self.data),
        ]
        return pl.Series(pa.Array.from_buffers(pa.string_view(), n, buffers))


def block_of(text: bytes, first_number: int = 1) -> TextBlock:
    """Return the lines of a text that is valid UTF-8."""
    data = np.frombuffer(text, np.uint8)
    starts, ends = find_lines(data)
    return TextBlock(data, starts, ends, np.arange(first_number, first_number + len(starts)))


def block_of_lines(lines: list[bytes], numbers: NDArray[np.int64]) -> TextBlock:
    """Return a block of lines that have been put together anew."""
    if not lines:
        return TextBlock(*(np.zeros(0, dtype) for dtype in (np.uint8, *[np.int64] * 3)))
    found = block_of(b"\n".join(lines) + b"\n")
    if len(found) != len(lines):  # a joined line holds line feeds of its own
        lines = [line.replace(b"\n", b" ") for line in lines]
        found = block_of(b"\n".join(lines) + b"\n")
    return TextBlock(found.data, found.starts, found.ends, numbers)


@dataclass(slots=True)
class LineReader:
    """Iterate over the blocks of a source and collect the damage met on the way."""

    source: Source
    block_bytes: int = BLOCK_BYTES
    damage: list[DamageRow] = field(default_factory=list)
    lines: int = 0
    bytes_read: int = 0
    _decoder: codecs.IncrementalDecoder | None = None

    def __iter__(self) -> Iterator[TextBlock]:
        """Yield blocks of whole lines in the order of the file.

        A line longer than ``limits.line_bytes`` is cut there; a pack that ends early or grows
        past its limit ends the iteration; both are damage.
        """
        carry: list[bytes] = []
        for raw in self._raw_blocks():
            block = self._decode(raw)
            cut = block.rfind(b"\n")
            if cut < 0:
                self._carry(carry, block)
                continue
            yield self._make(b"".join((*carry, block[: cut + 1])))
            carry = []
            self._carry(carry, block[cut + 1 :])
        if any(carry):
            yield self._make(b"".join(carry))

    def _raw_blocks(self) -> Iterator[bytes]:
        try:
            for raw in self.source.iter_blocks(self.block_bytes):
                if self.bytes_read == 0:
                    raw = self._drop_mark(raw)  # noqa: PLW2901  # the mark is no content
                self.bytes_read += len(raw)
                yield raw
        except (CorruptEvidenceError, EvidenceTooLargeError) as error:
            self._note(f"{error.found} after {self.bytes_read} bytes", "kept what came before")

    def _drop_mark(self, raw: bytes) -> bytes:
        for mark, encoding in (
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
        ):
            if raw.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
                return raw[2:]
        return raw.removeprefix(codecs.BOM_UTF8)

    def _decode(self, raw: bytes) -> bytes:
        return raw if self._decoder is None else self._decoder.decode(raw).encode()

    def _carry(self, carry: list[bytes], block: bytes) -> None:
        """Keep the start of an unfinished line, at most twice the bytes a line may have."""
        room = 2 * self.source.limits.line_bytes - sum(map(len, carry))
        carry.append(block[: max(room, 0)])

    def _make(self, text: bytes) -> TextBlock:
        found = block_of(self._clean(text), self.lines + 1)
        self.lines += len(found)
        limit = self.source.limits.line_bytes
        is_long = found.ends - found.starts > limit
        for index in np.flatnonzero(is_long)[:100]:
            self._note(
                f"line of more than {limit} bytes",
                f"cut to {limit} bytes",
                int(found.numbers[index]),
            )
        if not is_long.any():
            return found
        ends = np.where(is_long, _character_start(found.data, found.starts + limit), found.ends)
        return TextBlock(found.data, found.starts, ends, found.numbers)

    def _clean(self, text: bytes) -> bytes:
        if b"\x1b" in text:
            text = _ANSI.sub(b"", text)
        if b"\x00" in text:
            self._note("NUL bytes", "left out", self.lines + 1)
            text = text.replace(b"\x00", b"")
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError:
                self._note("bytes that are no UTF-8", "replaced by U+FFFD", self.lines + 1)
                text = text.decode("utf-8", errors="replace").encode()
        return text

    def _note(self, what: str, action: str, line: int | None = None) -> None:
        if len(self.damage) < 1000:
            self.damage.append(DamageRow(self.source.name, what, action, line=line))


def _character_start(data: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move places back to where a UTF-8 character starts."""
    places = np.minimum(places, len(data) - 1)
    for _ in range(3):
        places = np.where((data[places] & 0xC0) == 0x80, places - 1, places)
    return places
