"""Equal to the machine: the committed dumps against the histograms taken beside them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import forensics
from forensics.heap import count_classes, find_suspects
from tests.readers.heap.test_jvm_histogram import read_histogram

INCIDENTS = Path(__file__).parents[3] / "data/incidents"
#: Not in a dump: class objects of classes that the archive (CDS) holds and nobody loaded.
ARCHIVED = "java.lang.Class"
#: Dump and histogram are two calls: a thread that woke between them counts once only.
BETWEEN = {
    "java.lang.StackTraceElement",
    "java.lang.StackTraceElement[]",
    "java.util.concurrent.Executors$RunnableAdapter",
}

PAIRS = [
    (dump, dump.with_name(dump.name.replace(".hprof.gz", ".histogram.txt")))
    for dump in sorted(INCIDENTS.glob("*/heap/*.hprof.gz"))
]
CASES = [pytest.param(*pair, id=pair[0].name) for pair in PAIRS if pair[1].exists()]


@pytest.mark.parametrize(("dump", "histogram"), CASES)
def test_every_class_of_a_lab_dump_has_the_instances_and_bytes_of_the_machine(dump, histogram):
    frame = count_classes(forensics.open_heap(dump, cache=False))
    frame = frame.group_by("class").agg(pl.col("instances", "shallow_bytes").sum())
    found = {row[0]: row[1:] for row in frame.iter_rows()}
    expected = read_histogram(histogram.read_text())
    differing = {n for n in found.keys() | expected.keys() if found.get(n) != expected.get(n)}
    assert differing - BETWEEN == {ARCHIVED}
    for name in differing & BETWEEN:
        (instances, size_bytes), (known, known_bytes) = found[name], expected[name]
        assert abs(instances - known) <= 17
        if not name.endswith("[]"):
            assert size_bytes * known == known_bytes * instances


def test_a_lonely_object_before_a_hole_keeps_the_size_of_its_fields():
    dump = next(d for d, _ in PAIRS if d.name.endswith("4t4fz.3.hprof.gz"))
    graph = forensics.open_heap(dump, cache=False)
    iterators = graph.instances(graph.find_class("java.util.ArrayList$Itr"))
    assert graph.shallow_bytes(iterators).tolist() == [32] * iterators.size
    assert int(find_suspects(graph)["retained_bytes"].max()) <= graph.held_bytes
