"""Native memory that buffers of the heap own: it counts against the process, not the heap."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.heap.graph import STRONG, HeapGraph

BUFFERS: Final = pl.Schema(
    {
        "class": pl.String(),
        "index": pl.Int32(),
        "capacity_bytes": pl.Int64(),
        "origin": pl.String(),
        "is_reachable": pl.Boolean(),
        "holder_class": pl.String(),
    }
)
_BASE: Final = "java.nio.Buffer"


def list_direct_buffers(graph: HeapGraph) -> pl.DataFrame:
    """Return direct and mapped byte buffers that own native memory, the largest first.

    Slices and duplicates (their ``att`` refers to the owner) are left out, so the sum of
    ``capacity_bytes`` is the memory. Unreachable ones keep it until a collector finds them.
    ``origin`` is ``allocated`` (the buffer frees it), ``mapped`` (a file's pages) or ``native``
    (some library gave the address).
    """
    rows = []
    members = graph.instances(graph.find_subclasses(_BASE))
    for ordinal in members[members >= graph.classes.object_count].tolist():
        try:
            slots = {f.name: f.value for f in graph.fields(ordinal)}
        except UsageError:
            continue
        is_slice = int(slots.get("att", -1)) >= 0
        if "att" not in slots or is_slice or not int(slots.get("address", 0)):
            continue
        holder = int(graph.dominator[ordinal])
        rows.append(
            {
                "class": graph.class_name(ordinal),
                "index": ordinal,
                "capacity_bytes": int(slots.get("capacity", 0)),
                "origin": _origin(slots),
                "is_reachable": bool(np.equal(graph.reach[ordinal], STRONG)),
                "holder_class": graph.label(holder) if holder >= 0 else "GC root",
            }
        )
    frame = pl.DataFrame(rows, schema=BUFFERS, orient="row")
    return frame.sort(["capacity_bytes", "index"], descending=[True, False])


def _origin(slots: dict[str, int | float | bool | str]) -> str:
    if int(slots.get("fd", -1)) >= 0:
        return "mapped"
    return "allocated" if int(slots.get("cleaner", -1)) >= 0 else "native"
