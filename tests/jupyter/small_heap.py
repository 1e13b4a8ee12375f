"""A heap small enough to know by heart, with a hostile class name and a secret in it.

class Holder --CACHE--> Object[] --[i]--> Node i (i = 0..59) --next--> byte[100 * (i + 1)]
                                          Node 0 --other--> Account(password, note)
"""

from __future__ import annotations

from pathlib import Path

from forensics import open_heap
from forensics.heap.graph import HeapGraph
from tests import heap_writer as hw

HOSTILE = "app/<img src=x onerror=window.pwned=1>"
SECRET = "hunter2-hunter2"
NODES = 60
HOLDER, ACCOUNT, CACHE, FIRST_NODE = 0x900, 0x910, 0x1000, 0x2000
PASSWORD, NOTE = 0x9100, 0x9200


def write_heap(path: Path) -> Path:
    """Write the dump and return its path."""
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_class(HOLDER, "app/Holder", parent=hw.OBJECT, statics=(("CACHE", "object", CACHE),))
    fields = (("password", "object"), ("note", "object"))
    writer.add_class(ACCOUNT, HOSTILE, parent=hw.OBJECT, fields=fields)
    for address in (HOLDER, ACCOUNT, hw.NODE):
        writer.add_root(0x05, address)
    writer.add_object_array(CACHE, hw.ARRAY, [FIRST_NODE + 0x20 * i for i in range(NODES)])
    for i in range(NODES):
        block = 0x10000 + 0x4000 * i
        other = 0x9000 if i == 0 else 0
        hw.add_node(writer, FIRST_NODE + 0x20 * i, following=block, other=other, size=i)
        writer.add_array(block, "byte", [0] * (100 * (i + 1)))
    writer.add_instance(0x9000, ACCOUNT, ("object", PASSWORD), ("object", NOTE))
    for address, text in ((PASSWORD, SECRET), (NOTE, "<script>window.pwned=1</script>")):
        writer.add_instance(address, hw.STRING, ("object", address + 0x40), ("byte", 0))
        writer.add_array(address + 0x40, "byte", list(text.encode()))
    path.write_bytes(bytes(writer))
    return path


def open_small(folder: Path) -> HeapGraph:
    """Return the graph of the small heap."""
    return open_heap(write_heap(folder / "small.hprof"), cache=folder / "cache")
