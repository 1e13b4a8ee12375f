"""HPROF to the arrays of a heap graph, in phases that free what the next doesn't need."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forensics.errors import TruncatedEvidenceError
from forensics.heap.retention import References, compute_retention
from forensics.heap.store import IndexWriter
from forensics.kernels import hprof_classes as table
from forensics.kernels import hprof_references as refs
from forensics.kernels._types import Bytes, Ints, Longs, Offsets
from forensics.kernels.address_table import AddressTable, find_ordinals, next_distance
from forensics.kernels.folding import count_referrers, mark_all_seen
from forensics.kernels.hprof_histogram import ArrayModel
from forensics.kernels.hprof_tags import (
    GC_ROOT_JAVA_FRAME,
    GC_ROOT_JNI_LOCAL,
    GC_ROOT_JNI_MONITOR,
    GC_ROOT_NATIVE_STACK,
    GC_ROOT_STICKY_CLASS,
    GC_ROOT_THREAD_BLOCK,
    GC_ROOT_THREAD_OBJ,
    GC_UNREACHABLE,
    TYPE_BYTES,
    TYPE_OBJECT,
)
from forensics.readers.heap import _layout
from forensics.readers.heap._hprof_classes import ARRAY_CLASSES, Classes
from forensics.readers.heap._hprof_names import java_name
from forensics.readers.heap._hprof_objects import number_objects
from forensics.readers.heap._hprof_records import Scan, offset_type
from forensics.readers.heap._sizes import fill_sizes, measure_classes, unit_shift

_FRAME_ROOTS: Final = (
    GC_ROOT_JNI_LOCAL,
    GC_ROOT_JAVA_FRAME,
    GC_ROOT_NATIVE_STACK,
    GC_ROOT_THREAD_BLOCK,
    GC_ROOT_JNI_MONITOR,
)
_WEAK_CLASSES: Final = tuple(
    f"java.lang.ref.{kind}Reference" for kind in ("Soft", "Weak", "Phantom", "Final")
)


def build_arrays(
    data: Bytes, scan: Scan, classes: Classes, sizes: _layout.Sizes, writer: IndexWriter
) -> dict[str, Any]:
    """Hand the arrays of the graph to ``writer``; return the facts that go with them.

    Raises
    ------
    TruncatedEvidenceError
        If the file holds no object at all.
    """
    check_holds_objects(scan)
    id_bytes = scan.header.id_bytes
    addresses, lookup = number_objects(
        data, scan, classes.rows[: classes.count, table.ADDRESS].copy()
    )
    align = 1 << min(max(lookup.shift, 3), 6)
    layout = _layout.RAW
    if sizes == "jvm":
        layout = _layout.infer_layout(data, addresses, classes.count, align)
    roots = _read_roots(scan, lookup)
    model = _object_model(classes, layout, id_bytes)
    out, found = _collect(data, addresses.offsets, classes, model, lookup, roots.extra)
    release_pages(data)
    distances = _next_distances(addresses.of_classes, lookup)
    fill_sizes(classes, measure_classes(classes, layout, out.gaps, distances, id_bytes), out)
    presumed = _presume_roots(scan, classes, out.class_index, roots)
    keep = writer.keep
    keep("offsets", addresses.offsets)
    del addresses
    targets = out.targets[: found[0]]
    weak_target = out.weak_target[: found[1]]
    keep("weak_source", out.weak_source[: found[1]])
    keep("weak_target", weak_target)
    keep("shallow", out.shallow)
    keep("begin", out.begin)
    keep("targets", targets)
    keep("class_index", out.class_index)
    held = np.concatenate([roots.held, presumed])
    _mark_numbered(out, held, weak_target, classes.count)
    graph = References(
        out.begin, targets, out.class_index, _kept_classes(classes, held), out.seen, out.holder
    )
    kept = compute_retention(graph, out.shallow, held, weak_target)
    keep("dominator", kept.dominator)
    keep("retained", kept.retained)
    keep("reach", kept.reach)
    keep("class_rows", classes.rows)
    keep("field_rows", classes.fields)
    keep("super_index", classes.super_index)
    keep("loader", find_ordinals(lookup, np.ascontiguousarray(classes.rows[:, table.LOADER])))
    keep("roots", np.concatenate([roots.rows, _presumed_rows(presumed)]))
    _keep_lookup(writer, lookup)
    return {
        "layout": f"{layout.name}, {layout.align_bytes}-byte alignment",
        "unit_bytes": 1 << model.unit_shift,
        "class_objects": classes.count,
        "lookup_base": int(lookup.base),
        "lookup_shift": int(lookup.shift),
        "dangling": int(found[2]),
        "presumed_roots": int(presumed.size),
    }


def check_holds_objects(scan: Scan) -> None:
    """Refuse a dump without objects.

    Raises
    ------
    TruncatedEvidenceError
        If there are none.
    """
    if scan.object_count == 0:
        raise TruncatedEvidenceError(
            scan.name,
            "holds no object",
            expected="at least one object record",
            way_out="take another dump (jcmd PID GC.heap_dump FILE) with enough disk space",
            offset=scan.read_bytes,
        )


def _mark_numbered(
    out: refs.ReferenceTables, held: Ints, weak_target: Ints, class_count: int
) -> None:
    """See to it that roots, weak targets and classes are never folded."""
    for marked in (held, weak_target, np.arange(class_count, dtype=np.int32)):
        mark_all_seen(out.seen, marked)
        mark_all_seen(out.seen, marked)


def _kept_classes(classes: Classes, held: Ints) -> Ints:
    """Return the class object that instances keep alive by class, -1 where a root does."""
    class_object = np.full(len(classes.names), -1, np.int32)
    class_object[: classes.count] = np.arange(classes.count)
    class_object[held[held < classes.count]] = -1
    return class_object


def _keep_lookup(writer: IndexWriter, lookup: AddressTable) -> None:
    writer.keep("lookup_directory", lookup.directory)
    writer.keep("lookup_table", lookup.table)
    writer.keep("lookup_shuffled", lookup.shuffled)
    writer.keep("lookup_addresses", lookup.sorted_addresses)
    writer.keep("lookup_ordinals", lookup.sorted_ordinals)


@dataclass(slots=True)
class _Roots:
    """Root rows (object, tag, thread serial, frame, holding thread) and how they count."""

    rows: Longs
    held: Ints
    extra: refs.ExtraReferences


def _read_roots(scan: Scan, lookup: AddressTable) -> _Roots:
    """Locals of a known thread become its references, all other roots the virtual root's."""
    found = find_ordinals(lookup, np.ascontiguousarray(scan.roots[:, 1]))
    rows = scan.roots.copy()
    rows[:, 1] = rows[:, 0]
    rows[:, 0] = found
    rows = rows[(found >= 0) & (rows[:, 1] != GC_UNREACHABLE)]
    threads = rows[rows[:, 1] == GC_ROOT_THREAD_OBJ]
    thread_of = dict(zip(threads[:, 2].tolist(), threads[:, 0].tolist(), strict=True))
    owner = np.array([thread_of.get(serial, -1) for serial in rows[:, 2].tolist()], np.int64)
    is_local = np.isin(rows[:, 1], _FRAME_ROOTS) & (owner >= 0)
    holder = np.where(is_local, owner, -1)[:, None]
    pairs = np.unique(np.stack([owner[is_local], rows[is_local, 0]], axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]].astype(np.int32)
    extra = refs.ExtraReferences(pairs[:, 0].copy(), pairs[:, 1].copy())
    return _Roots(
        np.concatenate([rows, holder], axis=1), rows[~is_local, 0].astype(np.int32), extra
    )


def _object_model(classes: Classes, layout: _layout.Layout, id_bytes: int) -> refs.ObjectModel:
    counts = table.count_reference_fields(classes.rows, classes.fields, classes.super_index)
    begin = np.zeros(counts.size + 1, np.int32)
    np.cumsum(counts, out=begin[1:])
    positions, rows = np.zeros(begin[-1], np.int32), np.zeros(begin[-1], np.int32)
    table.place_reference_fields(
        classes.rows, classes.fields, classes.super_index, begin, id_bytes, positions, rows
    )
    is_referent = np.array([text == "referent" for text in classes.field_names], np.bool_)
    base = classes.first("java.lang.ref.Reference")
    of_reference = np.zeros(rows.size, np.bool_)
    if base >= 0:
        first, last = classes.own_rows(base)
        of_reference = (rows >= first) & (rows < last)
    weak_owner = np.repeat(classes.subclasses(_WEAK_CLASSES), counts)
    is_weak = of_reference & weak_owner
    if rows.size:
        is_weak &= is_referent[rows]
    return refs.ObjectModel(
        id_bytes,
        classes.count,
        begin,
        positions,
        is_weak,
        *array_model(classes, layout, id_bytes)[1:],
    )


def array_model(classes: Classes, layout: _layout.Layout, id_bytes: int) -> ArrayModel:
    """Return how arrays are told apart and measured."""
    array_class = np.full(16, len(classes.names) - 1, np.int32)
    for kind, name in ARRAY_CLASSES.items():
        array_class[kind] = classes.first(java_name(name))
    element = layout.element_bytes() if layout is not _layout.RAW else TYPE_BYTES.copy()
    if layout is _layout.RAW:
        element[TYPE_OBJECT] = id_bytes
    return ArrayModel(
        id_bytes,
        len(classes.names) - 1,
        array_class,
        layout.array_base(),
        element,
        layout.align_bytes.bit_length() - 1,
        unit_shift(layout),
    )


def _collect(
    data: Bytes,
    offsets: Offsets,
    classes: Classes,
    model: refs.ObjectModel,
    lookup: AddressTable,
    extra: refs.ExtraReferences,
) -> tuple[refs.ReferenceTables, tuple[int, int, int]]:
    """Run the second pass; capacities are upper bounds whose untouched part costs nothing."""
    objects = offsets.size
    capacity = data.size // model.id_bytes + extra.source.size
    out = refs.ReferenceTables(
        np.zeros(objects, np.int32),
        np.zeros(objects, np.uint32 if model.unit_shift else np.int64),
        np.empty(objects + 1, offset_type(capacity)),
        np.empty(capacity, np.int32),
        np.zeros(objects // 32 + 1, np.uint64),
        np.empty(objects, np.int32),
        np.empty(objects, np.int32),
        np.empty(objects, np.int32),
        np.zeros((len(classes.names), 3), np.int64),
    )
    count = table.collect_class_references(
        data,
        classes.rows[: classes.count],
        classes.fields,
        model.id_bytes,
        lookup,
        out.begin,
        out.targets,
    )
    out.begin[classes.count] = count
    count_referrers(out.begin[: classes.count + 1], out.targets, out.seen, out.holder)
    out.class_index[: classes.count] = max(classes.first("java.lang.Class"), 0)
    found = refs.collect_references(data, offsets, model, lookup, extra, out, count)
    return out, found


def _next_distances(of_classes: Longs, lookup: AddressTable) -> Longs:
    """Return the distance from each class object to the next object, 0 where unknown."""
    if lookup.directory.size == 0:
        return np.zeros(of_classes.size, np.int64)
    table_of = (lookup.directory, lookup.table, lookup.base, lookup.shift)
    found = [next_distance(*table_of, address, 1 << 40) for address in of_classes]
    distances = np.array(found, np.int64)
    distances[distances == 1 << 40] = 0
    return distances


def release_pages(data: Bytes) -> None:
    """Let go of the mapped pages of a dump; the next access maps them again."""
    mapped = data.base
    if isinstance(mapped, memoryview):
        mapped = mapped.obj
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)


def _presume_roots(scan: Scan, classes: Classes, class_index: Ints, roots: _Roots) -> Ints:
    """Return what must stand in for roots that a cut dump lost: classes and threads.

    HotSpot up to JDK 17 writes roots after the objects, so a dump cut short has none.
    """
    kinds = roots.rows[:, 1]
    if np.isin(kinds, (GC_ROOT_STICKY_CLASS, GC_ROOT_THREAD_OBJ)).any():
        return np.empty(0, np.int32)
    if roots.rows.size and not scan.damage:
        return np.empty(0, np.int32)
    is_thread = classes.subclasses(("java.lang.Thread",))
    threads = np.flatnonzero(is_thread[class_index]).astype(np.int32)
    threads = threads[threads >= classes.count]
    return np.concatenate([np.arange(classes.count, dtype=np.int32), threads])


def _presumed_rows(presumed: Ints) -> Longs:
    rows = np.full((presumed.size, 5), -1, np.int64)
    rows[:, 0] = presumed
    rows[:, 1] = 0
    return rows
