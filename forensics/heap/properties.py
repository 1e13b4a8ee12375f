"""System properties that the machine ran with, as its heap remembers them."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.heap.containers import iter_entries
from forensics.heap.graph import HeapGraph
from forensics.heap.values import decode_value, show_value
from forensics.redaction import redact

PROPERTIES: Final = pl.Schema({"property": pl.String(), "value": pl.String()})
_SECRET: Final = ("password", "secret", "token", "credential", "apikey", "api.key", "private")


def find_properties(graph: HeapGraph) -> pl.DataFrame:
    """Return the system properties by name, secrets redacted: versions, paths, flags.

    Read from ``java.lang.System.props``; empty for other machines than Java's. The value of a
    property whose name speaks of a secret is blanked.
    """
    rows = []
    for index in graph.find_class("java.lang.System"):
        if index >= graph.classes.object_count:
            continue
        holders = [f for f in graph.fields(index) if f.name == "props" and f.is_reference]
        for holder in holders:
            for key, value in iter_entries(graph, int(holder.value)):
                name = str(decode_value(graph, key))
                is_secret = any(word in name.lower() for word in _SECRET)
                shown = "[redacted]" if is_secret else show_value(graph, value)
                rows.append((redact(name), shown))
    return pl.DataFrame(rows, schema=PROPERTIES, orient="row").sort("property")
