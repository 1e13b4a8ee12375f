"""The outline of a heap holds what the dominator tree holds, by class."""

from __future__ import annotations

import polars as pl

from forensics.heap import list_dominated_by_class, outline_heap
from tests.jupyter.small_heap import NODES, open_small


def test_groups_stand_below_the_group_that_holds_them(tmp_path):
    graph = open_small(tmp_path)
    rows = list(outline_heap(graph).iter_rows(named=True))
    nodes = next(row for row in rows if row["instances"] == NODES)
    chain = [nodes]
    while chain[-1]["parent"] is not None:
        chain.append(rows[chain[-1]["parent"]])
    assert "class app.Holder" in [row["class"] for row in chain]
    sizes = [row["retained_bytes"] for row in chain]
    assert sizes == sorted(sizes)
    assert all(row["parent"] is None or row["parent"] < i for i, row in enumerate(rows))


def test_what_the_roots_hold_is_what_the_dominator_tree_says(tmp_path):
    graph = open_small(tmp_path)
    outline = outline_heap(graph, share=0.0)
    top = outline.filter(pl.col("parent").is_null()).group_by("class").agg(pl.sum("retained_bytes"))
    told = {r["class"]: r["retained_bytes"] for r in top.iter_rows(named=True)}
    by_class = list_dominated_by_class(graph)
    objects = by_class.filter(pl.col("class") != "java.lang.Class")
    for row in objects.iter_rows(named=True):
        assert told.get(row["class"], 0) == row["retained_bytes"], row["class"]


def test_what_cannot_be_seen_is_left_out(tmp_path):
    graph = open_small(tmp_path)
    floor = 0.05 * graph.held_bytes
    assert outline_heap(graph, share=0.05)["retained_bytes"].min() >= floor
    assert outline_heap(graph, share=2.0).is_empty()
