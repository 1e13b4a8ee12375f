"""Who keeps whom: reachability, immediate dominators and retained sizes of a whole heap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forensics.kernels import dominators, folding
from forensics.kernels._types import Flags, Ints, Longs, Offsets, Words

#: Instances of smaller classes are not folded where they keep their class alive: the class of a
#: lone object may be dominated by it.
_FOLD_FROM: Final = 64


@dataclass(frozen=True, slots=True)
class References:
    """A reference graph in compressed rows, ready for dominators.

    ``class_object`` gives by class the ordinal of a class object that each instance keeps
    alive, -1 where there is none or a GC root holds it anyway; the ordinal of a class object
    is the index of its class. ``seen`` counts references to each object in two bits (none, one,
    more), and ``holder`` names one that refers to it; both are used up. Roots, what weak
    references lead to and whatever else must not be folded count twice
    (``kernels.folding.mark_all_seen``).
    """

    begin: Offsets
    targets: Ints
    class_index: Ints
    class_object: Ints
    seen: Words
    holder: Ints


@dataclass(frozen=True, slots=True)
class Retention:
    """Immediate dominators (-1: the virtual root), retained sizes and reachability."""

    dominator: Ints
    retained: Offsets
    reach: NDArray[np.uint8]


def compute_retention(
    references: References,
    shallow: Offsets,
    roots: Ints,
    weak_targets: Ints,
    *,
    fold_from: int = _FOLD_FROM,
) -> Retention:
    """Return dominators, retained sizes and reachability of every object.

    Three phases number what GC roots hold, then what only references that don't retain lead
    to, then garbage; each later phase gets dominators of its own and retains nothing of an
    earlier one. Time is linear but for the inverse of Ackermann's function; the peak is 12
    bytes an object, some 40 per object that isn't folded, and 12 per reference off the
    depth-first tree.

    Parameters
    ----------
    references
    shallow : array of unsigned int, shape (objects,)
        Sizes in any unit.
    roots, weak_targets : arrays of int32
        Ordinals held by GC roots, and those that soft, weak, phantom and finalizer
        references lead to.
    fold_from
        Least number of instances of a class that may be folded though they keep it alive.
    """
    counts = np.bincount(references.class_index, minlength=references.class_object.size)
    may_fold: Flags = (references.class_object < 0) | (counts >= fold_from)
    while True:
        work = _Work(references, shallow, may_fold)
        work.number(np.unique(roots), np.unique(weak_targets))
        work.dominate()
        doubtful = work.find_doubtful()
        if not doubtful.size:
            return work.finish()
        may_fold[doubtful] = False


class _Work:
    """One run over the graph; what a step doesn't need any more is let go."""

    def __init__(self, references: References, shallow: Offsets, may_fold: Flags) -> None:
        self._graph = folding.Graph(
            references.begin, references.targets, references.class_index, references.class_object
        )
        objects = references.class_index.size
        words = objects // 64 + 1
        self._unseen = folding.list_unseen(references.seen, objects)
        self._folds = folding.Folds(
            folding.begin_states(references.seen),
            references.holder,
            np.full(objects, -1, np.int32),
            np.zeros(words, np.uint64),
            np.zeros((len(folding.SWEEPS), words), np.uint64),
        )
        total = int(shallow.sum(dtype=np.int64))
        self._retained: Offsets = shallow.astype(np.int64 if total >> 32 else np.uint32)
        folded = 0
        for sweep in range(len(folding.SWEEPS)):
            folded += int(
                folding.fold_objects(self._graph, self._folds, may_fold, self._retained, sweep)
            )
        self._folded_instances = np.zeros(references.class_object.size, np.int64)
        folding.count_folded(self._folds.state, references.class_index, self._folded_instances)
        self._capacity = objects - folded + 1
        self._starts: Longs = np.empty(0, np.int64)
        self._root_numbers: Ints = np.empty(0, np.int32)

    def number(self, roots: Ints, weak_targets: Ints) -> None:
        """Give a number to all that isn't folded, in three phases."""
        capacity, edges = self._capacity, self._graph.targets.size
        is_waiting = (self._folded_instances > 0) & (self._graph.class_object >= 0)
        self._out = out = dominators.Numbering(
            np.empty(capacity, np.int32),
            np.empty(capacity, np.int32),
            np.empty(capacity, np.int32),
            np.empty(edges, np.int32),
            np.empty(edges, np.int32),
            is_waiting,
        )
        out.vertex[0], out.parent[0], out.entry[0] = -1, 0, -1
        counts = np.array([1, 0, np.count_nonzero(is_waiting)], np.int64)
        stack_edge = np.empty(capacity, self._graph.begin.dtype)
        starts = [1]
        number = self._folds.number
        lists = [roots, weak_targets, self._unseen]
        for ordinals in lists:
            dominators.number_depth_first(
                self._graph, self._folds, ordinals, out, counts, stack_edge
            )
            starts.append(int(counts[0]))
        if counts[0] < capacity:
            in_cycles = np.flatnonzero(number < 0).astype(np.int32)
            in_cycles = in_cycles[folding.are_plain(self._folds.state, in_cycles)]
            dominators.number_depth_first(
                self._graph, self._folds, in_cycles, out, counts, stack_edge
            )
        self._starts = np.array(starts[:3], np.int64)
        self._counts = counts
        found = [number[ordinals] for ordinals in lists]
        kept = [n[n >= start] for n, start in zip(found, starts, strict=False)]
        self._root_numbers = np.concatenate(kept).astype(np.int32)
        folding.spread_numbers(self._folds)

    def dominate(self) -> None:
        """Find dominators of numbered objects, and where folded ones are in between."""
        count, crossings, _ = (int(x) for x in self._counts)
        out, number = self._out, self._folds.number
        pairs = (out.cross_source[:crossings], out.cross_target[:crossings])
        most = crossings + number.size
        begin: Offsets = np.zeros(count + 1, np.int64 if most >> 32 else np.uint32)
        dominators.count_sources(self._graph, number, pairs, self._starts, begin)
        sources = np.empty(int(begin[-1]), np.int32)
        rows = (begin, sources)
        dominators.group_sources(self._graph, number, pairs, self._starts, rows)
        del pairs
        no_ints = np.empty(0, np.int32)
        self._out = out._replace(
            vertex=out.vertex[:count],
            parent=out.parent[:count],
            entry=out.entry[:count],
            cross_source=no_ints,
            cross_target=no_ints,
        )
        del out
        room = np.empty((4, count), np.int32)
        dominators.find_dominators(self._out.parent, rows, self._root_numbers, room)
        dominators.settle_entries(self._out.parent, self._out.entry, number, rows, room)

    def find_doubtful(self) -> Ints:
        """Return the classes whose class object a folded object may dominate.

        Sure are those that nothing dominates; those that their dominator itself refers to; and
        those with two instances among what it refers to.
        """
        graph, number = self._graph, self._folds.number
        mirrors = graph.class_object
        dominator = np.full(mirrors.size, -1, np.int32)
        asked = np.flatnonzero((self._folded_instances > 0) & (mirrors >= 0))
        found = self._out.parent[number[mirrors[asked]]]
        dominator[asked[found > 0]] = found[found > 0]
        if (dominator < 0).all():
            return np.empty(0, np.int32)
        ordinal = np.where(dominator > 0, self._out.vertex[dominator], -1).astype(np.int32)
        counts = np.zeros((mirrors.size, 2), np.int64)
        folding.count_anchored(graph, self._folds, dominator, ordinal, counts)
        doubtful = np.flatnonzero((counts[:, 0] > 0) & (counts[:, 1] < 2))
        is_sure = graph.class_index[ordinal[doubtful]] == doubtful
        for top in np.unique(ordinal[doubtful]).tolist():
            referred = graph.targets[graph.begin[top] : graph.begin[top + 1]]
            is_sure |= (ordinal[doubtful] == top) & np.isin(mirrors[doubtful], referred)
        unsure: Ints = doubtful[~is_sure].astype(np.int32)
        return unsure

    def finish(self) -> Retention:
        """Return the answers by ordinal."""
        number, starts = self._folds.number, self._starts
        reach = (number >= starts[1]).view(np.uint8) + (number >= starts[2]).view(np.uint8)
        size = np.empty(self._out.parent.size, np.int64)
        dominators.sum_retained(self._folds, self._out, self._out.parent, self._retained, size)
        return Retention(self._folds.holder, self._retained, reach)
