"""Turn compressed rows of references around."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Ints, Longs, Offsets, kernel, long


@kernel
def transpose_rows(begin: Offsets, targets: Ints) -> tuple[Longs, Ints]:
    """Return references by target: ``begin`` of shape (n + 1,) and sources, ascending in a row."""
    rows = begin.size - 1
    turned = np.zeros(rows + 1, np.int64)
    for edge in range(targets.size):
        turned[targets[edge] + 1] += 1
    for v in range(rows):
        turned[v + 1] += turned[v]
    sources = np.empty(targets.size, np.int32)
    fill = turned[:-1].copy()
    for v in range(rows):
        for edge in range(begin[v], begin[v + 1]):
            target = targets[edge]
            sources[fill[target]] = v
            fill[target] += 1
    return turned, sources


@kernel
def group_children(parent: Ints) -> tuple[Longs, Ints]:
    """Return the children of each vertex, ascending; row ``v + 1`` is that of parent ``v``.

    Parameters
    ----------
    parent : array of int32, shape (n,)
        -1 for children of the virtual root, which has row 0.
    """
    begin = np.zeros(parent.size + 2, np.int64)
    for v in range(parent.size):
        begin[parent[v] + 2] += 1
    for row in range(parent.size + 1):
        begin[row + 1] += begin[row]
    children = np.empty(parent.size, np.int32)
    fill = begin[:-1].copy()
    for v in range(parent.size):
        row = parent[v] + 1
        children[fill[row]] = v
        fill[row] += 1
    return begin, children


@kernel
def gather_rows(begin: Longs, members: Ints, rows: Ints) -> Ints:
    """Return the members of several rows, one after the other."""
    total = long(0)
    for row in rows:
        total += begin[row + 1] - begin[row]
    gathered = np.empty(total, np.int32)
    at = 0
    for row in rows:
        for member in range(begin[row], begin[row + 1]):
            gathered[at] = members[member]
            at += 1
    return gathered
