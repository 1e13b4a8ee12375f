"""Suspects, histogram, sets and paths on heaps drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

import forensics
from forensics.heap import (
    compute_retained_set,
    count_classes,
    find_biggest,
    find_suspects,
    list_dominated_by_class,
    list_root_path,
)
from tests import heap_writer as hw

HOLDER, TABLE = 0x900, 0x1000


@pytest.fixture
def leaking(tmp_path):
    """Write class Holder { static Object[] TABLE }: 400 nodes, each with 100 longs."""
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_class(HOLDER, "app/Holder", parent=hw.OBJECT, statics=(("TABLE", "object", TABLE),))
    writer.add_root(0x05, HOLDER)
    writer.add_root(0x05, hw.NODE)
    nodes = [0x10000 + 0x1000 * i for i in range(400)]
    writer.add_object_array(TABLE, hw.ARRAY, nodes)
    for address in nodes:
        hw.add_node(writer, address, address + 0x20)
        writer.add_array(address + 0x20, "long", range(100))
    path = tmp_path / "leak.hprof"
    path.write_bytes(bytes(writer))
    return forensics.open_heap(path, cache=False)


def test_the_accumulation_point_is_the_suspect_and_its_holders_are_named(leaking):
    (suspect,) = find_suspects(leaking).to_dicts()
    assert suspect["kind"] == "single"
    assert suspect["class"] == "java.lang.Object[]"
    assert suspect["held_by"] == ["system class", "app.Holder.TABLE"]
    assert suspect["share"] > 0.9
    assert suspect["contents"][0]["class"] == "app.Node"
    assert suspect["contents"][0]["instances"] == 400


def test_a_list_is_reported_at_its_head(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_root(0x05, hw.NODE)
    for i in range(1000):
        hw.add_node(writer, 0x1000 + 0x20 * i, 0x1000 + 0x20 * (i + 1) if i < 999 else 0)
    writer.add_root(0x01, 0x1000, writer.id(0))
    path = tmp_path / "list.hprof"
    path.write_bytes(bytes(writer))
    graph = forensics.open_heap(path, cache=False)
    (suspect,) = find_suspects(graph).to_dicts()
    assert suspect["index"] == graph.find_object(0x1000)


def test_many_objects_with_two_owners_each_are_a_group(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_root(0x05, hw.NODE)
    nodes = [0x10000 + 0x20 * i for i in range(500)]
    for owner in (0x1000, 0x4000):
        writer.add_object_array(owner, hw.ARRAY, nodes)
        writer.add_root(0x01, owner, writer.id(0))
    for address in nodes:
        hw.add_node(writer, address)
    path = tmp_path / "group.hprof"
    path.write_bytes(bytes(writer))
    graph = forensics.open_heap(path, cache=False)
    group = find_suspects(graph).filter(kind="group").to_dicts()[0]
    assert group["class"] == "app.Node"
    assert group["instances"] == 500
    assert group["index"] == graph.find_object(0x1000)
    assert group["held_by"][0] == "JNI global"


def test_the_shortest_path_starts_at_a_root_and_names_each_field(leaking):
    node = leaking.find_object(0x10000)
    path = list_root_path(leaking, node + 1)
    assert path["class"].to_list() == [
        "class app.Holder",
        "java.lang.Object[]",
        "app.Node",
        "long[]",
    ]
    assert path["field"].to_list() == ["TABLE", "[0]", "next", None]
    assert path["root_kind"].to_list() == ["system class", None, None, None]


def test_a_class_retains_what_its_topmost_instances_retain(leaking):
    rows = {row["class"]: row for row in count_classes(leaking).to_dicts()}
    assert rows["app.Node"]["instances"] == 400
    arrays = rows["long[]"]["shallow_bytes"]
    assert rows["app.Node"]["retained_bytes"] == rows["app.Node"]["shallow_bytes"] + arrays
    assert find_biggest(leaking, 1)["class"].to_list() == ["class app.Holder"]
    table = leaking.find_object(TABLE)
    assert list_dominated_by_class(leaking, table)["instances"].to_list() == [400]


def test_the_retained_set_of_all_owners_is_more_than_the_sum_of_each(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_root(0x05, hw.NODE)
    for address in (0x1000, 0x1020):
        hw.add_node(writer, address, 0x2000)
        writer.add_root(0x01, address, writer.id(0))
    hw.add_node(writer, 0x2000)
    path = tmp_path / "shared.hprof"
    path.write_bytes(bytes(writer))
    graph = forensics.open_heap(path, cache=False)
    owners = np.array([graph.find_object(a) for a in (0x1000, 0x1020)], np.int32)
    lost = np.flatnonzero(compute_retained_set(graph, owners))
    assert lost.tolist() == [*owners.tolist(), graph.find_object(0x2000)]
