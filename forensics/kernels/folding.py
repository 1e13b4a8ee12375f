"""Fold objects that have one referrer into it, before dominators are looked for.

An object that exactly one reference points to is dominated by its holder. It is *folded* into
the holder if all objects that only it refers to are folded, and at most one reference of the
whole tree below it leads out of the tree: its *exit*. Folded objects (strings, boxed values,
nodes of maps: four of five objects) are never numbered; whoever walks past follows the exit.
Contracting vertices with one predecessor is transformation T2 of [1]_; why the exit may not be
lost, and when a folded object is a dominator all the same, is in docs/methods/dominators.md.

Each object has two bits: ``HEAD`` (many references or none, or held by a GC root), ``ONCE``
(one reference, not folded), ``EXIT`` and ``PRIVATE`` (folded, with and without an exit).

References
----------
.. [1] M. S. Hecht, J. D. Ullman (1972), "Flow Graph Reducibility", SIAM Journal on Computing
   1(2), 188-202. doi:10.1137/0201014
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Flags, Ints, Longs, Offsets, Words, kernel, long

HEAD: Final = 0
ONCE: Final = 1
EXIT: Final = 2
PRIVATE: Final = 3
#: Directions of the sweeps over all objects that fold bottom-up: True is descending.
SWEEPS: Final = (True, False, True)

_ONE: Final = np.uint64(1)
_THREE: Final = np.uint64(3)
_LOW_BITS: Final = np.uint64(0x5555555555555555)


class Graph(NamedTuple):
    """An object graph in compressed rows.

    Object ``v`` refers to ``targets[begin[v]:begin[v + 1]]``, and through its class to
    ``class_object[class_index[v]]`` unless that is -1; a class object has its class's index
    as its ordinal.
    """

    begin: Offsets
    targets: Ints
    class_index: Ints
    class_object: Ints


class Folds(NamedTuple):
    """What is folded, for ``n`` objects.

    ``state`` has two bits an object. ``holder`` (n) is the referrer of folded objects.
    ``number`` (n) is, for ``EXIT``, where the exit leads or the child that has it. ``holds`` is
    a bitmap: the object or one folded into it keeps a class alive. ``swept`` (3, words) are
    bitmaps of what each sweep folded.
    """

    state: Words
    holder: Ints
    number: Ints
    holds: Words
    swept: Words


@kernel
def has_bit(words: Words, index: int) -> bool:
    """Say whether bit ``index`` is set."""
    return bool((words[index >> 6] >> np.uint64(index & 63)) & _ONE)


@kernel
def set_bit(words: Words, index: int) -> None:
    """Set bit ``index``."""
    words[index >> 6] |= _ONE << np.uint64(index & 63)


@kernel
def state_of(state: Words, index: int) -> int:
    """Return the two bits of an object."""
    return long((state[index >> 5] >> np.uint64(2 * (index & 31))) & _THREE)


@kernel
def mark_seen(seen: Words, target: int) -> None:
    """Count a reference to ``target`` in its two bits: none, one, more."""
    word = target >> 5
    place = np.uint64(2 * (target & 31))
    if (seen[word] >> place) & _THREE < np.uint64(2):
        seen[word] += _ONE << place


@kernel
def mark_all_seen(seen: Words, targets: Ints) -> None:
    """Count one reference to each of ``targets``."""
    for target in targets:
        mark_seen(seen, target)


@kernel
def count_referrers(begin: Offsets, targets: Ints, seen: Words, holder: Ints) -> None:
    """Count every reference in ``seen`` and note who makes it in ``holder``."""
    for v in range(begin.size - 1):
        for edge in range(begin[v], begin[v + 1]):
            mark_seen(seen, targets[edge])
            holder[targets[edge]] = v


@kernel
def list_unseen(seen: Words, objects: int) -> Ints:
    """Return the ordinals that no reference was counted for."""
    count = 0
    for v in range(objects):
        count += state_of(seen, v) == 0
    found = np.empty(count, np.int32)
    count = 0
    for v in range(objects):
        if state_of(seen, v) == 0:
            found[count] = v
            count += 1
    return found


@kernel
def are_plain(state: Words, ordinals: Ints) -> Flags:
    """Say of each ordinal whether it is not folded."""
    plain = np.empty(ordinals.size, np.bool_)
    for i in range(ordinals.size):
        plain[i] = state_of(state, ordinals[i]) < EXIT
    return plain


@kernel
def begin_states(seen: Words) -> Words:
    """Return states that tell ``ONCE`` from ``HEAD``: many references count as none."""
    return seen & _LOW_BITS


@kernel
def fold_objects(  # noqa: C901  # one pass over all references
    graph: Graph, folds: Folds, may_fold: Flags, retained: Offsets, sweep: int
) -> int:
    """Fold what can be folded in one sweep over all objects; return how many were.

    Parameters
    ----------
    may_fold : array of bool, shape (classes,)
        Whether objects of a class may be folded.
    retained : array, shape (n,)
        The size of each folded object is added to its holder's.
    sweep
        Which of ``SWEEPS``.
    """
    begin, targets, class_index = graph.begin, graph.targets, graph.class_index
    state, holder, number, holds = folds.state, folds.holder, folds.number, folds.holds
    swept = folds.swept[sweep]
    descends = SWEEPS[sweep]
    objects = class_index.size
    folded = 0
    for i in range(objects):
        v = objects - 1 - i if descends else i
        if state_of(state, v) != ONCE or not may_fold[class_index[v]]:
            continue
        exits = 0
        exit_to = -1
        keeps_class = graph.class_object[class_index[v]] >= 0
        for edge in range(begin[v], begin[v + 1]):
            target = targets[edge]
            kind = state_of(state, target)
            if kind == ONCE:
                exits = 2
            elif kind != PRIVATE:
                exits += 1
                exit_to = target
            if exits > 1:
                break
            if kind >= EXIT and has_bit(holds, target):
                keeps_class = True
        if exits > 1:
            continue
        code = np.uint64(3 if exits == 1 else 2)  # ONCE xor 3 is EXIT, ONCE xor 2 is PRIVATE
        state[v >> 5] ^= code << np.uint64(2 * (v & 31))
        if exits == 1:
            number[v] = exit_to
        if keeps_class:
            set_bit(holds, v)
        retained[holder[v]] += retained[v]
        set_bit(swept, v)
        folded += 1
    return folded


@kernel
def spread_numbers(folds: Folds) -> None:
    """Give folded objects the number of the object that they are folded into at last."""
    for back in range(len(SWEEPS)):
        sweep = len(SWEEPS) - 1 - back
        words = folds.swept[sweep]
        for i in range(words.size):
            word = i if SWEEPS[sweep] else words.size - 1 - i
            if words[word] == 0:
                continue
            for j in range(64):
                bit = j if SWEEPS[sweep] else 63 - j
                if (words[word] >> np.uint64(bit)) & _ONE:
                    v = (word << 6) + bit
                    folds.number[v] = folds.number[folds.holder[v]]


@kernel
def count_folded(state: Words, class_index: Ints, counts: Longs) -> None:
    """Add up, by class, how many objects are folded."""
    for v in range(class_index.size):
        if state_of(state, v) >= EXIT:
            counts[class_index[v]] += 1


@kernel
def count_anchored(
    graph: Graph, folds: Folds, dominator: Ints, ordinal: Ints, counts: Longs
) -> None:
    """Count, by class, the folded instances below the immediate dominator of their class.

    Parameters
    ----------
    dominator, ordinal : arrays of int32, shape (classes,)
        Number and ordinal of the dominator of each class object, -1 where it doesn't matter.
    counts : array of int64, shape (classes, 2)
        Filled: all of them; those that the dominator itself refers to.
    """
    for v in range(graph.class_index.size):
        kind = graph.class_index[v]
        if dominator[kind] == folds.number[v] and state_of(folds.state, v) >= EXIT:
            counts[kind, 0] += 1
            counts[kind, 1] += folds.holder[v] == ordinal[kind]
