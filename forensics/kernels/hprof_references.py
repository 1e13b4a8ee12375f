"""Object records to dense references: class, size and targets of each object in one pass."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Bytes, Flags, Ints, Longs, Offsets, Words, kernel
from forensics.kernels.address_table import AddressTable, find_ordinal
from forensics.kernels.hprof_bytes import read_id, read_u4
from forensics.kernels.hprof_tags import GC_INSTANCE_DUMP, GC_OBJ_ARRAY_DUMP, TYPE_OBJECT

_ONE: Final = np.uint64(1)
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

    ``class_index``, ``shallow`` (n), ``begin`` (n + 1), ``targets`` (capacity); bitmaps
    ``seen_once``, ``seen_twice`` of reference targets; ``weak_source``, ``weak_target``
    (capacity); by class ``gaps`` (classes, 3): smallest distance from an instance to the next
    record's object, how often it occurred, how many distances were seen.
    """

    class_index: Ints
    shallow: Offsets
    begin: Offsets
    targets: Ints
    seen_once: Words
    seen_twice: Words
    weak_source: Ints
    weak_target: Ints
    gaps: Longs


@kernel
def mark_seen(once: Words, twice: Words, target: int) -> None:
    """Count a reference to ``target``: none, one, or more."""
    word = target >> 6
    bit = _ONE << np.uint64(target & 63)
    if once[word] & bit:
        twice[word] |= bit
    else:
        once[word] |= bit


@kernel
def mark_all_seen(once: Words, twice: Words, targets: Ints) -> None:
    """Count one reference to each of ``targets``."""
    for target in targets:
        mark_seen(once, twice, target)


@kernel
def _note_gap(gaps: Longs, class_index: int, gap: int) -> None:
    gaps[class_index, 2] += 1
    if gaps[class_index, 1] == 0 or gap < gaps[class_index, 0]:
        gaps[class_index, 0] = gap
        gaps[class_index, 1] = 1
    elif gap == gaps[class_index, 0]:
        gaps[class_index, 1] += 1


@kernel
def _collect_instance(  # noqa: PLR0913  # inlined into the loop below
    data: Bytes,
    body: int,
    length: int,
    class_index: int,
    ordinal: int,
    state: tuple[int, int, int],
    model: ObjectModel,
    lookup: AddressTable,
    out: ReferenceTables,
) -> tuple[int, int, int]:
    count, weak, dangling = state
    for at in range(model.begin[class_index], model.begin[class_index + 1]):
        position = np.int64(model.positions[at])
        if position + model.id_bytes > length:
            break
        address = read_id(data, body + position, model.id_bytes)
        if address == 0:
            continue
        target = find_ordinal(lookup, address)
        if target < 0:
            dangling += 1
        elif model.is_weak[at]:
            out.weak_source[weak] = ordinal
            out.weak_target[weak] = target
            weak += 1
        else:
            out.targets[count] = target
            count += 1
            mark_seen(out.seen_once, out.seen_twice, target)
    return count, weak, dangling


@kernel
def _collect_elements(  # noqa: PLR0913  # inlined into the loop below
    data: Bytes,
    body: int,
    length: int,
    state: tuple[int, int, int],
    model: ObjectModel,
    lookup: AddressTable,
    out: ReferenceTables,
) -> tuple[int, int, int]:
    count, weak, dangling = state
    for item in range(length):
        address = read_id(data, body + item * model.id_bytes, model.id_bytes)
        if address == 0:
            continue
        target = find_ordinal(lookup, address)
        if target < 0:
            dangling += 1
        else:
            out.targets[count] = target
            count += 1
            mark_seen(out.seen_once, out.seen_twice, target)
    return count, weak, dangling


@kernel
def _array_units(model: ObjectModel, kind: int, length: int) -> int:
    size = model.array_base[kind] + length * model.element_bytes[kind]
    mask = (np.int64(1) << model.align_shift) - 1
    return ((size + mask) & ~mask) >> model.unit_shift


@kernel
def collect_references(  # noqa: PLR0913  # one pass over the object records
    data: Bytes,
    addresses: Longs,
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
    addresses, offsets : arrays, shape (n,)
        By ordinal; those of class objects are not read.
    count
        References filled for the class objects already.

    Returns
    -------
    references, weak, dangling
        How many references were filled, how many do not retain, how many point nowhere.
    """
    id_bytes = model.id_bytes
    cache_key = np.full(_CACHE, -1, np.int64)
    cache_class = np.zeros(_CACHE, np.int32)
    state = (np.int64(count), np.int64(0), np.int64(0))
    next_extra = 0
    for ordinal in range(model.class_count, addresses.size):
        out.begin[ordinal] = state[0]
        at = np.int64(offsets[ordinal])
        tag = data[at]
        if tag == GC_INSTANCE_DUMP or tag == GC_OBJ_ARRAY_DUMP:
            is_instance = tag == GC_INSTANCE_DUMP
            class_at = at + 5 + id_bytes if is_instance else at + 9 + id_bytes
            length_at = at + 5 + 2 * id_bytes if is_instance else at + 5 + id_bytes
            class_address = read_id(data, class_at, id_bytes)
            slot = ((class_address >> 3) ^ (class_address >> 15)) & (_CACHE - 1)
            if cache_key[slot] != class_address:
                found = find_ordinal(lookup, class_address)
                is_class = 0 <= found < model.class_count
                cache_key[slot] = class_address
                cache_class[slot] = found if is_class else model.unknown_class
            class_index = np.int64(cache_class[slot])
            length = read_u4(data, length_at)
            body = at + 9 + 2 * id_bytes
            if is_instance:
                out.shallow[ordinal] = 0
                state = _collect_instance(
                    data, body, length, class_index, ordinal, state, model, lookup, out
                )
                if ordinal + 1 < addresses.size and addresses[ordinal + 1] > addresses[ordinal]:
                    _note_gap(out.gaps, class_index, addresses[ordinal + 1] - addresses[ordinal])
            else:
                out.shallow[ordinal] = _array_units(model, TYPE_OBJECT, length)
                state = _collect_elements(data, body, length, state, model, lookup, out)
        else:
            kind = np.int64(data[at + 9 + id_bytes]) & 15
            class_index = np.int64(model.array_class[kind])
            out.shallow[ordinal] = _array_units(model, kind, read_u4(data, at + 5 + id_bytes))
        out.class_index[ordinal] = class_index
        while next_extra < extra.source.size and extra.source[next_extra] <= ordinal:
            if extra.source[next_extra] == ordinal:
                target = np.int64(extra.target[next_extra])
                out.targets[state[0]] = target
                state = (state[0] + 1, state[1], state[2])
                mark_seen(out.seen_once, out.seen_twice, target)
            next_extra += 1
    out.begin[addresses.size] = state[0]
    return state


@kernel
def fill_instance_sizes(
    class_index: Ints, shallow: Offsets, instance_units: Longs, class_count: int
) -> None:
    """Set the size of each instance from its class; ``instance_units`` is -1 for arrays."""
    for ordinal in range(class_count, class_index.size):
        units = instance_units[class_index[ordinal]]
        if units >= 0:
            shallow[ordinal] = units
