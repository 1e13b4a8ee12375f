"""Values, collections, properties and locals of a real Java program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

import forensics
from forensics.heap.containers import iter_entries
from forensics.heap.inspector import list_entries, list_fields, list_referrers
from forensics.heap.merged_paths import merge_root_paths
from forensics.heap.properties import find_properties
from forensics.heap.threads import list_locals
from forensics.heap.values import decode_value
from tests.java_programs import compile_programs, dump_program

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    dump = dump_program(compile_programs(folder), "com.acme.values.Values", folder / "v.hprof")
    return forensics.open_heap(dump, cache=False)


@pytest.fixture(scope="module")
def kept(graph):
    """Return the map that the program keeps everything in, by key, as ordinals."""
    (index,) = graph.find_class("com.acme.values.Values")
    (everything,) = (f.value for f in graph.fields(index) if f.name == "ALL")
    return {decode_value(graph, key): value for key, value in iter_entries(graph, everything)}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("latin", "café"),
        ("wide", "日本 😀"),
        ("int", 42),
        ("long", -7),
        ("double", 2.5),
        ("boolean", True),
        ("char", "x"),
        ("enum", "GREEN"),
        ("uuid", UUID("123e4567-e89b-12d3-a456-426614174000")),
        ("date", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("instant", datetime(2023, 11, 14, 22, 13, 20, 5000, tzinfo=UTC)),
        ("local", datetime(2024, 2, 29, 13, 14, 15)),  # noqa: DTZ001  # has no zone
        ("zoned", datetime(2024, 2, 29, 13, 14, 15, tzinfo=timezone(timedelta(hours=2)))),
        ("duration", timedelta(seconds=1.5)),
        ("big", -123456789012345678901234567890),
        ("decimal", Decimal("12.340")),
        ("atomic", 9),
        ("optional", "there"),
        ("array", [1, 2, 3]),
        ("listof", ["a", "b", "c"]),
        ("pair", ["a", "b"]),
        ("mapof", {"a": 1, "b": 2}),
        ("mapone", {"a": 1}),
        ("aslist", ["p", "q"]),
        ("unmodifiable", {"u": 1}),
        ("enummap", {"RED": 1}),
    ],
)
def test_a_value_means_what_the_program_put_in(graph, kept, key, expected):
    assert decode_value(graph, kept[key]) == expected


MAPS = ("HashMap", "LinkedHashMap", "TreeMap", "Hashtable", "IdentityHashMap")
CONCURRENT_MAPS = ("ConcurrentHashMap", "ConcurrentSkipListMap")


@pytest.mark.parametrize("name", [*MAPS, *(f"concurrent.{n}" for n in CONCURRENT_MAPS)])
def test_maps_are_read_by_their_structure(graph, kept, name):
    assert decode_value(graph, kept[f"java.util.{name}"]) == {"k0": 0, "k1": 1, "k2": 2}


LISTS = ("ArrayList", "LinkedList", "Vector", "ArrayDeque", "PriorityQueue", "LinkedHashSet")
SETS = ("HashSet", "TreeSet")
QUEUES = (
    "CopyOnWriteArrayList",
    "ConcurrentLinkedQueue",
    "ConcurrentLinkedDeque",
    "LinkedBlockingQueue",
    "LinkedBlockingDeque",
    "ArrayBlockingQueue",
    "ConcurrentHashMap$KeySetView",
)


@pytest.mark.parametrize("name", [*LISTS, *SETS, *(f"concurrent.{n}" for n in QUEUES)])
def test_lists_sets_and_queues_are_read_by_their_structure(graph, kept, name):
    value = decode_value(graph, kept[f"java.util.{name}"])
    assert sorted(value) == ["e0", "e1", "e2"]


@pytest.mark.parametrize("key", ["treebin", "concurrenttreebin"])
def test_crowded_buckets_that_became_trees_are_whole(graph, kept, key):
    entries = [decode_value(graph, value) for _, value in iter_entries(graph, kept[key])]
    assert sorted(entries) == list(range(40))


def test_the_inspector_shows_fields_entries_and_referrers(graph, kept):
    ordinal = kept["java.util.HashMap"]
    fields = {row["field"]: row for row in list_fields(graph, ordinal).to_dicts()}
    assert fields["size"]["value"] == "3"
    assert fields["table"]["class"] == "java.util.HashMap$Node[]"
    assert list_entries(graph, ordinal)["key"].to_list() == ["k0", "k1", "k2"]
    assert list_entries(graph, kept["java.util.ArrayDeque"])["value"].to_list() == [
        "e0",
        "e1",
        "e2",
    ]
    assert "value" in list_referrers(graph, ordinal)["field"].to_list()


def test_paths_to_all_instances_of_a_class_are_one_tree(graph):
    rows = merge_root_paths(graph, "com.acme.values.Values$Crowd").to_dicts()
    assert [row["instances"] for row in rows if row["depth"] == 0] == [80]
    local = "<local variable of com.acme.values.Values.main>"
    below = [(row["field"], row["instances"]) for row in rows if row["depth"] == 1]
    assert below == [(local, 40), (local, 40)]


def test_properties_and_locals_of_the_process_are_told(graph):
    properties = dict(find_properties(graph).iter_rows())
    assert properties["file.separator"] == "/"
    assert "java.version" in properties
    assert "com.acme.values.Values.main" in list_locals(graph)["method"].to_list()
