"""The explorer's answers, on a heap that is known by heart."""

from __future__ import annotations

import pytest

from forensics.errors import UsageError
from forensics.jupyter import _heap_rows as rows
from tests.jupyter.small_heap import CACHE, FIRST_NODE, NODES, SECRET, open_small


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return open_small(tmp_path_factory.mktemp("heap"))


def at(graph, address):
    return graph.find_object(address)


def test_children_come_page_by_page_the_largest_first(graph) -> None:
    cache = at(graph, CACHE)
    first = rows.list_children(graph, cache)
    rest = rows.list_children(graph, cache, offset=rows.PAGE)
    assert (first["total"], len(first["rows"]), len(rest["rows"])) == (NODES, rows.PAGE, 20)
    sizes = [row["retained_bytes"] for row in first["rows"] + rest["rows"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {row["label"] for row in first["rows"]} == {"app.Node"}
    assert all(row["children"] >= 1 for row in first["rows"])


def test_every_page_together_is_every_child_once(graph) -> None:
    cache = at(graph, CACHE)
    for sort in rows.SORTS:
        seen = [
            row["index"]
            for offset in (0, rows.PAGE)
            for row in rows.list_children(graph, cache, sort, offset)["rows"]
        ]
        assert sorted(seen) == sorted(graph.dominated(cache).tolist())


def test_an_unknown_order_is_answered_with_those_there_are(graph) -> None:
    with pytest.raises(UsageError, match="retained, shallow, class"):
        rows.list_children(graph, -1, "colour")


@pytest.mark.parametrize("text", ["node", "NODE", "app.Nod"])
def test_a_class_is_found_by_a_part_of_its_name(graph, text) -> None:
    found = rows.search_objects(graph, text)
    assert found["total"] == NODES
    assert found["rows"][0]["address"] == f"0x{FIRST_NODE + 0x20 * (NODES - 1):x}"


def test_an_object_is_found_by_address_and_by_ordinal(graph) -> None:
    cache = at(graph, CACHE)
    for text in (f"0x{CACHE:x}", f"#{cache}"):
        assert [row["index"] for row in rows.search_objects(graph, text)["rows"]] == [cache]


@pytest.mark.parametrize("text", ["0xdead", "#99999", "#x", "0xzz", "no such class", ""])
def test_what_names_nothing_finds_nothing(graph, text) -> None:
    assert rows.search_objects(graph, text)["rows"] == []


def test_the_chain_of_dominators_leads_from_the_root_to_the_object(graph) -> None:
    account = at(graph, 0x9000)
    chain = rows.list_dominators(graph, account)
    labels = [row["label"] for row in chain["rows"]]
    assert labels[:3] == ["class app.Holder", "java.lang.Object[]", "app.Node"]
    assert chain["rows"][-1]["index"] == account
    assert chain["is_whole"]


def test_a_chain_longer_than_the_bound_gives_its_inner_end(graph, monkeypatch) -> None:
    monkeypatch.setattr(rows, "_MOST_LEVELS", 2)
    chain = rows.list_dominators(graph, at(graph, 0x9000))
    assert not chain["is_whole"]
    assert chain["rows"][0]["label"] == "app.Node"


def test_an_object_tells_its_path_and_its_fields_without_the_secret(graph) -> None:
    account = rows.describe_object(graph, at(graph, 0x9000))
    assert [step["field"] for step in account["path"]] == ["CACHE", "[0]", "other", ""]
    values = {field["name"]: field["value"] for field in account["fields"]}
    assert SECRET not in str(account)
    assert values["password"].startswith('"[password#')
    assert values["note"] == '"<script>window.pwned=1</script>"'
    node = rows.describe_object(graph, at(graph, FIRST_NODE + 0x20))
    assert {f["name"]: f["value"] for f in node["fields"]} == {
        "next": "byte[]",
        "other": "null",
        "size": "1",
    }


def test_an_array_tells_its_elements_but_bytes_only_their_number(graph) -> None:
    cache = rows.describe_object(graph, at(graph, CACHE))
    assert (len(cache["fields"]), cache["more_fields"]) == (NODES, 0)
    assert cache["fields"][1]["name"] == "[1]"
    assert cache["fields"][1]["index"] == at(graph, FIRST_NODE + 0x20)
    block = rows.describe_object(graph, at(graph, 0x10000))
    assert [(f["name"], f["value"]) for f in block["fields"]] == [("length", "100")]


def test_the_boxes_of_a_treemap_cover_what_is_held(graph) -> None:
    cache = at(graph, CACHE)
    boxes = rows.lay_out_treemap(graph, cache)["boxes"]
    assert sum(w * h for *_, w, h in (box["box"] for box in boxes)) == pytest.approx(0.5)
    held = int(graph.retained_bytes()[cache])
    assert sum(box["retained_bytes"] for box in boxes) == held


def test_the_cells_of_an_icicle_lie_inside_their_parents(graph) -> None:
    cells = rows.lay_out_icicle(graph, -1)["cells"]
    by_index = {cell["index"]: cell for cell in cells}
    assert len(cells) > NODES
    for cell in cells:
        above = by_index.get(int(graph.dominator[cell["index"]]))
        if cell["level"] == 0:
            assert above is None
            continue
        assert above["start"] <= cell["start"] + 1e-9
        assert cell["start"] + cell["width"] <= above["start"] + above["width"] + 1e-9


def test_classes_are_counted_below_one_object(graph) -> None:
    groups = rows.list_classes(graph, at(graph, CACHE))
    assert [(g["class"], g["instances"]) for g in groups["rows"]] == [("app.Node", NODES)]
