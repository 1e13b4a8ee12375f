"""Counting without a graph gives what the graph gives."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from forensics.errors import TruncatedEvidenceError
from forensics.heap import count_classes
from forensics.readers.heap import count_heap, open_heap

SAMPLES = Path(__file__).parents[2] / "samples" / "heap" / "hprof"
COLUMNS = ["class", "instances", "shallow_bytes"]


@pytest.mark.parametrize("sizes", ["jvm", "raw"])
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.hprof*")), ids=lambda path: path.name)
def test_every_class_is_counted_as_the_graph_counts_it(path, sizes):
    found = count_heap(path, sizes=sizes)
    graph = open_heap(path, cache=False, sizes=sizes)
    expected = count_classes(graph).select(COLUMNS)
    assert found.classes.sort(COLUMNS).rows() == expected.sort(COLUMNS).rows()
    assert found.objects == len(graph)
    assert found.gc_roots >= graph.roots.height
    assert found.damage.is_empty()


def test_a_cut_dump_is_counted_up_to_the_cut(tmp_path):
    whole = gzip.decompress((SAMPLES / "map_of_200_arrays.hprof.gz").read_bytes())
    path = tmp_path / "cut.hprof"
    path.write_bytes(whole[: len(whole) * 9 // 10])
    found = count_heap(path)
    graph = open_heap(path, cache=False)
    assert found.objects == len(graph)
    assert found.damage.height == 1
    assert 0 <= path.stat().st_size - found.damage["offset"][0] < 100_000


def test_a_dump_without_objects_is_refused(tmp_path):
    path = tmp_path / "empty.hprof"
    path.write_bytes(b"JAVA PROFILE 1.0.2\0" + (8).to_bytes(4, "big") + bytes(8))
    with pytest.raises(TruncatedEvidenceError, match="holds no object"):
        count_heap(path)
