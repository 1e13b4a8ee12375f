"""Turn the shape of a message into tokens, with what is surely a value masked.

What one message alone shows to be a value: dates, addresses, paths, URLs, anything with
digits, ``true`` and ``null`` after a key, the inside of braces. Lists of values become
one value, and a remark in parentheses that holds nothing else is dropped: they vary in
length from message to message without being another statement of the program.

Words as values need many messages to be seen; they are found by ``forensics.patterns.words``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from forensics.patterns._rules import V, mask_text

VARIABLE: Final = "<*>"
_TOKEN: Final = re.compile(  # an apostrophe inside a word is none of the delimiters
    r"\x00|[=,;()\[\]{}<>\"'|]|(?:[^\s=,;()\[\]{}<>\"'|\x00]|(?<=[A-Za-z])'(?=[a-z]{1,2}\b))+"
)
_KEY: Final = re.compile(r"([A-Za-z_][A-Za-z_.$-]*):(?=[^:])(.+)\Z")
_ENDING: Final = re.compile(r"(.*?[^.:!?])([.:!?]+)\Z")
_ORDINAL: Final = re.compile(r"[A-Za-z]{2,}0\Z")
_WORD: Final = re.compile(r"\w")

#: Between two variables these belong to the value: 12:30, a/b, 10-20, 640x480.
_JOINTS: Final = frozenset(",:;/-|@#~x*")
#: After a number these are part of the value: the scale changes with the amount.
_UNITS: Final = frozenset(
    [
        *("B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"),
        *("ns", "us", "µs", "ms", "s", "sec", "secs", "%", "Hz", "kHz", "MHz", "GHz"),
    ]
)
#: Longest part of a message that may repeat to make a list.
_LONGEST_PERIOD: Final = 8
#: Tokens of a message that count; what follows is one more variable.
_MOST_TOKENS: Final = 256


class Masked(NamedTuple):
    """A masked message: its tokens, and for each whether blanks stood before it."""

    tokens: tuple[str, ...]
    spaced: tuple[bool, ...]


@lru_cache(maxsize=1 << 16)
def is_word(token: str) -> bool:
    """Whether ``token`` is neither a variable nor punctuation."""
    return token != VARIABLE and _WORD.search(token) is not None


def mask_shape(shape: str) -> Masked:
    """Split a shape into tokens and mask the values that it shows by itself.

    Examples
    --------
    >>> mask_shape("retry 0 of 0 for /var/lib/db, took 0 ms").tokens
    ('retry', '<*>', 'of', '<*>', 'for', '<*>', ',', 'took', '<*>')
    """
    text = mask_text(shape)
    tokens: list[str] = []
    spaced: list[bool] = []
    last_end = 0
    for match in _TOKEN.finditer(text):
        parts = (VARIABLE,) if match.group() == V else _split(match.group())
        tokens += parts
        spaced += [match.start() > last_end] + [False] * (len(parts) - 1)
        last_end = match.end()
        if len(tokens) >= _MOST_TOKENS:
            tokens.append(VARIABLE)
            spaced.append(True)
            break
    return simplify(Masked(tuple(tokens), tuple(spaced)))


@lru_cache(maxsize=1 << 16)
def _split(token: str) -> tuple[str, ...]:
    """Part a key and an ending from a token, and mask it if it holds digits."""
    if token[0] == ":" and token.strip(":"):
        return (":", *_split(token[1:]))
    keyed = _KEY.match(token)
    if keyed:
        return (keyed[1], ":", *_split(keyed[2]))
    ended = _ENDING.match(token)
    if ended:
        return (*_split(ended[1]), ended[2])
    if "0" not in token or _ORDINAL.match(token):
        return (token,)
    return (VARIABLE,)


def simplify(masked: Masked) -> Masked:
    """Make one variable of each list of variables, until nothing changes."""
    while True:
        kept = _fold_periods(_fold_neighbours(masked))
        if len(kept.tokens) == len(masked.tokens):
            return kept
        masked = kept


def mask_span(one: Masked, start: int, end: int) -> Masked:
    """Return a message with one variable for its tokens from ``start`` to before ``end``."""
    return simplify(
        Masked(
            (*one.tokens[:start], VARIABLE, *one.tokens[end:]),
            (*one.spaced[: start + 1], *one.spaced[end:]),
        )
    )


def _fold_neighbours(masked: Masked) -> Masked:
    """Join variables that touch, with joints and units, and drop remarks made of one."""
    tokens: list[str] = []
    spaced: list[bool] = []
    for part, is_spaced in zip(*masked, strict=True):
        last = tokens[-2:]
        if last[-1:] == [VARIABLE] and (part == VARIABLE or part in _UNITS):
            continue
        is_joined = len(last) > 1 and last[0] == VARIABLE and last[1] in _JOINTS
        is_joined = is_joined and not (last[1] == ":" and is_spaced)  # "on <*>: <*>" are two
        if (part == VARIABLE and is_joined) or (part == ")" and last[-1:] == ["("]):
            del tokens[-1], spaced[-1]
        elif part == ")" and last == ["(", VARIABLE] and len(tokens) > len(last):
            del tokens[-2:], spaced[-2:]
        else:
            tokens.append(part)
            spaced.append(is_spaced)
    return Masked(tuple(tokens), tuple(spaced))


def _fold_periods(masked: Masked) -> Masked:
    """Make one of parts that repeat at once and hold a value: ``(a <*> ok)(a <*> ok)``."""
    tokens, spaced = list(masked.tokens), list(masked.spaced)
    if sum(map(_may_vary, tokens)) < 2:
        return masked
    for period in range(1, min(_LONGEST_PERIOD, len(tokens) // 2) + 1):
        at = 0
        while at + 2 * period <= len(tokens):
            part = tokens[at : at + period]
            end = at + period
            while tokens[end : end + period] == part:
                end += period
            if end > at + period and any(map(_may_vary, part)):
                if period == 1:
                    tokens[at] = VARIABLE
                del tokens[at + period : end], spaced[at + period : end]
            at += 1
    return Masked(tuple(tokens), tuple(spaced))


def _may_vary(token: str) -> bool:
    return token == VARIABLE or (token[-1] == "0" and _ORDINAL.match(token) is not None)
