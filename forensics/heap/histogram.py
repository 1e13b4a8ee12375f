"""How many objects of each class, and how much they hold."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import UNREACHABLE, HeapGraph
from forensics.kernels._types import Longs
from forensics.kernels.sums import count_by_group, sum_topmost

HISTOGRAM: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.Int64(),
        "shallow_bytes": pl.Int64(),
        "retained_bytes": pl.Int64(),
    }
)


def count_classes(graph: HeapGraph, *, with_unreachable: bool = True) -> pl.DataFrame:
    """Return instances, shallow and retained bytes by class, the largest shallow first.

    Classes of one name from several loaders are rows of their own, with ``class_index``
    and ``loader`` (ordinal, -1 for the boot loader) to tell them apart. With unreachable
    objects the instances and shallow bytes are those of ``jcmd PID GC.class_histogram
    -all`` at the same moment. Retained bytes of a class are those of all its instances
    together: what the dominator tree holds below them, each byte once.
    """
    groups = len(graph.classes)
    least = UNREACHABLE + 1 if with_unreachable else UNREACHABLE
    counts, units = count_by_group(
        graph.class_index, graph.shallow_units, graph.reach, least, groups
    )
    retained = retained_by_class(graph) if with_unreachable else _retained_reachable(graph)
    return (
        pl.DataFrame(
            {
                "class": graph.classes.names,
                "instances": counts,
                "shallow_bytes": units * graph.unit_bytes,
                "retained_bytes": retained,
                "class_index": np.arange(groups, dtype=np.int32),
                "loader": np.asarray(graph.classes.loader)[:groups],
            }
        )
        .filter(pl.col("instances") > 0)
        .sort(["shallow_bytes", "instances", "class"], descending=[True, True, False])
    )


def retained_by_class(graph: HeapGraph) -> Longs:
    """Return by class what all its instances retain together, int64 bytes.

    An instance dominated by another of its class is counted with that one. One pass down
    the dominator tree.
    """
    units = sum_topmost(
        graph.class_index, graph.retained_units, *graph.dominated_rows, len(graph.classes)
    )
    return units * graph.unit_bytes


def _retained_reachable(graph: HeapGraph) -> Longs:
    kept = np.where(graph.reach < UNREACHABLE, graph.retained_units, 0)
    units = sum_topmost(graph.class_index, kept, *graph.dominated_rows, len(graph.classes))
    return units * graph.unit_bytes


def count_packages(graph: HeapGraph, depth: int = 2) -> pl.DataFrame:
    """Return instances and shallow bytes by package, cut after ``depth`` parts."""
    package = pl.col("class").str.split(".").list.head(depth).list.join(".")
    has_package = pl.col("class").str.contains(".", literal=True)
    return (
        count_classes(graph)
        .with_columns(pl.when(has_package).then(package).otherwise(pl.lit("")).alias("package"))
        .group_by("package")
        .agg(pl.col("instances", "shallow_bytes").sum())
        .sort(["shallow_bytes", "package"], descending=[True, False])
    )


def count_loaders(graph: HeapGraph) -> pl.DataFrame:
    """Return classes, instances and shallow bytes by class loader (-1: the boot loader)."""
    return (
        count_classes(graph)
        .group_by("loader")
        .agg(
            pl.len().alias("classes").cast(pl.Int64),
            pl.col("instances", "shallow_bytes").sum(),
        )
        .with_columns(
            pl.col("loader")
            .map_elements(
                lambda o: graph.label(o) if o >= 0 else "<boot loader>", return_dtype=pl.String
            )
            .alias("loader_class")
        )
        .sort(["shallow_bytes", "loader"], descending=[True, False])
    )
