"""How big objects are in the memory of the virtual machine that wrote the dump.

HPROF records hold field values without headers or padding. The machine's object layout is
inferred by voting: in a dump, the distance from one object's address to the next is the
true size wherever the next one follows directly, and never less than it.

References
----------
.. [1] OpenJDK, ``src/hotspot/share/classfile/fieldLayoutBuilder.cpp`` (JDK 15 and later).
.. [2] OpenJDK 8, ``src/share/vm/classfile/classFileParser.cpp``, ``layout_fields``.
.. [3] JEP 450, Compact Object Headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from forensics.kernels._types import Bytes, Longs
from forensics.kernels.hprof_tags import (
    GC_OBJ_ARRAY_DUMP,
    GC_PRIM_ARRAY_DUMP,
    TYPE_BYTES,
    TYPE_OBJECT,
)
from forensics.readers.heap._hprof_objects import Addresses

Sizes = Literal["jvm", "raw"]

#: Sizes of fields that HotSpot adds to classes and dumps leave out (0: a reference); from the
#: ``*_INJECTED_FIELDS`` of ``javaClasses.hpp``. Versions without them are refuted by distances.
INJECTED: Final = {
    "java.lang.ClassLoader": (8,),
    "java.lang.Module": (8,),
    "java.lang.invoke.MemberName": (8,),
    "java.lang.invoke.ResolvedMethodName": (8, 0),
    "java.lang.invoke.MethodHandleNatives$CallSiteContext": (8, 8),
}
#: Above this share of holes between objects, distances prove upper bounds only.
MAX_STRAY: Final = 0.05
#: Fields that the machine adds without a word in the dump take no more than this.
_MAX_INJECTED: Final = 64
#: So many neighbours at one distance are taken for a size.
_MIN_WITNESSES: Final = 3

_SAMPLE_WINDOWS: Final = 64
_WINDOW_OBJECTS: Final = 2048


#: End of the fields so far, and the holes between them.
_Placed = tuple[int, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes of headers and references.

    ``small_base`` and ``large_base`` are the bytes before the first element of an array
    with elements of up to 4 and of 8 bytes.
    """

    name: str
    header_bytes: int
    small_base: int
    large_base: int
    reference_bytes: int
    align_bytes: int = 8

    def element_bytes(self) -> Longs:
        """Return the bytes of an array element by type."""
        sizes = TYPE_BYTES.copy()
        sizes[TYPE_OBJECT] = self.reference_bytes
        return sizes

    def array_base(self) -> Longs:
        """Return the bytes before the first array element by type."""
        wide = self.element_bytes() == 8
        return np.where(wide, self.large_base, self.small_base).astype(np.int64)


RAW: Final = Layout("raw record sizes", 0, 0, 0, 0, 1)
CANDIDATES: Final = (
    Layout("compressed references", 12, 16, 16, 4),
    Layout("full references, compressed class pointers", 12, 16, 16, 8),
    Layout("full references and class pointers", 16, 24, 24, 8),
    Layout("full references and class pointers, packed arrays", 16, 20, 24, 8),
    Layout("compressed references, full class pointers", 16, 24, 24, 4),
    Layout("compact headers, compressed references", 8, 12, 16, 4),
    Layout("compact headers, full references", 8, 12, 16, 8),
)
_NARROW: Final = Layout("32-bit", 8, 12, 16, 4)


def infer_layout(data: Bytes, addresses: Addresses, first: int, align_bytes: int) -> Layout:
    """Return the layout whose array sizes explain most distances between neighbours.

    Samples at most 131 072 neighbours. Without a vote: compressed references where the heap
    lies within 32 GiB, as HotSpot chooses by default. Objects before ``first`` are classes.
    """
    id_bytes = addresses.id_bytes
    choices: tuple[Layout, ...] = (_NARROW,) if id_bytes == 4 else CANDIDATES
    kinds, lengths, gaps = _sample_arrays(data, addresses, first)
    best, best_votes = choices[0], 0
    if id_bytes == 8 and int(addresses[len(addresses) - 1]) >= 1 << 35:
        best = CANDIDATES[1]
    for layout in choices:
        sizes = layout.array_base()[kinds] + lengths * layout.element_bytes()[kinds]
        sizes = -(-sizes // align_bytes) * align_bytes
        votes = int(np.count_nonzero(sizes == gaps))
        if votes > best_votes:
            best, best_votes = layout, votes
    return Layout(
        best.name,
        best.header_bytes,
        best.small_base,
        best.large_base,
        best.reference_bytes,
        align_bytes,
    )


def _sample_arrays(data: Bytes, addresses: Addresses, first: int) -> tuple[Longs, Longs, Longs]:
    """Return type, length and distance to the next object of arrays in spread windows."""
    last, id_bytes = len(addresses) - 1, addresses.id_bytes
    starts = np.linspace(first, max(last - _WINDOW_OBJECTS, first), _SAMPLE_WINDOWS)
    starts = starts.astype(np.int64)
    picked = np.unique(starts[:, None] + np.arange(_WINDOW_OBJECTS)[None, :])
    picked = picked[picked < last]
    at = addresses.offsets[picked].astype(np.int64)
    tags = data[at]
    is_array = (tags == GC_OBJ_ARRAY_DUMP) | (tags == GC_PRIM_ARRAY_DUMP)
    picked, at, tags = picked[is_array], at[is_array], tags[is_array]
    lengths = np.zeros(at.size, np.int64)
    for i in range(4):
        lengths = (lengths << 8) | data[at + 5 + id_bytes + i]
    kinds = np.where(tags == GC_OBJ_ARRAY_DUMP, TYPE_OBJECT, data[at + 9 + id_bytes] & 15)
    return kinds.astype(np.int64), lengths, addresses.distances(picked)


def instance_sizes(
    layout: Layout,
    super_index: NDArray[np.int32],
    *,
    fields: Sequence[Sequence[int]],
    packs: bool,
    padding: Mapping[int, int] | None = None,
) -> Longs:
    """Return the unaligned end of an instance of each class.

    Parameters
    ----------
    super_index : array of int32, shape (classes,)
    fields
        By class, the sizes in bytes of the fields it declares (references: 0).
    packs
        True for JDK 15 and later, where a class fills the holes of its superclasses.
    padding
        By class, the bytes that its contended fields add.
    """
    place = _place_packed if packs else _place_in_order
    done: dict[int, _Placed] = {}
    start: _Placed = (layout.header_bytes, ())
    ends = np.zeros(super_index.size, np.int64)
    for index in range(super_index.size):
        chain: list[int] = []
        at = index
        while at >= 0 and at not in done and len(chain) <= super_index.size:
            chain.append(at)
            at = int(super_index[at])
        for link in reversed(chain):
            parent = int(super_index[link])
            end, holes = place(layout, done.get(parent, start), fields[link])
            if padding and link in padding:
                end, holes = -(-end // 8) * 8 + padding[link], ()
            done[link] = (end, holes)
        ends[index] = done[index][0]
    return ends


def _place_packed(layout: Layout, parent: _Placed, sizes: Sequence[int]) -> _Placed:
    """Primitive fields by falling size, then references, each into the tightest hole [1]_."""
    end, holes = parent[0], list(parent[1])
    own = sorted((size for size in sizes if size), reverse=True)
    own += [layout.reference_bytes] * sum(1 for size in sizes if size == 0)
    for size in own:
        fitting = [hole for hole in holes if _fits(hole, size)]
        if fitting:
            hole = min(fitting, key=lambda h: h[1] - h[0])
            holes.remove(hole)
            first = -(-hole[0] // size) * size
            holes += [h for h in ((hole[0], first), (first + size, hole[1])) if h[1] > h[0]]
        else:
            first = -(-end // size) * size
            if first > end:
                holes.append((end, first))
            end = first + size
    return end, tuple(holes)


def _fits(hole: tuple[int, int], size: int) -> bool:
    return -(-hole[0] // size) * size + size <= hole[1]


def _place_in_order(layout: Layout, parent: _Placed, sizes: Sequence[int]) -> _Placed:
    """Longs, ints, shorts, bytes, references; one hole before the longs is filled [2]_."""
    reference = layout.reference_bytes
    end = -(-parent[0] // reference) * reference
    counts = {size: sum(1 for s in sizes if s == size) for size in (8, 4, 2, 1)}
    references = sum(1 for size in sizes if size == 0)
    if counts[8] and end % 8:
        hole, end = 8 - end % 8, end + 8 - end % 8
        for size in (4, 2, 1):
            used = min(counts[size], hole // size)
            counts[size] -= used
            hole -= used * size
        references -= min(references, hole // reference)
    for size, count in counts.items():
        if count:
            end = -(-end // size) * size + count * size
    if references:
        end = -(-end // reference) * reference + references * reference
    return end, ()


def choose_instance_sizes(predicted: Longs, gaps: Longs, align_bytes: int) -> Longs:
    """Correct predicted sizes by what neighbours' distances prove.

    A distance is never less than the size, so a smaller one refutes the prediction. A larger
    one is mostly a hole; it proves a field that the machine adds only if it exceeds the
    prediction by no more than ``_MAX_INJECTED`` bytes, ``_MIN_WITNESSES`` neighbours or more
    are at that distance, and it is no chance: the share of holes among classes that agree
    with their prediction, to the power of the number of neighbours seen, must be below 1 %.
    Collectors that dump live objects only (ZGC) leave holes everywhere; past 5 % of holes,
    larger distances prove nothing. A single object's distance never enlarges its class.

    Parameters
    ----------
    predicted : array of int64, shape (classes,)
        Unaligned.
    gaps : array of int64, shape (classes, 3)
        Smallest distance, how often, how many in all.
    """
    sizes = -(-predicted // align_bytes) * align_bytes
    smallest, hits, seen = gaps[:, 0], gaps[:, 1], gaps[:, 2]
    stray = stray_share(sizes, gaps)
    chance = np.power(max(stray, 1e-6), seen)
    has_more = (smallest > sizes) & (smallest <= sizes + _MAX_INJECTED)
    has_more &= (hits >= _MIN_WITNESSES) & (chance < 0.01) & (stray < MAX_STRAY)
    wrong = (seen > 0) & ((smallest < sizes) | has_more)
    return np.where(wrong, smallest, sizes).astype(np.int64)


def stray_share(sizes: Longs, gaps: Longs) -> float:
    """Return the share of neighbours with a hole before them, 0 to 1.

    Counted among classes whose smallest distance is the predicted (aligned) size.
    """
    agreeing = (gaps[:, 2] > 0) & (gaps[:, 0] == sizes)
    return 1.0 - float(gaps[agreeing, 1].sum() / max(gaps[agreeing, 2].sum(), 1))
