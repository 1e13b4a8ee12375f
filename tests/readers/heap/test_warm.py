"""The kernels that ``warm`` compiles are those that a dump needs."""

from __future__ import annotations

import numba.core.dispatcher
import pytest

import forensics.kernels.dominators as kernels
from forensics.readers._source import Source
from forensics.readers.heap import warm
from forensics.readers.heap._open import open_hprof
from forensics.readers.heap._v8_build import open_v8
from forensics.readers.heap._warm import _write_dump, _write_snapshot


def test_the_small_dump_is_sound_and_has_a_bit_of_everything(tmp_path):
    dump = tmp_path / "warm.hprof"
    dump.write_bytes(_write_dump())
    graph = open_hprof(Source(dump))
    assert graph.damage.is_empty()
    assert len(graph) == 8 + 3 * 40 + 4
    assert graph.threads["name"].to_list() == ["text"]
    assert sorted(set(graph.reach.tolist())) == [0, 2]
    assert graph.weak_source.size == 1


def test_the_small_snapshot_is_sound(tmp_path):
    snapshot = tmp_path / "warm.heapsnapshot"
    snapshot.write_bytes(_write_snapshot())
    graph = open_v8(Source(snapshot))
    assert graph.damage.is_empty()
    assert len(graph) == 41
    assert graph.weak_source.size == 39


@pytest.mark.skipif(
    not isinstance(kernels.find_dominators, numba.core.dispatcher.Dispatcher),
    reason="compilation is switched off",
)
def test_after_warming_the_kernels_are_compiled():
    warm()
    assert kernels.find_dominators.signatures
