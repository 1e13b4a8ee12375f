"""Where labels go: wrap, shorten, and keep neighbours from covering each other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from forensics.charts._chart import Rule

RULE_LETTERS = 46  #: longer names of changes are cut


@dataclass(frozen=True, slots=True)
class RuleLabel:
    """Where the name of an upright rule goes: above the panel, on one of several lines.

    ``level`` is the line, 0 the lowest; ``is_left`` says that the text begins at the rule
    (else it ends there).
    """

    rule: Rule
    text: str
    level: int
    is_left: bool


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


def shorten(text: str, letters: int) -> str:
    """Return ``text`` cut at a word's end to ``letters``: for prose, whose start says most.

    Examples
    --------
    >>> shorten("Rotate the certificate of the load balancer", 30)
    'Rotate the certificate of the…'
    """
    text = " ".join(printable(text).split())
    if len(text) <= letters:
        return text
    head, _, _ = text[: max(letters, 1)].rpartition(" ")
    return f"{head.rstrip(' ,;:(–-')}…" if len(head) > letters // 2 else fit_label(text, letters)


def wrap_label(text: str, letters: int) -> str:
    r"""Return a category's name on one line or two: prose is wrapped, a name cut in its middle.

    Examples
    --------
    >>> wrap_label("0 of 12 process lifetimes that were not exposed", 30)
    '0 of 12 process lifetimes that\nwere not exposed'
    """
    text = " ".join(printable(text).split())
    if len(text) <= letters or " " not in text:
        return fit_label(text, letters)
    lines = textwrap.wrap(text, letters)
    return "\n".join([lines[0], shorten(" ".join(lines[1:]), letters)])


def printable(text: str) -> str:
    """Return ``text`` on one line, without control characters and direction overrides."""
    return "".join(c if c.isprintable() else " " for c in text)


def place_rule_labels(
    rules: Iterable[Rule],
    low: float,
    high: float,
    to_number: Callable[[Any], float],
    letters_across: float = 112.0,
) -> list[RuleLabel]:
    """Give each labelled rule a line above the panel, so that no two texts touch.

    A text begins at its rule, or ends there where it would run out of the panel. Going away
    from that end, each takes the lowest line that is free, above the texts that reach over
    its own rule: the stroke up to a text crosses no other text of its side.

    Parameters
    ----------
    rules
        Rules on the x axis; those without text are skipped.
    low, high
        Ends of the axis, in the numbers that ``to_number`` gives.
    to_number
        Returns a coordinate as a number.
    letters_across
        How many letters of the label's size are as wide as the panel.
    """
    span = (high - low) or 1.0
    wanted: list[tuple[Rule, str, float, float, float]] = []
    for rule in rules:
        if rule.axis == "x" and rule.text:
            text = shorten(rule.text, RULE_LETTERS)
            at, width = (to_number(rule.at) - low) / span, (len(text) + 2) / letters_across
            begin = at if at + width <= 1 else at - width
            wanted.append((rule, text, at, begin, begin + width))
    order = [one for one in wanted if one[3] >= one[2]]
    order.sort(key=lambda one: (-one[2], one[0].name))
    order += sorted((o for o in wanted if o[3] < o[2]), key=lambda one: (one[2], one[0].name))
    taken: list[tuple[float, float, int]] = []
    placed: list[RuleLabel] = []
    for rule, text, at, begin, end in order:
        is_left = begin >= at
        over = [level for (first, last, level) in taken if first < end and last > begin]
        level = max(over, default=-1) + 1
        taken.append((begin, end, level))
        placed.append(RuleLabel(rule, text, level, is_left))
    return sorted(placed, key=lambda one: (to_number(one.rule.at), one.rule.name))


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
