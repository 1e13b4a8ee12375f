"""Nodes of a document that nobody sees any more but something still holds (V8)."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import STRONG, HeapGraph
from forensics.heap.paths import describe_holders, find_root_path

DETACHED: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.Int64(),
        "retained_bytes": pl.Int64(),
        "index": pl.Int32(),
        "held_by": pl.List(pl.String()),
    }
)
_MARK: Final = "Detached "


def find_detached(graph: HeapGraph) -> pl.DataFrame:
    """Return detached nodes by class, those that retain most first.

    A node is detached if the snapshot says so (its ``detachedness``, or its name in snapshots
    from before Chrome 88). ``retained_bytes`` adds up the topmost of each class; ``held_by``
    is the path from the root to the one that retains most. Empty for other formats.
    """
    state = getattr(graph.content, "detached", None)
    is_detached = np.array([n.startswith(_MARK) for n in graph.classes.names], np.bool_)
    found = is_detached[graph.class_index]
    if state is not None:
        found = found | (np.asarray(state) == 2)  # detached
    members = np.flatnonzero(found & (graph.reach == STRONG)).astype(np.int32)
    rows = []
    classes = graph.class_index[members]
    for index in np.unique(classes).tolist():
        own = members[classes == index]
        top = own[~found[np.maximum(graph.dominator[own], 0)]]
        top = own if top.size == 0 else top
        largest = int(own[np.argmax(graph.retained_bytes(own))])
        rows.append(
            {
                "class": graph.classes.names[index],
                "instances": int(own.size),
                "retained_bytes": int(graph.retained_bytes(top).sum()),
                "index": largest,
                "held_by": describe_holders(graph, find_root_path(graph, largest)),
            }
        )
    frame = pl.DataFrame(rows, schema=DETACHED, orient="row")
    return frame.sort(["retained_bytes", "class"], descending=[True, False])
