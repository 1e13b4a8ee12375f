"""Every record of the HPROF specification and of Android is read, with ids of both sizes."""

from __future__ import annotations

import struct

import pytest

import forensics
from forensics.kernels import hprof_tags as tags
from tests import heap_writer as hw

HELD, LAST, BIG = 0x9000, 0x9040, 0xA000
SERIALS = struct.pack(">II", 7, 3)
ROOTS = {
    tags.GC_ROOT_UNKNOWN: b"",
    tags.GC_ROOT_JNI_GLOBAL: None,
    tags.GC_ROOT_JNI_LOCAL: SERIALS,
    tags.GC_ROOT_JAVA_FRAME: SERIALS,
    tags.GC_ROOT_NATIVE_STACK: SERIALS[:4],
    tags.GC_ROOT_STICKY_CLASS: b"",
    tags.GC_ROOT_THREAD_BLOCK: SERIALS[:4],
    tags.GC_ROOT_MONITOR_USED: b"",
    tags.GC_ROOT_THREAD_OBJ: SERIALS,
    tags.GC_ROOT_INTERNED_STRING: b"",
    tags.GC_ROOT_FINALIZING: b"",
    tags.GC_ROOT_DEBUGGER: b"",
    tags.GC_ROOT_REFERENCE_CLEANUP: b"",
    tags.GC_ROOT_VM_INTERNAL: b"",
    tags.GC_ROOT_JNI_MONITOR: SERIALS,
}
VALUES = {
    "boolean": True,
    "char": ord("x"),
    "float": 1.5,
    "double": -2.25,
    "byte": -7,
    "short": -300,
    "int": 1 << 20,
    "long": -(1 << 40),
}


@pytest.fixture(params=[4, 8], ids=["4-byte ids", "8-byte ids"])
def writer(request):
    made = hw.HeapWriter(id_bytes=request.param)
    hw.write_basics(made)
    return made


@pytest.fixture
def opened(writer, tmp_path):
    def open_written():
        path = tmp_path / "heap.hprof"
        path.write_bytes(bytes(writer))
        return forensics.open_heap(path, cache=False)

    return open_written


@pytest.mark.parametrize("tag", ROOTS, ids=tags.root_name)
def test_each_kind_of_root_is_read_to_its_end(writer, opened, tag):
    extra = ROOTS[tag]
    writer.add_root(tag, HELD, writer.id(0) if extra is None else extra)
    hw.add_node(writer, HELD, LAST)
    hw.add_node(writer, LAST)
    graph = opened()
    assert graph.damage.is_empty()
    held, last = graph.find_object(HELD), graph.find_object(LAST)
    assert graph.root_kinds[held] == tags.root_name(tag)
    assert graph.reach[[held, last]].tolist() == [0, 0]


def test_values_of_every_type_are_read_as_fields_statics_and_elements(writer, opened):
    fields = tuple((f"a_{kind}", kind) for kind in VALUES)
    statics = tuple((f"s_{kind}", kind, value) for kind, value in VALUES.items())
    writer.add_class(0x600, "app/All", parent=hw.OBJECT, statics=statics, fields=fields)
    writer.add_instance(HELD, 0x600, *VALUES.items())
    for at, (kind, value) in enumerate(VALUES.items()):
        writer.add_array(BIG + 64 * at, kind, [value, 0])
    graph = opened()
    shown = [chr(v) if kind == "char" else v for kind, v in VALUES.items()]
    assert [f.value for f in graph.fields(graph.find_object(HELD))] == shown
    assert [f.value for f in graph.fields(graph.find_class("app.All")[0])] == shown
    for at, value in enumerate(VALUES.values()):
        elements = graph.content.array(graph.find_object(BIG + 64 * at))
        assert elements.tolist() == [value, 0]


def test_records_of_the_agent_are_read_or_stepped_over(writer, opened):
    for tag in (tags.ALLOC_SITES, tags.HEAP_SUMMARY, tags.CPU_SAMPLES, tags.CONTROL_SETTINGS):
        writer.record(tag, bytes(range(25)))
    writer.record(tags.UNLOAD_CLASS, bytes(4))
    name, group = (writer.id(writer.string(text)) for text in ("worker-1", "main"))
    started = struct.pack(">I", 7) + writer.id(HELD) + struct.pack(">I", 11)
    writer.record(tags.START_THREAD, started + name + group + group)
    frame = writer.id(0x77) + writer.id(writer.string("run")) + writer.id(writer.string("()V"))
    frame += writer.id(writer.string("Worker.java")) + struct.pack(">Ii", 3, 42)
    writer.record(tags.FRAME, frame)
    writer.record(tags.TRACE, struct.pack(">III", 11, 7, 1) + writer.id(0x77))
    writer.record(tags.END_THREAD, struct.pack(">I", 7))
    writer.add_root(tags.GC_ROOT_THREAD_OBJ, HELD, struct.pack(">II", 7, 11))
    hw.add_node(writer, HELD)
    graph = opened()
    assert graph.damage.is_empty()
    assert graph.threads.rows() == [(7, graph.find_object(HELD), "worker-1", 11)]
    assert graph.frames.rows() == [(11, 0, "app.Node.run", "Worker.java", 42)]


def test_a_dump_beyond_four_gib_is_read_on_both_sides_of_one_huge_array(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    hw.add_node(writer, HELD, BIG)
    hw.add_node(writer, LAST, HELD)
    writer.add_root(tags.GC_ROOT_UNKNOWN, LAST)
    elements = (1 << 29) + 5
    before = writer.head + b"".join(writer.records)
    objects = b"".join(writer.heap)
    array = b"\x23" + writer.id(BIG) + struct.pack(">IIB", 0, elements, tags.TYPE_LONG)
    length = 8 * elements + len(objects) + len(array)
    assert length > 1 << 32
    path = tmp_path / "huge.hprof"
    with path.open("wb") as stream:
        stream.write(before + struct.pack(">BII", tags.HEAP_DUMP, 0, length % (1 << 32)) + array)
        stream.seek(8 * elements, 1)  # a hole in the file: it takes no room on the disk
        stream.write(objects)
    graph = forensics.open_heap(path, cache=False)
    assert graph.damage.is_empty()
    assert len(graph) == 7 + 3
    last, held, big = (graph.find_object(at) for at in (LAST, HELD, BIG))
    assert graph.dominator[[last, held, big]].tolist() == [-1, last, held]
    assert graph.content.array_length(big) == elements
    assert graph.retained_bytes()[last] > 1 << 32
