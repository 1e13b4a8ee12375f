"""Turn compressed rows of references around."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Ints, Offsets, kernel, long


def transpose_rows(begin: Offsets, targets: Ints) -> tuple[Offsets, Ints]:
    """Return references by target: ``begin`` of shape (n + 1,) and sources, ascending in a row."""
    turned: Offsets = np.zeros(begin.size, np.int64 if targets.size >> 31 else np.int32)
    sources = np.empty(targets.size, np.int32)
    _transpose(begin, targets, turned, sources)
    return turned, sources


@kernel
def _transpose(begin: Offsets, targets: Ints, turned: Offsets, sources: Ints) -> None:
    rows = begin.size - 1
    for edge in range(targets.size):
        turned[targets[edge]] += 1
    _sum_up(turned)
    for i in range(rows):
        v = rows - 1 - i
        for edge in range(begin[v], begin[v + 1]):
            turned[targets[edge]] -= 1
            sources[turned[targets[edge]]] = v


@kernel
def _sum_up(counts: Offsets) -> None:
    """Turn counts of rows into the ends of rows."""
    total = long(0)
    for row in range(counts.size):
        total += counts[row]
        counts[row] = total


def group_children(parent: Ints) -> tuple[Ints, Ints]:
    """Return the children of each vertex, ascending; row ``v + 1`` is that of parent ``v``.

    Parameters
    ----------
    parent : array of int32, shape (n,)
        -1 for children of the virtual root, which has row 0.

    Returns
    -------
    begin : array of int32, shape (n + 2,)
    children : array of int32, shape (n,)
    """
    begin, children = np.zeros(parent.size + 2, np.int32), np.empty(parent.size, np.int32)
    _group(parent, begin, children)
    return begin, children


@kernel
def _group(parent: Ints, begin: Ints, children: Ints) -> None:
    for v in range(parent.size):
        begin[parent[v] + 1] += 1
    _sum_up(begin)
    for i in range(parent.size):
        v = parent.size - 1 - i
        begin[parent[v] + 1] -= 1
        children[begin[parent[v] + 1]] = v


@kernel
def gather_rows(begin: Offsets, members: Ints, rows: Ints) -> Ints:
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
