"""Find where the lines of a text log have their time: at the start, or behind a short prefix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from forensics.kernels import log_time
from forensics.kernels.log_time import NO_TIME
from forensics.readers.logs._block import block_of_lines
from forensics.readers.logs._events import LEVELS
from forensics.readers.logs._times import STYLES

#: Words that name a level, numbers and single letters left out.
WORD_LEVELS: Final = {word for words in LEVELS.values() for word in words if len(word) > 2}
#: A word that may name a level.
LEVEL_WORD: Final = re.compile(r"[A-Za-z]{3,}\d?(?![A-Za-z0-9_.])")


_NUMBERS: Final = np.zeros(0, np.int64)


def find_start(lines: Sequence[str]) -> tuple[tuple[str, ...], int] | None:
    """Return the tokens in front of the time and the time's style, as most lines have them."""
    best: tuple[tuple[str, ...], int] | None = None
    best_count = max(min(1, len(lines) - 1), len(lines) // 50)  # a line alone speaks for itself
    for prefix in (
        (),
        ("[",),
        ("level", " "),
        ("[", "level", "]", " "),
        ("word", " "),
        ("[", "any", "]", " "),
        ("level", " ", "[", "any", "]", " "),
        ("level", ":", " "),
        ("level", " ", "["),
        ("(",),
        ("<",),
        ("[", "level", "]", " ", "["),
        ("word", " ", "["),
        ("word", " ", "word", " "),
        ("level", " ", "-", " "),
        ("-", " ", "word", " "),
        ("I",),
    ):
        places = [(line, skip_prefix(line, prefix)) for line in lines[:400]]
        rest = [(line.encode()[at:]) for line, at in places if at >= 0]
        if not rest:
            continue
        starts = block_of_lines([text[:64].replace(b"\n", b" ") for text in rest], _NUMBERS)
        for style in (*STYLES, log_time.KLOG):
            micros, _, _ = log_time.parse_times(
                starts.data, starts.starts, starts.ends, style, 2000
            )
            count = int((micros != NO_TIME).sum())
            if count > best_count * (1 if best is None else 1.02):
                best, best_count = (prefix, style), count
    return best


def has_time(text: bytes, style: int) -> bool:
    """Tell whether a text begins with a time of the style."""
    data = np.frombuffer(text[:64], np.uint8)
    return bool(log_time.parse_time(data, 0, len(data), style, 2000)[0] != NO_TIME)


def skip_prefix(line: str, prefix: Sequence[str]) -> int:  # noqa: C901  # one branch a sort of token
    """Return how many bytes the prefix tokens take at the start of a line, or -1."""
    at = 0
    for token in prefix:
        if token == " ":  # noqa: S105  # a sort of token, no secret
            after = len(line) - len(line[at:].lstrip(" \t"))
            if after == at:
                return -1
        elif token == "level":  # noqa: S105  # a sort of token, no secret
            match = LEVEL_WORD.match(line, at)
            if not match or match[0].lower() not in WORD_LEVELS:
                return -1
            after = match.end()
        elif token == "word":  # noqa: S105  # same
            after = len(line[at:].split(" ", 1)[0]) + at
            if after == at or after == len(line):
                return -1
        elif token == "any":  # noqa: S105  # same
            after = line.find("]", at)
            if after < 0:
                return -1
        else:
            if not line.startswith(token, at):
                return -1
            after = at + len(token)
        at = after
    return len(line[:at].encode())


def heads_only(lines: Sequence[str], prefix: Sequence[str], style: int) -> list[str]:
    """Return the lines that have the prefix and a time of the style behind it."""
    found = []
    for line in lines:
        at = skip_prefix(line, prefix)
        if at >= 0 and has_time(line.encode()[at:], style):
            found.append(line)
    return found
