"""Dominator tree of an object graph: depth-first numbering and semi-NCA, both iterative.

Vertices are numbered depth first from a virtual root, number 0, whose children are the GC
roots. Only references that are not tree edges can move a dominator up, so only those are
kept for the second step: on real heaps a fraction of all references.

An object without references that exactly one reference points to is a *private leaf*: its
holder dominates it, it changes nobody's dominator, so it is never numbered (half of all
objects: the arrays of strings, boxed values).

References
----------
.. [1] L. Georgiadis, R. E. Tarjan, R. F. Werneck (2006), "Finding Dominators in Practice",
   Journal of Graph Algorithms and Applications 10(1), 69-94, section 2.3 (semi-NCA).
   doi:10.7155/jgaa.00119
.. [2] T. Lengauer, R. E. Tarjan (1979), "A Fast Algorithm for Finding Dominators in a
   Flowgraph", ACM TOPLAS 1(1), 121-141. doi:10.1145/357062.357071
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Ints, Longs, Offsets, Words, kernel, long

_ONE: Final = np.uint64(1)


class Graph(NamedTuple):
    """An object graph in compressed rows.

    Object ``v`` refers to ``targets[begin[v]:begin[v + 1]]``, and through its class to
    ``class_object[class_index[v]]`` where the bit of ``v`` in ``holds_class`` is set. Bits of
    ``is_leaf`` mark private leaves.
    """

    begin: Offsets
    targets: Ints
    class_index: Ints
    class_object: Ints
    holds_class: Words
    is_leaf: Words


class Numbering(NamedTuple):
    """Depth-first numbers, 0 the virtual root, and the references off the tree.

    ``vertex`` and ``parent`` (numbered): ordinal, and number of the tree parent.
    ``cross_source`` (number) and ``cross_target`` (ordinal) hold the other references.
    ``visited`` is a bitmap of ordinals.
    """

    vertex: Ints
    parent: Ints
    cross_source: Ints
    cross_target: Ints
    visited: Words


@kernel
def has_bit(words: Words, index: int) -> bool:
    """Say whether bit ``index`` is set."""
    return bool((words[index >> 6] >> np.uint64(index & 63)) & _ONE)


@kernel
def set_bit(words: Words, index: int) -> None:
    """Set bit ``index``."""
    words[index >> 6] |= _ONE << np.uint64(index & 63)


@kernel
def mark_leaves(graph: Graph, once: Words, twice: Words) -> int:
    """Set the bits of ``holds_class`` and then ``is_leaf``; return the number of leaves."""
    leaves = 0
    for v in range(graph.class_index.size):
        if graph.class_object[graph.class_index[v]] >= 0:
            set_bit(graph.holds_class, v)
        elif graph.begin[v] == graph.begin[v + 1] and has_bit(once, v) and not has_bit(twice, v):
            set_bit(graph.is_leaf, v)
            leaves += 1
    return leaves


@kernel
def number_depth_first(  # noqa: C901, PLR0915  # one loop: a call an edge would cost more
    graph: Graph, roots: Ints, out: Numbering, count: int, crossings: int
) -> tuple[int, int]:
    """Give numbers to all that is reachable from ``roots`` and not visited yet.

    Parameters
    ----------
    roots : array of int32
        Ordinals; visited ones are skipped.
    count, crossings
        Vertices numbered (the virtual root included) and cross references noted so far.

    Returns
    -------
    count, crossings
    """
    capacity = out.vertex.size
    stack_number = np.empty(capacity, np.int32)
    stack_edge = np.empty(capacity, np.int64)
    for root in roots:
        if has_bit(out.visited, root):
            continue
        depth = 0
        child = long(root)
        parent = long(0)
        while True:
            if child >= 0:
                set_bit(out.visited, child)
                out.vertex[count] = child
                out.parent[count] = parent
                stack_number[depth] = count
                stack_edge[depth] = graph.begin[child]
                depth += 1
                parent = long(count)
                count += 1
                v = child
                child = -1
                if has_bit(graph.holds_class, v):
                    mirror = long(graph.class_object[graph.class_index[v]])
                    if not has_bit(out.visited, mirror):
                        child = mirror
                        continue
            edge = stack_edge[depth - 1]
            v = long(out.vertex[parent])
            end = long(graph.begin[v + 1])
            while edge < end:
                target = long(graph.targets[edge])
                edge += 1
                if has_bit(graph.is_leaf, target):
                    continue
                if has_bit(out.visited, target):
                    out.cross_source[crossings] = parent
                    out.cross_target[crossings] = target
                    crossings += 1
                    continue
                child = target
                break
            stack_edge[depth - 1] = edge
            if child < 0:
                depth -= 1
                if depth == 0:
                    break
                parent = long(stack_number[depth - 1])
    return count, crossings


@kernel
def number_of_vertices(vertex: Ints, count: int, objects: int) -> Ints:
    """Return the number of each ordinal, -1 where it has none."""
    number = np.full(objects, -1, np.int32)
    for i in range(1, count):
        number[vertex[i]] = i
    return number


@kernel
def _phase(number: int, phase_begin: Longs) -> int:
    phase = 0
    while phase + 1 < phase_begin.size and number >= phase_begin[phase + 1]:
        phase += 1
    return phase


@kernel
def group_crossings(  # noqa: C901  # two passes over the same two sources
    graph: Graph, out: Numbering, number: Ints, sizes: tuple[int, int], phase_begin: Longs
) -> tuple[Longs, Ints]:
    """Return the cross references by target number, in compressed rows.

    References from a later phase to an earlier one are dropped: what is only weakly
    reachable does not retain what is strongly reachable. References of objects to their
    class object are added.

    Parameters
    ----------
    sizes
        Vertices and cross references.
    phase_begin : array of int64, shape (phases,)
        First number of each phase.
    """
    count, crossings = sizes
    begin = np.zeros(count + 1, np.int64)
    for i in range(crossings):
        target = number[out.cross_target[i]]
        if _phase(out.cross_source[i], phase_begin) > _phase(target, phase_begin):
            target = -1
        out.cross_target[i] = target
        if target >= 0:
            begin[target + 1] += 1
    for i in range(1, count):
        v = out.vertex[i]
        if has_bit(graph.holds_class, v):
            target = number[graph.class_object[graph.class_index[v]]]
            if _phase(i, phase_begin) <= _phase(target, phase_begin):
                begin[target + 1] += 1
    for i in range(count):
        begin[i + 1] += begin[i]
    sources = np.empty(begin[count], np.int32)
    fill = begin[:-1].copy()
    for i in range(crossings):
        target = out.cross_target[i]
        if target >= 0:
            sources[fill[target]] = out.cross_source[i]
            fill[target] += 1
    for i in range(1, count):
        v = out.vertex[i]
        if has_bit(graph.holds_class, v):
            target = number[graph.class_object[graph.class_index[v]]]
            if _phase(i, phase_begin) <= _phase(target, phase_begin):
                sources[fill[target]] = i
                fill[target] += 1
    return begin, sources


@kernel
def _evaluate(v: int, linked: int, ancestor: Ints, label: Ints, stack: Ints) -> int:
    """Return the smallest label on the linked path above ``v``, compressing the path."""
    if ancestor[v] < linked:
        return long(label[v])
    depth = 0
    x = long(v)
    while ancestor[x] >= linked:
        stack[depth] = x
        depth += 1
        x = long(ancestor[x])
    while depth > 0:
        depth -= 1
        y = long(stack[depth])
        label[y] = min(label[y], label[x])
        ancestor[y] = ancestor[x]
        x = y
    return long(label[v])


@kernel
def find_dominators(parent: Ints, begin: Longs, sources: Ints, root_numbers: Ints) -> None:
    """Turn tree parents into immediate dominators, in place (semi-NCA).

    Parameters
    ----------
    parent : array of int32, shape (count,)
        Number of each vertex's tree parent; on return that of its immediate dominator.
    begin : array of int64, shape (count + 1,); sources : array of int32
        Cross references by target.
    root_numbers : array of int32
        Vertices that the virtual root refers to.
    """
    count = parent.size
    semi = parent.copy()
    for root in root_numbers:
        semi[root] = 0
    label = semi.copy()
    ancestor = parent.copy()
    stack = np.empty(count, np.int32)
    for w in range(count - 1, 0, -1):
        best = long(semi[w])
        for at in range(begin[w], begin[w + 1]):
            u = long(sources[at])
            candidate = u
            if u > w:
                candidate = _evaluate(u, w + 1, ancestor, label, stack)
            best = min(best, candidate)
        semi[w] = best
        label[w] = best
    for w in range(1, count):
        dominator = parent[w]
        while dominator > semi[w]:
            dominator = parent[dominator]
        parent[w] = dominator


@kernel
def sum_retained(
    graph: Graph, vertex: Ints, dominator: Ints, shallow: Offsets, retained: Offsets, idom: Ints
) -> int:
    """Fill retained sizes and immediate dominators by ordinal; return the total.

    Parameters
    ----------
    vertex, dominator : arrays of int32, shape (count,)
        Ordinal and number of the immediate dominator of each numbered vertex.
    shallow : array, shape (objects,)
        Sizes, in any unit.
    retained : array, shape (objects,)
        Filled, in the same unit.
    idom : array of int32, shape (objects,)
        Filled with the ordinal of the immediate dominator, -1 for the virtual root.
    """
    count = vertex.size
    size = np.zeros(count, np.int64)
    for v in range(shallow.size):
        retained[v] = shallow[v]
        idom[v] = -1
    for v in range(shallow.size):
        for edge in range(graph.begin[v], graph.begin[v + 1]):
            target = graph.targets[edge]
            if has_bit(graph.is_leaf, target):
                retained[v] += shallow[target]
                idom[target] = v
    for i in range(1, count):
        size[i] = retained[vertex[i]]
    for i in range(count - 1, 0, -1):
        size[dominator[i]] += size[i]
    for i in range(1, count):
        v = vertex[i]
        retained[v] = size[i]
        idom[v] = vertex[dominator[i]] if dominator[i] > 0 else -1
    return long(size[0])
