"""What nodes of a V8 heap snapshot contain, read from the mapped text when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from forensics.errors import UsageError
from forensics.heap.graph import FieldValue
from forensics.kernels import v8_scan as kernel
from forensics.kernels._types import Bytes, Ints, Longs, Offsets

_DETACHED: Final = ("unknown", "attached", "detached")
#: Edges that are numbered, not named.
_NUMBERED: Final = ("element", "hidden")


@dataclass(frozen=True, slots=True, eq=False)
class V8Content:
    """Implements ``forensics.heap.graph.ObjectContent`` for V8 heap snapshots.

    ``begin``, ``edge_kind``, ``edge_label`` and ``edge_target`` are all edges, weak ones too.
    """

    data: Bytes
    node_types: tuple[str, ...]
    edge_types: tuple[str, ...]
    kind: Bytes
    name: Ints
    detached: Bytes
    begin: Offsets
    edge_kind: Bytes
    edge_label: Ints
    edge_target: Ints
    locations: Longs
    strings: Longs

    def fields(self, ordinal: int) -> list[FieldValue]:
        """Return the edges of a node by name; ``declared_by`` is the kind of edge."""
        return [
            FieldValue(self._label(edge), "object", self._target(edge), self._edge_type(edge))
            for edge in self._edges(ordinal)
        ]

    def array(self, ordinal: int) -> NDArray[np.generic]:
        """Return nothing: snapshots have no contents of arrays, only edges.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(f"node {ordinal} is no array; read its edges with fields()")

    def array_length(self, ordinal: int) -> int:  # noqa: ARG002  # as the protocol says
        """Return -1: nodes are no arrays."""
        return -1

    def array_lengths(self, ordinals: Ints) -> Longs:
        """Return -1 for each node."""
        return np.full(ordinals.size, -1, np.int64)

    def text(self, ordinal: int) -> str | None:
        """Return the value of a string node, cut to 1024 characters as V8 does, else None."""
        kind = self._node_type(ordinal)
        return self.name_of(ordinal) if kind == "string" else None

    def column(self, ordinals: Ints, name: str) -> NDArray[np.generic]:
        """Return what the edge called ``name`` of each node leads to, -1 where there is none."""
        found = np.full(ordinals.size, -1, np.int32)
        for at, ordinal in enumerate(ordinals.tolist()):
            hits = [e for e in self._edges(ordinal) if self._label(e) == name]
            if hits:
                found[at] = self._target(hits[0])
        return found

    def reference_names(self, source: int, target: int) -> list[str]:
        """Return the names of the edges that lead from one node to another."""
        edges = self._edges(source)
        hits = np.flatnonzero(self.edge_target[edges.start : edges.stop] == target)
        return [self._label(edges.start + hit) for hit in hits.tolist()]

    def name_of(self, ordinal: int) -> str:
        """Return a node's name: its constructor, function, string or tag."""
        return self.string(int(self.name[ordinal]))

    def detachedness(self, ordinal: int) -> str:
        """Return ``attached`` or ``detached`` of a node of the document, else ``unknown``."""
        return _DETACHED[min(int(self.detached[ordinal]), 2)]

    def location(self, ordinal: int) -> tuple[int, int, int] | None:
        """Return script id, line and column (from 0) where a function or class is defined."""
        rows = np.flatnonzero(self.locations[0] == ordinal)
        if rows.size == 0:
            return None
        script, line, column = self.locations[1:, rows[0]].tolist()
        return script, line, column

    def string(self, index: int) -> str:
        """Return one string of the table; a stand-in where the file was cut before it."""
        if not 0 <= index < self.strings.size:
            return f"<string {index}>"
        at = int(self.strings[index])
        raw = self.data[at : kernel.skip_string(self.data, at)].tobytes()
        try:
            return str(orjson.loads(raw))
        except ValueError:  # half of a surrogate pair, which JSON of V8 may hold
            return raw[1:-1].decode("utf-8", "replace")

    def _edges(self, ordinal: int) -> range:
        return range(int(self.begin[ordinal]), int(self.begin[ordinal + 1]))

    def _target(self, edge: int) -> int:
        target = int(self.edge_target[edge])
        return target if 0 <= target < self.kind.size else -1

    def _label(self, edge: int) -> str:
        label = int(self.edge_label[edge])
        return f"[{label}]" if self._edge_type(edge) in _NUMBERED else self.string(label)

    def _edge_type(self, edge: int) -> str:
        kind = int(self.edge_kind[edge])
        return self.edge_types[kind] if kind < len(self.edge_types) else "unknown"

    def _node_type(self, ordinal: int) -> str:
        kind = int(self.kind[ordinal])
        return self.node_types[kind] if kind < len(self.node_types) else "unknown"
