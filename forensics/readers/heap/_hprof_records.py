r"""First pass over an HPROF file: header, top-level records, where objects and roots are.

::

    "JAVA PROFILE 1.0.2\0" | id size u4 | time ms u8 | records
    record:  tag u1 | microseconds u4 | length u4 | body

A heap dump is one HEAP_DUMP record or a run of HEAP_DUMP_SEGMENT records. A JVM killed
while dumping leaves the last length 0; a HEAP_DUMP past 4 GiB wraps its length. Both are
read up to the first byte that can't belong to a heap dump.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from forensics.errors import CorruptEvidenceError, TruncatedEvidenceError, UnsupportedError
from forensics.kernels import hprof_scan
from forensics.kernels._types import Bytes, Longs, Offsets
from forensics.kernels.hprof_tags import HEAP_DUMP, HEAP_DUMP_END, HEAP_DUMP_SEGMENT
from forensics.readers._contract import DamageRow

MAGIC: Final = b"JAVA PROFILE 1.0."
_VERSIONS: Final = ("1.0.1", "1.0.2", "1.0.3")
_RECORD_HEAD: Final = 9
_WRAP_BYTES: Final = 2**32
#: Free entries before the first object, so that classes get their place without a copy.
_CLASS_ENTRIES: Final = 1 << 18
_CODE_WORDS: Final = {
    hprof_scan.CUT: "a record runs past the end of the data",
    hprof_scan.BAD_TAG: "a byte that begins no record of a heap dump",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Start of an HPROF file; ``body`` is the offset of the first record."""

    version: str
    id_bytes: int
    created_ms: int
    body: int


def read_header(data: Bytes, name: str) -> Header:
    """Return the header.

    Raises
    ------
    TruncatedEvidenceError
        If the file ends inside it.
    CorruptEvidenceError
        If it is no HPROF header, or ids are neither 4 nor 8 bytes.
    UnsupportedError
        If the version is none of 1.0.1, 1.0.2 and 1.0.3.
    """
    head = data[:64].tobytes()
    if not head.startswith(MAGIC):
        raise CorruptEvidenceError(
            name, "does not begin like a heap dump", expected="'JAVA PROFILE 1.0.x'", offset=0
        )
    end = head.find(b"\0")
    if end < 0 or data.size < end + 13:
        raise TruncatedEvidenceError(
            name,
            f"ends after {data.size} bytes, inside the header",
            way_out="copy the dump again, or take another",
            offset=int(data.size),
        )
    version = head[len(b"JAVA PROFILE ") : end].decode("ascii", "replace")
    if version not in _VERSIONS:
        raise UnsupportedError(f"{name}: HPROF version {version!r}; read are {_VERSIONS}")
    id_bytes = int.from_bytes(head[end + 1 : end + 5], "big")
    if id_bytes not in (4, 8):
        raise CorruptEvidenceError(
            name, f"identifiers of {id_bytes} bytes", expected="4 or 8", offset=end + 1
        )
    return Header(version, id_bytes, int.from_bytes(head[end + 5 : end + 13], "big"), end + 13)


@dataclass(slots=True)
class Scan:
    """What the first pass found; arrays are views of larger, mostly untouched ones.

    The objects are at ``first_object`` and after; what is before may be overwritten. ``span``
    is that of ``kernels.hprof_scan.scan_heap``.
    """

    name: str
    header: Header
    records: Longs
    offsets: Offsets
    first_object: int
    class_offsets: Longs
    roots: Longs
    span: Longs
    dumps: int = 0
    read_bytes: int = 0
    is_cut: bool = False
    damage: list[DamageRow] = field(default_factory=list)

    @property
    def object_count(self) -> int:
        """Number of objects that are no classes."""
        return int(self.offsets.size) - self.first_object

    def number_classes(self, count: int) -> Offsets:
        """Return record offsets by ordinal, 0 for the ``count`` classes before the objects.

        Fresh memory costs more than anything else in the first pass, so nothing is copied
        unless the classes don't fit.
        """
        first = self.first_object - count
        if first < 0:
            none = np.zeros(count, self.offsets.dtype)
            return np.concatenate([none, self.offsets[self.first_object :]])
        self.offsets[first : self.first_object] = 0
        return self.offsets[first:]


class Scanner:
    """Runs the first pass over one mapped file."""

    def __init__(self, data: Bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._header = read_header(data, name)
        self._records: Longs = np.empty((4096, 3), np.int64)
        self._record_count = 0
        smallest = _RECORD_HEAD + 2 * self._header.id_bytes
        capacity = data.size // smallest + 1
        self._all_offsets: Offsets = np.empty(_CLASS_ENTRIES + capacity, offset_type(data.size))
        self._offsets = self._all_offsets[_CLASS_ENTRIES:]
        self._class_offsets: Longs = np.empty(4096, np.int64)
        self._roots: Longs = np.empty((4096, 4), np.int64)
        self._counts: Longs = np.zeros(3, np.int64)
        self._span: Longs = np.zeros(4, np.int64)
        self._dumps: list[Longs] = []
        self._in_dump = False
        self._damage: list[DamageRow] = []
        self._is_cut = False

    def run(self, dump: int = -1) -> Scan:
        """Scan everything; keep the objects of one dump, the last unless ``dump`` says else."""
        position, done = self._header.body, 0
        while True:
            position, self._record_count, code = hprof_scan.walk_records(
                self._data, position, self._records, self._record_count
            )
            wrapped = self._scan_noted(done)
            done = self._record_count
            if wrapped >= 0:
                position = wrapped
                continue
            if code == hprof_scan.FULL:
                self._records = _enlarge(self._records)
            elif code == hprof_scan.DONE:
                break
            else:
                resumed = self._resume(position, code)
                if resumed < 0:
                    break
                position = resumed
        return self._result(dump, int(position))

    def _scan_noted(self, first: int) -> int:
        """Scan the heap records from row ``first`` on.

        Returns where to go on if a length had wrapped inside an object, else -1.
        """
        tags = self._records[first : self._record_count, 0]
        wanted = (tags == HEAP_DUMP) | (tags == HEAP_DUMP_SEGMENT) | (tags == HEAP_DUMP_END)
        for row in (first + np.flatnonzero(wanted)).tolist():
            tag, body, length = (int(x) for x in self._records[row])
            if tag in (HEAP_DUMP, HEAP_DUMP_SEGMENT):
                self._begin_dump(tag)
                position, code = self._scan(body, body + length)
                if code == hprof_scan.CUT and self._data.size - body >= _WRAP_BYTES:
                    self._record_count = row + 1
                    return self._scan_on(position)
                if code != hprof_scan.DONE:
                    self._note(position, code, "the rest of this segment was skipped")
            elif tag == HEAP_DUMP_END:
                self._in_dump = False
        return -1

    def _begin_dump(self, tag: int) -> None:
        if tag == HEAP_DUMP or not self._in_dump:
            self._dumps.append(self._counts.copy())
        self._in_dump = tag == HEAP_DUMP_SEGMENT

    def _resume(self, position: int, code: int) -> int:
        """Read what has no sound frame; return where sound records go on, or -1."""
        data = self._data
        if position + _RECORD_HEAD > data.size:
            self._note(position, hprof_scan.CUT, "everything before it was read")
            self._is_cut = True
            return -1
        tag = int(data[position])
        is_heap = tag in (HEAP_DUMP, HEAP_DUMP_SEGMENT)
        if is_heap and code in (hprof_scan.OPEN_HEAP, hprof_scan.CUT):
            self._begin_dump(tag)
            stopped, why = self._scan(position + _RECORD_HEAD, data.size)
            if why == hprof_scan.BAD_TAG and self._is_record(stopped):
                return stopped
            if why != hprof_scan.DONE or code == hprof_scan.CUT:
                self._note(stopped, why or hprof_scan.CUT, "everything before it was read")
                self._is_cut = True
            return -1
        wrapped = self._wrapped_end(position)
        if wrapped >= 0:
            return wrapped
        self._note(position, code, "everything before it was read")
        self._is_cut = True
        return -1

    def _wrapped_end(self, position: int) -> int:
        """If the last record is a heap dump whose length wrapped at 4 GiB, go on inside it."""
        if self._record_count == 0:
            return -1
        tag, body, length = (int(x) for x in self._records[self._record_count - 1])
        if tag != HEAP_DUMP or body + length != position:
            return -1
        before = self._counts.sum()
        end = self._scan_on(position)
        return end if self._counts.sum() > before else -1

    def _scan_on(self, position: int) -> int:
        """Scan to the end of the heap dump, wherever that is; return where records go on."""
        stopped, code = self._scan(position, self._data.size)
        if code == hprof_scan.BAD_TAG and self._is_record(stopped):
            return stopped
        if code != hprof_scan.DONE:
            self._note(stopped, code, "everything before it was read")
            self._is_cut = True
        return int(self._data.size)

    def _is_record(self, position: int) -> bool:
        if position + _RECORD_HEAD > self._data.size:
            return False
        return int(self._data[position]) in (HEAP_DUMP, HEAP_DUMP_SEGMENT, HEAP_DUMP_END)

    def _scan(self, position: int, end: int) -> tuple[int, int]:
        while True:
            position, code = hprof_scan.scan_heap(
                self._data,
                position,
                end,
                self._header.id_bytes,
                self._offsets,
                self._class_offsets,
                self._roots,
                self._counts,
                self._span,
            )
            if code != hprof_scan.FULL:
                return int(position), int(code)
            if self._counts[1] == self._class_offsets.size:
                self._class_offsets = _enlarge(self._class_offsets)
            if self._counts[2] == self._roots.shape[0]:
                self._roots = _enlarge(self._roots)

    def _note(self, position: int, code: int, action: str) -> None:
        what = _CODE_WORDS.get(code, "the file ends inside a heap dump")
        self._damage.append(DamageRow(self._name, what, action, offset=int(position)))

    def _result(self, dump: int, position: int) -> Scan:
        bounds = [*self._dumps, self._counts]
        chosen = range(len(self._dumps))[dump] if self._dumps else 0
        low = bounds[chosen]
        high = bounds[chosen + 1] if self._dumps else self._counts
        read = int(self._data.size)
        if self._is_cut and self._damage:
            read = self._damage[-1].offset or position
        return Scan(
            name=self._name,
            header=self._header,
            records=self._records[: self._record_count],
            offsets=self._all_offsets[: _CLASS_ENTRIES + high[0]],
            first_object=_CLASS_ENTRIES + int(low[0]),
            class_offsets=self._class_offsets[low[1] : high[1]],
            roots=self._roots[low[2] : high[2]],
            span=self._span,
            dumps=len(self._dumps),
            read_bytes=read,
            is_cut=self._is_cut,
            damage=self._damage,
        )


def offset_type(size_bytes: int) -> type[np.uint32 | np.int64]:
    """Return the smaller type that holds every offset in a file of that size."""
    return np.uint32 if size_bytes < 2**32 else np.int64


def _enlarge(array: Longs) -> Longs:
    larger = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    larger[: array.shape[0]] = array
    return larger
