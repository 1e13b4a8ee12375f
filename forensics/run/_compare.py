"""Compare two documents of findings: entries meet by what they are about, not by their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

_MAX_TEXT: Final = 200
#: What an entry of a list is about, by the list's name.
_ABOUT: Final = {
    "suspects": ("change_id",),
    "for": ("text",),
    "against": ("text",),
    "growth": ("entity", "metric", "life_started_at"),
    "heap": ("file",),
    "claims": ("line", "quantity"),
    "questions": ("question",),
    "decisions": ("decision",),
    "measures": ("name",),
    "evidence": ("path", "line", "query", "object_address"),
}
Row = tuple[str, str, str]


def compare(before: Any, after: Any, where: str = "") -> list[Row]:
    """Return (place, before, after) of every leaf that differs, in document order.

    Entries of lists are matched by what they are about (a suspect by its change, a claim by
    its line and quantity); one that is in one document only is a row with an empty side.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        return [
            row
            for name in names
            for row in compare(before.get(name), after.get(name), f"{where}.{name}".lstrip("."))
        ]
    if isinstance(before, list) and isinstance(after, list):
        about = _ABOUT.get(where.rpartition(".")[2])
        if about and all(isinstance(item, dict) for item in (*before, *after)):
            return _compare_entries(_named(before, about), _named(after, about), where)
        if len(before) == len(after):
            pairs = enumerate(zip(before, after, strict=True))
            return [row for i, pair in pairs for row in compare(*pair, f"{where}[{i}]")]
    return [] if before == after else [(where, _text(before), _text(after))]


def rank_of(where: str) -> int:
    """Return 0 for a place of the verdict, 1 for what it rests on, 2 for anything else."""
    if where.startswith("verdict"):
        return 0
    return 1 if where.startswith(("suspects", "decisions")) else 2


def _compare_entries(before: dict[str, Any], after: dict[str, Any], where: str) -> list[Row]:
    rows: list[Row] = []
    for name in dict.fromkeys([*before, *after]):
        place = f"{where}[{name}]"
        if name in before and name in after:
            rows += compare(before[name], after[name], place)
        else:
            rows.append((place, _side(before.get(name)), _side(after.get(name))))
    return rows


def _named(items: Sequence[dict[str, Any]], about: Sequence[str]) -> dict[str, Any]:
    """Return entries by what they are about; several of the same are numbered."""
    named: dict[str, Any] = {}
    for item in items:
        name = " ".join(str(item[part]) for part in about if item.get(part) is not None)
        number = 2
        unique = name
        while unique in named:
            unique = f"{name} #{number}"
            number += 1
        named[unique] = item
    return named


def _side(entry: Any) -> str:
    return "" if entry is None else _text(entry)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
