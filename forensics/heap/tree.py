"""The dominator tree: the biggest objects, what one object holds, by object and by class."""

from __future__ import annotations

import numpy as np
import polars as pl

from forensics.heap.graph import STRONG, HeapGraph
from forensics.kernels._types import Flags, Ints
from forensics.kernels.sums import find_largest, mark_reachable


def find_biggest(graph: HeapGraph, count: int = 20) -> pl.DataFrame:
    """Return the objects that retain most, largest first; garbage is left out.

    Columns: ``index`` (ordinal), ``address``, ``class``, ``shallow_bytes``,
    ``retained_bytes``, ``share`` (of what GC roots hold, 0 to 1), ``dominator`` (ordinal, -1
    for the virtual root).
    """
    count = min(count, len(graph))
    return describe_objects(
        graph, find_largest(graph.retained_units, graph.reach, STRONG + 1, count)
    )


def list_dominated(graph: HeapGraph, ordinal: int = -1, count: int = 100) -> pl.DataFrame:
    """Return what an object immediately dominates, largest first; -1 is the virtual root."""
    return describe_objects(graph, graph.dominated(ordinal)).head(count)


def list_dominated_by_class(graph: HeapGraph, ordinal: int = -1) -> pl.DataFrame:
    """Return what an object immediately dominates, grouped by class, largest first."""
    children = graph.dominated(ordinal)
    return (
        pl.DataFrame(
            {
                "class": [graph.classes.names[i] for i in graph.class_index[children].tolist()],
                "shallow_bytes": graph.shallow_bytes(children),
                "retained_bytes": graph.retained_bytes(children),
            },
            schema_overrides={"class": pl.String()},
        )
        .group_by("class")
        .agg(pl.len().cast(pl.Int64).alias("instances"), pl.all().sum())
        .sort(["retained_bytes", "class"], descending=[True, False])
    )


def describe_objects(graph: HeapGraph, ordinals: Ints) -> pl.DataFrame:
    """Return the columns of ``find_biggest`` for given objects, largest first."""
    held = max(graph.held_bytes, 1)
    retained = graph.retained_bytes(ordinals)
    return pl.DataFrame(
        {
            "index": ordinals,
            "address": [f"0x{a:x}" for a in graph.addresses[ordinals].tolist()],
            "class": [graph.label(int(o)) for o in ordinals],
            "shallow_bytes": graph.shallow_bytes(ordinals),
            "retained_bytes": retained,
            "share": retained / held,
            "dominator": graph.dominator[ordinals],
        },
        schema_overrides={"address": pl.String(), "class": pl.String()},
    ).sort(["retained_bytes", "index"], descending=[True, False])


def compute_retained_set(graph: HeapGraph, ordinals: Ints) -> Flags:
    """Return which objects would go if all of ``ordinals`` went: their exact retained set.

    One search from the GC roots that never enters the set: time and memory are linear in
    the heap. Sum ``graph.shallow_units`` over it, times ``graph.unit_bytes``, for its size.
    """
    barred = np.zeros(len(graph), np.bool_)
    barred[ordinals] = True
    begin, targets = graph.begin, graph.targets
    kept = mark_reachable(begin, targets, graph.root_ordinals, barred)
    while True:
        classes = np.zeros(len(graph.classes), np.bool_)
        classes[np.unique(graph.class_index[kept])] = True
        mirrors = np.flatnonzero(classes[: graph.classes.object_count])
        new = mirrors[~kept[mirrors] & ~barred[mirrors]]
        if new.size == 0:
            break
        kept |= mark_reachable(begin, targets, new.astype(np.int32), barred | kept)
    lost: Flags = (graph.reach == STRONG) & ~kept
    return lost
