"""Fill in how big each object is, by the inferred layout or by the dump's own records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forensics.kernels import hprof_classes as table
from forensics.kernels import hprof_references as refs
from forensics.kernels._types import Longs
from forensics.kernels.hprof_tags import TYPE_BYTES, TYPE_OBJECT
from forensics.readers.heap import _layout
from forensics.readers.heap._hprof_classes import Classes
from forensics.readers.heap._padding import find_padded

#: Where holes are everywhere, so many objects of one padded size are no chance.
_SPARSE_WITNESSES: Final = 3


@dataclass(frozen=True, slots=True)
class ClassSizes:
    """Sizes by class, in units of the model: of instances (-1: arrays), and of class objects."""

    instances: Longs
    class_objects: Longs


def fill_sizes(classes: Classes, sizes: ClassSizes, out: refs.ReferenceTables) -> None:
    """Fill ``out.shallow`` of instances and class objects."""
    refs.fill_instance_sizes(out.class_index, out.shallow, sizes.instances, classes.count)
    out.shallow[: classes.count] = sizes.class_objects


def measure_classes(
    classes: Classes, layout: _layout.Layout, gaps: Longs, distances: Longs, id_bytes: int
) -> ClassSizes:
    """Return how big instances and class objects are.

    Parameters
    ----------
    gaps : array of int64, shape (classes, 3)
        Smallest distance from an instance to the next object, how often, how many in all.
    distances : array of int64, shape (class objects,)
        From each class object to the next object, 0 where unknown.
    """
    if layout is _layout.RAW:
        own = np.maximum(classes.rows[:, table.INSTANCE_BYTES], 0)
        return ClassSizes(
            _units(own, classes, 0), _static_bytes(classes, id_bytes)[: classes.count]
        )
    by_class = [
        [*_layout.INJECTED.get(text, ()), *_field_sizes(classes, index)]
        for index, text in enumerate(classes.names)
    ]
    sizes = _choose_sizes(layout, classes, by_class, gaps)
    statics = _static_bytes(classes, layout.reference_bytes)[: classes.count]
    base = _class_object_bytes(classes, distances, statics, sizes)
    align = layout.align_bytes
    mirrors = -(-(base + statics) // align) * align
    shift = unit_shift(layout)
    return ClassSizes(_units(sizes, classes, shift), mirrors >> shift)


def unit_shift(layout: _layout.Layout) -> int:
    """Return the power of two that sizes are kept in units of: 8 bytes, or 1 of raw sizes."""
    return 0 if layout is _layout.RAW else 3


def _choose_sizes(
    layout: _layout.Layout, classes: Classes, by_class: Sequence[Sequence[int]], gaps: Longs
) -> Longs:
    """Return instance sizes: the order of fields that distances bear out, then padding."""
    align = layout.align_bytes
    chosen, best, best_votes = True, np.zeros(len(classes.names), np.int64), -1
    for packs in (True, False):
        predicted = _layout.instance_sizes(
            layout, classes.super_index, fields=by_class, packs=packs
        )
        rounded = -(-predicted // align) * align
        votes = int(gaps[rounded == gaps[:, 0], 1].sum())
        if votes > best_votes:
            chosen, best, best_votes = packs, predicted, votes
    is_dense = _layout.stray_share(-(-best // align) * align, gaps) < _layout.MAX_STRAY
    padding = find_padded(
        best,
        classes.super_index,
        gaps,
        declares=[bool(own) for own in by_class],
        align_bytes=align,
        witnesses=1 if is_dense else _SPARSE_WITNESSES,
    )
    if padding:
        best = _layout.instance_sizes(
            layout, classes.super_index, fields=by_class, packs=chosen, padding=padding
        )
    return _layout.choose_instance_sizes(best, gaps, align)


def _units(sizes: Longs, classes: Classes, shift: int) -> Longs:
    is_array = np.array([text.endswith("[]") for text in classes.names], np.bool_)
    return np.where(is_array, -1, sizes >> shift).astype(np.int64)


def _field_sizes(classes: Classes, index: int) -> list[int]:
    """Return the sizes of the fields that a class declares, 0 for references."""
    first, last = classes.own_rows(index)
    kinds: list[int] = classes.fields[first:last, table.TYPE].tolist()
    return [0 if kind == TYPE_OBJECT else int(TYPE_BYTES[kind & 15]) for kind in kinds]


def _static_bytes(classes: Classes, reference_bytes: int) -> Longs:
    """Return the bytes of the static fields by class, in the order of HotSpot.

    References come first, then primitives by falling size; holes stay. ``<...>`` entries
    are the machine's own and lie elsewhere.
    """
    total = np.zeros(len(classes.names), np.int64)
    for index in range(classes.count):
        first = int(classes.rows[index, table.FIRST_FIELD])
        rows = range(first, first + int(classes.rows[index, table.STATICS]))
        kinds = [
            int(classes.fields[row, table.TYPE])
            for row in rows
            if not classes.field_names[row].startswith("<")
        ]
        end = reference_bytes * kinds.count(TYPE_OBJECT)
        for size in sorted((int(TYPE_BYTES[kind & 15]) for kind in kinds), reverse=True):
            if size:
                end = -(-end // size) * size + size
        total[index] = end
    return total


def _class_object_bytes(classes: Classes, distances: Longs, statics: Longs, sizes: Longs) -> int:
    """Return the size of a class object without statics: the tightest fit of all of them."""
    own = classes.first("java.lang.Class")
    predicted = int(sizes[own]) if own >= 0 else 0
    known = distances > 0
    if own < 0 or not known.any():
        return predicted
    tightest = int((distances[known] - -(-statics[known] // 8) * 8).min())
    return tightest if 0 < tightest <= predicted + 128 else predicted
