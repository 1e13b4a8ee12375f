"""Count objects and bytes by class in one pass over the records, without a graph."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Bytes, Ints, Longs, Offsets, kernel, long
from forensics.kernels.address_table import find_place
from forensics.kernels.hprof_bytes import read_id, read_u1, read_u4
from forensics.kernels.hprof_tags import GC_INSTANCE_DUMP, GC_OBJ_ARRAY_DUMP, TYPE_OBJECT

_CACHE: Final = 4096


class Tally(NamedTuple):
    """Arrays to fill, by class.

    ``counts``: objects. ``array_units``: sizes of arrays. ``gaps`` (classes, 3): smallest
    distance from an instance to the next object, how often it occurred, how many were seen.
    ``distances`` (class objects, by address): from each to the next object, 0 where unknown.
    """

    counts: Longs
    array_units: Longs
    gaps: Longs
    distances: Longs


class ArrayModel(NamedTuple):
    """Sizes of arrays by element type, as in ``kernels.hprof_references.ObjectModel``."""

    id_bytes: int
    unknown_class: int
    array_class: Ints
    array_base: Longs
    element_bytes: Longs
    align_shift: int
    unit_shift: int


@kernel
def tally_objects(  # noqa: PLR0915  # the hot loop keeps its arrays in names of their own
    data: Bytes, offsets: Offsets, of_classes: Longs, ordinals: Ints, model: ArrayModel, out: Tally
) -> None:
    """Count every object.

    Parameters
    ----------
    offsets : array, shape (objects,)
        Of the records of objects that are no classes.
    of_classes : array of int64, shape (class objects,)
        Addresses of class objects, ascending.
    ordinals : array of int32, shape (class objects,)
        Class index of each.
    """
    id_bytes, mask = model.id_bytes, (long(1) << model.align_shift) - 1
    counts, array_units, gaps = out.counts, out.array_units, out.gaps
    array_class, array_base = model.array_class, model.array_base
    element_bytes, unit_shift = model.element_bytes, model.unit_shift
    cache_key = np.full(_CACHE, -1, np.int64)
    cache_class = np.zeros(_CACHE, np.int32)
    for i in range(offsets.size):
        at = long(offsets[i])
        tag = read_u1(data, at)
        if tag in (GC_INSTANCE_DUMP, GC_OBJ_ARRAY_DUMP):
            is_instance = tag == GC_INSTANCE_DUMP
            class_at = at + 5 + id_bytes if is_instance else at + 9 + id_bytes
            class_address = read_id(data, class_at, id_bytes)
            slot = ((class_address >> 3) ^ (class_address >> 15)) & (_CACHE - 1)
            if cache_key[slot] != class_address:
                place = find_place(of_classes, class_address)
                is_known = place < of_classes.size and of_classes[place] == class_address
                cache_key[slot] = class_address
                cache_class[slot] = ordinals[place] if is_known else model.unknown_class
            kind = long(cache_class[slot])
            if is_instance:
                if i + 1 < offsets.size:
                    own = read_id(data, at + 1, id_bytes)
                    following = read_id(data, long(offsets[i + 1]) + 1, id_bytes)
                    gap = following - own
                    if gap > 0:
                        if gap != gaps[kind, 0]:
                            gap = _next_distance(of_classes, out.distances, own, following)
                            if gaps[kind, 2] == 0 or gap < gaps[kind, 0]:
                                gaps[kind, 0] = gap
                                gaps[kind, 1] = 0
                        gaps[kind, 2] += 1
                        gaps[kind, 1] += gap == gaps[kind, 0]
            else:
                size = read_u4(data, at + 5 + id_bytes) * element_bytes[TYPE_OBJECT]
                array_units[kind] += (size + array_base[TYPE_OBJECT] + mask & ~mask) >> unit_shift
        else:
            element = read_u1(data, at + 9 + id_bytes) & 15
            kind = long(array_class[element])
            size = read_u4(data, at + 5 + id_bytes) * element_bytes[element]
            array_units[kind] += (size + array_base[element] + mask & ~mask) >> unit_shift
        counts[kind] += 1


@kernel
def _next_distance(of_classes: Longs, distances: Longs, own: int, following: int) -> int:
    """Return the distance to the next object, a class object if one lies before ``following``."""
    place = find_place(of_classes, own + 1)
    nearest = following
    while place < of_classes.size and of_classes[place] < following:
        nearest = min(nearest, of_classes[place])
        beyond = following
        if place + 1 < of_classes.size:
            beyond = min(beyond, of_classes[place + 1])
        distances[place] = beyond - of_classes[place]
        place += 1
    return nearest - own
