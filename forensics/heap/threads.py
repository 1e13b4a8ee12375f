"""Threads with what they hold and what they were doing."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.heap.graph import HeapGraph

THREADS: Final = pl.Schema(
    {
        "thread": pl.String(),
        "index": pl.Int32(),
        "class": pl.String(),
        "retained_bytes": pl.Int64(),
        "locals": pl.Int64(),
        "locals_bytes": pl.Int64(),
        "stack": pl.List(pl.String()),
    }
)


def list_threads(graph: HeapGraph) -> pl.DataFrame:
    """Return every live thread, the one that retains most first.

    ``retained_bytes`` is what only the thread keeps: its object, its thread-local values,
    and what the local variables of its frames alone refer to. ``locals`` counts objects that
    frames refer to; ``locals_bytes`` is what those retain, shared by several threads or not.
    """
    rows = []
    for row in graph.threads.iter_rows(named=True):
        thread = int(row["object"])
        held = graph.roots.filter(pl.col("holder") == thread)["object"].unique().to_numpy()
        frames = graph.frames.filter(pl.col("stack") == row["stack"]).sort("depth")
        rows.append(
            {
                "thread": row["name"],
                "index": thread,
                "class": graph.class_name(thread),
                "retained_bytes": int(graph.retained_units[thread]) * graph.unit_bytes,
                "locals": int(held.size),
                "locals_bytes": int(graph.retained_bytes(held).sum()),
                "stack": frames["method"].to_list(),
            }
        )
    frame = pl.DataFrame(rows, schema=THREADS, orient="row")
    return frame.sort(["retained_bytes", "index"], descending=[True, False])
