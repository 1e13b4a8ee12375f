"""Growth over dumps: drawn heaps with known growth, and dumps recorded from a real service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import forensics
from forensics.cli import build_app
from forensics.errors import UsageError
from forensics.heap.diff import compare_classes, compare_holders, find_survivors, sort_by_time
from tests import heap_writer as hw

RECORDED = Path(__file__).parents[2] / "data/incidents"
HOLDER, TABLE = 0x900, 0x1000


def write_dump(folder, name, nodes, *, stamp, moved=0):
    """Write class Holder { static Object[] TABLE } with so many nodes of 100 longs each."""
    writer = hw.HeapWriter()
    writer.head = writer.head[:-8] + stamp.to_bytes(8, "big")
    hw.write_basics(writer)
    writer.add_class(HOLDER, "app/Holder", parent=hw.OBJECT, statics=(("TABLE", "object", TABLE),))
    writer.add_root(0x05, HOLDER)
    writer.add_root(0x05, hw.NODE)
    addresses = [0x10000 + moved + 0x1000 * i for i in range(nodes)]
    writer.add_object_array(TABLE, hw.ARRAY, addresses)
    for address in addresses:
        hw.add_node(writer, address, address + 0x20)
        writer.add_array(address + 0x20, "long", range(100))
    path = folder / name
    path.write_bytes(bytes(writer))
    return path


@pytest.fixture
def dumps(tmp_path):
    """Return three dumps of a heap that grows by 50 nodes each time, newest first."""
    paths = [
        write_dump(tmp_path, f"{i}.hprof", 50 + 50 * i, stamp=1000 + i) for i in reversed(range(3))
    ]
    return [forensics.open_heap(path, cache=False) for path in paths]


def test_dumps_are_ordered_by_their_time_stamps(dumps):
    assert [g.facts.name for g in sort_by_time(dumps)] == ["0.hprof", "1.hprof", "2.hprof"]


def test_one_dump_has_no_growth(dumps):
    with pytest.raises(UsageError, match="two dumps"):
        compare_classes(dumps[:1])


def test_growth_by_class_lists_every_dump(dumps):
    node = compare_classes(dumps).filter(**{"class": "app.Node"}).to_dicts()[0]
    assert node["instances"] == [50, 100, 150]
    assert node["growth_instances"] == 100
    assert node["is_steady"]


def test_growth_piles_up_in_the_array_that_the_static_field_holds(dumps):
    (row,) = compare_holders(dumps).to_dicts()
    assert row["class"] == "java.lang.Object[]"
    assert row["held_by"] == ["system class", "app.Holder.TABLE"]
    assert row["contents"][0] == {"class": "app.Node", "instances": [50, 100, 150]}
    assert row["growth_bytes"] == dumps[0].held_bytes - dumps[2].held_bytes


def test_objects_that_stay_at_their_address_survive(dumps):
    rows = find_survivors(dumps).filter(**{"class": "app.Node"}).to_dicts()
    assert rows[0]["survivors"] == 50
    assert rows[0]["instances"] == 150


def test_a_moved_heap_has_no_survivors(tmp_path):
    paths = [
        write_dump(tmp_path, f"{i}.hprof", 50, stamp=1000 + i, moved=0x800 * i) for i in range(2)
    ]
    assert find_survivors([forensics.open_heap(p, cache=False) for p in paths]).is_empty()


def test_equal_dumps_have_no_growth(dumps):
    assert compare_holders([dumps[0], dumps[0]]).is_empty()
    assert set(compare_classes([dumps[0], dumps[0]])["growth_instances"]) == {0}


def test_the_command_prints_growth_of_a_recorded_leak(tmp_path):
    folder = RECORDED / "payment-api-2026-02-09/heap"
    files = sorted(str(path) for path in folder.glob("*.hprof.gz"))
    result = CliRunner().invoke(
        build_app(), ["heap", "diff", *files, "--json", "--cache", str(tmp_path)]
    )
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert [file["file"] for file in answer["files"]] == [Path(file).name for file in files]
    largest = answer["holders"][0]
    assert largest["share"] > 0.5
    assert any("." in holder for holder in largest["held_by"])
