"""Who keeps whom: reachability, immediate dominators and retained sizes of a whole heap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.kernels import dominators
from forensics.kernels._types import Flags, Ints, Longs, Offsets, Words


@dataclass(frozen=True, slots=True)
class References:
    """A reference graph in compressed rows, ready for dominators.

    ``class_object`` gives by class the ordinal of a class object that each instance keeps
    alive, -1 where there is none or a GC root holds it anyway. ``seen_once`` and
    ``seen_twice`` are bitmaps of objects with at least one and two references; roots and
    whatever else must be numbered has both bits set.
    """

    begin: Offsets
    targets: Ints
    class_index: Ints
    class_object: Ints
    seen_once: Words
    seen_twice: Words


@dataclass(frozen=True, slots=True)
class Retention:
    """Immediate dominators (-1: the virtual root), retained sizes and reachability."""

    dominator: Ints
    retained: Offsets
    reach: NDArray[np.uint8]


def compute_retention(
    references: References, shallow: Offsets, roots: Ints, weak_targets: Ints
) -> Retention:
    """Return dominators, retained sizes and reachability of every object.

    Three phases number what GC roots hold, then what only references that don't retain lead
    to, then garbage; each later phase gets dominators of its own and retains nothing of an
    earlier one. Time is linear but for the inverse of Ackermann's function; the peak is some
    16 bytes per object that isn't a private leaf, and 8 per reference off the depth-first tree.

    Parameters
    ----------
    references
    shallow : array of unsigned int, shape (objects,)
        Sizes in any unit.
    roots, weak_targets : arrays of int32
        Ordinals held by GC roots, and those that soft, weak, phantom and finalizer
        references lead to.
    """
    objects = references.class_index.size
    words = objects // 64 + 1
    graph = dominators.Graph(
        references.begin,
        references.targets,
        references.class_index,
        references.class_object,
        np.zeros(words, np.uint64),
        np.zeros(words, np.uint64),
    )
    leaves = dominators.mark_leaves(graph, references.seen_once, references.seen_twice)
    capacity = objects - leaves + 1
    edges = references.targets.size
    out = dominators.Numbering(
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(edges, np.int32),
        np.empty(edges, np.int32),
        np.zeros(words, np.uint64),
    )
    out.vertex[0], out.parent[0] = -1, 0
    reach = np.full(objects, 2, np.uint8)
    phase_begin, count, crossings = [1], 1, 0
    root_lists = [np.unique(roots), np.unique(weak_targets)]
    for phase_roots in root_lists:
        count, crossings = dominators.number_depth_first(graph, phase_roots, out, count, crossings)
        phase_begin.append(count)
    unheld = _ordinals(~(references.seen_once | out.visited | graph.is_leaf), objects)
    count, crossings = dominators.number_depth_first(graph, unheld, out, count, crossings)
    in_cycles = _ordinals(~(out.visited | graph.is_leaf), objects)
    count, crossings = dominators.number_depth_first(graph, in_cycles, out, count, crossings)
    number = dominators.number_of_vertices(out.vertex, count, objects)
    starts = np.array(phase_begin, np.int64)
    begin, sources = dominators.group_crossings(graph, out, number, (count, crossings), starts)
    root_numbers = _root_numbers([*root_lists, unheld], number, starts)
    del number
    vertex, parent = out.vertex[:count], out.parent[:count]
    del out
    dominators.find_dominators(parent, begin, sources, root_numbers)
    del begin, sources
    _mark_reach(reach, vertex, starts)
    retained, idom = _sum(graph, vertex, parent, shallow)
    _spread_reach(reach, graph, idom)
    return Retention(idom, retained, reach)


def _sum(
    graph: dominators.Graph, vertex: Ints, parent: Ints, shallow: Offsets
) -> tuple[Offsets, Ints]:
    total = int(shallow.sum(dtype=np.int64))
    retained: Offsets = np.empty(shallow.size, np.int64 if total >> 32 else np.uint32)
    idom = np.empty(shallow.size, np.int32)
    dominators.sum_retained(graph, vertex, parent, shallow, retained, idom)
    return retained, idom


def _root_numbers(lists: list[Ints], number: Ints, starts: Longs) -> Ints:
    """Return the numbers of roots, each only where its own phase numbered it."""
    found = []
    for phase, ordinals in enumerate(lists):
        numbers = number[ordinals]
        found.append(numbers[numbers >= starts[phase]])
    return np.concatenate(found).astype(np.int32)


def _mark_reach(reach: NDArray[np.uint8], vertex: Ints, starts: Longs) -> None:
    reach[vertex[1 : starts[1]]] = 0
    reach[vertex[starts[1] : starts[2]]] = 1


def _spread_reach(reach: NDArray[np.uint8], graph: dominators.Graph, idom: Ints) -> None:
    """Let private leaves be reachable as their holder is."""
    leaves = _ordinals(graph.is_leaf, reach.size)
    reach[leaves] = reach[idom[leaves]]


def _ordinals(words: Words, objects: int) -> Ints:
    bits: Flags = np.unpackbits(words.view(np.uint8), bitorder="little")[:objects].view(np.bool_)
    return np.flatnonzero(bits).astype(np.int32)
