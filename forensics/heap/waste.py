"""Memory that holds nothing: empty and sparse collections, arrays of zeros."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import STRONG, HeapGraph
from forensics.kernels._types import Ints

COLLECTIONS: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.Int64(),
        "empty": pl.Int64(),
        "single": pl.Int64(),
        "sparse": pl.Int64(),
        "wasted_bytes": pl.Int64(),
    }
)
ARRAYS: Final = pl.Schema(
    {
        "index": pl.Int32(),
        "address": pl.String(),
        "class": pl.String(),
        "length": pl.Int64(),
        "filled": pl.Float64(),
        "shallow_bytes": pl.Int64(),
    }
)
#: By structure: classes that have both a count of elements and an array for them.
_COUNTS: Final = ("size", "elementCount", "count")
_TABLES: Final = ("elementData", "table", "elements", "queue", "items")
_SPARSE: Final = 0.25
_BIG_BYTES: Final = 4096


def find_wasted_collections(graph: HeapGraph) -> pl.DataFrame:
    """Return collections of the array-backed kind by class, most wasted bytes first.

    A collection is a class with an element count (``size``, ``elementCount``, ``count``)
    and an array (``elementData``, ``table``, ``elements``, ``queue``, ``items``) among its
    fields, inherited ones included, whatever it is called. ``sparse`` ones use less than a
    quarter of their array. ``wasted_bytes`` is the unused part of their arrays.
    """
    rows = []
    for index in np.unique(graph.class_index[graph.classes.object_count :]).tolist():
        members = _held(graph, graph.instances(index))
        fields = _pair(graph, members)
        if fields is None:
            continue
        counts = np.asarray(graph.content.column(members, fields[0])).astype(np.int64)
        tables = np.asarray(graph.content.column(members, fields[1])).astype(np.int32)
        has_table = tables >= 0
        lengths = np.zeros(members.size, np.int64)
        lengths[has_table] = np.maximum(graph.content.array_lengths(tables[has_table]), 0)
        sizes = np.zeros(members.size, np.int64)
        sizes[has_table] = graph.shallow_bytes(tables[has_table])
        _, first = np.unique(tables, return_index=True)
        owns = np.zeros(members.size, np.bool_)
        owns[first] = True
        used = np.minimum(counts, lengths) / np.maximum(lengths, 1)
        rows.append(
            {
                "class": graph.classes.names[index],
                "instances": int(members.size),
                "empty": int((counts == 0).sum()),
                "single": int((counts == 1).sum()),
                "sparse": int(((counts > 0) & (used < _SPARSE)).sum()),
                "wasted_bytes": int((sizes * (1 - used) * (owns & (lengths > 0))).sum()),
            }
        )
    frame = pl.DataFrame(rows, schema=COLLECTIONS, orient="row")
    return frame.sort(["wasted_bytes", "class"], descending=[True, False])


def find_empty_arrays(
    graph: HeapGraph, min_bytes: int = _BIG_BYTES, max_filled: float = 0.1
) -> pl.DataFrame:
    """Return big arrays of which at most ``max_filled`` is not zero or null, largest first.

    ``filled`` is a share, 0 to 1. Reads every array of at least ``min_bytes`` once.
    """
    is_array = np.array([name.endswith("[]") for name in graph.classes.names], np.bool_)
    members = _held(graph, graph.instances(is_array))
    members = members[graph.shallow_bytes(members) >= min_bytes]
    filled = np.array([_filled(graph, ordinal) for ordinal in members.tolist()], np.float64)
    found = members[filled <= max_filled]
    return pl.DataFrame(
        {
            "index": found,
            "address": [f"0x{a:x}" for a in graph.addresses[found].tolist()],
            "class": [graph.class_name(o) for o in found.tolist()],
            "length": graph.content.array_lengths(found),
            "filled": filled[filled <= max_filled],
            "shallow_bytes": graph.shallow_bytes(found),
        },
        schema=ARRAYS,
    ).sort(["shallow_bytes", "index"], descending=[True, False])


def _held(graph: HeapGraph, members: Ints) -> Ints:
    is_held = (graph.reach[members] == STRONG) & (members >= graph.classes.object_count)
    held: Ints = members[is_held]
    return held


def _pair(graph: HeapGraph, members: Ints) -> tuple[str, str] | None:
    """Return the names of the count and the array, if the class has both."""
    if members.size == 0 or graph.content.array_length(int(members[0])) >= 0:
        return None
    fields = graph.fields(int(members[0]))
    counts = [f.name for f in fields if f.name in _COUNTS and f.type == "int"]
    tables = [f.name for f in fields if f.name in _TABLES and f.is_reference]
    return (counts[0], tables[0]) if counts and tables else None


def _filled(graph: HeapGraph, ordinal: int) -> float:
    content = np.asarray(graph.content.array(ordinal), dtype=np.float64)
    is_reference = not graph.class_name(ordinal).startswith(
        ("byte[", "char[", "short[", "int[", "long[", "float[", "double[", "boolean[")
    ) or graph.class_name(ordinal).endswith("[][]")
    used = (content >= 0) if is_reference else (content != 0)
    return float(np.count_nonzero(used)) / max(content.size, 1)
