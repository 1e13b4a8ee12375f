"""Writes small V8 heap snapshots for tests."""

from __future__ import annotations

import json

NODE_TYPES = ["hidden", "array", "string", "object", "closure", "native", "synthetic"]
EDGE_TYPES = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]
META = {
    "node_fields": ["type", "name", "id", "self_size", "edge_count", "detachedness"],
    "node_types": [NODE_TYPES, "string", "number", "number", "number", "number"],
    "edge_fields": ["type", "name_or_index", "to_node"],
    "edge_types": [EDGE_TYPES, "string_or_number", "node"],
    "location_fields": ["object_index", "script_id", "line", "column"],
}


def write(nodes, edges, locations=()):
    """Return a snapshot: nodes (type, name, size[, detached]), edges by (from, type, name, to)."""
    strings: list[str] = []

    def text(value):
        if value not in strings:
            strings.append(value)
        return strings.index(value)

    node_numbers, edge_numbers = [], []
    for at, (kind, name, size, *detached) in enumerate(nodes):
        own = [edge for edge in edges if edge[0] == at]
        numbers = [NODE_TYPES.index(kind), text(name), 2 * at + 1, size, len(own)]
        node_numbers += [*numbers, *(detached or [0])]
        for _, edge_kind, label, to in own:
            name_or_index = label if isinstance(label, int) else text(label)
            edge_numbers += [EDGE_TYPES.index(edge_kind), name_or_index, 6 * to]
    return json.dumps(
        {
            "snapshot": {"meta": META, "node_count": len(nodes), "edge_count": len(edges)},
            "nodes": node_numbers,
            "edges": edge_numbers,
            "locations": [n for o, *rest in locations for n in (6 * o, *rest)],
            "strings": strings,
        }
    ).encode()


NODES = [
    ("synthetic", "", 0),
    ("object", "App", 10),
    ("object", "Session", 20),
    ("string", 'quo"te\\ and ü', 30),
    ("object", "Session", 40),
    ("object", "Lost", 50),
    ("native", "<div id=x>", 60, 2),
]
EDGES = [
    (0, "shortcut", "app", 1),
    (1, "property", "first", 2),
    (1, "element", 7, 6),
    (2, "property", "text", 3),
    (2, "shortcut", "bound", 4),
    (1, "weak", "maybe", 4),
    (4, "property", "text", 3),
]
