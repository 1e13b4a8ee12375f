"""Breadth-first search against the direction of references, without an inverted index."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Ints, Offsets, Words, kernel, long
from forensics.kernels.folding import has_bit, set_bit


@kernel
def step_back(
    begin: Offsets, targets: Ints, frontier: Words, visited: Words, following: Ints
) -> Words:
    """Return the unvisited objects that refer into ``frontier``, by one scan of all references.

    Parameters
    ----------
    frontier, visited : bitmaps of objects
        ``visited`` is updated.
    following : array of int32, shape (objects,)
        Filled with the member of ``frontier`` that each found object refers to first.
    """
    found = np.zeros(frontier.size, np.uint64)
    for v in range(begin.size - 1):
        if begin[v] == begin[v + 1] or has_bit(visited, v):
            continue
        for edge in range(begin[v], begin[v + 1]):
            target = long(targets[edge])
            if has_bit(frontier, target):
                following[v] = target
                set_bit(found, v)
                break
    visited |= found
    return found


@kernel
def search_forward(begin: Offsets, targets: Ints, roots: Ints) -> tuple[Ints, Ints]:
    """Return objects in the order of their distance from the roots, and what leads to each.

    The second array has by object the one before it on a shortest path; -1 for roots, -2
    for what no root reaches.
    """
    before = np.full(begin.size - 1, -2, np.int32)
    order = np.empty(begin.size - 1, np.int32)
    count = 0
    for root in roots:
        if before[root] == -2:
            before[root] = -1
            order[count] = root
            count += 1
    head = 0
    while head < count:
        v = long(order[head])
        head += 1
        for edge in range(begin[v], begin[v + 1]):
            target = targets[edge]
            if before[target] == -2:
                before[target] = v
                order[count] = target
                count += 1
    return order[:count].copy(), before


@kernel
def count_paths(order: Ints, before: Ints, members: Ints) -> Ints:
    """Return by object how many of ``members`` have their shortest path through it."""
    through = np.zeros(before.size, np.int32)
    for member in members:
        if before[member] != -2:
            through[member] += 1
    for at in range(order.size - 1, -1, -1):
        v = long(order[at])
        if before[v] >= 0:
            through[before[v]] += through[v]
    return through
