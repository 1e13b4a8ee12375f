"""V8 heap snapshots: drawn by hand, written by Chrome and by Node.js."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import forensics
from forensics.errors import CorruptEvidenceError, ForensicsError, UnsupportedError
from forensics.heap import STRONG, UNREACHABLE, WEAK, count_classes, find_suspects, list_root_path
from forensics.heap.detached import find_detached
from tests.v8_writer import EDGE_TYPES, EDGES, META, NODES, write

SAMPLE = Path(__file__).parents[2] / "samples/heap/v8/detached_sections.heapsnapshot.gz"


@pytest.fixture
def snapshot(tmp_path):
    def opened(content: bytes):
        path = tmp_path / "a.heapsnapshot"
        path.write_bytes(content)
        return forensics.open_heap(path, cache=False)

    return opened


def test_nodes_edges_names_and_places_are_read(snapshot):
    graph = snapshot(write(NODES, EDGES, locations=[(2, 9, 4, 2)]))
    assert graph.damage.is_empty()
    assert graph.facts.percent_read == 100
    assert [graph.class_name(o) for o in (1, 2, 3, 6)] == ["App", "Session", "(string)", "<div>"]
    assert graph.content.text(3) == 'quo"te\\ and ü'
    fields = [(f.name, f.value, f.declared_by) for f in graph.fields(1)]
    assert fields == [("first", 2, "property"), ("[7]", 6, "element"), ("maybe", 4, "weak")]
    assert graph.content.location(2) == (9, 4, 2)
    assert graph.content.location(1) is None
    assert graph.addresses.tolist() == [1, 3, 5, 7, 9, 11, 13]


def test_weak_edges_and_shortcuts_below_the_root_retain_nothing(snapshot):
    graph = snapshot(write(NODES, EDGES))
    assert graph.reach.tolist() == [STRONG, STRONG, STRONG, STRONG, WEAK, UNREACHABLE, STRONG]
    assert graph.retained_bytes(np.array([0, 1, 2])).tolist() == [120, 120, 50]
    assert list_root_path(graph, 3)["field"].to_list() == ["app", "first", "text", None]


def test_a_detached_element_is_found_with_its_holder(snapshot):
    (row,) = find_detached(snapshot(write(NODES, EDGES))).to_dicts()
    assert (row["class"], row["instances"], row["retained_bytes"]) == ("<div>", 1, 60)
    assert row["held_by"] == ["root", "(root).app", "App[7]"]


def test_retained_sizes_are_what_deleting_a_node_sets_free(snapshot):
    draw = random.Random(5)
    for _ in range(25):
        count = draw.randint(2, 14)
        nodes = [("synthetic", "", 0)]
        nodes += [("object", f"C{draw.randint(0, 3)}", draw.randint(1, 9)) for _ in range(count)]
        edges = [
            (draw.randint(0, count), draw.choice(EDGE_TYPES), "e", draw.randint(0, count))
            for _ in range(draw.randint(1, 3 * count))
        ]
        edges = [(a, k, 1 if k in ("element", "hidden") else n, b) for a, k, n, b in edges]
        graph = snapshot(write(nodes, edges))
        kept = _reachable(edges, barred=-1)
        assert set(np.flatnonzero(graph.reach == STRONG).tolist()) == kept
        for node in kept - {0}:
            lost = kept - _reachable(edges, barred=node)
            expected = sum(nodes[v][2] for v in lost)
            assert int(graph.retained_bytes(np.array([node]))[0]) == expected


def _reachable(edges, barred):
    found, waiting = {0}, [0]
    while waiting:
        at = waiting.pop()
        for source, kind, _, to in edges:
            retains = kind != "weak" and (kind != "shortcut" or source == 0)
            if source == at and retains and to != barred and to not in found:
                found.add(to)
                waiting.append(to)
    return found


def test_a_snapshot_cut_anywhere_gives_what_came_before_or_a_clear_error(snapshot):
    whole = write(NODES, EDGES)
    graphs = 0
    for end in range(1, len(whole) - 1, 3):
        try:
            graph = snapshot(whole[:end])
        except ForensicsError:
            continue
        graphs += 1
        assert len(graph) <= len(NODES)
        if end < whole.index(b'"strings"') + 15:
            assert graph.damage.height >= 1
        count_classes(graph)
        find_suspects(graph)
    assert graphs > 40


def test_mutated_snapshots_end_in_a_graph_or_a_clear_error(snapshot):
    whole, draw = write(NODES, EDGES), random.Random(11)
    for _ in range(300):
        mutated = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            mutated[draw.randrange(len(mutated))] = draw.choice(b'0919-,[]{}":\\ e\xff')
        try:
            find_suspects(snapshot(bytes(mutated)))
        except ForensicsError:
            continue


def test_counts_and_sizes_that_overflow_a_sum_are_no_places(snapshot):
    document = json.loads(write(NODES, EDGES))
    most = 2**63 - 1
    for node in (1, 2, 3):
        document["nodes"][6 * node + 3 : 6 * node + 5] = [most, most]
    graph = snapshot(json.dumps(document).encode())
    assert graph.retained_bytes(np.array([0]))[0] > 0
    assert graph.begin.tolist() == sorted(graph.begin.tolist())
    assert graph.begin[0] == 0


def test_counts_that_are_no_numbers_are_done_without(snapshot):
    document = json.loads(write(NODES, EDGES))
    document["snapshot"] |= {"node_count": [7], "edge_count": False}
    assert len(snapshot(json.dumps(document).encode())) == len(NODES)


@pytest.mark.parametrize("fields", [7, [["type"]], {"type": 1}])
@pytest.mark.parametrize("table", ["node_fields", "edge_fields", "location_fields"])
def test_fields_that_are_no_names_are_a_clear_error(snapshot, table, fields):
    document = json.loads(write(NODES, EDGES))
    document["snapshot"]["meta"][table] = fields
    with pytest.raises(CorruptEvidenceError, match="snapshot"):
        snapshot(json.dumps(document).encode())


def test_what_is_no_snapshot_is_told_from_an_old_one(snapshot):
    with pytest.raises(CorruptEvidenceError, match="meta"):
        snapshot(b'{"snapshot":{"title":"x"}}')
    old = {**META, "node_fields": ["type", "name", "id", "self_size"]}
    with pytest.raises(UnsupportedError, match="edge_count"):
        snapshot(json.dumps({"snapshot": {"meta": old, "node_count": 0, "edge_count": 0}}).encode())


def test_chromes_snapshot_names_detached_sections_and_who_holds_them():
    graph = forensics.open_heap(SAMPLE, cache=False)
    assert graph.damage.is_empty()
    assert len(graph) == 31_870
    rows = {row["class"]: row for row in find_detached(graph).to_dicts()}
    assert rows["<section>"]["instances"] == 300
    assert rows["<section>"]["held_by"][-1] == "Row.node"


def test_an_index_gives_the_same_graph(tmp_path):
    built = forensics.open_heap(SAMPLE, cache=tmp_path)
    mapped = forensics.open_heap(SAMPLE, cache=tmp_path)
    for name in ("class_index", "retained_units", "dominator", "reach", "targets"):
        assert np.array_equal(getattr(built, name), getattr(mapped, name))
    assert mapped.content.location(27_354) == built.content.location(27_354)


LEAK = """
class Session { constructor(i) { this.id = 'session-' + i; this.bag = new Map([[i, {}]]); } }
class Store { constructor() { this.sessions = new Map(); } }
globalThis.store = new Store();
for (let i = 0; i < 40000; i++) store.sessions.set('k' + i, new Session(i));
require('v8').writeHeapSnapshot(process.argv[1]);
"""
MEMLAB = """
const { getFullHeapFromFile } = require('@memlab/heap-analysis');
getFullHeapFromFile(process.argv[1]).then(heap => {
  const out = [];
  heap.nodes.forEach(n => out.push([n.id, n.retainedSize, n.dominatorNode.id]));
  require('fs').writeFileSync(process.argv[2], JSON.stringify(out));
});
"""


@pytest.fixture(scope="module")
def written_by_node(tmp_path_factory):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    path = tmp_path_factory.mktemp("node") / "leak.heapsnapshot"
    subprocess.run(["node", "-e", LEAK, str(path)], check=True, capture_output=True)
    return path


def test_nodes_snapshot_of_a_leak_names_the_sessions_and_their_map(written_by_node):
    suspect = find_suspects(forensics.open_heap(written_by_node, cache=False)).to_dicts()[0]
    assert suspect["piles_up"] == "Session"
    assert suspect["piled"] == 40_000
    assert suspect["owner"] == "Store.sessions"
    assert suspect["held_by"][-2:] == ["Store.sessions", "Map.table"]


def test_retained_sizes_and_dominators_equal_memlab_for_every_node(written_by_node, tmp_path):
    found = subprocess.run(["node", "-e", "require.resolve('@memlab/heap-analysis')"], check=False)
    if found.returncode and os.environ.get("CI") == "true":
        pytest.fail("npm package @memlab/heap-analysis is missing, and CI installs it")
    if found.returncode:
        pytest.skip("npm package @memlab/heap-analysis is not on NODE_PATH")
    out = tmp_path / "memlab.json"
    command = ["node", "-e", MEMLAB, str(written_by_node), str(out)]
    subprocess.run(command, check=True, capture_output=True, env=dict(os.environ))
    ids, retained, dominators = np.array(json.loads(out.read_text()), np.int64).T
    graph = forensics.open_heap(written_by_node, cache=False)
    is_held = (graph.reach == STRONG) & (np.arange(len(graph)) > 0)
    assert is_held.sum() > 100_000
    assert np.array_equal(graph.addresses, ids)
    assert np.array_equal(graph.retained_bytes()[is_held], retained[is_held])
    assert np.array_equal(graph.addresses[graph.dominator[is_held]], dominators[is_held])
