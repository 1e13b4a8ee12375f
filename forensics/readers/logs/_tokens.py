"""Tokens of a header: where they end in the rest of a line, and which column they belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from forensics.readers.logs._prefix import LEVEL_WORD, WORD_LEVELS

_TRACE_ID: Final = re.compile(
    r"[0-9a-f]{16}(?:[0-9a-f]{16})?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
#: The bracket that closes another.
CLOSING: Final = {"[": "]", "(": ")", "<": ">", "{": "}"}


def is_separated(rest: str, word: str) -> bool:
    """Tell a logger from the first word of a message: dots, or a separator behind it."""
    return (
        "." in word
        or "::" in word
        or word.endswith(":")
        or rest[len(word) :].lstrip(" ")[:1] in ("-", ":", "|", "[")
    )


def has(char: str, rest: str) -> bool:
    """Tell whether a character is in the rest."""
    return char in rest


def starts_with_level(rest: str) -> bool:
    """Tell whether a rest begins with a word for a level."""
    return level_length(rest) > 0


def level_length(rest: str) -> int:
    """Return the length of the level that a rest begins with, or -1."""
    match = LEVEL_WORD.match(rest)
    return match.end() if match is not None and match[0].lower() in WORD_LEVELS else -1


def literal_length(literal: str, rest: str) -> int:
    """Return the length of the literal that a rest begins with, or -1."""
    return len(literal) if rest.startswith(literal) else -1


def has_bracket(opening: str, closing: str, rest: str) -> bool:
    """Tell whether a rest begins with a bracket that closes."""
    return rest.startswith(opening) and closing in rest


def bracket_length(opening: str, closing: str, rest: str) -> int:
    """Return the length of the bracket that a rest begins with."""
    return len(inside(rest, opening, closing)) + 2


def inside(rest: str, opening: str, closing: str) -> str:
    """Return what is in the bracket that a rest begins with."""
    depth = 0
    for at, char in enumerate(rest):
        if char == opening:
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                return rest[1:at]
    return ""


def sort_of(contents: Sequence[str]) -> str:
    """Return the column that a bracket's content belongs to, or an empty string."""
    filled = [content for content in contents if content and content != "-"]
    if not filled:
        return ""
    # Apache writes [module:level]
    if all(content.rsplit(":", 1)[-1].lower() in WORD_LEVELS for content in filled):
        return "level"
    if all(_TRACE_ID.fullmatch(content.split(",")[0]) for content in filled):
        return "trace_id"
    dotted = re.compile(r"[A-Za-z_$][\w$]*(?:\.[\w$]+){2,}(?::\d+)?")
    return "logger" if all(dotted.fullmatch(content) for content in filled) else ""
