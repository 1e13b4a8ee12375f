"""HPROF files in all their framings, whole, cut and mutated."""

from __future__ import annotations

import gzip
import random
import struct
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import zstandard

import forensics
from forensics.errors import EvidenceError, ForensicsError, UsageError
from forensics.heap import STRONG, UNREACHABLE, WEAK, count_classes, find_suspects
from forensics.readers import read_file
from tests import heap_writer as hw

THREAD_OBJ = 0x08
A, B, C, D, E = (0x1000 + 0x20 * i for i in range(5))


def small(**options):
    """Write ``A -> B -> C``, a weak reference to D, garbage E, B also an array element."""
    writer = hw.HeapWriter(**options)
    hw.write_basics(writer)
    hw.add_node(writer, A, B, size=7)
    hw.add_node(writer, B, C)
    writer.add_object_array(C, hw.ARRAY, [0, B, C])
    writer.add_array(D, "int", [1, -2, 3])
    hw.add_node(writer, E)
    writer.add_instance(0x2000, hw.WEAK, ("object", D))
    writer.add_root(0x01, A, writer.id(0))
    writer.add_root(0x01, 0x2000, writer.id(0))
    return writer


@pytest.fixture
def heap(tmp_path):
    def open_bytes(content, name="heap.hprof", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return forensics.open_heap(path, cache=options.pop("cache", False), **options)

    return open_bytes


@pytest.mark.parametrize("id_bytes", [4, 8])
@pytest.mark.parametrize("framing", ["segment", "dump", "open"])
@pytest.mark.parametrize("version", ["1.0.1", "1.0.2", "1.0.3"])
def test_every_framing_gives_the_same_graph(heap, id_bytes, framing, version):
    graph = heap(bytes(small(id_bytes=id_bytes, framing=framing, version=version)))
    assert len(graph) == 7 + 6
    assert graph.facts.format == f"hprof {version}"
    assert graph.facts.id_bytes == id_bytes
    assert graph.damage.is_empty()
    a, b, c, d, e = (graph.find_object(x) for x in (A, B, C, D, E))
    assert graph.referents(a).tolist() == [b]
    assert graph.referents(c).tolist() == [b, c]
    assert graph.referrers(b).tolist() == [a, c]
    assert graph.dominator[[a, b, c]].tolist() == [-1, a, b]
    assert graph.reach[[a, d, e]].tolist() == [STRONG, WEAK, UNREACHABLE]


def test_fields_arrays_and_names_are_decoded(heap):
    graph = heap(bytes(small()))
    a, b, c, d = (graph.find_object(x) for x in (A, B, C, D))
    assert [(f.name, f.value) for f in graph.fields(a)] == [("next", b), ("other", -1), ("size", 7)]
    assert graph.content.array(d).tolist() == [1, -2, 3]
    assert graph.content.array(c).tolist() == [-1, b, c]
    assert graph.content.reference_names(c, b) == ["[1]"]
    assert graph.content.column(np.array([a, b], np.int32), "size").tolist() == [7, 0]
    assert graph.content.array_lengths(np.array([a, c, d], np.int32)).tolist() == [-1, 3, 3]


def test_the_same_heap_in_other_packs_is_the_same(heap):
    content = bytes(small())
    chunked = gzip.compress(content[:300]) + gzip.compress(content[300:])
    packs = [content, gzip.compress(content), chunked, zstandard.compress(content)]
    tables = [count_classes(heap(pack, f"heap{i}")) for i, pack in enumerate(packs)]
    assert all(table.equals(tables[0]) for table in tables)


def test_the_last_of_several_dumps_is_read_unless_told(heap):
    writer = small(framing="dump")
    writer.close_dump()
    hw.write_basics(writer)
    hw.add_node(writer, A)
    content = bytes(writer)
    assert len(heap(content)) == 8
    assert len(heap(content, dump=0)) == 13
    assert heap(content).facts.dumps == 2
    with pytest.raises(UsageError, match="no heap dump number 5"):
        heap(content, dump=5)


def test_android_records_are_understood(heap):
    writer = small(id_bytes=4, version="1.0.3")
    writer.heap.insert(0, b"\xfe" + struct.pack(">I", 0x41) + writer.id(writer.string("app")))
    for tag in (0x89, 0x8A, 0x8B, 0x8C, 0x8D):
        writer.add_root(tag, E)
    writer.add_root(0x8E, E, bytes(8))
    writer.add_root(0x90, D)
    head = b"\xc3" + writer.id(0x3000) + bytes(4) + struct.pack(">I", 9) + b"\x0a"
    writer.heap.append(head)
    graph = heap(bytes(writer))
    assert graph.damage.is_empty()
    assert graph.reach[graph.find_object(E)] == STRONG
    assert graph.content.array_length(graph.find_object(0x3000)) == 9


@pytest.mark.parametrize("length", [71, 73], ids=["between records", "inside a record"])
def test_a_dump_whose_length_wrapped_is_read_to_its_end(heap, monkeypatch, length):
    monkeypatch.setattr("forensics.readers.heap._hprof_records._WRAP_BYTES", 100)
    content = bytearray(bytes(small(framing="dump")))
    at = content.rindex(b"\x0c\0\0\0\0\0\0")
    assert content[at + 9] == 0x20
    content[at + 5 : at + 9] = length.to_bytes(4, "big")
    graph = heap(bytes(content))
    assert len(graph) == 13
    assert graph.damage.is_empty()


def test_every_truncation_gives_a_graph_with_damage_or_a_clear_error(heap):
    content = bytes(small())
    objects = []
    for size in range(len(content)):
        try:
            graph = heap(content[:size])
        except EvidenceError as error:
            assert "heap.hprof" in str(error)  # noqa: PT017
            continue
        objects.append(len(graph))
        if size < len(content) - 9:
            assert graph.damage.height == 1
            assert graph.facts.read_bytes <= size
    assert objects == sorted(objects)
    assert objects[-1] == 13


def test_mutated_dumps_end_in_a_graph_or_a_clear_error(heap):
    content = bytes(small())
    draw = random.Random(3)
    for _ in range(400):
        mutated = bytearray(content)
        for _ in range(draw.randint(1, 4)):
            mutated[draw.randrange(len(mutated))] = draw.choice([0, 1, 255, draw.randrange(256)])
        try:
            graph = heap(bytes(mutated))
        except ForensicsError:
            continue
        count_classes(graph)
        find_suspects(graph)


def test_a_cut_dump_without_roots_presumes_classes_and_threads(heap):
    writer = hw.HeapWriter(framing="open")
    writer.add_class(hw.OBJECT, "java/lang/Object")
    writer.add_class(
        hw.NODE,
        "app/Node",
        parent=hw.OBJECT,
        statics=(("HEAD", "object", A),),
        fields=(("next", "object"),),
    )
    writer.add_instance(A, hw.NODE, ("object", B))
    writer.add_instance(B, hw.NODE, ("object", 0))
    graph = heap(bytes(writer)[:-5])
    assert graph.facts.has_presumed_roots
    assert graph.damage.height == 1
    assert graph.reach[graph.find_object(A)] == STRONG
    assert "upper estimates" in graph.facts.notes[0]


def test_a_threads_locals_are_held_by_the_thread(heap):
    writer = small()
    writer.add_class(0x300, "java/lang/Thread", parent=hw.OBJECT)
    writer.add_instance(0x4000, 0x300)
    writer.add_root(THREAD_OBJ, 0x4000, struct.pack(">II", 1, 0))
    writer.add_root(0x03, E, struct.pack(">II", 1, 0))
    graph = heap(bytes(writer))
    thread, local = graph.find_object(0x4000), graph.find_object(E)
    assert graph.dominator[local] == thread
    assert graph.threads["object"].to_list() == [thread]


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"JAVA PROFILE 1.0.2", b"JAVA PROFILE 1.0.2\0" + bytes(12)]
)
def test_what_is_no_dump_gives_one_clear_error(heap, content):
    with pytest.raises(EvidenceError, match=r"heap\.hprof"):
        heap(content)


def test_the_reader_is_found_by_content(tmp_path):
    path = tmp_path / "whatever.bin"
    path.write_bytes(bytes(small()))
    reading = read_file(path)
    assert reading.reader == "hprof"
    assert reading.counts == {"objects": 13, "classes": 7, "roots": 8}
    assert reading.damage.is_empty()


def test_raw_sizes_are_those_of_the_records(heap):
    graph = heap(bytes(small(id_bytes=4)), sizes="raw")
    assert graph.shallow_bytes()[graph.find_object(D)] == 12
    with pytest.raises(UsageError, match="allowed are"):
        heap(bytes(small()), sizes="odd")


def test_a_second_opening_maps_the_index_and_a_damaged_one_is_rebuilt(heap, tmp_path):
    cache = tmp_path / "cache"
    first = count_classes(heap(bytes(small()), cache=cache))
    again = heap(bytes(small()), cache=cache)
    assert isinstance(again.class_index.base, np.memmap | np.ndarray)
    assert count_classes(again).equals(first)
    index = next(path for path in (cache / "heap").iterdir() if path.is_dir())
    before = (index / "facts.json").stat().st_ino
    (index / "dominator.bin").write_bytes(b"broken")
    assert count_classes(heap(bytes(small()), cache=cache)).equals(first)
    assert (index / "facts.json").stat().st_ino != before
    assert not list(tmp_path.glob("*.bin"))
    assert isinstance(first, pl.DataFrame)


def test_importing_the_package_does_not_import_numba():
    code = "import forensics, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
