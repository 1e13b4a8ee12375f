"""Writes small HPROF files for tests: one method a record, nothing inferred."""

from __future__ import annotations

import struct

TYPE_CODES = {
    "object": (2, None),
    "boolean": (4, "?"),
    "char": (5, "H"),
    "float": (6, "f"),
    "double": (7, "d"),
    "byte": (8, "b"),
    "short": (9, "h"),
    "int": (10, "i"),
    "long": (11, "q"),
}


class HeapWriter:
    """Collects records; ``bytes(writer)`` is the file.

    ``framing``: ``segment`` (HEAP_DUMP_SEGMENT and END), ``dump`` (one HEAP_DUMP) or ``open``
    (a segment of length 0, as a killed JVM leaves it).
    """

    def __init__(self, id_bytes: int = 8, version: str = "1.0.2", framing: str = "segment"):
        self.id_bytes = id_bytes
        self.framing = framing
        self.head = f"JAVA PROFILE {version}\0".encode() + struct.pack(">IQ", id_bytes, 1000)
        self.records: list[bytes] = []
        self.heap: list[bytes] = []
        self._strings: dict[str, int] = {}
        self._serial = 0

    def id(self, value: int) -> bytes:
        return value.to_bytes(self.id_bytes, "big")

    def record(self, tag: int, body: bytes) -> None:
        self.records.append(struct.pack(">BII", tag, 0, len(body)) + body)

    def string(self, text: str) -> int:
        if text not in self._strings:
            self._strings[text] = 0x7000_0000 + len(self._strings)
            self.record(0x01, self.id(self._strings[text]) + text.encode())
        return self._strings[text]

    def value(self, kind: str, value: object) -> bytes:
        code = TYPE_CODES[kind][1]
        return self.id(value) if code is None else struct.pack(">" + code, value)

    def add_class(self, address, name, *, parent=0, loader=0, statics=(), fields=()):
        """``statics``: (name, type, value); ``fields``: (name, type)."""
        self._serial += 1
        body = struct.pack(">I", self._serial) + self.id(address) + struct.pack(">I", 0)
        self.record(0x02, body + self.id(self.string(name)))
        out = b"\x20" + self.id(address) + bytes(4) + self.id(parent) + self.id(loader)
        out += self.id(0) * 4 + struct.pack(">IH", 0, 0) + struct.pack(">H", len(statics))
        for field, kind, value in statics:
            out += self.id(self.string(field)) + bytes([TYPE_CODES[kind][0]])
            out += self.value(kind, value)
        out += struct.pack(">H", len(fields))
        for field, kind in fields:
            out += self.id(self.string(field)) + bytes([TYPE_CODES[kind][0]])
        self.heap.append(out)

    def add_instance(self, address, class_address, *values):
        """``values``: (type, value), the class's own fields before inherited ones."""
        body = b"".join(self.value(kind, value) for kind, value in values)
        head = b"\x21" + self.id(address) + bytes(4) + self.id(class_address)
        self.heap.append(head + struct.pack(">I", len(body)) + body)

    def add_object_array(self, address, class_address, elements):
        head = b"\x22" + self.id(address) + bytes(4) + struct.pack(">I", len(elements))
        self.heap.append(head + self.id(class_address) + b"".join(map(self.id, elements)))

    def add_array(self, address, kind, values):
        head = b"\x23" + self.id(address) + bytes(4) + struct.pack(">I", len(values))
        body = b"".join(self.value(kind, value) for value in values)
        self.heap.append(head + bytes([TYPE_CODES[kind][0]]) + body)

    def add_root(self, tag, address, extra=b""):
        self.heap.append(bytes([tag]) + self.id(address) + extra)

    def close_dump(self) -> None:
        """End one dump: what follows belongs to the next."""
        body = b"".join(self.heap)
        self.heap = []
        if self.framing == "segment":
            half = len(body) // 2 and len(body)
            self.record(0x1C, body[:half])
            self.record(0x2C, b"")
        elif self.framing == "dump":
            self.record(0x0C, body)
        else:
            self.records.append(struct.pack(">BII", 0x1C, 0, 0) + body)

    def __bytes__(self) -> bytes:
        if self.heap:
            self.close_dump()
        return self.head + b"".join(self.records)


OBJECT, CLASS, NODE, REFERENCE, WEAK, ARRAY, STRING = (0x100 + 0x10 * i for i in range(7))


def write_basics(writer: HeapWriter) -> None:
    """Add the classes that most test heaps need, all of them GC roots but ``Node``."""
    writer.add_class(OBJECT, "java/lang/Object")
    writer.add_class(CLASS, "java/lang/Class", parent=OBJECT)
    node = (("next", "object"), ("other", "object"), ("size", "int"))
    writer.add_class(NODE, "app/Node", parent=OBJECT, fields=node)
    writer.add_class(
        REFERENCE, "java/lang/ref/Reference", parent=OBJECT, fields=(("referent", "object"),)
    )
    writer.add_class(WEAK, "java/lang/ref/WeakReference", parent=REFERENCE)
    writer.add_class(ARRAY, "[Ljava/lang/Object;", parent=OBJECT)
    writer.add_class(
        STRING, "java/lang/String", parent=OBJECT, fields=(("value", "object"), ("coder", "byte"))
    )
    for address in (OBJECT, CLASS, REFERENCE, WEAK, ARRAY, STRING):
        writer.add_root(0x05, address)


def add_node(writer: HeapWriter, address: int, following: int = 0, other: int = 0, size: int = 0):
    writer.add_instance(address, NODE, ("object", following), ("object", other), ("int", size))
