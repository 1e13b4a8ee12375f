"""Two numbers of one thing, before and after: what an increase is held against."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from forensics.analysis._declared import Bound, Declared
from forensics.analysis._quantities import Quantity

Pair = tuple[Quantity, Quantity, int]

_NEXT_LINES: Final = 2
#: Increases that may speak of numbers in a line near their own, and of what kind these are.
_NEIGHBOURS: Final = {
    "traffic increase": {"rate", "count"},
    "memory increase": {"bytes"},
    "latency increase": {"duration"},
}
_BEFORE: Final = re.compile(r"(?i)\b(?:before|normal|baseline|usual|previous|yesterday|vorher)\b")
_AFTER: Final = re.compile(r"(?i)\b(?:after|now|current|during|peak|today|jetzt)\b")
#: ``3x the normal 2,500/s``: what follows is the level before.
_OF_NORMAL: Final = re.compile(
    r"(?i)\s*(?:of |over |above |against )?(?:the |our |its )?"
    r"(?:normal|usual|baseline|typical|average|previous)\s(?:\w+ )?(?:of |at |is )?\s*"
)


def find_pairs(item: Bound, declared: Declared) -> list[Pair]:
    """Return ``(before, after, line)`` of an item's sentence, else of its neighbours."""
    same = [b for b in declared.bound if b.statement is item.statement]
    found = [*_against_normal(item, same), *_sides(item, same)]
    if not found:
        found = list(_labelled(item, declared))
    kinds = _NEIGHBOURS.get(item.topic)
    if found or kinds is None:
        return found
    near = [
        b
        for b in declared.bound
        if abs(b.statement.line - item.statement.line) <= _NEXT_LINES and b.quantity.kind in kinds
    ]
    return list(_sides(item, near))


def _sides(item: Bound, some: list[Bound]) -> Iterator[Pair]:
    """Yield the two ends of every arrow, or of two columns, of each sentence."""
    sentences: dict[int, list[Bound]] = {}
    for other in some:
        if other.quantity.side and other.quantity is not item.quantity:
            sentences.setdefault(id(other.statement), []).append(other)
    for sentence in sentences.values():
        befores = [b for b in sentence if b.quantity.side == "before"]
        afters = [b for b in sentence if b.quantity.side == "after"]
        for before, after in zip(befores, afters, strict=False):
            if _is_pair(before, after):
                yield before.quantity, after.quantity, before.statement.line_of(before.quantity)


def _against_normal(item: Bound, same: list[Bound]) -> Iterator[Pair]:
    """Yield the level that a sentence calls normal and the one that it states before."""
    quantity, text = item.quantity, item.statement.text
    later = [b for b in same if b.quantity.start >= quantity.end]
    before = min(later, key=lambda b: b.quantity.start, default=None)
    if before is None or before.quantity.side:
        return
    if not _OF_NORMAL.fullmatch(text[quantity.end : before.quantity.start]):
        return
    earlier = [b for b in same if b.quantity.end <= quantity.start and _is_pair(before, b)]
    if earlier:
        after = max(earlier, key=lambda b: b.quantity.start)
        yield before.quantity, after.quantity, before.statement.line_of(before.quantity)


def _labelled(item: Bound, declared: Declared) -> Iterator[Pair]:
    """Yield the numbers of two lines whose labels differ by "before" and "now" alone."""
    stem = _stem(item.statement.label)
    if not stem:
        return
    alike = [
        b
        for b in declared.bound
        if b.quantity is not item.quantity
        and _stem(b.statement.label) == stem
        and abs(b.statement.line - item.statement.line) <= _NEXT_LINES
    ]
    befores = [b for b in alike if _BEFORE.search(b.statement.label)]
    afters = [b for b in alike if _AFTER.search(b.statement.label)]
    for before, after in product(befores, afters):
        if _is_pair(before, after):
            yield before.quantity, after.quantity, before.statement.line_of(before.quantity)
            return


def _stem(label: str) -> str:
    """Return a label without its word for a side; nothing where it has none."""
    stem = _AFTER.sub("", _BEFORE.sub("", label))
    return " ".join(stem.lower().split()) if stem != label else ""


def _is_pair(before: Bound, after: Bound) -> bool:
    return before.quantity.value > 0 and before.quantity.kind == after.quantity.kind
