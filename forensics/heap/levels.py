"""The dominator tree by levels: from the virtual root down to where objects pile up.

A level is a set of objects of one class under one path of classes. Going down, a level with
one object (a cache) is followed by one of thousands (its entries): there memory piles up,
and the last object before is what holds the pile::

    virtual root -> class Orders -> HashMap -> Node[] -> Node x 40 000 -> Order x 40 000
                    1               1          1 ^holds   ^piles up
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from forensics.heap.graph import STRONG, HeapGraph
from forensics.kernels import levels as kernel
from forensics.kernels._types import Ints, Longs

#: A level of so many objects is a pile: what is below it says what each of them is.
PILE: Final = 1000
#: Up to so many big objects of one class beside each other are told apart.
_APART: Final = 3
_MAX_DEPTH: Final = 64
#: A class that was so often on a path is part of a recursive structure.
_CYCLES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Objects of one kind under one path of kinds.

    ``heads`` are what the level above dominates; ``members`` adds what heads dominate through
    a run of their own classes (nodes of a list or tree); ``spread`` is whose children
    come next. ``units`` is what the heads retain.
    """

    kind: int
    heads: Ints
    members: Ints
    spread: Ints
    units: int

    @property
    def count(self) -> int:
        """Number of objects, a run's included."""
        return int(self.members.size)


Path = tuple[Level, ...]


class LevelTree:
    """The dominator tree of one graph, grouped by class on the way down.

    Builds the index of dominated objects on first use; each step is linear in the children
    that it looks at.
    """

    def __init__(self, graph: HeapGraph) -> None:
        self.graph = graph
        #: Kinds are classes by name, whatever loader defined them; class objects come after.
        self._classes = len(graph.classes)
        first: dict[str, int] = {}
        kinds = [first.setdefault(name, i) for i, name in enumerate(graph.classes.names)]
        mirrors = [kind + self._classes for kind in kinds[: graph.classes.object_count]]
        self._kind_of = np.array(kinds + mirrors, np.int32)
        top = graph.dominated(-1)
        self._top: Ints = top[graph.reach[top] == STRONG]

    def name(self, kind: int) -> str:
        """Return a kind in words: a class name, or ``class NAME`` for class objects."""
        names = self.graph.classes.names
        return f"class {names[kind - len(names)]}" if kind >= len(names) else names[kind]

    def class_of(self, kind: int) -> int:
        """Return the class index of a kind; of class objects, the class they stand for."""
        return kind % len(self.graph.classes)

    def is_mirror(self, kind: int) -> bool:
        """Say whether a kind is of class objects."""
        return kind >= len(self.graph.classes)

    def root(self) -> Level:
        """Return the level above everything: the virtual root alone."""
        top = np.array([-1], np.int32)
        return Level(-1, top, top, top, 0)

    def sum_below(self, level: Level) -> tuple[Longs, Longs]:
        """Return number and retained units of the children of a level, by kind."""
        return self._sum_top() if level.kind < 0 else self._sum(level.spread)

    def walk(self, floor_units: int) -> Iterator[Path]:
        """Yield each path of levels that hold ``floor_units`` or more, down to its pile.

        A path ends at a level of ``PILE`` objects, or where no group of children holds
        enough. Fields of one object lead to paths of their own; elements of one array are
        one level, and so are more than three big objects of one class side by side.
        """
        waiting: list[Path] = [(self.root(),)]
        while waiting:
            path = waiting.pop()
            path, counts, sums = self._close_run(path)
            kinds = np.flatnonzero(sums >= floor_units)
            is_end = len(path) > 1 and (path[-1].count >= PILE or len(path) > _MAX_DEPTH)
            if kinds.size == 0 or is_end:
                if len(path) > 1:
                    yield path
                continue
            for kind in kinds.tolist():
                heads = self._take(path[-1], kind, int(counts[kind]))
                parts = self._part(path[-1], heads, floor_units)
                waiting.extend((*path, self._level(kind, part)) for part in parts)

    def follow(self, level: Level, share_units: int) -> Iterator[Level]:
        """Yield the largest group of children, level by level, while it holds enough."""
        path: Path = (self.root(), level)
        while len(path) < _MAX_DEPTH:
            path, counts, sums = self._close_run(path)
            if len(path) > 2:
                yield path[-1]
            best = int(np.argmax(sums))
            if sums[best] < max(share_units, 1):
                return
            path = (*path, self._level(best, self._take(path[-1], best, int(counts[best]))))

    def _level(self, kind: int, heads: Ints) -> Level:
        units = int(self.graph.retained_units[heads].sum(dtype=np.int64))
        return Level(kind, heads, heads, heads, units)

    def _part(self, parent: Level, heads: Ints, floor_units: int) -> Iterator[Ints]:
        """Split children of one kind where each stands for itself."""
        is_array = parent.kind >= 0 and self.name(parent.kind).endswith("[]")
        is_big = self.graph.retained_units[heads] >= floor_units
        big = int(is_big.sum())
        if is_array or parent.spread.size > 1 or not 0 < big <= _APART or heads.size == 1:
            yield heads
            return
        for head in heads[is_big]:
            yield np.array([head], np.int32)
        rest = heads[~is_big]
        if int(self.graph.retained_units[rest].sum(dtype=np.int64)) >= floor_units:
            yield rest

    def kinds_of(self, ordinals: Ints) -> Ints:
        """Return the kinds of objects."""
        row = self.graph.class_index[ordinals].astype(np.int64)
        is_mirror = ordinals < self.graph.classes.object_count
        return self._kind_of[np.where(is_mirror, self._classes + ordinals, row)]

    def _close_run(self, path: Path) -> tuple[Path, Longs, Longs]:
        """Let a level take in the run that goes on below it; sum what comes after.

        A run is a class that dominates itself, or a longer cycle of classes that was on the
        path three times already.
        """
        counts, sums = self.sum_below(path[-1])
        kinds = [level.kind for level in path]
        start = self._run_start(kinds, counts)
        if start < 0:
            return path, counts, sums
        stop = kinds.index(kinds[start], start + 1) if kinds[start] in kinds[start + 1 :] else None
        cycle = path[start:stop]
        is_run = np.isin(self._kind_of[: self._classes], [level.kind for level in cycle])
        rows, of = self.graph.dominated_rows, self.graph.class_index
        run = kernel.collect_run(*rows, of, cycle[0].heads, is_run)
        kind = self.kinds_of(run)
        grown = [
            Level(level.kind, level.heads, run[kind == level.kind], run, level.units)
            for level in cycle
        ]
        counts, sums = self._sum(run)
        counts[: is_run.size][is_run] = 0
        sums[: is_run.size][is_run] = 0
        return (*path[:start], *grown), counts, sums

    def _run_start(self, kinds: list[int], counts: Longs) -> int:
        if len(kinds) > 1 and not self.is_mirror(kinds[-1]) and counts[kinds[-1]]:
            return len(kinds) - 1
        for kind in dict.fromkeys(kinds[1:]):
            if kinds.count(kind) >= _CYCLES and counts[kind]:
                start = kinds.index(kind)
                if not any(self.is_mirror(k) for k in kinds[start:]):
                    return start
        return -1

    def _sum(self, parents: Ints) -> tuple[Longs, Longs]:
        graph = self.graph
        return kernel.sum_children(
            *graph.dominated_rows,
            graph.class_index,
            self._kind_of,
            graph.retained_units,
            parents,
            self._classes,
        )

    def _sum_top(self) -> tuple[Longs, Longs]:
        kinds, size = self.kinds_of(self._top), self._kind_of.size
        units = np.bincount(kinds, self.graph.retained_units[self._top], size)
        return np.bincount(kinds, minlength=size), units.astype(np.int64)

    def _take(self, parent: Level, kind: int, count: int) -> Ints:
        if parent.kind < 0:
            taken: Ints = self._top[self.kinds_of(self._top) == kind]
            return taken
        wanted = (kind, count, self._classes)
        return kernel.take_children(
            *self.graph.dominated_rows,
            self.graph.class_index,
            self._kind_of,
            parent.spread,
            wanted,
        )
