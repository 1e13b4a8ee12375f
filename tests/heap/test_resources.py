"""Unreleased resources: drawn pools, and a real service that leaked connections."""

from __future__ import annotations

from pathlib import Path

import pytest

import forensics
from forensics.heap.resources import find_resources, summarise_resources
from tests import heap_writer as hw

RECORDED = Path(__file__).parents[2] / "data/incidents/payment-api-2026-02-09/heap"
CONNECTION, LEASE, THREAD, OWNER = 0x900, 0x910, 0x920, 0x8000
STAMP = 1_700_000_000_000


@pytest.fixture
def pool(tmp_path):
    """Write three leases of a made-up pool: one lent for a minute, one idle, one closed."""
    writer = hw.HeapWriter()
    writer.head = writer.head[:-8] + STAMP.to_bytes(8, "big")
    hw.write_basics(writer)
    writer.add_class(CONNECTION, "acme/WireConnection", parent=hw.OBJECT)
    writer.add_class(THREAD, "java/lang/Thread", parent=hw.OBJECT, fields=(("name", "object"),))
    fields = (
        ("target", "object"),
        ("inUse", "boolean"),
        ("lastUsedAt", "long"),
        ("owner", "object"),
    )
    writer.add_class(LEASE, "acme/Lease", parent=hw.OBJECT, fields=fields)
    writer.add_array(0x8100, "byte", list(b"worker-7"))
    writer.add_instance(0x8200, hw.STRING, ("object", 0x8100), ("byte", 0))
    writer.add_instance(OWNER, THREAD, ("object", 0x8200))
    writer.add_root(0x08, OWNER, bytes(8))
    for i, (used, seconds, owner) in enumerate(((1, 60, OWNER), (0, 5, 0), (0, 1, 0))):
        writer.add_instance(0x2000 + 64 * i, CONNECTION)
        values = (("object", 0x2000 + 64 * i), ("boolean", used))
        stamp = ("long", STAMP - 1000 * seconds)
        writer.add_instance(0x3000 + 64 * i, LEASE, *values, stamp, ("object", owner))
    writer.add_object_array(0x5000, hw.ARRAY, [0x3000, 0x3040, 0x3080])
    writer.add_root(0x01, 0x5000, writer.id(0))
    writer.add_instance(0x7000, CONNECTION)
    path = tmp_path / "pool.hprof"
    path.write_bytes(bytes(writer))
    return forensics.open_heap(path, cache=False)


def test_a_lease_is_a_pool_entry_by_its_fields(pool):
    rows = find_resources(pool, kinds=["pool entry"]).sort("address").to_dicts()
    assert [row["class"] for row in rows] == ["acme.Lease"] * 3
    assert [row["state"] for row in rows] == ["in use", "idle", "idle"]
    assert [row["unused_s"] for row in rows] == [60.0, 5.0, 1.0]
    assert [row["thread"] for row in rows] == ["worker-7", None, None]


def test_garbage_is_no_unreleased_resource(pool):
    assert find_resources(pool, kinds=["connection"]).height == 3


def test_groups_count_by_state_and_name_the_holder(pool):
    groups = summarise_resources(pool).filter(kind="pool entry").to_dicts()
    assert [(row["state"], row["instances"]) for row in groups] == [("idle", 2), ("in use", 1)]
    assert groups[0]["held_by"][0] == "JNI global"
    assert groups[0]["longest_unused_s"] == 5.0


def test_connections_of_a_recorded_leak_are_in_use_and_have_a_holder():
    graph = forensics.open_heap(max(RECORDED.glob("*.hprof.gz")), cache=False)
    groups = summarise_resources(graph)
    (entry,) = groups.filter(kind="pool entry").to_dicts()
    assert entry["state"] == "in use"
    assert entry["instances"] >= 60
    sockets = groups.filter(kind="socket", state="open")
    assert sockets["instances"].max() == entry["instances"]


def test_the_thread_whose_local_wraps_a_lease_is_its_borrower(tmp_path):
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_class(THREAD, "java/lang/Thread", parent=hw.OBJECT, fields=(("name", "object"),))
    wraps = (("delegate", "object"),)
    writer.add_class(CONNECTION, "acme/ProxyConnection", parent=hw.OBJECT, fields=wraps)
    writer.add_class(LEASE, "acme/WireConnection", parent=hw.OBJECT, fields=(("port", "int"),))
    for i, name in enumerate((b"one", b"two")):
        writer.add_array(0x8100 + 64 * i, "byte", list(name))
        writer.add_instance(0x8200 + 64 * i, hw.STRING, ("object", 0x8100 + 64 * i), ("byte", 0))
        writer.add_instance(OWNER + 64 * i, THREAD, ("object", 0x8200 + 64 * i))
        writer.add_root(0x08, OWNER + 64 * i, (i + 1).to_bytes(4, "big") + bytes(4))
    wires = [0x3000 + 64 * i for i in range(3)]
    proxies = [0x2000 + 64 * i for i in range(3)]
    for wire, proxy in zip(wires, proxies, strict=True):
        writer.add_instance(wire, LEASE, ("int", 5432))
        writer.add_instance(proxy, CONNECTION, ("object", wire))
    writer.add_object_array(0x5000, hw.ARRAY, [*wires, *proxies])
    writer.add_root(0x01, 0x5000, writer.id(0))
    first, second = ((i + 1).to_bytes(4, "big") + bytes(4) for i in range(2))
    for proxy, thread in ((proxies[0], first), (proxies[1], first), (proxies[1], second)):
        writer.add_root(0x03, proxy, thread)
    path = tmp_path / "borrowed.hprof"
    path.write_bytes(bytes(writer))
    graph = forensics.open_heap(path, cache=False)
    rows = find_resources(graph, kinds=["connection"]).sort("address").to_dicts()
    assert [row["thread"] for row in rows] == ["one", None, None] * 2
    assert rows[0]["holder_class"] == "several holders"
    assert rows[2]["holder_class"] == "java.lang.Object[]"
