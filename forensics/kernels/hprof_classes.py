"""Class dumps to flat tables: fields, statics, and where instances keep references."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Bytes, Flags, Ints, Longs, Offsets, kernel
from forensics.kernels.address_table import AddressTable, find_ordinal
from forensics.kernels.hprof_bytes import read_id, read_u1, read_u2, read_u4
from forensics.kernels.hprof_tags import TYPE_BYTES, TYPE_OBJECT

#: Columns of the class table.
ADDRESS, SUPER, LOADER, SIGNERS, DOMAIN, INSTANCE_BYTES, FIRST_FIELD, FIELDS, STATICS = range(9)
#: Columns of the field table: name id, type, offset of a static's value in the file, or of an
#: instance field in the part of the record that its class contributes.
NAME, TYPE, OFFSET = range(3)


@kernel
def count_fields(data: Bytes, class_offsets: Longs, id_bytes: int) -> int:
    """Return how many fields, static ones included, all class dumps declare together."""
    total = 0
    for position in class_offsets:
        at = position + 7 * id_bytes + 8
        for section in range(3):
            entries = read_u2(data, at)
            at += 2
            if section > 0:
                total += entries
            name_bytes = 2 if section == 0 else id_bytes
            for _ in range(entries):
                kind = read_u1(data, at + name_bytes)
                at += name_bytes + 1
                if section < 2:
                    at += id_bytes if kind == TYPE_OBJECT else TYPE_BYTES[kind & 15]
    return total


@kernel
def read_classes(
    data: Bytes, class_offsets: Longs, id_bytes: int, classes: Longs, fields: Longs
) -> None:
    """Fill the class table and the field table; a class's statics come before its fields.

    Parameters
    ----------
    class_offsets : array of int64, shape (classes,)
        Offset of the body of each class dump.
    classes : array of int64, shape (classes, 9)
        Columns as named in this module; addresses, not ordinals.
    fields : array of int64, shape (fields, 3)
        Columns ``NAME``, ``TYPE``, ``OFFSET``.
    """
    row = 0
    for index in range(class_offsets.size):
        at = class_offsets[index]
        classes[index, ADDRESS] = read_id(data, at, id_bytes)
        at += id_bytes + 4
        for column in (SUPER, LOADER, SIGNERS, DOMAIN):
            classes[index, column] = read_id(data, at, id_bytes)
            at += id_bytes
        at += 2 * id_bytes
        classes[index, INSTANCE_BYTES] = read_u4(data, at)
        classes[index, FIRST_FIELD] = row
        at += 4
        constants = read_u2(data, at)
        at += 2
        for _ in range(constants):
            kind = read_u1(data, at + 2)
            at += 3 + (id_bytes if kind == TYPE_OBJECT else TYPE_BYTES[kind & 15])
        for is_static in (True, False):
            entries = read_u2(data, at)
            classes[index, STATICS if is_static else FIELDS] = entries
            at += 2
            position = 0
            for _ in range(entries):
                kind = read_u1(data, at + id_bytes)
                size = id_bytes if kind == TYPE_OBJECT else TYPE_BYTES[kind & 15]
                fields[row, NAME] = read_id(data, at, id_bytes)
                fields[row, TYPE] = kind
                at += id_bytes + 1
                fields[row, OFFSET] = at if is_static else position
                position += size
                at += size if is_static else 0
                row += 1


@kernel
def count_reference_fields(classes: Longs, fields: Longs, super_class: Ints) -> Ints:
    """Return how many reference fields an instance of each class has, inherited ones included."""
    total = np.zeros(classes.shape[0], np.int32)
    for index in range(classes.shape[0]):
        ancestor, depth = index, 0
        while ancestor >= 0 and depth <= classes.shape[0]:
            first = classes[ancestor, FIRST_FIELD] + classes[ancestor, STATICS]
            for row in range(first, first + classes[ancestor, FIELDS]):
                if fields[row, TYPE] == TYPE_OBJECT:
                    total[index] += 1
            ancestor, depth = super_class[ancestor], depth + 1
    return total


@kernel
def place_reference_fields(  # noqa: PLR0913, PLR0917  # one table out of four
    classes: Longs,
    fields: Longs,
    super_class: Ints,
    begin: Ints,
    id_bytes: int,
    positions: Ints,
    rows: Ints,
) -> None:
    """Fill, by class, the byte positions of references in an instance record and their fields.

    Parameters
    ----------
    begin : array of int32, shape (classes + 1,)
        Start of each class's part of ``positions`` and ``rows``.
    positions, rows : arrays of int32
        Byte position among the instance's field values; row of the field table.
    """
    for index in range(classes.shape[0]):
        ancestor, base, at = index, 0, begin[index]
        end = begin[index + 1]
        while ancestor >= 0 and at < end:
            first = classes[ancestor, FIRST_FIELD] + classes[ancestor, STATICS]
            for row in range(first, first + classes[ancestor, FIELDS]):
                kind = fields[row, TYPE]
                if kind == TYPE_OBJECT:
                    positions[at] = base
                    rows[at] = row
                    at += 1
                base += id_bytes if kind == TYPE_OBJECT else TYPE_BYTES[kind & 15]
            ancestor = super_class[ancestor]


@kernel
def collect_class_references(  # noqa: PLR0913, PLR0917  # one pass over two tables
    data: Bytes,
    classes: Longs,
    fields: Longs,
    id_bytes: int,
    lookup: AddressTable,
    begin: Offsets,
    targets: Ints,
) -> int:
    """Fill the references of class objects: superclass, loader, signers, domain, statics.

    Returns
    -------
    int
        How many there are. ``begin`` is filled for the classes, which are the first ordinals.
    """
    count = 0
    for index in range(classes.shape[0]):
        begin[index] = count
        first = classes[index, FIRST_FIELD]
        for item in range(4 + classes[index, STATICS]):
            if item < 4:
                address = classes[index, SUPER + item]
            else:
                row = first + item - 4
                if fields[row, TYPE] != TYPE_OBJECT:
                    continue
                address = read_id(data, fields[row, OFFSET], id_bytes)
            if address == 0:
                continue
            target = find_ordinal(lookup, address)
            if target >= 0:
                targets[count] = target
                count += 1
    return count


@kernel
def find_subclasses(super_class: Ints, wanted: Flags) -> Flags:
    """Return which classes are, or inherit from, the ``wanted`` ones."""
    found = wanted.copy()
    for index in range(super_class.size):
        ancestor, depth = index, 0
        while ancestor >= 0 and depth <= super_class.size:
            if wanted[ancestor]:
                found[index] = True
                break
            ancestor, depth = super_class[ancestor], depth + 1
    return found
