"""A heap without JavaScript: facts and the dominator tree as nested ``<details>``.

What a report, GitHub or an untrusted notebook shows in place of the explorer. Bounded in
depth and rows; every text is redacted and escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from forensics.charts._units import human
from forensics.heap.graph import HeapGraph
from forensics.jupyter._heap_rows import Row, list_children
from forensics.redaction import redact

_MOST_LEVELS: Final = 8
_MOST_BESIDE: Final = 12
_MOST_NODES: Final = 240
_LEAST_SHARE: Final = 0.01


def draw_facts(graph: HeapGraph) -> str:
    """Return one line about a heap, and its notes."""
    facts = graph.facts
    line = (
        f"<strong>{_text(facts.name)}</strong>: {_text(facts.format)}, {len(graph):,} objects, "
        f"{len(graph.classes):,} classes, {human(float(graph.held_bytes), 'bytes')} held, "
        f"{facts.percent_read:.4g} % of the file read"
    )
    notes = "".join(f"<br><small>{_text(note)}</small>" for note in facts.notes)
    return f"<p>{line}{notes}</p>"


def draw_tree(graph: HeapGraph) -> str:
    """Return the upper part of the dominator tree: holders of a hundredth of the heap or more."""
    budget = [_MOST_NODES]
    return (
        "<p><small>dominator tree: what would be freed with each object</small></p>"
        f"{_draw_level(graph, -1, 0, budget)}"
    )


def _draw_level(graph: HeapGraph, parent: int, level: int, budget: list[int]) -> str:
    page = list_children(graph, parent)
    rows = [row for row in page["rows"] if row["share"] >= _LEAST_SHARE][:_MOST_BESIDE]
    drawn: list[str] = []
    for row in rows:
        if budget[0] <= 0:
            break
        budget[0] -= 1
        drawn.append(_draw_node(graph, row, level, budget))
    hidden = page["total"] - len(drawn)
    if hidden and drawn:
        drawn.append(f"<li><small>{hidden:,} smaller</small></li>")
    return f"<ul>{''.join(drawn)}</ul>" if drawn else ""


def _draw_node(graph: HeapGraph, row: Row, level: int, budget: list[int]) -> str:
    below = ""
    if row["children"] and level + 1 < _MOST_LEVELS:
        below = _draw_level(graph, row["index"], level + 1, budget)
    if not below:
        return f"<li>{_head(row)}</li>"
    opened = " open" if level == 0 and row["share"] >= 0.2 else ""
    return f"<li><details{opened}><summary>{_head(row)}</summary>{below}</details></li>"


def _head(row: Row) -> str:
    size = human(float(row["retained_bytes"]), "bytes")
    share = human(row["share"], "share")
    return (
        f"<code>{escape(row['label'])}</code> {size} ({share}) "
        f"<small>{escape(row['address'])}</small>"
    )


def draw_path(steps: Sequence[Row], root: str) -> str:
    """Return a path from a GC root as a list: ``class.field`` step by step."""
    if not steps:
        return "<p>no GC root leads to it</p>"
    items = "".join(
        f"<li><code>{escape(step['label'])}</code>"
        f"{'.' + escape(step['field']) if step['field'] else ''} "
        f"<small>{human(float(step['retained_bytes']), 'bytes')}</small></li>"
        for step in steps
    )
    return f"<p>held by <strong>{escape(root)}</strong></p><ol>{items}</ol>"


def _text(text: str) -> str:
    return escape(redact(text))
