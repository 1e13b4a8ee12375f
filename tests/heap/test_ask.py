"""Every question of ``forensics heap --ask``, and SQL, on a small heap drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

import forensics
from forensics.commands._heap_ask import QUESTIONS, ask_heap
from forensics.errors import UsageError
from tests import heap_writer as hw

HEAD = 0x1000


@pytest.fixture
def heap(tmp_path):
    """Write a list of ten nodes at a JNI global."""
    writer = hw.HeapWriter()
    hw.write_basics(writer)
    writer.add_root(0x05, hw.NODE)
    for i in range(10):
        hw.add_node(writer, HEAD + 0x20 * i, HEAD + 0x20 * (i + 1) if i < 9 else 0, size=i)
    writer.add_root(0x01, HEAD, writer.id(0))
    path = tmp_path / "list.hprof"
    path.write_bytes(bytes(writer))
    return forensics.open_heap(path, cache=False)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_an_answer(heap, name):
    about = {"object": f"0x{HEAD:x}", "class": "app.Node"}.get(QUESTIONS[name].about)
    if name == "entries":
        with pytest.raises(UsageError, match="no collection"):
            ask_heap(heap, name, about)
        return
    frame = ask_heap(heap, name, about)
    assert frame.width > 1
    if about is not None and name != "referrers":
        assert frame.height > 0


def test_a_question_that_lacks_its_object_or_does_not_exist_says_what_to_do(heap):
    with pytest.raises(UsageError, match="needs --of OBJECT"):
        ask_heap(heap, "fields", None)
    with pytest.raises(UsageError, match="classes, packages"):
        ask_heap(heap, "everything", None)
    with pytest.raises(UsageError, match="leave out --of"):
        ask_heap(heap, "threads", "0x10")
    with pytest.raises(UsageError, match="no object 99999"):
        ask_heap(heap, "fields", "99999")
    with pytest.raises(UsageError, match="no class"):
        ask_heap(heap, "paths", "app.Missing")


def test_fields_are_those_of_the_object_asked_for(heap):
    rows = {row["field"]: row for row in ask_heap(heap, "fields", f"0x{HEAD:x}").to_dicts()}
    assert rows["size"]["value"] == "0"
    assert rows["next"]["index"] == heap.find_object(HEAD + 0x20)
    assert rows["other"]["value"] == "null"


def test_merged_paths_of_a_list_go_through_its_head(heap):
    rows = ask_heap(heap, "paths", "app.Node").to_dicts()
    assert [row["instances"] for row in rows] == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert [row["field"] for row in rows[:2]] == ["JNI global", "next"]


def test_sql_joins_objects_classes_and_references(heap):
    count = heap.sql("select count(*) as n from objects where class = 'app.Node'")
    assert count["n"].to_list() == [10]
    query = (
        "select b.class as class from refs join objects a on refs.source = a.index "
        "join objects b on refs.target = b.index where a.class = 'app.Node'"
    )
    assert heap.sql(query)["class"].to_list() == ["app.Node"] * 9
    sizes = heap.sql("select sum(shallow_bytes) as bytes from classes")["bytes"][0]
    assert sizes == int(np.sum(heap.shallow_bytes()))
    assert heap.sql("select kind from roots where kind = 'JNI global'").height == 1


def test_sql_that_is_not_understood_names_the_tables(heap):
    with pytest.raises(UsageError, match="objects, classes, refs"):
        heap.sql("select * from nowhere")
