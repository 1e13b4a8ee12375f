"""The dominator tree by levels: what a set of objects dominates, grouped by class."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Flags, Ints, Longs, Offsets, kernel, long


@kernel
def sum_children(  # noqa: PLR0913, PLR0917  # arrays of one tree
    begin: Ints,
    children: Ints,
    class_index: Ints,
    kind_of: Ints,
    retained: Offsets,
    parents: Ints,
    classes: int,
) -> tuple[Longs, Longs]:
    """Return number and retained sizes of what ``parents`` immediately dominate, by kind.

    Parameters
    ----------
    begin, children
        Dominator tree by parent in compressed rows; row ``v + 1`` is that of object ``v``.
    class_index : array of int32, shape (n,)
    kind_of : array of int32, shape (classes + class objects,)
        Kind of the instances of each class, then kind of each class object itself.
    retained : array, shape (n,)
    parents : array of int32
        -1 is the virtual root.
    classes : int
        Number of classes; kinds are below ``kind_of.size``.
    """
    counts = np.zeros(kind_of.size, np.int64)
    sums = np.zeros(kind_of.size, np.int64)
    mirrors = kind_of.size - classes
    for parent in parents:
        row = long(parent) + 1
        for at in range(begin[row], begin[row + 1]):
            child = long(children[at])
            kind = kind_of[classes + child] if child < mirrors else kind_of[class_index[child]]
            counts[kind] += 1
            sums[kind] += long(retained[child])
    return counts, sums


@kernel
def take_children(
    begin: Ints,
    children: Ints,
    class_index: Ints,
    kind_of: Ints,
    parents: Ints,
    wanted: tuple[int, int, int],
) -> Ints:
    """Return the objects of one kind that ``parents`` immediately dominate.

    ``wanted`` is the kind, the number of such objects, and the number of classes.
    """
    kind, count, classes = wanted
    mirrors = kind_of.size - classes
    found = np.empty(count, np.int32)
    filled = 0
    for parent in parents:
        row = long(parent) + 1
        for at in range(begin[row], begin[row + 1]):
            child = long(children[at])
            of = kind_of[classes + child] if child < mirrors else kind_of[class_index[child]]
            if of == kind:
                found[filled] = child
                filled += 1
    return found


@kernel
def collect_run(
    begin: Ints, children: Ints, class_index: Ints, starts: Ints, is_run: Flags
) -> Ints:
    """Return ``starts`` and all below them that is reached through classes of the run only.

    A linked list, a tree or a chain of contexts is such a run: its nodes dominate each
    other, however many there are.
    """
    found = np.empty(class_index.size, np.int32)
    found[: starts.size] = starts
    filled = starts.size
    head = 0
    while head < filled:
        row = long(found[head]) + 1
        head += 1
        for at in range(begin[row], begin[row + 1]):
            child = children[at]
            if is_run[class_index[child]]:
                found[filled] = child
                filled += 1
    return found[:filled].copy()


@kernel
def count_referrer_classes(
    begin: Offsets, targets: Ints, class_index: Ints, is_member: Flags, classes: int
) -> Longs:
    """Return by class how many references lead from its instances to members of a set."""
    counts = np.zeros(classes, np.int64)
    for v in range(class_index.size):
        for edge in range(begin[v], begin[v + 1]):
            if is_member[targets[edge]]:
                counts[class_index[v]] += 1
    return counts


@kernel
def mark_referrers(
    begin: Offsets, targets: Ints, class_index: Ints, is_member: Flags, wanted: int
) -> Flags:
    """Return which instances of one class refer to members of a set."""
    found = np.zeros(class_index.size, np.bool_)
    for v in range(class_index.size):
        if class_index[v] != wanted:
            continue
        for edge in range(begin[v], begin[v + 1]):
            if is_member[targets[edge]]:
                found[v] = True
                break
    return found
