"""What collections of the platform hold, told by the fields that they keep it in.

=====================  ==========================================================================
elements               fields
=====================  ==========================================================================
array list, vector     ``elementData`` with ``size`` or ``elementCount``
deque, queue           ``elements`` from ``head``; ``queue`` or ``items`` with ``size``/``count``
linked list or queue   ``first`` or ``head``, then ``next``; ``item``
fixed list, set        ``a``, ``array``, ``elements``; ``e0``, ``e1``
set over a map         ``map`` or ``m``: the keys
wrapper                ``c``, ``list``, ``s`` of ``java.util.Collections``
=====================  ==========================================================================

Maps: ``table`` of nodes with ``key``, ``value`` or ``val``, and ``next`` (hash maps, concurrent
ones with their tree bins); ``referent`` for ``key`` (weak keys, thread locals); a flat
``table`` of keys and values (identity and fixed maps); ``root`` with ``left`` and ``right``
(tree maps); ``head`` with ``node`` and ``next`` (skip lists); ``k0``, ``v0``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from forensics.errors import UsageError
from forensics.heap.graph import HeapGraph

#: No collection is followed further; a damaged one may be a circle.
_MOST: Final = 10_000_000
_WRAPPED: Final = ("m", "c", "list", "s", "map", "al", "backingMap", "delegate")
_ARRAYS: Final = ("elementData", "elements", "queue", "items", "a", "array")
_PRIMITIVES: Final = ("boolean", "char", "float", "double", "byte", "short", "int", "long")
_COUNTS: Final = ("size", "elementCount", "count")

Slots = dict[str, int]


def iter_elements(graph: HeapGraph, ordinal: int) -> Iterator[int]:
    """Yield the elements of a list, set, queue or array as ordinals; keys of a map. Lazy.

    Nulls are left out. Yields nothing for an object of another structure.
    """
    if graph.content.array_length(ordinal) >= 0:
        yield from _array(graph, ordinal)
        return
    slots = _slots(graph, ordinal)
    if _is_map(slots):
        yield from (key for key, _ in iter_entries(graph, ordinal))
        return
    array = next((slots[n] for n in _ARRAYS if slots.get(n, -1) >= 0), -1)
    if array >= 0 and graph.content.array_length(array) >= 0:
        yield from _backed(graph, slots, array)
    elif "first" in slots or "head" in slots:
        yield from _linked(graph, max(slots.get("first", -1), slots.get("head", -1)))
    elif "e0" in slots:
        yield from (slots[n] for n in ("e0", "e1") if slots.get(n, -1) >= 0)
    else:
        inner = next((slots[n] for n in _WRAPPED if slots.get(n, -1) >= 0), -1)
        if inner >= 0 and inner != ordinal and graph.class_name(ordinal).startswith("java.util."):
            yield from iter_elements(graph, inner)


def iter_entries(graph: HeapGraph, ordinal: int) -> Iterator[tuple[int, int]]:
    """Yield keys and values of a map as ordinals, -1 for null. Lazy.

    Yields nothing for an object of another structure.
    """
    slots = _slots(graph, ordinal)
    if slots.get("head", -1) >= 0 and "after" in _slots(graph, slots["head"]):
        yield from _chained(graph, slots["head"])
    elif slots.get("table", -1) >= 0:
        yield from islice(_hashed(graph, slots["table"]), _MOST)
    elif slots.get("root", -1) >= 0:
        yield from _tree(graph, slots["root"])
    elif slots.get("head", -1) >= 0 and "node" in _slots(graph, slots["head"]):
        yield from _skip_list(graph, slots["head"])
    elif "k0" in slots:
        yield slots["k0"], slots.get("v0", -1)
    elif "keyUniverse" in slots and "vals" in slots:
        keys = _array(graph, slots["keyUniverse"], with_null=True)
        values = _array(graph, slots["vals"], with_null=True)
        yield from ((k, v) for k, v in zip(keys, values, strict=False) if v >= 0)
    else:
        inner = next((slots[n] for n in ("m", "map") if slots.get(n, -1) >= 0), -1)
        if inner >= 0 and inner != ordinal:
            yield from iter_entries(graph, inner)


def is_map(graph: HeapGraph, ordinal: int) -> bool:
    """Say whether an object keeps entries, directly or through the map that it wraps."""
    slots = _slots(graph, ordinal)
    name = graph.class_name(ordinal)
    return _is_map(slots) or (
        name.startswith("java.util.") and name.endswith(("Map", "Properties"))
    )


def _is_map(slots: Slots) -> bool:
    return bool(slots.keys() & {"table", "root", "k0", "keyUniverse"})


def _slots(graph: HeapGraph, ordinal: int) -> Slots:
    """Return references and whole numbers by name; nearest class wins."""
    try:
        fields = graph.fields(ordinal) if ordinal >= 0 else []
    except UsageError:
        return {}
    found: Slots = {}
    for field in fields:
        if isinstance(field.value, int):
            found.setdefault(field.name, int(field.value))
    return found


def _array(graph: HeapGraph, ordinal: int, *, with_null: bool = False) -> Iterator[int]:
    if ordinal < 0 or not graph.class_name(ordinal).endswith("[]"):
        return
    content = graph.content.array(ordinal)
    if content.dtype.kind != "i" or graph.class_name(ordinal)[:-2] in _PRIMITIVES:
        return
    yield from (int(o) for o in content.tolist() if with_null or o >= 0)


def _backed(graph: HeapGraph, slots: Slots, array: int) -> Iterator[int]:
    """Elements of an array as far as the count goes, from the head where there is one."""
    content = list(_array(graph, array, with_null=True))
    count = next((slots[n] for n in _COUNTS if n in slots), len(content))
    if "head" in slots and "tail" in slots:
        content = content[slots["head"] :] + content[: slots["head"]]
        count = len(content)
    yield from (o for o in content[: max(count, 0)] if o >= 0)


def _linked(graph: HeapGraph, node: int) -> Iterator[int]:
    for _ in range(_MOST):
        if node < 0:
            return
        slots = _slots(graph, node)
        if slots.get("item", -1) >= 0:
            yield slots["item"]
        following = slots.get("next", -1)
        node = -1 if following == node else following


def _hashed(graph: HeapGraph, table: int) -> Iterator[tuple[int, int]]:
    cells = list(_array(graph, table, with_null=True))
    held = [o for o in cells if o >= 0]
    if held and not _is_node(graph, held[0]):
        yield from ((k, v) for k, v in zip(cells[::2], cells[1::2], strict=False) if k >= 0)
        return
    for cell in held:
        slots, steps = _slots(graph, cell), 0
        if slots.get("first", -1) >= 0 and slots.get("key", -1) < 0:  # a bin that is a tree
            slots = _slots(graph, slots["first"])
        while slots and steps < _MOST:
            value = slots.get("value", slots.get("val", -1))
            yield slots.get("key", slots.get("referent", -1)), value
            slots, steps = _slots(graph, slots.get("next", -1)), steps + 1


def _chained(graph: HeapGraph, node: int) -> Iterator[tuple[int, int]]:
    """Entries of a linked hash map, in their order."""
    for _ in range(_MOST):
        if node < 0:
            return
        slots = _slots(graph, node)
        yield slots.get("key", -1), slots.get("value", -1)
        node = slots.get("after", -1)


def _is_node(graph: HeapGraph, ordinal: int) -> bool:
    slots = _slots(graph, ordinal)
    has_key = bool(slots.keys() & {"key", "referent"})
    return (has_key and bool(slots.keys() & {"value", "val"})) or "nextTable" in slots


def _tree(graph: HeapGraph, root: int) -> Iterator[tuple[int, int]]:
    """Entries in order, without recursion."""
    above: list[int] = []
    at = root
    for _ in range(_MOST):
        while at >= 0 and len(above) < 128:
            above.append(at)
            at = _slots(graph, at).get("left", -1)
        if not above:
            return
        slots = _slots(graph, above.pop())
        yield slots.get("key", -1), slots.get("value", -1)
        at = slots.get("right", -1)


def _skip_list(graph: HeapGraph, head: int) -> Iterator[tuple[int, int]]:
    node = _slots(graph, head).get("node", -1)
    for _ in range(_MOST):
        if node < 0:
            return
        slots = _slots(graph, node)
        value = slots.get("val", slots.get("value", -1))
        if slots.get("key", -1) >= 0 and value >= 0:
            yield slots["key"], value
        node = slots.get("next", -1)
