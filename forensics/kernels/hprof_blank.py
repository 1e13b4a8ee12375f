"""Blank what the records of a heap dump contain, in place, in a window of its bytes.

Arrays may be longer than the window: the kernel stops behind their head and tells how many
bytes follow. Any other record must lie in the window as a whole.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Bytes, Ints, Longs, kernel, long
from forensics.kernels.hprof_bytes import read_id, read_u1, read_u2, read_u4
from forensics.kernels.hprof_scan import class_bytes, root_bytes
from forensics.kernels.hprof_tags import (
    GC_CLASS_DUMP,
    GC_INSTANCE_DUMP,
    GC_OBJ_ARRAY_DUMP,
    GC_PRIM_ARRAY_DUMP,
    GC_PRIM_ARRAY_NODATA_DUMP,
    HEAP_DUMP_INFO,
    TYPE_BYTE,
    TYPE_BYTES,
    TYPE_CHAR,
    TYPE_OBJECT,
)

END: Final = 0  #: the end of the window or of the heap record, between two records
MORE: Final = 1  #: the record at the position goes on behind the window
COPY: Final = 2  #: an array of references follows: copy so many bytes
BLANK: Final = 3  #: an array of primitives follows: blank so many bytes
CLASS: Final = 4  #: a class dump is at the position (only with ``stops_at_classes``)
BAD_TAG: Final = 5  #: no record of a heap dump

INSTANCES: Final = 0
ARRAYS: Final = 1
ARRAY_BYTES: Final = 2
FIELDS: Final = 3
UNKNOWN: Final = 4


class Spans(NamedTuple):
    """Which bytes of an instance to blank, by class.

    ``address`` is sorted. Class ``i`` has the spans ``begin[i]:begin[i + 1]`` of ``offset``
    and ``width``.
    """

    address: Longs
    begin: Longs
    offset: Ints
    width: Ints


@kernel
def _blank(data: Bytes, first: int, width: int) -> None:
    for i in range(first, first + width):
        data[i] = 0


@kernel
def _blank_instance(
    data: Bytes, body: int, length: int, address: int, spans: Spans, counts: Longs
) -> None:
    at = np.searchsorted(spans.address, address)
    counts[INSTANCES] += 1
    if at == spans.address.size or spans.address[at] != address:
        _blank(data, body, length)
        counts[UNKNOWN] += 1
        return
    for i in range(spans.begin[at], spans.begin[at + 1]):
        if spans.offset[i] + spans.width[i] <= length:
            _blank(data, body + spans.offset[i], spans.width[i])
            counts[FIELDS] += 1


@kernel
def _blank_statics(data: Bytes, position: int, id_bytes: int, with_numbers: int) -> int:
    """Blank constants and static fields of the class dump whose body is at ``position``."""
    at = position + 7 * id_bytes + 8
    blanked = 0
    for section in range(2):
        entries = read_u2(data, at)
        at += 2
        for _ in range(entries):
            at += 2 if section == 0 else id_bytes
            kind = read_u1(data, at) & 15
            width = id_bytes if kind == TYPE_OBJECT else long(TYPE_BYTES[kind])
            at += 1
            if kind in (TYPE_BYTE, TYPE_CHAR) or (with_numbers > 0 and kind != TYPE_OBJECT):
                _blank(data, at, width)
                blanked += 1
            at += width
    return blanked


@kernel
def blank_window(  # noqa: C901, PLR0911, PLR0912, PLR0915  # one case a tag
    data: Bytes,
    window: tuple[int, int],
    id_bytes: int,
    spans: Spans,
    mode: tuple[bool, bool],
    counts: Longs,
) -> tuple[int, int, int]:
    """Blank the records of a heap dump in ``data[window[0]:window[1]]``.

    Parameters
    ----------
    mode
        ``(with_numbers, stops_at_classes)``.
    counts : array of int64, shape (5,)
        Added to: instances, arrays, their bytes, fields, instances of unknown classes.

    Returns
    -------
    position, code, bytes
        Where it stopped, why, and how many bytes of an array follow there.
    """
    at, end = window
    with_numbers, stops_at_classes = mode
    while at < end:
        tag = read_u1(data, at)
        if tag == GC_INSTANCE_DUMP:
            body = at + 9 + 2 * id_bytes
            if body > end:
                return at, MORE, 0
            length = read_u4(data, body - 4)
            if body + length > end:
                return at, MORE, 0
            if not stops_at_classes:
                address = read_id(data, body - 4 - id_bytes, id_bytes)
                _blank_instance(data, body, length, address, spans, counts)
            at = body + length
        elif tag in (GC_PRIM_ARRAY_DUMP, GC_PRIM_ARRAY_NODATA_DUMP):
            body = at + 10 + id_bytes
            if body > end:
                return at, MORE, 0
            width = long(TYPE_BYTES[data[body - 1] & 15])
            if width == 0:
                return at, BAD_TAG, 0
            if tag == GC_PRIM_ARRAY_NODATA_DUMP:
                width = 0
            length = read_u4(data, body - 5) * width
            counts[ARRAYS] += 1
            counts[ARRAY_BYTES] += length
            if body + length > end:
                return body, BLANK, length
            if not stops_at_classes:
                _blank(data, body, length)
            at = body + length
        elif tag == GC_OBJ_ARRAY_DUMP:
            body = at + 9 + 2 * id_bytes
            if body > end:
                return at, MORE, 0
            length = read_u4(data, at + 5 + id_bytes) * id_bytes
            if body + length > end:
                return body, COPY, length
            at = body + length
        elif tag == GC_CLASS_DUMP:
            length = class_bytes(data, at + 1, end, id_bytes)
            if length < 0:
                return at, MORE, 0
            if stops_at_classes:
                return at, CLASS, length
            counts[FIELDS] += _blank_statics(data, at + 1, id_bytes, long(with_numbers))
            at += 1 + length
        else:
            length = 4 + id_bytes if tag == HEAP_DUMP_INFO else root_bytes(tag, id_bytes)
            if length < 0:
                return at, BAD_TAG, 0
            if at + 1 + length > end:
                return at, MORE, 0
            at += 1 + length
    return at, END, 0
