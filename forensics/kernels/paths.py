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
