"""What objects of an HPROF dump contain, read from the mapped file when asked for."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forensics.errors import UsageError
from forensics.heap.graph import FieldValue
from forensics.kernels import hprof_classes as table
from forensics.kernels._types import Bytes, Ints, Longs, Offsets
from forensics.kernels.address_table import AddressTable, find_ordinals
from forensics.kernels.hprof_tags import (
    GC_INSTANCE_DUMP,
    GC_OBJ_ARRAY_DUMP,
    GC_PRIM_ARRAY_NODATA_DUMP,
    TYPE_BYTES,
    TYPE_OBJECT,
)

TYPE_NAMES: Final = {
    2: "object",
    4: "boolean",
    5: "char",
    6: "float",
    7: "double",
    8: "byte",
    9: "short",
    10: "int",
    11: "long",
}
_CODES: Final = {4: "?", 6: ">f", 7: ">d", 8: ">b", 9: ">h", 10: ">i", 11: ">q"}
_DTYPES: Final = {4: "u1", 5: ">u2", 6: ">f4", 7: ">f8", 8: "i1", 9: ">i2", 10: ">i4", 11: ">i8"}


@dataclass(frozen=True, slots=True, eq=False)
class HprofContent:
    """Implements ``forensics.heap.graph.ObjectContent`` for HPROF.

    ``classes`` and ``fields`` are the tables of ``kernels.hprof_classes``; ``super_index``,
    ``names`` and ``field_names`` go with their rows.
    """

    data: Bytes
    id_bytes: int
    offsets: Offsets
    class_index: Ints
    classes: Longs
    field_rows: Longs
    super_index: Ints
    names: Sequence[str]
    field_names: Sequence[str]
    lookup: AddressTable

    def fields(self, ordinal: int) -> list[FieldValue]:
        """Return the fields of an instance, or the static fields of a class object.

        Raises
        ------
        UsageError
            If the object is an array.
        """
        if ordinal < self.classes.shape[0]:
            return [
                self._value(row, int(self.field_rows[row, table.OFFSET]), ordinal)
                for row in self._static_rows(ordinal)
            ]
        if not self._is(ordinal, GC_INSTANCE_DUMP):
            raise UsageError(f"object {ordinal} is an array; read it with array()")
        body = int(self.offsets[ordinal]) + 9 + 2 * self.id_bytes
        end = body + int(self._gather(np.array([body - 4]), 4)[0])
        return [
            self._value(row, body + position, owner)
            for row, position, owner in self._layout(int(self.class_index[ordinal]))
            if body + position + self._width(row) <= end
        ]

    def array(self, ordinal: int) -> NDArray[np.generic]:
        """Return the elements of an array; of references, their ordinals.

        Raises
        ------
        UsageError
            If the object is no array.
        """
        length = self.array_length(ordinal)
        if length < 0:
            raise UsageError(f"object {ordinal} is no array; read it with fields()")
        at = int(self.offsets[ordinal])
        if self._is(ordinal, GC_OBJ_ARRAY_DUMP):
            at += 9 + 2 * self.id_bytes
            raw = self.data[at : at + length * self.id_bytes].tobytes()
            ids = np.frombuffer(raw, f">u{self.id_bytes}").astype(np.int64)
            return find_ordinals(self.lookup, ids)
        kind = int(self.data[at + 9 + self.id_bytes])
        if self._is(ordinal, GC_PRIM_ARRAY_NODATA_DUMP):
            return np.zeros(length, np.dtype(_DTYPES[kind]).newbyteorder("="))
        at += 10 + self.id_bytes
        raw = self.data[at : at + length * int(TYPE_BYTES[kind])].tobytes()
        stored = np.frombuffer(raw, _DTYPES[kind])
        return stored.astype(stored.dtype.newbyteorder("="))

    def array_length(self, ordinal: int) -> int:
        """Return the number of elements, -1 if the object is no array."""
        return int(self.array_lengths(np.array([ordinal], np.int32))[0])

    def array_lengths(self, ordinals: Ints) -> Longs:
        """Return the number of elements of many objects, -1 where one is no array."""
        at = self.offsets[ordinals].astype(np.int64)
        lengths = self._gather(at + 5 + self.id_bytes, 4)
        no_array = (ordinals < self.classes.shape[0]) | (self.data[at] == GC_INSTANCE_DUMP)
        lengths[no_array] = -1
        return lengths

    def text(self, ordinal: int) -> str | None:
        """Return the value of a ``java.lang.String``, None for null and other objects.

        Latin-1 and UTF-16 arrays (JDK 9 and later), ``char`` arrays, and the ``offset`` and
        ``count`` of JDK 6 are understood.
        """
        if ordinal < self.classes.shape[0] or not self._is(ordinal, GC_INSTANCE_DUMP):
            return None
        if self.names[self.class_index[ordinal]] != "java.lang.String":
            return None
        values = {f.name: f.value for f in self.fields(ordinal)}
        holder = values.get("value", -1)
        if not isinstance(holder, int) or holder < 0:
            return None
        units = self.array(holder)
        if units.dtype == np.uint16:
            raw, encoding = units.astype("<u2"), "utf-16-le"
        else:
            is_wide = values.get("coder", 0) == 1
            raw, encoding = units, "utf-16-le" if is_wide else "latin-1"
        if "offset" in values and "count" in values:
            first = int(values["offset"])
            raw = raw[first : first + int(values["count"])]
        return raw.tobytes().decode(encoding, errors="replace")

    def column(self, ordinals: Ints, name: str) -> NDArray[np.generic]:
        """Return one field of many instances: numbers, or ordinals of references.

        Raises
        ------
        UsageError
            If an instance's class has no such field, or they differ in its type.
        """
        indices = self.class_index[ordinals]
        result: NDArray[np.generic] | None = None
        for index in np.unique(indices).tolist():
            found = [(r, p) for r, p, _ in self._layout(index) if self.field_names[r] == name]
            if not found:
                raise UsageError(f"class {self.names[index]} has no field {name!r}")
            row, position = found[0]
            mine = np.flatnonzero(indices == index)
            body = self.offsets[ordinals[mine]].astype(np.int64) + 9 + 2 * self.id_bytes
            part = self._numbers(body + position, int(self.field_rows[row, table.TYPE]))
            if result is None:
                result = np.zeros(ordinals.size, part.dtype)
            elif result.dtype != part.dtype:
                raise UsageError(f"field {name!r} has different types in these classes")
            result[mine] = part
        return np.empty(0, np.int32) if result is None else result

    def reference_names(self, source: int, target: int) -> list[str]:
        """Return the names of the fields or elements of ``source`` that refer to ``target``."""
        if source < self.classes.shape[0] or self._is(source, GC_INSTANCE_DUMP):
            slots = self.fields(source)
            return [f.name for f in slots if f.is_reference and f.value == target]
        if self._is(source, GC_OBJ_ARRAY_DUMP):
            return [f"[{i}]" for i in np.flatnonzero(self.array(source) == target).tolist()]
        return []

    def _is(self, ordinal: int, tag: int) -> bool:
        return bool(self.data[self.offsets[ordinal]] == tag)

    def _static_rows(self, index: int) -> range:
        first = int(self.classes[index, table.FIRST_FIELD])
        return range(first, first + int(self.classes[index, table.STATICS]))

    def _layout(self, index: int) -> list[tuple[int, int, int]]:
        """Return field row, byte position and declaring class of a class's instances."""
        result, position, seen = [], 0, 0
        while 0 <= index < self.classes.shape[0] and seen <= self.classes.shape[0]:
            statics = self._static_rows(index)
            for row in range(statics.stop, statics.stop + int(self.classes[index, table.FIELDS])):
                result.append((row, position, index))
                position += self._width(row)
            index, seen = int(self.super_index[index]), seen + 1
        return result

    def _width(self, row: int) -> int:
        kind = int(self.field_rows[row, table.TYPE])
        return self.id_bytes if kind == TYPE_OBJECT else int(TYPE_BYTES[kind])

    def _value(self, row: int, at: int, owner: int) -> FieldValue:
        kind = int(self.field_rows[row, table.TYPE])
        value: int | float | bool | str
        if kind == TYPE_OBJECT:
            value = int(self._numbers(np.array([at]), kind)[0])
        elif kind == 5:
            value = chr(int.from_bytes(self.data[at : at + 2].tobytes(), "big"))
        else:
            size = int(TYPE_BYTES[kind])
            value = struct.unpack(_CODES[kind], self.data[at : at + size].tobytes())[0]
        name = self.field_names[row]
        return FieldValue(name, TYPE_NAMES[kind], value, self.names[owner])

    def _numbers(self, positions: Longs, kind: int) -> NDArray[np.generic]:
        """Return values of one type at all positions; references as ordinals."""
        if kind == TYPE_OBJECT:
            return find_ordinals(self.lookup, self._gather(positions, self.id_bytes))
        dtype = np.dtype(_DTYPES[kind])
        positions = np.minimum(positions, self.data.size - dtype.itemsize)
        grid = self.data[positions[:, None] + np.arange(dtype.itemsize)[None, :]]
        stored = np.ascontiguousarray(grid).view(dtype).reshape(-1)
        return stored.astype(dtype.newbyteorder("="))

    def _gather(self, positions: Longs, width: int) -> Longs:
        result = np.zeros(positions.size, np.int64)
        positions = np.minimum(positions, self.data.size - width)
        for i in range(width):
            result = (result << 8) | self.data[positions + i]
        return result
