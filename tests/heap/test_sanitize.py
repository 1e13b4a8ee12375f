"""A copy without contents: same structure, no values, nothing else written."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forensics
from forensics.errors import CorruptEvidenceError, UsageError
from forensics.heap import count_classes
from forensics.readers.heap import _sanitize
from forensics.readers.heap._sanitize import sanitize_dump
from tests import heap_writer as hw

RECORDED = Path(__file__).parents[2] / "data/incidents/payment-api-2026-02-09/heap"
SECRET = b"4111111111111111"
PAIR = 0x900


@pytest.fixture(params=[4, 8])
def dump(tmp_path, request):
    writer = hw.HeapWriter(request.param)
    hw.write_basics(writer)
    fields = (("hash", "int"), ("letter", "char"), ("amount", "long"), ("next", "object"))
    statics = (("KEY", "char", 88), ("LIMIT", "int", 7))
    writer.add_class(PAIR, "app/Pair", parent=hw.OBJECT, statics=statics, fields=fields)
    writer.string("a literal of the code")
    writer.add_root(0x05, PAIR)
    writer.add_array(0x2000, "byte", list(SECRET))
    writer.add_instance(0x3000, hw.STRING, ("object", 0x2000), ("byte", 1))
    values = (("int", 77), ("char", 88), ("long", 99), ("object", 0x3000))
    writer.add_instance(0x4000, PAIR, *values)
    writer.add_object_array(0x5000, hw.ARRAY, [0x4000] * 50)
    writer.add_array(0x6000, "long", range(1, 500))
    writer.add_root(0x01, 0x5000, writer.id(0))
    path = tmp_path / "in.hprof"
    path.write_bytes(bytes(writer))
    return path


def values_of(graph, address):
    return {f.name: f.value for f in graph.fields(graph.find_object(address))}


def test_contents_go_and_structure_stays(dump, tmp_path):
    counts = sanitize_dump(dump, tmp_path / "out.hprof")
    data = (tmp_path / "out.hprof").read_bytes()
    assert SECRET not in data
    assert b"a literal of the code" not in data
    before = forensics.open_heap(dump, cache=False)
    after = forensics.open_heap(tmp_path / "out.hprof", cache=False)
    assert count_classes(after).equals(count_classes(before))
    assert np.array_equal(before.dominator, after.dominator)
    assert after.damage.is_empty()
    assert counts["arrays_blanked"] == 2
    assert counts["array_bytes_blanked"] == 16 + 8 * 499
    assert not after.content.array(after.find_object(0x6000)).any()


def test_hashes_and_characters_go_but_numbers_and_the_coder_stay(dump, tmp_path):
    sanitize_dump(dump, tmp_path / "out.hprof")
    after = forensics.open_heap(tmp_path / "out.hprof", cache=False)
    pair = values_of(after, 0x4000)
    assert (pair["hash"], pair["letter"], pair["amount"]) == (0, "\0", 99)
    assert pair["next"] == after.find_object(0x3000)
    assert values_of(after, 0x3000)["coder"] == 1
    assert values_of(after, PAIR) == {"KEY": "\0", "LIMIT": 7}


def test_numbers_go_on_demand(dump, tmp_path):
    sanitize_dump(dump, tmp_path / "out.hprof", with_numbers=True)
    after = forensics.open_heap(tmp_path / "out.hprof", cache=False)
    assert values_of(after, 0x4000)["amount"] == 0
    assert values_of(after, PAIR)["LIMIT"] == 0


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_the_copy_is_packed_as_its_name_says(dump, tmp_path, suffix):
    sanitize_dump(dump, tmp_path / f"out.hprof{suffix}")
    after = forensics.open_heap(tmp_path / f"out.hprof{suffix}", cache=False)
    assert len(after) == len(forensics.open_heap(dump, cache=False))


def test_small_windows_give_the_same_bytes(dump, tmp_path, monkeypatch):
    sanitize_dump(dump, tmp_path / "large.hprof")
    monkeypatch.setattr(_sanitize, "_WINDOW_BYTES", 37)
    sanitize_dump(dump, tmp_path / "small.hprof")
    assert (tmp_path / "small.hprof").read_bytes() == (tmp_path / "large.hprof").read_bytes()


@pytest.mark.parametrize("framing", ["segment", "dump", "open"])
def test_every_framing_keeps_its_length(tmp_path, framing):
    writer = hw.HeapWriter(framing=framing)
    hw.write_basics(writer)
    writer.add_array(0x2000, "byte", list(SECRET))
    source = tmp_path / "in.hprof"
    source.write_bytes(bytes(writer))
    counts = sanitize_dump(source, tmp_path / "out.hprof")
    assert (tmp_path / "out.hprof").stat().st_size == source.stat().st_size
    assert counts["array_bytes_blanked"] == 16


@settings(max_examples=50, deadline=None)
@given(share=st.floats(0.0, 1.0))
def test_a_cut_dump_gives_a_copy_without_contents(tmp_path_factory, share):
    folder = tmp_path_factory.mktemp("cut")
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_array(0x2000, "byte", list(SECRET * 9))
    writer.add_instance(0x3000, hw.STRING, ("object", 0x2000), ("byte", 1))
    whole = bytes(writer)
    source = folder / "in.hprof"
    source.write_bytes(whole[: 40 + int(share * (len(whole) - 40))])
    sanitize_dump(source, folder / "out.hprof")
    assert SECRET not in (folder / "out.hprof").read_bytes()


def test_an_existing_file_is_not_replaced_unasked(dump, tmp_path):
    target = tmp_path / "out.hprof"
    target.write_bytes(b"kept")
    with pytest.raises(UsageError, match="exists"):
        sanitize_dump(dump, target)
    assert target.read_bytes() == b"kept"
    sanitize_dump(dump, target, replace=True)
    with pytest.raises(UsageError):
        sanitize_dump(dump, dump, replace=True)


def test_what_is_no_dump_leaves_no_file(tmp_path):
    source = tmp_path / "in.hprof"
    source.write_bytes(b"x" * 500)
    with pytest.raises(CorruptEvidenceError):
        sanitize_dump(source, tmp_path / "out.hprof")
    assert [path.name for path in tmp_path.iterdir()] == ["in.hprof"]


def test_a_recorded_dump_loses_its_texts_and_keeps_its_sizes(tmp_path):
    source = min(RECORDED.glob("*.hprof.gz"))
    target = tmp_path / "out.hprof.gz"
    sanitize_dump(source, target)
    assert b"jdbc:postgresql:" in gzip.decompress(source.read_bytes())
    assert b"jdbc:postgresql:" not in gzip.decompress(target.read_bytes())
    before = forensics.open_heap(source, cache=False)
    after = forensics.open_heap(target, cache=False)
    assert count_classes(after).equals(count_classes(before))
