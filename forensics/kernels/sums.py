"""Sums over the objects of a heap, by class and along the dominator tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forensics.kernels._types import Flags, Ints, Longs, Offsets, kernel, long


@kernel
def count_by_group(
    group: Ints, shallow: Offsets, reach: NDArray[np.uint8], least: int, groups: int
) -> tuple[Longs, Longs]:
    """Return number and sum of sizes by group of the objects with ``reach < least``."""
    counts = np.zeros(groups, np.int64)
    sums = np.zeros(groups, np.int64)
    for v in range(group.size):
        if reach[v] < least:
            counts[group[v]] += 1
            sums[group[v]] += long(shallow[v])
    return counts, sums


@kernel
def sum_topmost(group: Ints, retained: Offsets, begin: Ints, children: Ints, groups: int) -> Longs:
    """Return by group the retained sizes of members that no member of the group dominates.

    Parameters
    ----------
    group : array of int32, shape (n,)
    retained : array, shape (n,)
    begin, children
        Dominator tree by parent in compressed rows; row 0 is the virtual root's, row
        ``v + 1`` that of object ``v``.
    """
    sums = np.zeros(groups, np.int64)
    depth_of = np.zeros(groups, np.int32)
    path = np.empty(group.size, np.int32)
    cursor = np.empty(group.size + 1, np.int64)
    depth = 0
    cursor[0] = begin[0]
    row = long(0)
    while depth >= 0:
        if cursor[depth] < begin[row + 1]:
            v = long(children[cursor[depth]])
            cursor[depth] += 1
            if depth_of[group[v]] == 0:
                sums[group[v]] += long(retained[v])
            if begin[v + 1] < begin[v + 2]:
                depth_of[group[v]] += 1
                path[depth] = v
                depth += 1
                row = v + 1
                cursor[depth] = begin[row]
        else:
            depth -= 1
            if depth >= 0:
                depth_of[group[path[depth]]] -= 1
                row = long(path[depth - 1]) + 1 if depth > 0 else long(0)
    return sums


@kernel
def sum_set(retained: Offsets, dominator: Ints, is_member: Flags) -> int:
    """Return what is dominated by members of a set: members below members counted once.

    A lower bound of what the set retains together: objects that only several members
    hold jointly are not below any single one.
    """
    total = long(0)
    for v in range(dominator.size):
        if is_member[v]:
            up = long(dominator[v])
            while up >= 0 and not is_member[up]:
                up = long(dominator[up])
            if up < 0:
                total += long(retained[v])
    return total


@kernel
def mark_reachable(begin: Offsets, targets: Ints, starts: Ints, is_barred: Flags) -> Flags:
    """Return which objects are reachable from ``starts`` without entering barred ones."""
    found = np.zeros(begin.size - 1, np.bool_)
    queue = np.empty(begin.size - 1, np.int32)
    count = 0
    for start in starts:
        if not found[start] and not is_barred[start]:
            found[start] = True
            queue[count] = start
            count += 1
    head = 0
    while head < count:
        v = long(queue[head])
        head += 1
        for edge in range(begin[v], begin[v + 1]):
            target = targets[edge]
            if not found[target] and not is_barred[target]:
                found[target] = True
                queue[count] = target
                count += 1
    return found


@kernel
def find_largest(values: Offsets, reach: NDArray[np.uint8], least: int, count: int) -> Ints:
    """Return the ``count`` objects of largest value with ``reach < least``, largest first.

    Values of 0 are left out; of equal values the lowest ordinal comes first.
    """
    best = np.zeros(count + 1, np.int64)
    found = np.zeros(count + 1, np.int32)
    for v in range(values.size):
        value = long(values[v])
        if count == 0 or value <= best[count - 1] or reach[v] >= least:
            continue
        at = count - 1
        while at > 0 and best[at - 1] < value:
            best[at] = best[at - 1]
            found[at] = found[at - 1]
            at -= 1
        best[at] = value
        found[at] = v
    filled = 0
    while filled < count and best[filled] > 0:
        filled += 1
    return found[:filled].copy()
