"""Shortest paths from GC roots to all instances of a class, merged where they are one."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.heap.graph import HeapGraph
from forensics.heap.paths import name_reference
from forensics.kernels._types import Ints
from forensics.kernels.paths import count_paths, search_forward

MERGED: Final = pl.Schema(
    {
        "depth": pl.Int32(),
        "index": pl.Int32(),
        "class": pl.String(),
        "field": pl.String(),
        "instances": pl.Int64(),
        "share": pl.Float64(),
        "retained_bytes": pl.Int64(),
    }
)
_MAX_DEPTH: Final = 40
_MAX_ROWS: Final = 500


def merge_root_paths(graph: HeapGraph, class_name: str, share: float = 0.05) -> pl.DataFrame:
    """Return the tree of shortest paths to all instances of a class, subclasses not included.

    A row is one object on the way, a parent before its children, ``depth`` 0 at a root.
    ``field`` is what leads to it, of a root its kind; ``instances`` counts those with their path
    through it, ``share`` of all. Branches below ``share`` are left out, and the way ends where
    the instances part. One search over all references: linear in the heap.

    Raises
    ------
    UsageError
        If the dump has no class of that name.
    """
    found = graph.find_class(class_name)
    if not found:
        raise UsageError(f"{graph.facts.name} has no class {class_name!r}")
    members = graph.instances(found)
    members = members[members >= graph.classes.object_count]
    order, before = search_forward(graph.begin, graph.targets, graph.root_ordinals)
    through = count_paths(order, before, members)
    floor = max(int(share * members.size), 1)
    kept = np.flatnonzero(through >= floor).astype(np.int32)
    children: dict[int, list[int]] = {}
    for ordinal in kept[np.argsort(-through[kept], kind="stable")].tolist():
        children.setdefault(int(before[ordinal]), []).append(ordinal)
    rows: list[tuple[object, ...]] = []
    waiting = [(0, root) for root in reversed(children.get(-1, []))]
    while waiting and len(rows) < _MAX_ROWS:
        depth, at = waiting.pop()
        rows.append(_row(graph, depth, at, int(before[at]), int(through[at]), members))
        if depth < _MAX_DEPTH and not (through[at] == 1 and members.size > 1):
            waiting.extend((depth + 1, child) for child in reversed(children.get(at, [])))
    return pl.DataFrame(rows, schema=MERGED, orient="row")


def _row(
    graph: HeapGraph, depth: int, at: int, parent: int, count: int, members: Ints
) -> tuple[object, ...]:
    field = graph.root_kinds.get(at, "") if parent < 0 else name_reference(graph, parent, at)
    retained = int(graph.retained_bytes(np.array([at], np.int32))[0])
    share = count / max(members.size, 1)
    return depth, at, graph.label(at), field, count, share, retained
