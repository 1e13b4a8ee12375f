"""One object at a time: its fields, what it refers to, what refers to it, what it holds."""

from __future__ import annotations

from itertools import islice
from typing import Final

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.heap.containers import is_map, iter_elements, iter_entries
from forensics.heap.graph import HeapGraph
from forensics.heap.paths import name_reference
from forensics.heap.tree import describe_objects
from forensics.heap.values import show_value
from forensics.kernels._types import Ints
from forensics.redaction import redact

FIELDS: Final = pl.Schema(
    {
        "field": pl.String(),
        "type": pl.String(),
        "value": pl.String(),
        "index": pl.Int32(),
        "class": pl.String(),
        "declared_by": pl.String(),
    }
)
ENTRIES: Final = pl.Schema(
    {
        "key": pl.String(),
        "value": pl.String(),
        "key_index": pl.Int32(),
        "value_index": pl.Int32(),
    }
)
_MANY: Final = 1000


def list_fields(graph: HeapGraph, ordinal: int, count: int = 100) -> pl.DataFrame:
    """Return the fields of an object (statics of a class object, elements of an array).

    ``index`` and ``class`` are of what a reference leads to, -1 and null for numbers and null.
    ``value`` is decoded and redacted. Reads the object and what it refers to, nothing else.
    """
    if graph.content.array_length(ordinal) >= 0:
        slots = _elements(graph, ordinal, count)
    else:
        slots = [(f.name, f.type, f.value, f.declared_by) for f in graph.fields(ordinal)[:count]]
    rows = []
    for name, kind, value, declared_by in slots:
        target = int(value) if kind == "object" and isinstance(value, int) else -1
        text = show_value(graph, target) if kind == "object" else redact(str(value))
        of = graph.label(target) if target >= 0 else None
        rows.append((name, kind, text, target, of, declared_by))
    return pl.DataFrame(rows, schema=FIELDS, orient="row")


def _elements(graph: HeapGraph, ordinal: int, count: int) -> list[tuple[str, str, object, str]]:
    content = graph.content.array(ordinal)[:count]
    name = graph.class_name(ordinal)[:-2]
    is_number = name in ("boolean", "char", "float", "double", "byte", "short", "int", "long")
    kind = name if is_number else "object"
    return [(f"[{i}]", kind, value, "") for i, value in enumerate(content.tolist())]


def list_referents(graph: HeapGraph, ordinal: int, count: int = 100) -> pl.DataFrame:
    """Return what an object refers to and retains, largest first, with the ``field``."""
    found = np.unique(graph.referents(ordinal)[:_MANY])
    names = {int(o): name_reference(graph, ordinal, int(o)) for o in found}
    return _with_fields(graph, found, names, count)


def list_referrers(graph: HeapGraph, ordinal: int, count: int = 100) -> pl.DataFrame:
    """Return what refers to an object, largest first, with the ``field`` that does.

    The first call builds an index of all references: 4 bytes each.
    """
    found = np.unique(graph.referrers(ordinal)[:_MANY])
    names = {int(o): name_reference(graph, int(o), ordinal) for o in found}
    return _with_fields(graph, found, names, count)


def _with_fields(graph: HeapGraph, found: Ints, names: dict[int, str], count: int) -> pl.DataFrame:
    frame = describe_objects(graph, found.astype(np.int32)).head(count)
    fields = [names[o] for o in frame["index"].to_list()]
    return frame.with_columns(pl.Series("field", fields, dtype=pl.String))


def list_entries(graph: HeapGraph, ordinal: int, count: int = 100) -> pl.DataFrame:
    """Return the first entries of a map, or elements of a collection (``key`` is null).

    ``key`` and ``value`` are decoded and redacted; the indexes lead to the objects.

    Raises
    ------
    UsageError
        If the object is no collection that is told by its fields.
    """
    if graph.content.array_length(ordinal) < 0 and is_map(graph, ordinal):
        pairs = list(islice(iter_entries(graph, ordinal), count))
        rows = [(show_value(graph, k), show_value(graph, v), k, v) for k, v in pairs]
        return pl.DataFrame(rows, schema=ENTRIES, orient="row")
    elements = list(islice(iter_elements(graph, ordinal), count))
    if not elements and not graph.class_name(ordinal).startswith("java.util."):
        raise UsageError(f"{graph.label(ordinal)} is no collection; read it with list_fields")
    return pl.DataFrame(
        [(None, show_value(graph, o), -1, o) for o in elements], schema=ENTRIES, orient="row"
    )
