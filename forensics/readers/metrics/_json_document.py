"""Load a JSON document that may be damaged: what stands before the damage is kept."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow
from forensics.readers._source import Source

_TOKENS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_CLOSERS: Final = {"[": "]", "{": "}"}


def load_document(source: Source) -> tuple[Any, list[DamageRow]]:
    """Return the document and its damage.

    A document that is cut off or turns to garbage is read up to its last whole element, as
    if all brackets that are open there were closed.

    Raises
    ------
    CorruptEvidenceError
        If not one element is whole.
    EvidenceTooLargeError
        If the document passes its bound, or nests deeper than it may.
    """
    data = bytearray()
    damage: list[DamageRow] = []
    try:
        data += source.read_document()
    except CorruptEvidenceError as error:
        for block in _readable(source):
            data += block
        damage.append(DamageRow(source.name, error.found, "read up to here", offset=len(data)))
    try:
        return orjson.loads(data), damage
    except orjson.JSONDecodeError as error:
        position = error.pos
    text = data.decode("utf-8-sig", errors="replace")
    try:
        return orjson.loads(text), damage
    except orjson.JSONDecodeError as error:
        position = max(position, error.pos)
    for stop in (min(position, len(text)), max(0, position - 1)):
        salvaged = close_brackets(text[:stop], source.limits.depth)
        if salvaged is not None:
            row = DamageRow(
                source.name, "the document is damaged", "read up to here", offset=position
            )
            return salvaged, [*damage, row]
    raise CorruptEvidenceError(
        source.name, "is no JSON document", offset=position, way_out="export it again"
    )


def _readable(source: Source) -> list[bytes]:
    blocks: list[bytes] = []
    try:
        blocks.extend(source.iter_blocks())
    except CorruptEvidenceError:
        return blocks
    return blocks


def close_brackets(text: str, depth_limit: int) -> Any | None:
    """Cut a prefix of JSON behind its last whole element and close what is open there."""
    stack: list[str] = []
    cuts: list[tuple[int, str]] = []
    for match in _TOKENS.finditer(text):
        mark = match.group()
        if mark in "[{":
            stack.append(_CLOSERS[mark])
            if len(stack) > depth_limit:
                return None
        elif mark in "]}":
            if not stack or stack.pop() != mark:
                break
            cuts.append((match.end(), "".join(reversed(stack))))
        elif mark == ",":
            cuts.append((match.start(), "".join(reversed(stack))))
        if len(cuts) > 64:
            del cuts[:32]
    for position, closers in reversed(cuts[-8:]):
        try:
            return orjson.loads(text[:position] + closers)
        except orjson.JSONDecodeError:
            continue
    return None
