"""The sections of a V8 heap snapshot as columns, read from the mapped text.

::

    {"snapshot":{"meta":{"node_fields":[...],"node_types":[[...],...],...},"node_count":N,...},
     "nodes":[type,name,id,self_size,edge_count,trace_node_id,detachedness, ...],
     "edges":[type,name_or_index,to_node, ...],            to_node: offset into "nodes"
     "trace_function_infos":[...],"trace_tree":[...],"samples":[...],
     "locations":[object_index,script_id,line,column, ...], "strings":["<dummy>", ...]}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from forensics.errors import CorruptEvidenceError, UnsupportedError
from forensics.kernels import v8_scan as kernel
from forensics.kernels._types import Bytes, Ints, Longs
from forensics.readers._contract import DamageRow

#: Fields that the graph needs, and the columns that take them.
_NODE_SLOTS: Final = {
    "type": 0,
    "name": 1,
    "id": 2,
    "self_size": 3,
    "edge_count": 4,
    "detachedness": 5,
}
_EDGE_SLOTS: Final = {"type": 0, "name_or_index": 1, "to_node": 2}
_LOCATION_SLOTS: Final = {"object_index": 0, "script_id": 1, "line": 2, "column": 3}
_MAX_META: Final = 1 << 20


@dataclass(slots=True)
class Sections:
    """What a snapshot holds, as far as it could be read.

    ``numbers`` has rows id, self size and number of edges. ``locations`` has rows node number,
    script id, line and column. ``strings`` are positions of opening quotes.
    """

    meta: dict[str, Any]
    kind: Bytes = field(default_factory=lambda: np.empty(0, np.uint8))
    name: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    numbers: Longs = field(default_factory=lambda: np.empty((3, 0), np.int64))
    detached: Bytes = field(default_factory=lambda: np.empty(0, np.uint8))
    edge_kind: Bytes = field(default_factory=lambda: np.empty(0, np.uint8))
    edge_label: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    edge_target: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    locations: Longs = field(default_factory=lambda: np.empty((4, 0), np.int64))
    strings: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    read_bytes: int = 0
    damage: list[DamageRow] = field(default_factory=list)

    def types(self, table: str) -> list[str]:
        """Return the names of the types of nodes or edges."""
        return [str(name) for name in self.meta[f"{table}_types"][0]]


def read_sections(data: Bytes, name: str) -> Sections:
    """Read a snapshot; each section is one pass over its text.

    Raises
    ------
    CorruptEvidenceError
        If the text does not begin as a snapshot does.
    UnsupportedError
        If the snapshot describes nodes or edges without the fields that make a graph.
    """
    at = kernel.skip_space(data, 0)
    found: Sections | None = None
    while 0 <= at < data.size:
        at = kernel.skip_space(data, at + 1)
        if at >= data.size or data[at] != 0x22:
            break
        behind = kernel.skip_string(data, at)
        key = data[at + 1 : max(behind - 1, at)].tobytes().decode("utf-8", "replace")
        at = kernel.skip_space(data, kernel.skip_space(data, behind) + 1) if behind > 0 else -1
        if found is None:
            if key != "snapshot" or at < 0:
                raise _foreign(name, key)
            found, at = _read_head(data, at, name)
        elif at >= 0:
            at = _READERS.get(key, _skip)(found, data, at, name)
        at = kernel.skip_space(data, at) if at >= 0 else -1
    if found is None:
        raise _foreign(name, "")
    _check_whole(found, data, at, name)
    return found


def _read_head(data: Bytes, at: int, name: str) -> tuple[Sections, int]:
    end = kernel.skip_value(data[: at + _MAX_META], at)
    if end < 0:
        raise _foreign(name, "snapshot")
    try:
        head = orjson.loads(data[at:end].tobytes())
        meta = _plain_meta(head)
        for table, slots in (("node", _NODE_SLOTS), ("edge", _EDGE_SLOTS)):
            missing = slots.keys() - set(meta[f"{table}_fields"]) - {"detachedness"}
            if missing or not isinstance(meta[f"{table}_types"][0], list):
                lacking = ", ".join(sorted(missing)) or f"{table} types"
                raise UnsupportedError(
                    f"{name}: the snapshot's meta has no {lacking}; snapshots of V8 5 and later "
                    "are read, older ones are not: take it again with a newer Node.js or Chrome"
                )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise _foreign(name, "snapshot") from error
    return Sections(meta), end


def _plain_meta(head: dict[str, Any]) -> dict[str, Any]:
    """Return ``meta`` and the counts of a head; a count that is no number is not known: -1.

    Raises
    ------
    TypeError
        If the fields of nodes, edges or locations aren't names.
    """
    meta = dict(head["meta"])
    for name in ("node_count", "edge_count"):
        meta[name] = head[name] if type(head[name]) is int else -1  # False is an int, too
    for name in ("node_fields", "edge_fields", "location_fields"):
        fields = meta.get(name, [])
        if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
            raise TypeError(name)
    return meta


def _read_nodes(found: Sections, data: Bytes, at: int, _: str) -> int:
    fields = found.meta["node_fields"]
    capacity = _capacity(found.meta["node_count"], data, at, len(fields))
    kind, detached = np.zeros(capacity, np.uint8), np.zeros(capacity, np.uint8)
    names, numbers = np.zeros(capacity, np.int32), np.zeros((3, capacity), np.int64)
    slots = _slots(fields, _NODE_SLOTS)
    count, end = kernel.read_nodes(data, at + 1, slots, kind, names, numbers, detached)
    found.kind, found.name = kind[:count], names[:count]
    found.numbers, found.detached = numbers[:, :count], detached[:count]
    return _behind(data, end)


def _read_edges(found: Sections, data: Bytes, at: int, _: str) -> int:
    fields = found.meta["edge_fields"]
    capacity = _capacity(found.meta["edge_count"], data, at, len(fields))
    kind, label = np.empty(capacity, np.uint8), np.empty(capacity, np.int32)
    target = np.empty(capacity, np.int32)
    width = len(found.meta["node_fields"])
    slots = _slots(fields, _EDGE_SLOTS)
    count, end = kernel.read_edges(data, at + 1, slots, width, kind, label, target)
    found.edge_kind, found.edge_label = kind[:count], label[:count]
    found.edge_target = target[:count]
    return _behind(data, end)


def _read_locations(found: Sections, data: Bytes, at: int, _: str) -> int:
    fields = found.meta.get("location_fields") or list(_LOCATION_SLOTS)
    rows = np.empty((4, _capacity(len(found.kind), data, at, len(fields))), np.int64)
    count, end = kernel.read_locations(data, at + 1, _slots(fields, _LOCATION_SLOTS), rows)
    found.locations = rows[:, :count].copy()
    found.locations[0] //= len(found.meta["node_fields"])
    return _behind(data, end)


def _read_strings(found: Sections, data: Bytes, at: int, _: str) -> int:
    starts = np.empty((data.size - at) // 3 + 1, np.int64)
    count, end = kernel.find_strings(data, at + 1, starts)
    found.strings = starts[:count].copy()
    return _behind(data, end) if end >= 0 else -1


def _skip(_found: Sections, data: Bytes, at: int, _: str) -> int:
    return kernel.skip_value(data, at)


_READERS: Final = {
    "nodes": _read_nodes,
    "edges": _read_edges,
    "locations": _read_locations,
    "strings": _read_strings,
}


def _check_whole(found: Sections, data: Bytes, at: int, name: str) -> None:
    """Note what the head promises and the sections lack."""
    found.read_bytes = int(at) if at >= 0 else int(data.size)
    promised = (
        ("nodes", len(found.kind), found.meta["node_count"]),
        ("edges", len(found.edge_kind), found.meta["edge_count"]),
        ("strings", len(found.strings), int(found.name.max(initial=-1)) + 1),
    )
    for what, read, expected in promised:
        if read < expected:
            text = f"{read:,} of {expected:,} {what} could be read; the file may be cut short"
            found.damage.append(
                DamageRow(name, text, "the graph has what was read", offset=found.read_bytes)
            )


def _slots(fields: list[str], columns: dict[str, int]) -> Ints:
    return np.array([columns.get(field, -1) for field in fields], np.int32)


def _capacity(claimed: object, data: Bytes, at: int, fields: int) -> int:
    """Return how many rows to make room for: what is claimed, but no more than can be there."""
    most = (data.size - at) // (2 * max(fields, 1)) + 1
    return min(claimed, most) if isinstance(claimed, int) and claimed >= 0 else most


def _behind(data: Bytes, at: int) -> int:
    """Return the position behind a closing bracket, -1 if something else stands there."""
    at = kernel.skip_space(data, at)
    return at + 1 if at < data.size and data[at] == 0x5D else -1


def _foreign(name: str, key: str) -> CorruptEvidenceError:
    found = f"found the key {key!r}" if key else "found no key"
    return CorruptEvidenceError(
        name,
        found,
        expected='the key "snapshot" with its meta',
        way_out="is it a V8 heap snapshot?",
        offset=0,
    )
