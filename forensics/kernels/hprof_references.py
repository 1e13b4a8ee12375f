"""Object records to dense references: class, size and targets of each object in one pass."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Bytes, Flags, Ints, Longs, Offsets, Words, kernel, long
from forensics.kernels.address_table import (
    AddressTable,
    find_in_table,
    find_ordinal,
    next_distance,
)
from forensics.kernels.folding import mark_seen
from forensics.kernels.hprof_bytes import read_id, read_u1, read_u4
from forensics.kernels.hprof_tags import GC_INSTANCE_DUMP, GC_OBJ_ARRAY_DUMP, TYPE_OBJECT

_CACHE: Final = 4096


class ObjectModel(NamedTuple):
    """What the classes of a dump say about its object records.

    ``begin`` (classes + 1) delimits each class's ``positions`` (byte positions of references
    among an instance's values) and ``is_weak`` (the reference does not retain). By element
    type, ``array_class`` is the class of primitive arrays, ``array_base`` the bytes before the
    first element and ``element_bytes`` those of one element. Sizes are rounded up to
    ``2**align_shift`` and kept in units of ``2**unit_shift`` bytes.
    """

    id_bytes: int
    class_count: int
    begin: Ints
    positions: Ints
    is_weak: Flags
    unknown_class: int
    array_class: Ints
    array_base: Longs
    element_bytes: Longs
    align_shift: int
    unit_shift: int


class ExtraReferences(NamedTuple):
    """References that no field holds (a thread's locals), ascending by ``source``."""

    source: Ints
    target: Ints


class ReferenceTables(NamedTuple):
    """Arrays to fill; ``n`` objects, class objects first.

    ``class_index``, ``shallow`` (n), ``begin`` (n + 1), ``targets`` (capacity); ``seen``: two
    bits an object count references to it; ``holder`` (n): one that refers to it;
    ``weak_source``, ``weak_target`` (capacity); by class ``gaps`` (classes, 3): smallest
    distance from an instance to the next record's object, how often it occurred, how many
    distances were seen.
    """

    class_index: Ints
    shallow: Offsets
    begin: Offsets
    targets: Ints
    seen: Words
    holder: Ints
    weak_source: Ints
    weak_target: Ints
    gaps: Longs


@kernel
def _note_gap(  # noqa: PLR0917, PLR0913  # separate arrays: a tuple of them costs a lock each call
    gaps: Longs,
    class_index: int,
    address: int,
    following: int,
    directory: Ints,
    words: Words,
    base: int,
    shift: int,
) -> None:
    """Note the distance to the next object; class objects may lie before the next record's."""
    gap = following - address
    if gaps[class_index, 1] == 0 or gap != gaps[class_index, 0]:
        if directory.size > 0:
            gap = next_distance(directory, words, base, shift, address, gap)
        if gaps[class_index, 1] == 0 or gap < gaps[class_index, 0]:
            gaps[class_index, 0] = gap
            gaps[class_index, 1] = 0
    gaps[class_index, 2] += 1
    if gap == gaps[class_index, 0]:
        gaps[class_index, 1] += 1


@kernel
def collect_references(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  # the hot loop: a call an object would double its time
    data: Bytes,
    offsets: Offsets,
    model: ObjectModel,
    lookup: AddressTable,
    extra: ExtraReferences,
    out: ReferenceTables,
    count: int,
) -> tuple[int, int, int]:
    """Fill class, size (arrays only) and references of each object that isn't a class.

    Parameters
    ----------
    offsets : array, shape (n,)
        Of records by ordinal; those of class objects are not read.
    count
        References filled for the class objects already.

    Returns
    -------
    references, weak, dangling
        How many references were filled, how many do not retain, how many point nowhere.
    """
    id_bytes, class_count = model.id_bytes, model.class_count
    field_begin, positions, is_weak = model.begin, model.positions, model.is_weak
    array_class, array_base = model.array_class, model.array_base
    element_bytes, unit_shift = model.element_bytes, model.unit_shift
    mask = (long(1) << model.align_shift) - 1
    class_index, shallow, begin, targets = out.class_index, out.shallow, out.begin, out.targets
    seen, holder, gaps = out.seen, out.holder, out.gaps
    directory, words, shuffled = lookup.directory, lookup.table, lookup.shuffled
    base, shift = lookup.base, lookup.shift
    bisects = directory.size == 0
    cache_key = np.full(_CACHE, -1, np.int64)
    cache_class = np.zeros(_CACHE, np.int32)
    weak = long(0)
    dangling = long(0)
    next_extra = 0
    for ordinal in range(class_count, offsets.size):
        begin[ordinal] = count
        at = long(offsets[ordinal])
        tag = read_u1(data, at)
        first = long(0)
        slots = long(0)
        if tag in (GC_INSTANCE_DUMP, GC_OBJ_ARRAY_DUMP):
            is_instance = tag == GC_INSTANCE_DUMP
            class_at = at + 5 + id_bytes if is_instance else at + 9 + id_bytes
            length_at = at + 5 + 2 * id_bytes if is_instance else at + 5 + id_bytes
            class_address = read_id(data, class_at, id_bytes)
            slot = ((class_address >> 3) ^ (class_address >> 15)) & (_CACHE - 1)
            if cache_key[slot] != class_address:
                found = find_ordinal(lookup, class_address)
                cache_key[slot] = class_address
                cache_class[slot] = found if 0 <= found < class_count else model.unknown_class
            kind = long(cache_class[slot])
            length = read_u4(data, length_at)
            if is_instance:
                first = long(field_begin[kind])
                slots = long(field_begin[kind + 1]) - first
                own = read_id(data, at + 1, id_bytes)
                following = own
                if ordinal + 1 < offsets.size:
                    following = read_id(data, long(offsets[ordinal + 1]) + 1, id_bytes)
                if following > own:
                    _note_gap(
                        gaps,
                        kind,
                        own,
                        following,
                        directory,
                        words,
                        base,
                        shift,
                    )
            else:
                size = array_base[TYPE_OBJECT] + length * element_bytes[TYPE_OBJECT]
                shallow[ordinal] = ((size + mask) & ~mask) >> unit_shift
                slots = length
        else:
            is_instance = False
            element = read_u1(data, at + 9 + id_bytes) & 15
            kind = long(array_class[element])
            length = read_u4(data, at + 5 + id_bytes)
            size = array_base[element] + length * element_bytes[element]
            shallow[ordinal] = ((size + mask) & ~mask) >> unit_shift
        class_index[ordinal] = kind
        body = at + 9 + 2 * id_bytes
        for item in range(slots):
            position = long(positions[first + item]) if is_instance else item * id_bytes
            if is_instance and position + id_bytes > length:
                break
            address = read_id(data, body + position, id_bytes)
            if address == 0:
                continue
            if bisects:
                target = find_ordinal(lookup, address)
            else:
                target = find_in_table(directory, words, shuffled, base, shift, address)
            if target < 0:
                dangling += 1
            elif is_instance and is_weak[first + item]:
                out.weak_source[weak] = ordinal
                out.weak_target[weak] = target
                weak += 1
            else:
                targets[count] = target
                count += 1
                mark_seen(seen, target)
                holder[target] = ordinal
        while next_extra < extra.source.size and extra.source[next_extra] <= ordinal:
            if extra.source[next_extra] == ordinal:
                target = long(extra.target[next_extra])
                targets[count] = target
                count += 1
                mark_seen(seen, target)
                holder[target] = ordinal
            next_extra += 1
    begin[offsets.size] = count
    return count, weak, dangling


@kernel
def fill_instance_sizes(
    class_index: Ints, shallow: Offsets, instance_units: Longs, class_count: int
) -> None:
    """Set the size of each instance from its class; ``instance_units`` is -1 for arrays."""
    for ordinal in range(class_count, class_index.size):
        units = instance_units[class_index[ordinal]]
        if units >= 0:
            shallow[ordinal] = units
