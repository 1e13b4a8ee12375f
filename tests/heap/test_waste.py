"""Small questions on one drawn heap: strings, collections, arrays, threads, buffers, loaders."""

from __future__ import annotations

import pytest

import forensics
from forensics.heap.buffers import list_direct_buffers
from forensics.heap.finalizers import count_finalizers
from forensics.heap.loaders import find_duplicate_classes
from forensics.heap.strings import find_duplicate_strings
from forensics.heap.threads import list_threads
from forensics.heap.waste import find_empty_arrays, find_wasted_collections
from tests import heap_writer as hw

LIST, THREAD, BUFFER, DIRECT, FINALIZER, TWIN = (0x900 + 0x10 * i for i in range(6))
BUFFER_FIELDS = (("capacity", "int"), ("address", "long"))


def add_string(writer, address, text):
    writer.add_array(address + 0x400, "byte", list(text))
    writer.add_instance(address, hw.STRING, ("object", address + 0x400), ("byte", 0))


@pytest.fixture
def heap(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    sized = (("size", "int"), ("elementData", "object"))
    writer.add_class(LIST, "acme/Bag", parent=hw.OBJECT, fields=sized)
    writer.add_class(THREAD, "java/lang/Thread", parent=hw.OBJECT, fields=(("name", "object"),))
    writer.add_class(BUFFER, "java/nio/Buffer", parent=hw.OBJECT, fields=BUFFER_FIELDS)
    att = (("att", "object"),)
    writer.add_class(DIRECT, "java/nio/DirectByteBuffer", parent=BUFFER, fields=att)
    writer.add_class(FINALIZER, "java/lang/ref/FinalReference", parent=hw.REFERENCE)
    writer.add_class(FINALIZER + 8, "java/lang/ref/Finalizer", parent=FINALIZER)
    writer.add_class(TWIN, "acme/Twin", parent=hw.OBJECT)
    writer.add_class(TWIN + 8, "acme/Twin", parent=hw.OBJECT, loader=0x8000)
    for i, text in enumerate((b"same", b"same", b"same", b"other")):
        add_string(writer, 0x10000 + 0x1000 * i, text)
    writer.add_object_array(0x20000, hw.ARRAY, [0x10000] + [0] * 9)
    writer.add_instance(0x21000, LIST, ("int", 1), ("object", 0x20000))
    writer.add_instance(0x22000, LIST, ("int", 0), ("object", 0))
    writer.add_array(0x30000, "long", [1] + [0] * 999)
    writer.add_array(0x40000, "long", [1] * 1000)
    address = (("int", 4096), ("long", 1 << 40))
    writer.add_instance(0x50000, DIRECT, ("object", 0), *address)
    writer.add_instance(0x51000, DIRECT, ("object", 0x50000), *address)
    writer.add_instance(0x8000, THREAD, ("object", 0x13000))
    writer.add_root(0x08, 0x8000, (7).to_bytes(4, "big") + bytes(4))
    writer.add_root(0x03, 0x30000, (7).to_bytes(4, "big") + bytes(4))
    hw.add_node(writer, 0x60000)
    writer.add_instance(0x61000, FINALIZER + 8, ("object", 0x60000))
    held = [0x10000, 0x11000, 0x12000, 0x13000, 0x21000, 0x22000, 0x40000]
    writer.add_object_array(0x70000, hw.ARRAY, [*held, 0x50000, 0x51000, 0x61000])
    writer.add_root(0x01, 0x70000, writer.id(0))
    path = tmp_path / "heap.hprof"
    path.write_bytes(bytes(writer))
    return forensics.open_heap(path, cache=False)


def test_copies_of_a_text_waste_all_arrays_but_one(heap):
    (row,) = find_duplicate_strings(heap).to_dicts()
    one = int(heap.shallow_bytes()[heap.find_object(0x10400)])
    assert (row["text"], row["copies"], row["wasted_bytes"]) == ("same", 3, 2 * one)


def test_a_collection_is_known_by_its_count_and_its_array(heap):
    (row,) = find_wasted_collections(heap).to_dicts()
    assert row["class"] == "acme.Bag"
    assert (row["empty"], row["single"], row["sparse"]) == (1, 1, 1)
    table = int(heap.shallow_bytes()[heap.find_object(0x20000)])
    assert row["wasted_bytes"] == int(table * 0.9)


def test_an_array_of_zeros_is_found_and_a_full_one_is_not(heap):
    (row,) = find_empty_arrays(heap).to_dicts()
    assert row["index"] == heap.find_object(0x30000)
    assert row["filled"] == 0.001


def test_a_thread_holds_what_only_its_frames_refer_to(heap):
    (row,) = list_threads(heap).to_dicts()
    array = int(heap.shallow_bytes()[heap.find_object(0x30000)])
    assert (row["thread"], row["locals"], row["locals_bytes"]) == ("other", 1, array)
    assert row["retained_bytes"] >= array


def test_a_slice_is_not_counted_again(heap):
    (row,) = list_direct_buffers(heap).to_dicts()
    assert (row["index"], row["capacity_bytes"]) == (heap.find_object(0x50000), 4096)


def test_a_class_of_two_loaders_is_a_duplicate(heap):
    (row,) = find_duplicate_classes(heap).to_dicts()
    assert (row["class"], row["copies"]) == ("acme.Twin", 2)
    assert row["loader_classes"] == ["<boot loader>", "java.lang.Thread"]


def test_an_object_that_only_its_finalizer_leads_to_waits(heap):
    (row,) = count_finalizers(heap).to_dicts()
    assert (row["class"], row["registered"], row["waiting"]) == ("app.Node", 1, 1)
