"""Walk the records of an HPROF file: where is each object, class and root.

One pass over the record headers; field values and array elements are stepped over. A
kernel stops with a code at the first byte it can't explain, and the caller decides.
"""

from __future__ import annotations

from typing import Final

from forensics.kernels._types import Bytes, Longs, Offsets, kernel, long
from forensics.kernels.hprof_bytes import read_id, read_u1, read_u2, read_u4
from forensics.kernels.hprof_tags import (
    GC_CLASS_DUMP,
    GC_INSTANCE_DUMP,
    GC_OBJ_ARRAY_DUMP,
    GC_PRIM_ARRAY_DUMP,
    GC_PRIM_ARRAY_NODATA_DUMP,
    GC_ROOT_JAVA_FRAME,
    GC_ROOT_JNI_GLOBAL,
    GC_ROOT_JNI_LOCAL,
    GC_ROOT_JNI_MONITOR,
    GC_ROOT_MONITOR_USED,
    GC_ROOT_NATIVE_STACK,
    GC_ROOT_STICKY_CLASS,
    GC_ROOT_THREAD_BLOCK,
    GC_ROOT_THREAD_OBJ,
    GC_ROOT_UNKNOWN,
    HEAP_DUMP,
    HEAP_DUMP_END,
    HEAP_DUMP_INFO,
    HEAP_DUMP_SEGMENT,
    TYPE_BYTES,
)

DONE: Final = 0  #: the end was reached
FULL: Final = 1  #: an output array is full: enlarge it and go on
CUT: Final = 2  #: the record at the position runs past the end of the data
BAD_TAG: Final = 3  #: the byte at the position is no known tag
OPEN_HEAP: Final = 4  #: a heap record of length 0: it ends where its content ends


@kernel
def is_record_tag(tag: int) -> bool:
    """Say whether ``tag`` begins a top-level record."""
    return 1 <= tag <= 7 or 0x0A <= tag <= 0x0E or tag in (HEAP_DUMP_SEGMENT, HEAP_DUMP_END)


@kernel
def walk_records(data: Bytes, position: int, records: Longs, count: int) -> tuple[int, int, int]:
    """Hop over top-level records from ``position`` on and note each.

    Parameters
    ----------
    data : array of uint8, shape (file bytes,)
    records : array of int64, shape (capacity, 3)
        Filled from row ``count`` with tag, offset of the body, length of the body.

    Returns
    -------
    position, count, code
        ``position`` is that of the record header at which it stopped.
    """
    size = data.size
    while position < size:
        if position + 9 > size:
            return position, count, CUT
        tag = read_u1(data, position)
        if not is_record_tag(tag):
            return position, count, BAD_TAG
        if count == records.shape[0]:
            return position, count, FULL
        length = read_u4(data, position + 5)
        if length == 0 and (tag in (HEAP_DUMP, HEAP_DUMP_SEGMENT)):
            return position, count, OPEN_HEAP
        if position + 9 + length > size:
            return position, count, CUT
        records[count, 0] = tag
        records[count, 1] = position + 9
        records[count, 2] = length
        count += 1
        position += 9 + length
    return position, count, DONE


@kernel
def root_bytes(tag: int, id_bytes: int) -> int:
    """Return the body length of a root record, or -1 if ``tag`` is none."""
    if tag == GC_ROOT_JNI_GLOBAL:
        return 2 * id_bytes
    if tag in (GC_ROOT_JNI_LOCAL, GC_ROOT_JAVA_FRAME, GC_ROOT_THREAD_OBJ, GC_ROOT_JNI_MONITOR):
        return id_bytes + 8
    if tag in (GC_ROOT_NATIVE_STACK, GC_ROOT_THREAD_BLOCK):
        return id_bytes + 4
    if tag in (GC_ROOT_STICKY_CLASS, GC_ROOT_MONITOR_USED, GC_ROOT_UNKNOWN):
        return id_bytes
    if 0x89 <= tag <= 0x8D or tag == 0x90:
        return id_bytes
    return -1


@kernel
def class_bytes(data: Bytes, position: int, end: int, id_bytes: int) -> int:
    """Return the length of the class dump whose body starts at ``position``, or -1 if cut."""
    at = position + 7 * id_bytes + 8
    for section in range(3):
        if at + 2 > end:
            return -1
        entries = read_u2(data, at)
        at += 2
        name_bytes = 2 if section == 0 else id_bytes
        for _ in range(entries):
            if at + name_bytes + 1 > end:
                return -1
            kind = read_u1(data, at + name_bytes)
            at += name_bytes + 1
            if section < 2:
                at += id_bytes if kind == 2 else TYPE_BYTES[kind & 15]
    return at - position if at <= end else -1


@kernel
def object_bytes(data: Bytes, position: int, end: int, id_bytes: int) -> int:
    """Return the length of the object record at ``position`` (its tag included).

    0 if the tag (or the type of elements) is none of an object, -1 if the record runs past ``end``.
    """
    tag = read_u1(data, position)
    if tag == GC_INSTANCE_DUMP:
        head = 9 + 2 * id_bytes
        if position + head > end:
            return -1
        length = head + read_u4(data, position + 5 + 2 * id_bytes)
    elif tag == GC_OBJ_ARRAY_DUMP:
        head = 9 + 2 * id_bytes
        if position + head > end:
            return -1
        length = head + read_u4(data, position + 5 + id_bytes) * id_bytes
    elif tag in (GC_PRIM_ARRAY_DUMP, GC_PRIM_ARRAY_NODATA_DUMP):
        head = 10 + id_bytes
        if position + head > end:
            return -1
        length = head
        kind = read_u1(data, position + 9 + id_bytes)
        if kind > 15 or TYPE_BYTES[kind & 15] == 0:
            return 0
        if tag == GC_PRIM_ARRAY_DUMP:
            length += read_u4(data, position + 5 + id_bytes) * TYPE_BYTES[kind]
    else:
        return 0
    return length if position + length <= end else -1


@kernel
def scan_heap(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  # one pass fills all tables
    data: Bytes,
    position: int,
    end: int,
    id_bytes: int,
    offsets: Offsets,
    class_offsets: Longs,
    roots: Longs,
    counts: Longs,
    span: Longs,
) -> tuple[int, int]:
    """Note every object, class and root between ``position`` and ``end``.

    Parameters
    ----------
    offsets : array, shape (capacity,)
        Filled with the offset of each object's record.
    class_offsets : array of int64, shape (class capacity,)
        Filled with the offset of each class dump's body.
    roots : array of int64, shape (root capacity, 4)
        Filled with tag, address, thread serial and frame number (-1 where there is none).
    counts : array of int64, shape (3,)
        Objects, classes and roots noted so far; updated.
    span : array of int64, shape (4,)
        Of object addresses so far: one of them, the lowest, the highest, the OR of all
        differences to the one; updated.

    Returns
    -------
    position, code
        Where it stopped and why.
    """
    objects, classes, n_roots = counts[0], counts[1], counts[2]
    some, low, high, varying = span[0], span[1], span[2], span[3]
    code = DONE
    while position < end:
        length = object_bytes(data, position, end, id_bytes)
        if length > 0:
            if objects == offsets.size:
                code = FULL
                break
            address = read_id(data, position + 1, id_bytes)
            if objects == 0:
                some = low = high = address
            low = min(low, address)
            high = max(high, address)
            varying |= address ^ some
            offsets[objects] = position
            objects += 1
            position += length
            continue
        if length < 0:
            code = CUT
            break
        tag = read_u1(data, position)
        body = root_bytes(tag, id_bytes)
        if body >= 0:
            if position + 1 + body > end:
                code = CUT
                break
            if n_roots == roots.shape[0]:
                code = FULL
                break
            roots[n_roots, 0] = tag
            roots[n_roots, 1] = read_id(data, position + 1, id_bytes)
            has_thread = body >= id_bytes + 4 and tag != GC_ROOT_JNI_GLOBAL
            at = position + 1 + id_bytes
            roots[n_roots, 2] = read_u4(data, at) if has_thread else -1
            has_frame = has_thread and body == id_bytes + 8
            roots[n_roots, 3] = read_u4(data, at + 4) if has_frame else -1
            n_roots += 1
        elif tag == GC_CLASS_DUMP:
            body = class_bytes(data, position + 1, end, id_bytes)
            if body < 0:
                code = CUT
                break
            if classes == class_offsets.size:
                code = FULL
                break
            class_offsets[classes] = position + 1
            classes += 1
        elif tag == HEAP_DUMP_INFO:
            body = 4 + id_bytes
            if position + 1 + body > end:
                code = CUT
                break
        else:
            code = BAD_TAG
            break
        position += 1 + body
    counts[0], counts[1], counts[2] = objects, classes, n_roots
    span[0], span[1], span[2], span[3] = some, low, high, varying
    return position, code


@kernel
def read_addresses(data: Bytes, offsets: Offsets, id_bytes: int, addresses: Longs) -> None:
    """Fill the address of each object from its record."""
    for i in range(offsets.size):
        addresses[i] = read_id(data, long(offsets[i]) + 1, id_bytes)
