"""The heap explorer: a dominator tree that reads only what is opened.

The page asks by messages, this side answers with rows; no answer holds HTML, and the page
puts every text in as text. Without JavaScript the same tree is shown as ``<details>``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from forensics.errors import ForensicsError, UsageError
from forensics.heap.graph import HeapGraph
from forensics.jupyter import _heap_rows as rows
from forensics.jupyter._heap_page import draw_facts, draw_tree
from forensics.redaction import redact

_HERE: Final = Path(__file__).parent


class HeapExplorer(anywidget.AnyWidget):
    """Dominator tree, treemap, icicle, search and root paths of one heap.

    Attributes
    ----------
    graph : HeapGraph
        The heap that is shown.
    selected : int
        Ordinal of the object chosen in the page, -1 before any; read it in the next cell.
    """

    _esm = (_HERE / "explorer.js").read_text(encoding="utf-8")
    _css = (_HERE / "explorer.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    first = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)

    def __init__(self, graph: HeapGraph) -> None:
        self.graph = graph
        super().__init__(
            title=redact(f"{graph.facts.name}: {len(graph):,} objects"),
            first=rows.list_children(graph, -1),
        )
        self.on_msg(self._reply)

    def answer(self, asked: object) -> dict[str, Any]:
        """Return the answer to one message of the page; a fault becomes ``{"error": ...}``."""
        try:
            return _answer(self.graph, asked)
        except (ForensicsError, ValueError, TypeError, KeyError, IndexError) as error:
            return {"error": redact(str(error)) or type(error).__name__}

    def _reply(self, _widget: object, asked: object, _buffers: object) -> None:
        number = asked.get("number") if isinstance(asked, dict) else None
        self.send({"number": number, **self.answer(asked)})

    def to_html(self) -> str:
        """Return the explorer's form without JavaScript."""
        return draw_facts(self.graph) + draw_tree(self.graph)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and beside it the form for readers without one."""
        made: Any = super()._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made or {}, {})
        return {**data, "text/html": self.to_html(), "text/plain": repr(self.graph)}, metadata


def _answer(graph: HeapGraph, asked: object) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise TypeError("a message is an object")
    questions: dict[str, Callable[[], dict[str, Any]]] = {
        "children": lambda: rows.list_children(
            graph, int(asked["of"]), str(asked["sort"]), int(asked["offset"])
        ),
        "classes": lambda: rows.list_classes(graph, _object_of(graph, asked)),
        "search": lambda: rows.search_objects(graph, str(asked["text"])),
        "reveal": lambda: rows.list_dominators(graph, _object_of(graph, asked, least=0)),
        "object": lambda: rows.describe_object(graph, _object_of(graph, asked, least=0)),
        "treemap": lambda: rows.lay_out_treemap(graph, _object_of(graph, asked)),
        "icicle": lambda: rows.lay_out_icicle(graph, _object_of(graph, asked)),
    }
    if asked.get("ask") not in questions:
        raise UsageError(f"no question {asked.get('ask')!r}; there are: {', '.join(questions)}")
    return questions[asked["ask"]]()


def _object_of(graph: HeapGraph, asked: dict[str, Any], *, least: int = -1) -> int:
    ordinal = int(asked["of"])
    if not least <= ordinal < len(graph):
        raise IndexError(f"{ordinal} is no object; there are {len(graph):,}")
    return ordinal
