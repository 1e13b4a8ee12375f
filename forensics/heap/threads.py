"""Threads with what they hold and what they were doing."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.heap.graph import HeapGraph
from forensics.heap.values import show_value

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


LOCALS: Final = pl.Schema(
    {
        "thread": pl.String(),
        "method": pl.String(),
        "line": pl.Int32(),
        "class": pl.String(),
        "value": pl.String(),
        "index": pl.Int32(),
        "retained_bytes": pl.Int64(),
    }
)


def list_locals(graph: HeapGraph, count: int = 200) -> pl.DataFrame:
    """Return what local variables of threads refer to, with the method, largest first."""
    threads = graph.threads.select(pl.col("object").alias("holder"), "name", "stack")
    frames = graph.frames.select("stack", pl.col("depth").alias("frame_number"), "method", "line")
    held = (
        graph.roots.filter((pl.col("holder") >= 0) & (pl.col("holder") != pl.col("object")))
        .join(threads, on="holder", how="inner")
        .with_columns(pl.col("frame_number").cast(frames.schema["frame_number"]))
        .join(frames, on=["stack", "frame_number"], how="left")
        .unique(["holder", "object", "frame_number"], maintain_order=True)
    )
    sizes = pl.Series("retained_bytes", graph.retained_bytes(held["object"].to_numpy()))
    held = held.with_columns(sizes).sort(["retained_bytes", "object"], descending=[True, False])
    rows = [
        (
            row["name"],
            row["method"],
            row["line"],
            graph.label(row["object"]),
            show_value(graph, row["object"]),
            row["object"],
            row["retained_bytes"],
        )
        for row in held.head(count).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=LOCALS, orient="row")
