"""Find the parts of a large JSON document without holding it.

In JSON text a quote inside a string is always escaped, so the bytes ``"values":[`` can only
be a key and the start of its array. That makes a regular-expression scan over a sliding
window exact, and the numbers between the brackets go to a column parser as they are.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError
from forensics.readers._source import Source

#: Below this many bytes the start-up of the polars parser (about 1 ms) exceeds its gain.
_SMALL_BYTES: Final = 1 << 16
#: What is kept behind the read position, so that a key is never cut in half.
_MARGIN_BYTES: Final = 1 << 12
#: A whole string, a bracket, or the opening quote of a string whose end is not read yet.
_BRACKETS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}"]', re.DOTALL)
_PAIRS_END: Final = re.compile(rb"\[\s*\]|\]\s*\]")
_PAIR: Final = re.compile(rb'\[\s*([-+.\deE]+)\s*,\s*"?([-+.\w]+)"?\s*\]')
_NOISE: Final = b'[]" \t\r\n'


class Window:
    """A sliding view of a file's unpacked bytes.

    ``data`` holds what was read and not yet dropped, ``start`` is the offset of its first
    byte in the file. Memory is the largest single part asked for.
    """

    def __init__(self, source: Source, block_bytes: int = 4 << 20) -> None:
        self.data = bytearray()
        self.start = 0
        self.position = 0
        self.damage = ""
        self._blocks: Iterator[bytes] | None = source.iter_blocks(block_bytes)
        self._source = source

    @property
    def offset(self) -> int:
        """Offset of the read position in the unpacked file."""
        return self.start + self.position

    def fill(self) -> bool:
        """Read one more block and drop what lies behind the position; ``False`` at the end."""
        if self._blocks is None:
            return False
        try:
            block = next(self._blocks, None)
        except CorruptEvidenceError as error:
            self.damage, block = error.found, None
        if block is None:
            self._blocks = None
            return False
        if len(self.data) - self.position > self._source.limits.document_bytes:
            raise EvidenceTooLargeError(
                self._source.name,
                f"one part is larger than {self._source.limits.document_bytes:,} bytes",
                offset=self.offset,
                way_out="raise limits.document_bytes in incident.yaml, or split the file",
            )
        del self.data[: self.position]
        self.data += block
        self.start += self.position
        self.position = 0
        return True

    def find(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Move to the next match and return it; ``None`` at the end of the file.

        A match must fit into 4 KiB, or lie at the position after ``fill`` was called.
        """
        while True:
            match = pattern.search(self.data, self.position)
            is_safe = match is not None and match.end() < len(self.data)
            if is_safe or not self._advance():
                if match is not None:
                    self.position = match.start()
                return match

    def _advance(self) -> bool:
        self.position = max(self.position, len(self.data) - _MARGIN_BYTES)
        return self.fill()

    def take_pairs(self) -> tuple[bytes, bool]:
        """Return the array of pairs that starts at the position, and whether it was whole.

        Of an array that is cut off, the last pair that is whole ends what is returned.
        """
        if self.data.startswith(b"[[", self.position):
            # Without blanks between the brackets a plain search is ten times as fast.
            stop = self._find_close()
            if stop and self.data.find(b"{", self.position, stop) < 0:
                return self._take(stop), True
        searched = self.position
        while (match := _PAIRS_END.search(self.data, searched)) is None:
            searched = max(self.position, len(self.data) - _MARGIN_BYTES) - self.position
            if not self.fill():
                stop = max(self.data.rfind(b"]"), self.position - 1) + 1
                return self._take(stop), False
        return self._take(match.end()), True

    def _find_close(self) -> int:
        searched = self.position
        while (found := self.data.find(b"]]", searched)) < 0:
            searched = max(self.position, len(self.data) - 1) - self.position
            if not self.fill():
                return 0
        return found + 2

    def take_value(self, limit_bytes: int) -> tuple[bytes, bool]:
        """Return the object or array that starts at the position, and whether it was whole.

        Strings are skipped as strings. Depth costs nothing: brackets are only counted.
        """
        depth = 0
        scanned = self.position
        while True:
            for match in _BRACKETS.finditer(self.data, scanned):
                token = match.group()
                if token == b'"':
                    break
                scanned = match.end()
                depth += (token in b"[{") - (token in b"]}")
                if depth == 0 and token in b"]}":
                    return self._take(scanned), True
            scanned -= self.position
            if len(self.data) - self.position > limit_bytes or not self.fill():
                return self._take(len(self.data)), False

    def _take(self, stop: int) -> bytes:
        part = bytes(self.data[self.position : stop])
        self.position = stop
        return part


def parse_pairs(part: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Read ``[[time,"value"],...]`` into two columns.

    Returns
    -------
    times, values : arrays of float64, shape (n,)
        ``NaN``, ``+Inf`` and ``-Inf`` are read as such.
    is_sound : bool
        ``False`` if some of the text was no pair; the pairs around it are returned.
    """
    try:
        columns = _parse_small(part) if len(part) < _SMALL_BYTES else _parse_large(part)
    except (ValueError, DeprecationWarning, pl.exceptions.PolarsError):
        columns = None
    if columns is not None:
        return *columns, True
    times: list[float] = []
    values: list[float] = []
    for match in _PAIR.finditer(part):
        try:
            pair = float(match[1]), float(match[2])
        except ValueError:
            continue
        times.append(pair[0])
        values.append(pair[1])
    return np.array(times), np.array(values), False


def _parse_small(part: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    text = part.translate(None, _NOISE)
    if not text:
        return np.empty(0), np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numbers = np.fromstring(text.decode("ascii"), sep=",")
    if numbers.size != text.count(b",") + 1 or numbers.size % 2:
        return None
    return numbers[0::2].copy(), numbers[1::2].copy()


def _parse_large(part: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    if b"], [" in part or b"\n" in part:
        part = part.translate(None, b" \t\r\n")
    lines = part.replace(b"],[", b"\n").translate(None, b'[]" ')
    frame = pl.read_csv(
        io.BytesIO(lines),
        has_header=False,
        schema={"time": pl.Float64, "value": pl.Float64},
        truncate_ragged_lines=False,
    )
    if frame.height != lines.count(b"\n") + 1 or frame["time"].null_count():
        return None
    if frame["value"].null_count():
        return None
    return frame["time"].to_numpy(), frame["value"].to_numpy()
