"""Classes that several class loaders define: redeployments that left their past behind."""

from __future__ import annotations

import polars as pl

from forensics.heap.graph import HeapGraph
from forensics.heap.histogram import count_classes


def find_duplicate_classes(graph: HeapGraph) -> pl.DataFrame:
    """Return class names that more than one loader defines, the most copies first.

    Columns: ``class``, ``copies``, ``loaders`` (ordinals, -1 the boot loader),
    ``loader_classes``, ``instances`` and ``shallow_bytes`` of all copies. Arrays are left out.
    """
    classes = pl.DataFrame(
        {
            "class": graph.classes.names[: graph.classes.object_count],
            "loader": graph.classes.loader[: graph.classes.object_count],
        },
        schema={"class": pl.String(), "loader": pl.Int32()},
    ).filter(~pl.col("class").str.ends_with("[]"))
    sums = count_classes(graph).group_by("class").agg(pl.col("instances", "shallow_bytes").sum())
    copies = (
        classes.group_by("class")
        .agg(pl.len().cast(pl.Int64).alias("copies"), pl.col("loader").sort().alias("loaders"))
        .filter(pl.col("copies") > 1)
    )
    names = [
        [graph.label(o) if o >= 0 else "<boot loader>" for o in row] for row in copies["loaders"]
    ]
    return (
        copies.with_columns(pl.Series("loader_classes", names, dtype=pl.List(pl.String)))
        .join(sums, on="class", how="left")
        .with_columns(pl.col("instances", "shallow_bytes").fill_null(0))
        .sort(["copies", "class"], descending=[True, False])
    )
