"""What the heap explorer shows, as plain values: children, classes, search, paths, boxes.

Each function answers one question with JSON-able rows, every text redacted. Nothing here
knows of widgets: the explorer and the page without JavaScript are both made of these rows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from forensics.charts.retained_treemap import lay_out
from forensics.errors import UsageError
from forensics.heap import find_root_path, list_dominated_by_class
from forensics.heap.graph import STRONG, FieldValue, HeapGraph
from forensics.heap.paths import RootPath
from forensics.kernels._types import Ints
from forensics.redaction import redact

PAGE: Final = 40
SORTS: Final = ("retained", "shallow", "class")
_MOST_BOXES: Final = 40
_MOST_FIELDS: Final = 60
_MOST_TEXT: Final = 200
_MOST_READ: Final = 4096
_MOST_LEVELS: Final = 200
_ICICLE_LEVELS: Final = 7
_ICICLE_SHARE: Final = 0.004

_PRIMITIVES: Final = frozenset({"boolean", "float", "double", "short", "int", "long"})

Row = dict[str, Any]


def list_children(graph: HeapGraph, parent: int, sort: str = "retained", offset: int = 0) -> Row:
    """Return one page of what ``parent`` dominates (-1: the virtual root).

    Reads the sizes of all children, describes only the page.

    Raises
    ------
    UsageError
        If ``sort`` is none of ``SORTS``, or ``parent`` no object.
    """
    if sort not in SORTS:
        raise UsageError(f"sort is {sort!r}; allowed are {', '.join(SORTS)}")
    if not -1 <= parent < len(graph):
        raise UsageError(f"{parent} is no object; there are {len(graph):,}")
    children = graph.dominated(parent)
    if parent < 0:
        children = children[graph.reach[children] == STRONG]
    ordered = children[_order(graph, children, sort)]
    page = ordered[max(offset, 0) : max(offset, 0) + PAGE]
    return {"rows": describe_rows(graph, page), "total": int(ordered.size), "offset": offset}


def describe_rows(graph: HeapGraph, ordinals: Ints) -> list[Row]:
    """Return label, address, sizes and number of children of each object."""
    held = max(graph.held_bytes, 1)
    begin = graph.dominated_rows[0]
    retained = graph.retained_bytes(ordinals).tolist()
    shallow = graph.shallow_bytes(ordinals).tolist()
    return [
        {
            "index": ordinal,
            "label": redact(graph.label(ordinal)),
            "address": f"0x{int(graph.addresses[ordinal]):x}",
            "shallow_bytes": shallow[number],
            "retained_bytes": retained[number],
            "share": retained[number] / held,
            "children": int(begin[ordinal + 2] - begin[ordinal + 1]),
        }
        for number, ordinal in enumerate(ordinals.tolist())
    ]


def list_classes(graph: HeapGraph, parent: int) -> Row:
    """Return what ``parent`` dominates grouped by class, the largest groups first."""
    frame = list_dominated_by_class(graph, parent)
    rows = frame.head(PAGE).to_dicts()
    for row in rows:
        row["class"] = redact(row["class"])
    return {"rows": rows, "total": frame.height}


def search_objects(graph: HeapGraph, text: str) -> Row:
    """Return the objects that ``text`` names: an address, an ordinal ``#7``, part of a class.

    Of a class's instances the largest come first. Case doesn't matter.
    """
    text = text.strip()
    number = _ordinal_of(graph, text)
    if number is not None:
        return {"rows": describe_rows(graph, np.array([number], np.int32)), "total": 1}
    wanted = text.lower()
    classes = [i for i, name in enumerate(graph.classes.names) if wanted in name.lower()]
    found = graph.instances(classes) if wanted and classes else np.empty(0, np.int32)
    best = found[np.argsort(-graph.retained_bytes(found), kind="stable")[:PAGE]]
    return {"rows": describe_rows(graph, best), "total": int(found.size), "classes": len(classes)}


def list_dominators(graph: HeapGraph, ordinal: int) -> Row:
    """Return the chain from the outermost dominator down to the object, for a jump in the tree.

    ``is_whole`` is false where the chain is longer than 200 (a linked list): its inner end is
    given.
    """
    chain = [ordinal]
    while (above := int(graph.dominator[chain[-1]])) >= 0 and len(chain) < _MOST_LEVELS:
        chain.append(above)
    return {"rows": describe_rows(graph, np.array(chain[::-1], np.int32)), "is_whole": above < 0}


def describe_object(graph: HeapGraph, ordinal: int) -> Row:
    """Return one object: its row, its fields, and the shortest path from a GC root to it."""
    path = find_root_path(graph, ordinal)
    fields, count = _fields_of(graph, ordinal)
    text = graph.content.text(ordinal)
    return {
        "row": describe_rows(graph, np.array([ordinal], np.int32))[0],
        "text": None if text is None else _cut(text),
        "fields": [_describe_field(graph, field) for field in fields[:_MOST_FIELDS]],
        "more_fields": max(0, count - _MOST_FIELDS),
        "root": redact(path.root_kind),
        "path": _describe_path(graph, path),
    }


def lay_out_treemap(graph: HeapGraph, parent: int) -> Row:
    """Return boxes, in fractions of a square, for what ``parent`` dominates."""
    page = list_children(graph, parent)
    rows = page["rows"][:_MOST_BOXES]
    rows = [row for row in rows if row["retained_bytes"] > 0]
    inside = graph.held_bytes if parent < 0 else int(graph.retained_bytes(_one(parent))[0])
    rest = inside - sum(row["retained_bytes"] for row in rows)
    sizes = [float(row["retained_bytes"]) for row in rows]
    if rest > 0:
        sizes.append(float(rest))
        rows = [*rows, {"index": None, "label": "everything else", "retained_bytes": rest}]
    boxes = lay_out(sizes, (0.0, 0.0, 1.0, 0.5)) if sizes else []
    return {"boxes": [{**row, "box": box} for row, box in zip(rows, boxes, strict=True)]}


def lay_out_icicle(graph: HeapGraph, parent: int) -> Row:
    """Return the levels below ``parent``: start and width of each object, in fractions."""
    whole = graph.held_bytes if parent < 0 else int(graph.retained_bytes(_one(parent))[0])
    cells: list[Row] = []
    waiting = [(parent, 0.0, 0)]
    while waiting:
        above, start, level = waiting.pop(0)
        for row in list_children(graph, above)["rows"]:
            width = row["retained_bytes"] / max(whole, 1)
            if width < _ICICLE_SHARE:
                break
            cells.append({**row, "start": start, "width": width, "level": level})
            if level + 1 < _ICICLE_LEVELS:
                waiting.append((row["index"], start, level + 1))
            start += width
    return {"cells": cells, "levels": 1 + max((cell["level"] for cell in cells), default=-1)}


def _one(ordinal: int) -> Ints:
    return np.array([ordinal], np.int32)


def _order(graph: HeapGraph, children: Ints, sort: str) -> Any:
    retained = -graph.retained_bytes(children)
    if sort == "shallow":
        return np.lexsort((retained, -graph.shallow_bytes(children)))
    if sort == "class":
        names = np.array(graph.classes.names)[graph.class_index[children]]
        return np.lexsort((retained, names))
    return np.argsort(retained, kind="stable")


def _ordinal_of(graph: HeapGraph, text: str) -> int | None:
    """Return the object that ``text`` names by address or ordinal, ``None`` if it names none."""
    try:
        if text.lower().startswith("0x"):
            return graph.find_object(int(text, 16))
        if text.startswith("#"):
            ordinal = int(text[1:])
            return ordinal if 0 <= ordinal < len(graph) else None
    except (ValueError, UsageError):
        return None
    return None


def _fields_of(graph: HeapGraph, ordinal: int) -> tuple[list[FieldValue], int]:
    """Return the fields, or the first elements of an array, and how many there are.

    Of bytes and characters only the number is told: element by element a text of them would
    pass redaction.
    """
    length = graph.content.array_length(ordinal)
    if length < 0:
        fields = graph.fields(ordinal)
        return fields, len(fields)
    element = graph.class_name(ordinal).removesuffix("[]")
    if element in {"byte", "char"}:
        return [FieldValue("length", "int", length)], 1
    kind = element if element in _PRIMITIVES else "object"
    values = graph.content.array(ordinal)[:_MOST_FIELDS].tolist()
    return [FieldValue(f"[{i}]", kind, value) for i, value in enumerate(values)], length


def _describe_field(graph: HeapGraph, field: FieldValue) -> Row:
    shown: Row = {"name": redact(field.name), "type": redact(field.type), "index": None}
    if not field.is_reference:
        return {**shown, "value": _value_of(field.name, str(field.value))}
    target = int(field.value)
    if target < 0:
        return {**shown, "value": "null"}
    text = graph.content.text(target)
    if text is not None:
        return {**shown, "value": f'"{_value_of(field.name, text)}"', "index": target}
    return {**shown, "value": redact(graph.label(target)), "index": target}


def _describe_path(graph: HeapGraph, path: RootPath) -> list[Row]:
    rows = describe_rows(graph, np.array(path.ordinals, np.int32))
    fields = [*path.fields, ""]
    return [{**row, "field": redact(fields[number])} for number, row in enumerate(rows)]


def _value_of(name: str, text: str) -> str:
    """Return a field's value, judged together with its name: ``password`` gives a secret away."""
    clean = redact(f'{name}="{_cut(text)}"')
    return clean[len(name) + 2 : -1] if clean.startswith(f'{name}="') else clean


def _cut(text: str) -> str:
    """Return the head of a text, redacted before it is cut: half a secret is not recognised."""
    clean = redact(text[:_MOST_READ])
    return clean if len(clean) <= _MOST_TEXT else clean[:_MOST_TEXT] + "…"
