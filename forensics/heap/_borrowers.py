"""Which thread works with a resource, told by its local variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from forensics.heap.graph import HeapGraph

#: What a thread borrows from others, mostly through a wrapper of its own.
_BORROWED: Final = ("connection", "statement", "pool entry")
#: From a statement's wrapper by its connection's wrapper to the pool entry.
_STEPS: Final = 3


def name_borrowers(
    graph: HeapGraph, rows: list[dict[str, Any]], names: Mapping[int, str | None]
) -> None:
    """Fill ``thread`` of resources that exactly one thread has among its local variables.

    What such a resource refers to is that thread's too, if it is a connection, a statement or a
    pool entry that no other thread works with: pools hand out wrappers. In place.
    """
    workers: dict[int, set[str]] = {}
    locals_ = graph.roots.filter(pl.col("holder") >= 0).select("object", "holder")
    for ordinal, thread in locals_.rows():
        if name := names.get(thread):
            workers.setdefault(ordinal, set()).add(name)
    borrowed = {int(row["index"]): row for row in rows if row["kind"] in _BORROWED}
    found = {ordinal: workers.get(ordinal, set()) for ordinal in borrowed}
    for ordinal, row in borrowed.items():
        if row["thread"]:
            found[ordinal] = {row["thread"]}
    for _ in range(_STEPS):
        reached: dict[int, set[str]] = {}
        for ordinal, threads in found.items():
            for target in graph.referents(ordinal).tolist() if threads else ():
                if target in borrowed and not found[target]:
                    reached.setdefault(target, set()).update(threads)
        found |= reached
    for ordinal, threads in found.items():
        borrowed[ordinal]["thread"] = next(iter(threads)) if len(threads) == 1 else None
