"""Objects that wait for their finalizer: memory that is free but for one slow thread."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import HeapGraph
from forensics.kernels._types import Ints

BACKLOG: Final = pl.Schema(
    {"class": pl.String(), "registered": pl.Int64(), "waiting": pl.Int64(), "bytes": pl.Int64()}
)
_FINALIZER: Final = "java.lang.ref.Finalizer"


def count_finalizers(graph: HeapGraph) -> pl.DataFrame:
    """Return by class how many objects have a finalizer, and how many wait for it now.

    An object waits once nothing but its ``Finalizer`` leads to it. ``bytes`` is what the
    waiting ones retain.
    """
    referents = _find_referents(graph)
    if referents.size == 0:
        return pl.DataFrame(schema=BACKLOG)
    waits = graph.reach[referents] > 0
    names = pl.Series(graph.classes.names, dtype=pl.String).gather(graph.class_index[referents])
    return (
        pl.DataFrame(
            {
                "class": names,
                "waits": waits,
                "bytes": np.where(waits, graph.retained_bytes(referents), 0),
            }
        )
        .group_by("class")
        .agg(
            pl.len().cast(pl.Int64).alias("registered"),
            pl.col("waits").sum().cast(pl.Int64).alias("waiting"),
            pl.col("bytes").sum(),
        )
        .sort(["waiting", "registered", "class"], descending=[True, True, False])
    )


def find_waiting(graph: HeapGraph) -> Ints:
    """Return the objects that nothing but their ``Finalizer`` leads to, ascending."""
    referents = _find_referents(graph)
    return referents[graph.reach[referents] > 0]


def _find_referents(graph: HeapGraph) -> Ints:
    found = graph.instances(graph.find_class(_FINALIZER))
    found = found[found >= graph.classes.object_count]
    if found.size == 0:
        return found
    referents = np.asarray(graph.content.column(found, "referent")).astype(np.int32)
    return np.unique(referents[referents >= 0])
