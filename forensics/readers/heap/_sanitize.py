"""A copy of a heap dump without its contents: structure stays, values go.

Blanked with zeros are all arrays of primitives (so all strings), ``byte`` and ``char``
fields, and ``int`` fields called ``hash`` or ``hashCode``, because 32 bits of a hash give a
card number away. ``String.coder`` stays: it tells the length. Names of classes, fields and
methods stay; other texts of the symbol table (literals of the code) go.

The file is read twice, in windows: classes and names first, because an instance can't be
read without its class. Memory is bounded by the window, the classes and the names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
import zstandard
from isal import igzip

from forensics.errors import CorruptEvidenceError, UsageError
from forensics.kernels import hprof_blank as blank
from forensics.kernels._types import Bytes, Longs
from forensics.kernels.hprof_scan import is_record_tag
from forensics.kernels.hprof_tags import (
    FRAME,
    HEAP_DUMP,
    HEAP_DUMP_SEGMENT,
    LOAD_CLASS,
    START_THREAD,
    TYPE_BYTE,
    TYPE_BYTES,
    TYPE_CHAR,
    TYPE_INT,
    TYPE_OBJECT,
    UTF8,
)
from forensics.readers._source import Source
from forensics.readers.heap._hprof_records import read_header

_WINDOW_BYTES: Final = 16 << 20
_HEAD_BYTES: Final = 64
_HASHES: Final = (b"hash", b"hashCode")
_CODER: Final = (b"java/lang/String", b"coder")
#: Where records name texts: plain bytes and identifiers before each name.
_NAME_IDS: Final[dict[int, tuple[tuple[int, int], ...]]] = {
    UTF8: (),
    LOAD_CLASS: ((8, 1),),
    FRAME: ((0, 1), (0, 2), (0, 3)),
    START_THREAD: ((8, 1), (8, 2), (8, 3)),
}
_HEAP_RECORDS: Final = (HEAP_DUMP, HEAP_DUMP_SEGMENT)


def sanitize_dump(
    source: Path, target: Path, *, with_numbers: bool = False, replace: bool = False
) -> dict[str, int | str]:
    """Write a copy of an HPROF dump without contents, and return what was blanked.

    ``target`` is packed if its name ends in ``.gz`` or ``.zst``. It appears when it is
    complete; until then a hidden sibling holds it. What can't be read (a cut record, bytes
    that no record begins with) is left out, with all that follows.

    Parameters
    ----------
    with_numbers
        Blank numeric and boolean fields and statics, too.
    replace
        Allow ``target`` to exist.

    Raises
    ------
    EvidenceError
        If ``source`` can't be read or is no HPROF dump.
    UsageError
        If ``target`` exists or is ``source``.
    """
    if target.exists() and (not replace or target.samefile(source)):
        raise UsageError(f"{target} exists; give another name, or --force to replace it")
    given = Source(source)
    learned = _Pass(given, None, blank_numbers=with_numbers).run()
    handle, building = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as raw, _packed(raw, target.suffix) as stream:
            done = _Pass(given, stream, blank_numbers=with_numbers, learned=learned).run()
        Path(building).replace(target)
    except BaseException:
        Path(building).unlink(missing_ok=True)
        raise
    return done.summary()


def _packed(raw: IO[bytes], suffix: str) -> AbstractContextManager[IO[bytes]]:
    if suffix == ".gz":
        packed = igzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=2, mtime=0)  # type: ignore[no-untyped-call]  # isal ships partial types
        return cast("AbstractContextManager[IO[bytes]]", packed)
    if suffix == ".zst":
        writer = zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False)
        return cast("AbstractContextManager[IO[bytes]]", writer)
    return os.fdopen(os.dup(raw.fileno()), "wb")


@dataclass(slots=True)
class _Class:
    name: int
    parent: int
    fields: list[tuple[int, int]] = field(default_factory=list)


class _Window:
    """A stretch of the file in memory, and what was taken from it so far."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.data: Bytes = np.empty(0, np.uint8)
        self.at = 0
        self.error = ""

    @property
    def left(self) -> int:
        return int(self.data.size) - self.at

    def grow(self) -> bool:
        """Append the next block, dropping what was taken; False at the end of the file."""
        try:
            block = next(self._blocks, b"")
        except CorruptEvidenceError as error:
            self.error = error.found
            block = b""
        if not block:
            return False
        self.data = np.concatenate([self.data[self.at :], np.frombuffer(block, np.uint8)])
        self.at = 0
        return True

    def has(self, count: int) -> bool:
        """Say whether ``count`` bytes are there, growing as needed."""
        while self.left < count:
            if not self.grow():
                return False
        return True


class _Pass:
    """One pass: without ``stream`` it learns the classes, with it it writes the copy."""

    def __init__(
        self,
        source: Source,
        stream: IO[bytes] | None,
        *,
        blank_numbers: bool,
        learned: _Pass | None = None,
    ) -> None:
        self._stream = stream
        self._window = _Window(source.iter_blocks(_WINDOW_BYTES))
        self._window.has(_HEAD_BYTES)
        header = read_header(self._window.data, source.name)
        self._id_bytes = header.id_bytes
        self._body = header.body
        none = blank.Spans(
            np.empty(0, np.int64),
            np.empty(0, np.int64),
            np.empty(0, np.int32),
            np.empty(0, np.int32),
        )
        self._spans = learned.spans() if learned else none
        self._named: set[int] = learned.named if learned else set()
        self._texts = 0
        self._with_numbers = blank_numbers
        self._names: dict[int, bytes] = {}
        self._class_names: dict[int, int] = {}
        self._classes: dict[int, _Class] = {}
        self._counts: Longs = np.zeros(5, np.int64)
        self._records = 0
        self._is_heap = False
        self._left_out = 0
        self._why = ""

    @property
    def named(self) -> set[int]:
        """Identifiers of texts that name a class, field, method, source or thread."""
        return self._named

    def run(self) -> _Pass:
        """Walk the whole file."""
        self._take(self._body)
        window = self._window
        while window.has(9):
            head = window.data[window.at : window.at + 9].tobytes()
            tag, length = head[0], int.from_bytes(head[5:9], "big")
            if self._records and self._is_heap and not is_record_tag(tag):
                if self._heap(0):
                    self._is_heap = False
                    continue
                break
            if not is_record_tag(tag):
                self._why = "a byte that begins no record"
                break
            self._is_heap = tag in _HEAP_RECORDS
            self._take(9)
            self._records += 1
            if tag in _HEAP_RECORDS:
                if not self._heap(length):
                    break
            elif not self._other(tag, length):
                self._why = "a record runs past the end"
                break
        self._why = window.error or self._why
        self._left_out = window.left
        while window.grow():
            window.at = 0
            self._left_out = self._left_out + window.left
            window.at = int(window.data.size)
        return self

    def _take(self, count: int) -> None:
        """Move on by ``count`` bytes of the window, writing them."""
        window = self._window
        if self._stream is not None:
            self._stream.write(window.data[window.at : window.at + count].tobytes())
        window.at += count

    def _other(self, tag: int, length: int) -> bool:
        """Take a record that is no heap dump: learn names, or blank those nobody needs."""
        window, ids = self._window, self._id_bytes
        if tag in _NAME_IDS and window.has(length):
            body = window.data[window.at : window.at + length].tobytes()
            if self._stream is None:
                self._keep_names(tag, body)
            elif tag == UTF8 and self._id(body, 0) not in self._named:
                self._texts += 1
                self._pass(min(ids, length), blanks=False)
                return self._pass(max(length - ids, 0), blanks=True) == max(length - ids, 0)
        return self._pass(length, blanks=False) == length

    def _keep_names(self, tag: int, body: bytes) -> None:
        """Note which texts a record uses; positions are (bytes, identifiers) before each."""
        ids = self._id_bytes
        for plain, before in _NAME_IDS[tag]:
            at = plain + before * ids
            if at + ids <= len(body):
                self._named.add(self._id(body, at))
        if tag == UTF8 and body[ids:] in (*_HASHES, *_CODER):
            self._names[self._id(body, 0)] = body[ids:]
        elif tag == LOAD_CLASS and len(body) >= 8 + 2 * ids:
            self._class_names[self._id(body, 4)] = self._id(body, 8 + ids)

    def _pass(self, count: int, *, blanks: bool) -> int:
        """Take up to ``count`` bytes, however many windows they span; return how many."""
        window, done = self._window, 0
        while done < count and (window.left or window.grow()):
            part = min(window.left, count - done)
            if blanks:
                window.data = np.require(window.data, requirements="W")
                window.data[window.at : window.at + part] = 0
            self._take(part)
            done += part
        return done

    def _heap(self, length: int) -> bool:
        """Take a heap record; 0 is one that ends where its content ends. False: give up."""
        window, left = self._window, length or 1 << 62
        mode = (self._with_numbers, self._stream is None)
        while left > 0:
            if not window.left and not window.grow():
                self._why = "" if length == 0 else "the file ends inside a heap record"
                return False
            window.data = np.require(window.data, requirements="W")
            bounds = (window.at, min(int(window.data.size), window.at + left))
            at, code, follow = blank.blank_window(
                window.data, bounds, self._id_bytes, self._spans, mode, self._counts
            )
            left -= at - window.at
            self._take(at - window.at)
            if code in (blank.COPY, blank.BLANK):
                left -= follow
                if self._pass(follow, blanks=code == blank.BLANK) < follow:
                    self._why = "the file ends inside an array"
                    return False
            elif code == blank.CLASS:
                self._learn(window.data[at + 1 : at + 1 + follow].tobytes())
                left -= 1 + follow
                self._take(1 + follow)
            elif code == blank.MORE and not self._has_more(left):
                if window.left < left:
                    self._why = "a record of the heap is cut short"
                    return False
                length, left = 0, 1 << 62  # the length of a record past 4 GiB wraps
            elif code == blank.BAD_TAG:
                self._why = "" if length == 0 else "a byte that begins no record of a heap dump"
                return length == 0
        return True

    def _has_more(self, left: int) -> bool:
        return self._window.left < left and self._window.grow()

    def _id(self, body: bytes, at: int) -> int:
        return int.from_bytes(body[at : at + self._id_bytes], "big", signed=self._id_bytes == 8)

    def _learn(self, body: bytes) -> None:
        """Note the fields of a class dump, by its layout in the specification."""
        ids = self._id_bytes
        address, at = self._id(body, 0), 7 * ids + 8
        for name_bytes in (2, ids):
            entries, at = int.from_bytes(body[at : at + 2], "big"), at + 2
            for _ in range(entries):
                if name_bytes == ids:
                    self._named.add(self._id(body, at))
                at += name_bytes + 1 + self._width(body[at + name_bytes])
        entries, at = int.from_bytes(body[at : at + 2], "big"), at + 2
        fields = [
            (self._id(body, at + i * (ids + 1)), body[at + i * (ids + 1) + ids])
            for i in range(entries)
        ]
        self._named.update(name for name, _ in fields)
        self._classes[address] = _Class(
            self._class_names.get(address, 0), self._id(body, ids + 4), fields
        )

    def _width(self, kind: int) -> int:
        return self._id_bytes if kind == TYPE_OBJECT else int(TYPE_BYTES[kind & 15])

    def spans(self) -> blank.Spans:
        """Return what to blank in instances of each class seen."""
        begin, offsets, widths = [0], [], []
        for address in sorted(self._classes):
            position, at, seen = 0, address, 0
            while at in self._classes and seen <= len(self._classes):
                known = self._classes[at]
                for name, kind in known.fields:
                    if self._is_content(known.name, name, kind):
                        offsets.append(position)
                        widths.append(self._width(kind))
                    position += self._width(kind)
                at, seen = known.parent, seen + 1
            begin.append(len(offsets))
        return blank.Spans(
            np.array(sorted(self._classes), np.int64),
            np.array(begin, np.int64),
            np.array(offsets, np.int32),
            np.array(widths, np.int32),
        )

    def _is_content(self, class_name: int, name: int, kind: int) -> bool:
        text = self._names.get(name, b"")
        if (self._names.get(class_name), text) == _CODER:
            return False
        if kind == TYPE_INT and text in _HASHES:
            return True
        return kind in (TYPE_BYTE, TYPE_CHAR) or (self._with_numbers and kind != TYPE_OBJECT)

    def summary(self) -> dict[str, int | str]:
        """Return counts, and why the copy ends before its source, if it does."""
        counts: dict[str, int | str] = {
            "records": self._records,
            "classes": int(self._spans.address.size),
            "instances": int(self._counts[blank.INSTANCES]),
            "arrays_blanked": int(self._counts[blank.ARRAYS]),
            "array_bytes_blanked": int(self._counts[blank.ARRAY_BYTES]),
            "fields_blanked": int(self._counts[blank.FIELDS]),
            "texts_blanked": self._texts,
            "instances_of_unknown_classes": int(self._counts[blank.UNKNOWN]),
            "bytes_left_out": self._left_out,
        }
        return counts | ({"ends_early": self._why} if self._why or self._left_out else {})
