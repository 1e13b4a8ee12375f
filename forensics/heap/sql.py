"""SQL over a heap: objects, classes, references, roots and threads as tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.heap.graph import HeapGraph

#: Values of ``reach``.
_REACH: Final = ("strong", "weak", "unreachable")


def query_heap(graph: HeapGraph, query: str) -> pl.DataFrame:
    """Answer a query in SQL (the dialect of polars). Only tables it names are built.

    ========  =====================================================================================
    objects   ``index, address, class, shallow_bytes, retained_bytes, dominator, reach``
    classes   ``class_index, class, super, loader, instances, shallow_bytes``
    refs      ``source, target`` (indexes of objects; what retains only)
    roots     ``object, kind, holder``
    threads   ``object, name, stack``
    ========  =====================================================================================

    Tables are built in memory: some 50 bytes an object, 8 a reference.

    Raises
    ------
    UsageError
        If the query isn't understood or names another table.

    Examples
    --------
    >>> query_heap(graph, "select class, sum(shallow_bytes) as bytes from objects "
    ...                   "group by class order by bytes desc limit 5")  # doctest: +SKIP
    """
    context = pl.SQLContext(eager=True)
    for name, build in _TABLES.items():
        if re.search(rf"\b{name}\b", query, re.IGNORECASE):
            context.register(name, build(graph))
    try:
        return context.execute(query)
    except pl.exceptions.PolarsError as error:
        tables = ", ".join(_TABLES)
        raise UsageError(f"the query can't be answered: {error}; tables are {tables}") from error


def _objects(graph: HeapGraph) -> pl.DataFrame:
    names = pl.Series(graph.classes.names, dtype=pl.Categorical)
    return pl.DataFrame(
        {
            "index": np.arange(len(graph), dtype=np.int32),
            "address": np.asarray(graph.addresses),
            "class": names.gather(graph.class_index).cast(pl.String),
            "shallow_bytes": graph.shallow_bytes(),
            "retained_bytes": graph.retained_bytes(),
            "dominator": graph.dominator,
            "reach": pl.Series(_REACH).gather(graph.reach),
        }
    )


def _classes(graph: HeapGraph) -> pl.DataFrame:
    names, parents = graph.classes.names, graph.classes.super_index.tolist()
    parents += [-1] * (len(names) - len(parents))
    loaders = graph.classes.loader.tolist() + [-1] * len(names)
    count = np.bincount(graph.class_index, minlength=len(names))
    own = np.bincount(graph.class_index, graph.shallow_units, len(names)) * graph.unit_bytes
    return pl.DataFrame(
        {
            "class_index": np.arange(len(names), dtype=np.int32),
            "class": names,
            "super": [names[p] if p >= 0 else None for p in parents],
            "loader": loaders[: len(names)],
            "instances": count,
            "shallow_bytes": own.astype(np.int64),
        },
        schema_overrides={"super": pl.String(), "loader": pl.Int32()},
    )


def _refs(graph: HeapGraph) -> pl.DataFrame:
    begin = np.asarray(graph.begin).astype(np.int64)
    counts = begin[1:] - begin[:-1]
    sources = np.repeat(np.arange(len(graph), dtype=np.int32), counts)
    return pl.DataFrame({"source": sources, "target": graph.targets[: sources.size]})


def _roots(graph: HeapGraph) -> pl.DataFrame:
    return graph.roots.select("object", "kind", "holder")


def _threads(graph: HeapGraph) -> pl.DataFrame:
    return graph.threads.select("object", "name", "stack")


_TABLES: Final[dict[str, Callable[[HeapGraph], pl.DataFrame]]] = {
    "objects": _objects,
    "classes": _classes,
    "refs": _refs,
    "roots": _roots,
    "threads": _threads,
}
