"""Where labels go: wrap, shorten, and keep neighbours from covering each other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from forensics.charts._chart import Rule

#: Begin, end (shares of the axis) and line of a text.
Extent = tuple[float, float, int]
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
    from that end, each takes the line above the texts that reach over its place. Of several
    points from which on texts end at their rules, the one is taken at which the fewest
    strokes from a text down to its rule cross another text.

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
    wanted = [
        (rule, (to_number(rule.at) - low) / span, shorten(rule.text, RULE_LETTERS))
        for rule in rules
        if rule.axis == "x" and rule.text
    ]
    wanted.sort(key=lambda one: (one[1], one[0].name))
    widths = [(len(text) + 2) / letters_across for _, _, text in wanted]
    places = [at for _, at, _ in wanted]
    tried = [_stack(places, widths, turn) for turn in (1.0, 0.75, 0.5, 0.25)]
    best = min(tried, key=lambda spans: (_count_crossings(places, spans), _height(spans)))
    return [
        RuleLabel(rule, text, level, begin >= at)
        for (rule, at, text), (begin, _, level) in zip(wanted, best, strict=True)
    ]


def _stack(places: list[float], widths: list[float], turn: float) -> list[Extent]:
    """Return begin, end and line of each text; those from ``turn`` on end at their rules."""
    spans: list[Extent] = [(0.0, 0.0, 0)] * len(places)
    is_left = [
        (at < turn or at - width < 0) and at + width <= 1
        for at, width in zip(places, widths, strict=True)
    ]
    first = [i for i in reversed(range(len(places))) if is_left[i]]
    order = [*first, *(i for i in range(len(places)) if not is_left[i])]
    taken: list[Extent] = []
    for i in order:
        begin = places[i] if is_left[i] else places[i] - widths[i]
        end = begin + widths[i]
        over = [line for first, last, line in taken if first < end and last > begin]
        spans[i] = (begin, end, max(over, default=-1) + 1)
        taken.append(spans[i])
    return spans


def _count_crossings(places: list[float], spans: list[Extent]) -> int:
    return sum(
        begin < at < end and line < own
        for at, (_, _, own) in zip(places, spans, strict=True)
        for begin, end, line in spans
    )


def _height(spans: list[Extent]) -> int:
    return max((line for _, _, line in spans), default=0)


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
