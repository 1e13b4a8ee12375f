"""Dominator tree of an object graph: depth-first numbering and semi-NCA, both iterative.

Vertices are numbered depth first from a virtual root, number 0, whose children are the GC
roots. Folded objects are not numbered (``kernels.folding``). Only references that are not tree
edges can move a dominator up, so only those are kept for the second step.

References
----------
.. [1] L. Georgiadis, R. E. Tarjan, R. F. Werneck (2006), "Finding Dominators in Practice",
   Journal of Graph Algorithms and Applications 10(1), 69-94, section 2.3 (semi-NCA).
   doi:10.7155/jgaa.00119
.. [2] T. Lengauer, R. E. Tarjan (1979), "A Fast Algorithm for Finding Dominators in a
   Flowgraph", ACM TOPLAS 1(1), 121-141. doi:10.1145/357062.357071
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forensics.kernels._types import Flags, Ints, Longs, Offsets, Words, kernel, long
from forensics.kernels.folding import EXIT, PRIVATE, Folds, Graph, has_bit, state_of


class Numbering(NamedTuple):
    """Depth-first numbers, 0 the virtual root, and the references off the tree.

    By number, ``vertex`` is the ordinal, ``parent`` the number of the tree parent and
    ``entry`` the folded object whose exit led there, -1 where the parent itself refers.
    ``cross_source`` and ``cross_target`` are the numbers of the other references.
    ``is_waiting`` (classes) tells which class objects must be looked for among folded objects.
    """

    vertex: Ints
    parent: Ints
    entry: Ints
    cross_source: Ints
    cross_target: Ints
    is_waiting: Flags


@kernel
def _find_waiting(  # noqa: PLR0913, PLR0917  # separate arrays: a tuple of them costs a lock each call
    begin: Offsets,
    targets: Ints,
    class_of: Ints,
    class_object: Ints,
    state: Words,
    holds: Words,
    number: Ints,
    stack: Ints,
) -> int:
    """Return a class object without number that something folded keeps alive, or -1.

    ``stack`` begins with the folded object to search from; -2 if it is too small.
    """
    depth = 1
    while depth > 0:
        depth -= 1
        v = long(stack[depth])
        mirror = long(class_object[class_of[v]])
        if mirror >= 0 and number[mirror] < 0:
            return mirror
        for edge in range(begin[v], begin[v + 1]):
            child = targets[edge]
            if state_of(state, child) >= EXIT and has_bit(holds, child):
                if depth == stack.size:
                    return long(-2)
                stack[depth] = child
                depth += 1
    return long(-1)


@kernel
def number_depth_first(  # noqa: C901, PLR0912, PLR0915  # one loop: a call an edge would cost more
    graph: Graph, folds: Folds, roots: Ints, out: Numbering, counts: Longs, stack_edge: Offsets
) -> None:
    """Give numbers to all that is reachable from ``roots`` and has none yet.

    Parameters
    ----------
    roots : array of int32
        Ordinals; numbered ones are skipped.
    counts : array of int64, shape (3,)
        Vertices numbered (the virtual root included), references off the tree, class objects
        waited for; updated.
    stack_edge : array, shape (vertices,)
        Room to work in: the next reference of each vertex on the way down, by its number.
    """
    begin, targets, state, number = graph.begin, graph.targets, folds.state, folds.number
    class_of, class_object, holds = graph.class_index, graph.class_object, folds.holds
    count, crossings, waiting = counts[0], counts[1], counts[2]
    search = np.empty(256, np.int32)
    for root in roots:
        if number[root] >= 0:
            continue
        child = long(root)
        parent = long(0)
        entry = long(-1)
        while True:
            if child >= 0:
                number[child] = count
                out.vertex[count] = child
                out.parent[count] = parent
                out.entry[count] = entry
                stack_edge[count] = begin[child]
                parent = long(count)
                count += 1
                entry = long(-1)
                v = child
                child = long(-1)
                if v < out.is_waiting.size and out.is_waiting[v]:
                    out.is_waiting[v] = False
                    waiting -= 1
                mirror = long(class_object[class_of[v]])
                if mirror >= 0 and number[mirror] < 0:
                    child = mirror
                    continue
            edge = long(stack_edge[parent])
            end = long(begin[long(out.vertex[parent]) + 1])
            while edge < end:
                target = long(targets[edge])
                kind = state_of(state, target)
                if kind >= EXIT:
                    if waiting > 0 and has_bit(holds, target):
                        search[0] = target
                        child = _find_waiting(
                            begin, targets, class_of, class_object, state, holds, number, search
                        )
                        if child == -2:
                            search = np.empty(2 * search.size, np.int32)
                            continue
                        if child >= 0:
                            break
                    if kind == PRIVATE:
                        edge += 1
                        continue
                    while kind == EXIT:
                        entry = target
                        target = long(number[target])
                        kind = state_of(state, target)
                edge += 1
                known = long(number[target])
                if known < 0:
                    child = target
                    break
                entry = long(-1)
                if known != parent:
                    out.cross_source[crossings] = parent
                    out.cross_target[crossings] = known
                    crossings += 1
            stack_edge[parent] = edge
            if child < 0:
                parent = long(out.parent[parent])
                if parent == 0:
                    break
    counts[0], counts[1], counts[2] = count, crossings, waiting


@kernel
def _phase(number: int, phase_begin: Longs) -> int:
    phase = 0
    while phase + 1 < phase_begin.size and number >= phase_begin[phase + 1]:
        phase += 1
    return phase


@kernel
def count_sources(
    graph: Graph, number: Ints, crossings: tuple[Ints, Ints], phase_begin: Longs, begin: Offsets
) -> None:
    """Count the references off the tree to each vertex; those of objects to their class too.

    References from a later phase to an earlier one are dropped (their target becomes 0): what
    is only weakly reachable does not retain what is strongly reachable.

    Parameters
    ----------
    number : array of int32, shape (objects,)
    crossings
        Sources and targets, both numbers.
    phase_begin : array of int64, shape (phases,)
        First number of each phase.
    begin : array of zeros, shape (vertices + 1,)
        On return the end of each vertex's row.
    """
    sources, targets = crossings
    for i in range(targets.size):
        if _phase(sources[i], phase_begin) > _phase(targets[i], phase_begin):
            targets[i] = 0
        else:
            begin[targets[i]] += 1
    last = np.full(graph.class_object.size, -1, np.int32)
    for v in range(number.size):
        kind = graph.class_index[v]
        if graph.class_object[kind] >= 0 and last[kind] != number[v]:
            last[kind] = number[v]
            target = number[graph.class_object[kind]]
            if _phase(number[v], phase_begin) <= _phase(target, phase_begin):
                begin[target] += 1
    total = long(0)
    for i in range(begin.size):
        total += long(begin[i])
        begin[i] = total


@kernel
def group_sources(
    graph: Graph,
    number: Ints,
    crossings: tuple[Ints, Ints],
    phase_begin: Longs,
    rows: tuple[Offsets, Ints],
) -> None:
    """Fill the sources by target, in compressed rows; their ends become their beginnings.

    Parameters
    ----------
    rows
        ``begin`` as ``count_sources`` leaves it, and the sources to fill.
    """
    sources, targets = crossings
    begin, grouped = rows
    for i in range(targets.size):
        if targets[i] > 0:
            begin[targets[i]] -= 1
            grouped[begin[targets[i]]] = sources[i]
    last = np.full(graph.class_object.size, -1, np.int32)
    for v in range(number.size):
        kind = graph.class_index[v]
        if graph.class_object[kind] >= 0 and last[kind] != number[v]:
            last[kind] = number[v]
            target = number[graph.class_object[kind]]
            if _phase(number[v], phase_begin) <= _phase(target, phase_begin):
                begin[target] -= 1
                grouped[begin[target]] = number[v]


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
def find_dominators(
    parent: Ints,
    rows: tuple[Offsets, Ints],
    root_numbers: Ints,
    room: Ints,
) -> None:
    """Turn tree parents into immediate dominators, in place (semi-NCA).

    Parameters
    ----------
    parent : array of int32, shape (count,)
        Number of each vertex's tree parent; on return that of its immediate dominator.
    rows
        References off the tree by target: ``begin``, shape (count + 1,), and sources.
    root_numbers : array of int32
        Vertices that the virtual root refers to.
    room : array of int32, shape (4, count)
        To work in.
    """
    begin, sources = rows
    semi, label, ancestor, stack = room[0], room[1], room[2], room[3]
    count = parent.size
    semi[:] = parent
    ancestor[:] = parent
    for root in root_numbers:
        semi[root] = 0
    label[:] = semi
    for w in range(count - 1, 0, -1):
        best = long(semi[w])
        for at in range(begin[w], begin[w + 1]):
            if best == 0:
                break
            u = long(sources[at])
            best = min(best, u if u <= w else _evaluate(u, w + 1, ancestor, label, stack))
        semi[w] = best
        label[w] = best
    for w in range(1, count):
        dominator = parent[w]
        while dominator > semi[w]:
            dominator = parent[dominator]
        parent[w] = dominator


@kernel
def settle_entries(
    dominator: Ints,
    entry: Ints,
    number: Ints,
    rows: tuple[Offsets, Ints],
    room: Ints,
) -> None:
    """Keep in ``entry`` the folded objects that are immediate dominators, set -1 elsewhere.

    One is, if no other reference to its exit's target comes from outside of what the target
    dominates.

    Parameters
    ----------
    dominator, entry : arrays of int32, shape (count,)
    number : array of int32, shape (objects,)
    rows
        References off the tree by target.
    room : array of int32, shape (4, count)
        To work in: size of each subtree of the dominator tree, place of its top where a parent
        comes before its children, next free place below it.
    """
    begin, sources = rows
    size, place, free = room[0], room[1], room[2]
    count = dominator.size
    size[:] = 1
    for v in range(count - 1, 0, -1):
        size[dominator[v]] += size[v]
    place[0] = 0
    free[0] = 1
    for v in range(1, count):
        place[v] = free[dominator[v]]
        free[dominator[v]] += size[v]
        free[v] = place[v] + 1
    for v in range(1, count):
        if entry[v] < 0:
            continue
        is_alone = dominator[v] > 0 and number[entry[v]] == dominator[v]
        for at in range(begin[v], begin[v + 1]):
            if not is_alone:
                break
            source = place[sources[at]]
            is_alone = place[v] <= source < place[v] + size[v]
        if not is_alone:
            entry[v] = -1


@kernel
def sum_retained(
    folds: Folds, out: Numbering, dominator: Ints, retained: Offsets, size: Longs
) -> None:
    """Finish retained sizes, and turn ``folds.holder`` into immediate dominators by ordinal.

    Parameters
    ----------
    out
        Cut to the numbered vertices; ``entry`` as ``settle_entries`` leaves it.
    dominator : array of int32, shape (count,)
    retained : array, shape (objects,)
        Each object's size with all that is folded into it.
    size : array of int64, shape (count,)
        Room to work in.
    """
    count = dominator.size
    size[0] = 0
    for i in range(1, count):
        size[i] = retained[out.vertex[i]]
    for i in range(count - 1, 0, -1):
        size[dominator[i]] += size[i]
        v = long(out.entry[i])
        while v >= 0 and state_of(folds.state, v) >= EXIT:
            retained[v] += size[i]
            v = long(folds.holder[v])
    for i in range(1, count):
        v = out.vertex[i]
        retained[v] = size[i]
        if out.entry[i] >= 0:
            folds.holder[v] = out.entry[i]
        else:
            folds.holder[v] = out.vertex[dominator[i]] if dominator[i] > 0 else -1
