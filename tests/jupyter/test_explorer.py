"""The explorer answers messages, survives wrong ones, and has a form without JavaScript."""

from __future__ import annotations

import pytest

from forensics.jupyter import explore
from tests.jupyter.small_heap import HOSTILE, NODES, SECRET, open_small


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    return explore(open_small(tmp_path_factory.mktemp("heap")))


QUESTIONS = [
    {"ask": "children", "of": -1, "sort": "retained", "offset": 0},
    {"ask": "classes", "of": -1},
    {"ask": "search", "text": "node"},
    {"ask": "reveal", "of": 3},
    {"ask": "object", "of": 3},
    {"ask": "treemap", "of": -1},
    {"ask": "icicle", "of": -1},
]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q["ask"])
def test_each_question_has_an_answer(explorer, asked) -> None:
    assert "error" not in explorer.answer(asked)


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "children",
        {},
        {"ask": "delete"},
        {"ask": "object", "of": -1},
        {"ask": "object", "of": 10**9},
        {"ask": "treemap", "of": "x"},
        {"ask": "children", "of": -7, "sort": "retained", "offset": 0},
        {"ask": "children", "of": 0, "sort": "colour", "offset": 0},
    ],
    ids=str,
)
def test_a_wrong_message_is_answered_with_what_is_wrong(explorer, asked) -> None:
    assert explorer.answer(asked)["error"]


def test_without_a_widget_the_tree_is_nested_details(explorer) -> None:
    data, _ = explorer._repr_mimebundle_()
    html = data["text/html"]
    assert html.count("<details") == html.count("</details>") > 3
    assert "<code>class app.Holder</code>" in html
    assert f"{NODES - 12:,} smaller" in html
    assert "application/vnd.jupyter.widget-view+json" in data


def test_nothing_of_the_evidence_becomes_markup_or_gives_a_secret_away(explorer) -> None:
    html = explorer.to_html() + explorer.title
    assert SECRET not in html
    assert "<img" not in html
    assert HOSTILE.replace("/", ".") in str(explorer.answer({"ask": "search", "text": "img"}))
