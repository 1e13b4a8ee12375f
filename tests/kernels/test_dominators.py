"""Dominators against their definition, on random graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.heap.retention import References, compute_retention
from forensics.kernels.folding import count_referrers, mark_all_seen


def retain(size, edges, roots, *, weak=(), sizes=None, class_of=None):
    """Return dominators, retained sizes and reachability of a graph given as pairs."""
    ordered = sorted(edges, key=lambda edge: edge[0])
    begin = np.searchsorted([s for s, _ in ordered], np.arange(size + 1)).astype(np.uint32)
    targets = np.array([t for _, t in ordered], np.int32)
    seen, holder = np.zeros(size // 32 + 1, np.uint64), np.zeros(size, np.int32)
    root_array, weak_array = np.array(roots, np.int32), np.array(weak, np.int32)
    count_referrers(begin, targets, seen, holder)
    for _ in range(2):
        mark_all_seen(seen, root_array)
        mark_all_seen(seen, weak_array)
    class_index = np.zeros(size, np.int32)
    class_object = np.full(1, -1, np.int32)
    if class_of is not None:
        class_index = np.array(class_of, np.int32)
        class_object = np.arange(max(class_of) + 1, dtype=np.int32)
        class_object[np.isin(class_object, root_array)] = -1
        mirrors = np.arange(class_object.size, dtype=np.int32)
        mark_all_seen(seen, mirrors)
        mark_all_seen(seen, mirrors)
    shallow = np.array(sizes if sizes is not None else [1] * size, np.uint32)
    graph = References(begin, targets, class_index, class_object, seen, holder)
    return compute_retention(graph, shallow, root_array, weak_array, fold_from=0)


def reachable(edges, roots, without=None):
    found, waiting = set(), [r for r in roots if r != without]
    following = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    while waiting:
        v = waiting.pop()
        if v not in found:
            found.add(v)
            waiting += [t for t in following.get(v, ()) if t != without]
    return found


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    vertex = st.integers(0, size - 1)
    edges = draw(st.lists(st.tuples(vertex, vertex), max_size=40))
    roots = draw(st.lists(vertex, min_size=1, max_size=4, unique=True))
    weak = draw(st.lists(vertex, max_size=2, unique=True))
    sizes = draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))
    return size, edges, roots, weak, sizes


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_retained_size_is_what_becomes_unreachable_by_deletion(graph):
    size, edges, roots, weak, sizes = graph
    found = retain(size, edges, roots, weak=weak, sizes=sizes)
    alive = reachable(edges, roots)
    for v in alive:
        lost = alive - reachable(edges, roots, without=v)
        assert found.retained[v] == sum(sizes[u] for u in lost)


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_immediate_dominators_are_those_of_networkx(graph):
    size, edges, roots, weak, _ = graph
    found = retain(size, edges, roots, weak=weak)
    oracle = nx.DiGraph(edges)
    oracle.add_edges_from((-1, root) for root in roots)
    expected = nx.immediate_dominators(oracle, -1)
    for v in reachable(edges, roots):
        assert found.dominator[v] == expected[v]


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_reach_tells_strong_from_weak_from_garbage(graph):
    size, edges, roots, weak, _ = graph
    found = retain(size, edges, roots, weak=weak)
    strong = reachable(edges, roots)
    soft = reachable(edges, weak) - strong
    expected = [0 if v in strong else 1 if v in soft else 2 for v in range(size)]
    assert found.reach.tolist() == expected


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_an_object_keeps_its_class_alive(graph, data):
    size, edges, roots, _, sizes = graph
    classes = data.draw(st.integers(1, size))
    class_of = data.draw(st.lists(st.integers(0, classes - 1), min_size=size, max_size=size))
    found = retain(size, edges, roots, sizes=sizes, class_of=class_of)
    full = [*edges, *((v, class_of[v]) for v in range(size))]
    alive = reachable(full, roots)
    for v in alive:
        lost = alive - reachable(full, roots, without=v)
        assert found.retained[v] == sum(sizes[u] for u in lost)


def test_a_diamond_is_dominated_by_its_top():
    #     0
    #    / \
    #   1   2
    #    \ /
    #     3 - 4
    found = retain(5, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)], [0])
    assert found.dominator.tolist() == [-1, 0, 0, 0, 3]
    assert found.retained.tolist() == [5, 1, 1, 2, 1]


def test_a_long_list_with_a_shared_tail_is_linear():
    size = 300_000
    edges = [(v, v + 1) for v in range(size - 2)] + [(v, size - 1) for v in range(size - 1)]
    found = retain(size, edges, [0])
    assert found.dominator[size - 1] == 0
    assert found.retained[0] == size


@pytest.mark.parametrize("weak", [pytest.param([1], id="weakly"), pytest.param([], id="not")])
def test_what_is_weakly_reachable_retains_nothing_of_the_strong(weak):
    # root 0 -> 2, weak or garbage 1 -> 2
    found = retain(3, [(0, 2), (1, 2)], [0], weak=weak)
    assert found.dominator.tolist() == [-1, -1, 0]
    assert found.retained.tolist() == [2, 1, 1]
