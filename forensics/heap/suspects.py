"""Leak suspects: where a large share of the heap piles up, and who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from forensics.heap._elsewhere import find_elsewhere
from forensics.heap.graph import HeapGraph
from forensics.heap.levels import Level, LevelTree, Path
from forensics.heap.meaning import Meaning, find_limit
from forensics.heap.paths import RootPath, describe_holders, find_root_path, find_thread

#: Something is a suspect if it holds at least this share of the heap.
SHARE: Final = 0.20
#: Beside a suspect, and for groups of children on the way down, half of that is enough.
_BESIDE: Final = 0.5
#: What only the platform's classes hold is noise of the machine below this.
_PLATFORM_BYTES: Final = 4 << 20
#: A pile has so many objects; fewer big ones, or one array, must be suspects by themselves.
_MANY: Final = 100
_MAX_SUSPECTS: Final = 10
_REPRESENTATIVES: Final = 3
_DEPTH: Final = 12
#: The contents are followed while the largest class holds this share of the suspect.
_FOLLOW: Final = 0.3

SUSPECTS: Final = pl.Schema(
    {
        "kind": pl.String(),
        "class": pl.String(),
        "index": pl.Int32(),
        "address": pl.String(),
        "instances": pl.Int64(),
        "retained_bytes": pl.Int64(),
        "share": pl.Float64(),
        "piles_up": pl.String(),
        "piled": pl.Int64(),
        "owner": pl.String(),
        "summary": pl.String(),
        "held_by": pl.List(pl.String()),
        "contents": pl.List(
            pl.Struct(
                {
                    "class": pl.String(),
                    "instances": pl.Int64(),
                    "retained_bytes": pl.Int64(),
                }
            )
        ),
        "limit": pl.String(),
        "thread": pl.String(),
        "stack": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A pile: ``point`` holds it alone, or is -1 where several objects do.

    ``levels`` begin with the first level of several objects; ``above`` are the kinds on the
    way to it.
    """

    point: int
    above: tuple[int, ...]
    levels: Path
    units: int

    @property
    def top(self) -> Level:
        return self.levels[0]

    @property
    def most(self) -> int:
        return max(level.count for level in self.levels)


def find_suspects(graph: HeapGraph, share: float = SHARE) -> pl.DataFrame:
    """Return where at least ``share`` of the held heap piles up, the largest first.

    The dominator tree is walked from the virtual root, children grouped by class, into every
    group that holds half of ``share``. A suspect is a level of many objects (``kind`` is
    ``single`` where one object holds them all, the accumulation point; ``group`` where only
    the virtual root or a class loader does) or one huge array. Where something holds
    ``share``, all that holds half as much is listed beside it. Objects without application
    classes above or below them need 4 MiB.

    ``index`` is the accumulation point, of groups the last object that the root paths of the
    largest members have in common, or the largest member. ``piles_up`` is the class that
    says most about what piles up: the first of the application on the way down; ``piled`` is
    its number. ``owner`` is the field of the application that leads there. ``held_by`` is the
    kind of root, then ``class.field`` of each holder. ``contents`` follows the largest class
    among the children, level by level. ``limit`` is a bound that the holder declares, where
    the pile has reached it: a cache that is full, not one that leaks. ``thread`` and
    ``stack`` are given where a thread is on the way.
    """
    tree, meaning = LevelTree(graph), Meaning(graph)
    base = max(graph.held_bytes, 1)
    floor_units = max(int(share * _BESIDE * base) // graph.unit_bytes, 1)
    piles = (_find_pile(graph, path, floor_units) for path in tree.walk(floor_units))
    found = [c for c in _merge(graph, piles) if _is_told(tree, meaning, c)]
    is_big = [c.units * graph.unit_bytes >= share * base for c in found]
    kept = [
        candidate
        for candidate, big in zip(found, is_big, strict=True)
        if big or (any(is_big) and candidate.most >= _MANY)
    ]
    rows = [_describe(tree, meaning, candidate) for candidate in kept[:_MAX_SUSPECTS]]
    rows += find_elsewhere(graph, meaning, share, {str(row["class"]) for row in rows})
    return pl.DataFrame(rows, schema=SUSPECTS, orient="row")


def _find_pile(graph: HeapGraph, path: Path, floor_units: int) -> _Candidate | None:
    """Return the first level of several objects and what holds it, or the one huge array."""
    for number, level in enumerate(path[1:], start=1):
        above = tuple(step.kind for step in path[1:number])
        if level.heads.size == 1 and level.count > 1:
            head = int(level.heads[0])
            return _Candidate(head, above, path[number:], int(graph.retained_units[head]))
        if level.heads.size > 1:
            point = int(path[number - 1].heads[0])
            if point < 0 or _is_namespace(graph, point):
                return _Candidate(-1, above, path[number:], level.units)
            return _Candidate(point, above, path[number:], int(graph.retained_units[point]))
    last = int(path[-1].heads[0])
    above = tuple(step.kind for step in path[1:-1])
    if int(graph.shallow_units[last]) < floor_units:
        return None
    return _Candidate(last, above, path[-1:], int(graph.retained_units[last]))


def _is_namespace(graph: HeapGraph, ordinal: int) -> bool:
    """Say whether what an object holds has nothing in common but the program it belongs to.

    Class loaders and their lists of classes are such, and roots that are made of nothing: what
    two static fields share has no other dominator.
    """
    if not graph.shallow_units[ordinal]:
        return True
    if graph.find_subclasses("java.lang.ClassLoader")[graph.class_index[ordinal]]:
        return True
    is_list = graph.class_name(ordinal).endswith("[]")
    return is_list and bool((graph.referents(ordinal) < graph.classes.object_count).any())


def _merge(graph: HeapGraph, piles: Iterable[_Candidate | None]) -> list[_Candidate]:
    """Keep one candidate a point, the largest first; drop small piles inside of others."""
    found: dict[tuple[int, int], _Candidate] = {}
    for pile in sorted((p for p in piles if p is not None), key=lambda p: -p.levels[-1].units):
        found.setdefault((pile.point, pile.top.kind if pile.point < 0 else -1), pile)
    by_point = {pile.point: pile for pile in found.values() if pile.point >= 0}
    kept = []
    for pile in sorted(found.values(), key=lambda p: -p.units):
        outer = _outer(graph, pile, by_point)
        if outer is None or pile.units >= _BESIDE * outer.units:
            kept.append(pile)
    return kept


def _outer(
    graph: HeapGraph, pile: _Candidate, by_point: dict[int, _Candidate]
) -> _Candidate | None:
    at = pile.point
    while at >= 0:
        at = int(graph.dominator[at])
        if at in by_point:
            return by_point[at]
    return None


def _is_told(tree: LevelTree, meaning: Meaning, pile: _Candidate) -> bool:
    """Leave out what only the platform's classes hold, unless it is large."""
    if pile.units * tree.graph.unit_bytes >= _PLATFORM_BYTES:
        return True
    kinds = [*pile.above, *(level.kind for level in pile.levels)]
    return meaning.has_own(tree, kinds)


def _describe(tree: LevelTree, meaning: Meaning, pile: _Candidate) -> dict[str, object]:
    graph = tree.graph
    levels = [*pile.levels, *_below(tree, pile)]
    jump = _jump(levels)
    point, path = _place(graph, pile, levels[:jump])
    thread, stack = find_thread(graph, path.ordinals)
    is_single = pile.point >= 0
    is_array = is_single and pile.top.kind == tree.kinds_of(np.array([point], np.int32))[0]
    piled, count = tree.name(pile.top.kind), 1
    if not (is_array and pile.top.count == 1):
        piled, count = meaning.name_piled(tree, levels[jump:])
    row: dict[str, object] = {
        "kind": "single" if is_single else "group",
        "class": graph.label(point) if is_single else tree.name(pile.top.kind),
        "index": point,
        "address": f"0x{int(graph.addresses[point]):x}",
        "instances": 1 if is_single else min(level.count for level in levels[: max(jump, 1)]),
        "retained_bytes": pile.units * graph.unit_bytes,
        "share": pile.units * graph.unit_bytes / max(graph.held_bytes, 1),
        "piles_up": piled,
        "piled": count,
        "owner": meaning.name_owner(path),
        "held_by": describe_holders(graph, path),
        "contents": _contents(tree, levels, point),
        "limit": find_limit(graph, path, levels[0].count),
        "thread": thread,
        "stack": stack,
    }
    return row | {"summary": _summarise(graph, row)}


def _contents(tree: LevelTree, levels: list[Level], point: int) -> list[dict[str, object]]:
    return [
        {
            "class": tree.name(level.kind),
            "instances": level.count,
            "retained_bytes": level.units * tree.graph.unit_bytes,
        }
        for level in levels[:_DEPTH]
        if level.count > 1 or point not in level.heads
    ]


def _summarise(graph: HeapGraph, row: dict[str, Any]) -> str:
    """Return a suspect in one sentence."""
    what = f"{row['piled']:,} {row['piles_up']}"
    if row["piled"] == 1 and row["piles_up"].endswith("[]"):
        length = graph.content.array_length(int(row["index"]))
        what = f"one {row['piles_up'][:-1]}{length:,}]"
    where = f" in {row['owner']}" if row["owner"] else ""
    if row["kind"] == "group" and row["thread"]:
        where += f", spread over {row['instances']:,} {row['class']}"
    elif row["thread"]:
        where += f", held by thread {row['thread']}"
    return f"{what}: {row['share']:.0%} of the heap{where}"


def _below(tree: LevelTree, pile: _Candidate) -> list[Level]:
    """Follow the class that holds most, while it holds half of the suspect."""
    return list(tree.follow(pile.levels[-1], int(_FOLLOW * pile.units)))


def _jump(levels: list[Level]) -> int:
    """Return the level at which the number of objects grows most."""
    counts = np.array([1, *(level.count for level in levels)], np.float64)
    return int(np.argmax(counts[1:] / counts[:-1]))


def _place(graph: HeapGraph, pile: _Candidate, above: list[Level]) -> tuple[int, RootPath]:
    """Return the accumulation point, and the path to it from a root."""
    if pile.point >= 0:
        return pile.point, find_root_path(graph, pile.point)
    heads = pile.top.heads
    largest = heads[np.argsort(-graph.retained_units[heads].astype(np.int64), kind="stable")]
    paths = [find_root_path(graph, int(o)) for o in largest[:_REPRESENTATIVES]]
    path = _common(paths)
    if path.ordinals:
        return path.ordinals[-1], path
    inner = above[-1].heads if above else largest[:1]
    point = int(inner[np.argmax(graph.retained_units[inner])])
    return point, find_root_path(graph, point)


def _common(paths: list[RootPath]) -> RootPath:
    """Return the part that all paths share; the first path's fields lead on from there."""
    first = paths[0]
    shared = 0
    for steps in zip(*(path.ordinals for path in paths), strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    return RootPath(first.ordinals[:shared], first.fields[:shared], first.root_kind)
