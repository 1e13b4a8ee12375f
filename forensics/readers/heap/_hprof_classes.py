"""The classes of an HPROF dump: tables, names, inheritance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from forensics.kernels import hprof_classes as table
from forensics.kernels._types import Bytes, Flags, Ints, Longs
from forensics.kernels.hprof_tags import TYPE_BYTE, TYPE_BYTES, TYPE_OBJECT
from forensics.readers.heap._hprof_names import Names, java_name
from forensics.readers.heap._hprof_records import Scan

UNKNOWN_CLASS: Final = "<unknown class>"
#: Classes of primitive arrays by element type, as dumps spell them.
ARRAY_CLASSES: Final = {
    4: "[Z",
    5: "[C",
    6: "[F",
    7: "[D",
    8: "[B",
    9: "[S",
    10: "[I",
    11: "[J",
}
_CLASS_COLUMNS: Final = 9


@dataclass(slots=True)
class Classes:
    """Class tables of one dump with names; ``count`` of them have class objects."""

    rows: Longs
    fields: Longs
    names: list[str]
    field_names: list[str]
    super_index: Ints
    count: int

    def first(self, name: str) -> int:
        """Return the first class of that name, -1 if there is none."""
        return self.names.index(name) if name in self.names else -1

    def own_rows(self, index: int) -> tuple[int, int]:
        """Return the rows of the field table that a class's instance fields take."""
        row = self.rows[index]
        first = int(row[table.FIRST_FIELD] + row[table.STATICS])
        return first, first + int(row[table.FIELDS])

    def subclasses(self, names: tuple[str, ...]) -> Flags:
        """Return which classes are or inherit from any class of these names."""
        wanted = np.array([name in names for name in self.names], np.bool_)
        return table.find_subclasses(self.super_index, wanted)


def read_classes(data: Bytes, scan: Scan, names: Names, loaded: dict[int, str]) -> Classes:
    """Return the class tables, later dumps of the same class dropped, arrays' classes added."""
    id_bytes = scan.header.id_bytes
    offsets = scan.class_offsets
    field_count = int(table.count_fields(data, offsets, id_bytes))
    rows = np.zeros((offsets.size, _CLASS_COLUMNS), np.int64)
    fields = np.zeros((field_count, 3), np.int64)
    table.read_classes(data, offsets, id_bytes, rows, fields)
    kinds = fields[:, table.TYPE]
    is_known = (kinds == TYPE_OBJECT) | ((kinds < 16) & (TYPE_BYTES[kinds & 15] > 0))
    kinds[~is_known] = TYPE_BYTE
    _, first = np.unique(rows[:, table.ADDRESS], return_index=True)
    rows = rows[np.sort(first)]
    addresses = rows[:, table.ADDRESS].tolist()
    texts = [loaded.get(address, f"<class 0x{address:x}>") for address in addresses]
    count = len(texts)
    arrays = [java_name(name) for name in ARRAY_CLASSES.values()]
    missing = [name for name in arrays if name not in texts]
    texts += [*missing, UNKNOWN_CLASS]
    rows = np.concatenate([rows, np.zeros((len(missing) + 1, _CLASS_COLUMNS), np.int64)])
    index_of = {address: index for index, address in enumerate(addresses)}
    super_index = np.array([index_of.get(a, -1) for a in rows[:, table.SUPER].tolist()], np.int32)
    field_names = names.texts(fields[:, table.NAME].tolist())
    return Classes(rows, fields, texts, field_names, super_index, count)
