"""Compile the kernels of the heap engine ahead of need, for images and benchmarks.

A kernel is compiled for the types it is called with, so the surest list of them is a small
dump that is opened as any other and asked every question.
"""

from __future__ import annotations

import inspect
import struct
import tempfile
from pathlib import Path
from typing import Final

import orjson

import forensics.heap as questions
from forensics.heap.graph import HeapGraph
from forensics.readers._source import Source
from forensics.readers.heap._histogram import count_heap
from forensics.readers.heap._open import open_hprof
from forensics.readers.heap._v8_build import open_v8

#: Classes by address: name, superclass, reference fields.
_CLASSES: Final[dict[int, tuple[str, int, tuple[str, ...]]]] = {
    0x100: ("java/lang/Object", 0, ()),
    0x110: ("java/lang/Class", 0x100, ()),
    0x120: ("java/lang/String", 0x100, ("value",)),
    0x130: ("java/lang/ref/Reference", 0x100, ("referent",)),
    0x140: ("java/lang/ref/WeakReference", 0x130, ()),
    0x150: ("[Ljava/lang/Object;", 0x100, ()),
    0x160: ("java/lang/Thread", 0x100, ("name",)),
    0x170: ("java/util/LinkedList$Node", 0x100, ("item", "next")),
}
_NODES: Final = 40


def warm() -> None:
    """Compile every kernel behind ``open_heap`` and its questions into numba's cache.

    Writes a dump and a V8 snapshot of a few kilobytes to a temporary folder; opens each from
    memory, into an index and out of it. Seconds when nothing is compiled yet.
    """
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "warm.hprof"
        dump.write_bytes(_write_dump())
        for cache in (None, Path(folder), Path(folder)):
            _ask(open_hprof(Source(dump), cache=cache))
        open_hprof(Source(dump), sizes="raw")
        count_heap(Source(dump))
        snapshot = Path(folder) / "warm.heapsnapshot"
        snapshot.write_bytes(_write_snapshot())
        for cache in (None, Path(folder), Path(folder)):
            _ask_all(open_v8(Source(snapshot), cache=cache))


def _ask(graph: HeapGraph) -> None:
    """Call every question that needs nothing but a graph, and those about one object."""
    _ask_all(graph)
    node = int(graph.instances(graph.find_class("java.util.LinkedList$Node"))[-1])
    questions.find_root_path(graph, node)
    questions.compute_retained_set(graph, graph.instances(graph.find_class("byte[]")))
    graph.referrers(node)
    graph.find_object(int(graph.addresses[node]))


def _ask_all(graph: HeapGraph) -> None:
    for name in questions.__all__:
        question = getattr(questions, name)
        if not inspect.isfunction(question):
            continue
        parameters = inspect.signature(question).parameters.values()
        needed = [p.name for p in parameters if p.default is inspect.Parameter.empty]
        if needed == ["graph"]:
            question(graph)


def _write_dump() -> bytes:
    """Return a dump with a thread, a list of strings, a weak reference and garbage."""
    strings: list[str] = []
    heap, loaded = [], []
    for serial, (address, (name, parent, fields)) in enumerate(_CLASSES.items()):
        loaded.append(_record(0x02, struct.pack(">IQIQ", serial, address, 0, _text(strings, name))))
        own = b"".join(struct.pack(">QB", _text(strings, field), 2) for field in fields)
        heap.append(
            struct.pack(">BQIQ", 0x20, address, 0, parent)
            + bytes(5 * 8 + 4 + 2 + 2)
            + struct.pack(">H", len(fields))
            + own
        )
        heap.append(struct.pack(">BQ", 0x05, address))
    first = 0x1000
    for i in range(_NODES):
        at = first + i * 0x60
        following = at + 0x60 if i + 1 < _NODES else first
        heap += [
            _instance(at, 0x170, at + 0x20, following),
            _instance(at + 0x20, 0x120, at + 0x40),
            struct.pack(">BQIIB4s", 0x23, at + 0x40, 0, 4, 8, b"text"),
        ]
    heap += [
        _instance(0x8000, 0x140, first + 0x20),
        struct.pack(">BQIIQ3Q", 0x22, 0x8040, 0, 3, 0x150, first, 0x120, 0x9999),
        _instance(0x8080, 0x160, first + 0x20),
        _instance(0x80C0, 0x170, 0x80C0, 0),
        struct.pack(">BQII", 0x08, 0x8080, 1, 0),
        struct.pack(">BQII", 0x03, 0x8040, 1, 0),
        struct.pack(">BQQ", 0x01, 0x8000, 0),
    ]
    texts = [
        _record(0x01, struct.pack(">Q", i + 1) + text.encode()) for i, text in enumerate(strings)
    ]
    head = b"JAVA PROFILE 1.0.2\0" + struct.pack(">IQ", 8, 0)
    return head + b"".join([*texts, *loaded, _record(0x1C, b"".join(heap)), _record(0x2C, b"")])


def _write_snapshot() -> bytes:
    """Return a V8 snapshot: a root that holds a list of objects and a weakly held string."""
    kinds = ["hidden", "array", "string", "object", "native", "synthetic"]
    meta = {
        "node_fields": ["type", "name", "id", "self_size", "edge_count", "detachedness"],
        "node_types": [kinds, "string", "number", "number", "number", "number"],
        "edge_fields": ["type", "name_or_index", "to_node"],
        "edge_types": [["element", "property", "weak"], "string_or_number", "node"],
        "location_fields": ["object_index", "script_id", "line", "column"],
    }
    nodes = [5, 0, 1, 0, 1, 0]
    edges = [1, 1, 6]
    for i in range(1, _NODES):
        nodes += [3, 1, 2 * i + 1, 32, 2, 0]
        edges += [1, 1, 6 * (i + 1), 2, 1, 6 * _NODES]
    nodes += [2, 2, 2 * _NODES + 1, 16, 0, 0]
    whole = {
        "snapshot": {"meta": meta, "node_count": _NODES + 1, "edge_count": len(edges) // 3},
        "nodes": nodes,
        "edges": edges,
        "locations": [6, 1, 0, 0],
        "strings": ["", "Node", "text"],
    }
    return orjson.dumps(whole)


def _text(strings: list[str], text: str) -> int:
    if text not in strings:
        strings.append(text)
    return strings.index(text) + 1


def _record(tag: int, body: bytes) -> bytes:
    return struct.pack(">BII", tag, 0, len(body)) + body


def _instance(address: int, class_address: int, *references: int) -> bytes:
    values = struct.pack(f">{len(references)}Q", *references)
    return struct.pack(">BQIQI", 0x21, address, 0, class_address, len(values)) + values
