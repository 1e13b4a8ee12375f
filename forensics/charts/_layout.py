"""Where labels go: wrap, shorten, and keep neighbours from covering each other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from forensics.charts._chart import Rule

_LETTERS_ACROSS = 125  #: letters of the small label size that fit across a chart
_LEVELS = 4


def wrap(text: str, letters: int) -> list[str]:
    """Return ``text`` in lines of at most ``letters``, at most three of them."""
    lines = textwrap.wrap(printable(text), letters) or [""]
    return lines if len(lines) <= 3 else [*lines[:2], fit_label(" ".join(lines[2:]), letters)]


def fit_label(text: str, letters: int) -> str:
    """Return ``text`` cut in the middle to ``letters``; nothing where three won't fit.

    The middle goes, because names of classes and pods differ at their ends.

    Examples
    --------
    >>> fit_label("com.example.service.SessionCache", 16)
    'com.exa…ionCache'
    """
    text = printable(text)
    if len(text) <= letters:
        return text
    if letters < 3:
        return ""
    head = (letters - 1) // 2
    return f"{text[:head]}…{text[len(text) - (letters - 1 - head) :]}"


def printable(text: str) -> str:
    """Return ``text`` on one line, without control characters and direction overrides."""
    return "".join(c if c.isprintable() else " " for c in text)


def place_rule_labels(
    rules: Iterable[Rule], low: float, high: float, to_number: Callable[[Any], float]
) -> list[tuple[Rule, float, int]]:
    """Give each labelled rule its share of the axis and the level that keeps it readable.

    A greedy sweep from left to right: each label takes the first level whose previous label
    has ended; where all are taken it takes the lowest one.

    Returns
    -------
    list of (Rule, float, int)
        The rule, its place from 0 (left) to 1 (right), its level (0 is the top).
    """
    ends = [-1.0] * _LEVELS
    placed: list[tuple[Rule, float, int]] = []
    span = (high - low) or 1.0
    for rule in sorted(rules, key=lambda one: (to_number(one.at), one.name)):
        share = (to_number(rule.at) - low) / span
        width = min(len(rule.text), 46) / _LETTERS_ACROSS
        start = share if share < 0.75 else share - width
        free = [level for level, end in enumerate(ends) if end <= start]
        level = free[0] if free else _LEVELS - 1
        ends[level] = max(ends[level], start + width + 0.01)
        placed.append((rule, share, level))
    return placed


def thin(x: Sequence[Any], y: Sequence[float], most: int) -> tuple[list[Any], list[float]]:
    """Keep at most about ``most`` points of a line, and every peak and dip a reader could see.

    Of each run of samples the lowest and the highest stay, in their order; the first and
    last sample always stay.
    """
    if len(x) <= most:
        return list(x), list(y)
    size = max(2, -(-len(x) * 2 // most))
    kept: set[int] = {0, len(x) - 1}
    for begin in range(0, len(x), size):
        run = range(begin, min(begin + size, len(x)))
        kept.add(min(run, key=lambda i: y[i]))
        kept.add(max(run, key=lambda i: y[i]))
    order = sorted(kept)
    return [x[i] for i in order], [y[i] for i in order]
