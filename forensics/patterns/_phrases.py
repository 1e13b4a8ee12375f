"""Find values of several words: messages alike but for a stretch of any length.

``Could not link connection reset by peer to the peer`` and ``Could not link [Errno 13] to the
peer`` are one statement. Each way to cut a message into beginning, stretch and end is counted in
one group with all others of that beginning and end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.patterns._exchanges import mix, sum_by
from forensics.patterns.masks import VARIABLE, Masked, is_word, mask_span

#: Words that beginning and end share, and different stretches between them that are values then.
FEWEST_BETWEEN: Final = ((4, 6), (6, 4))
#: The same where the stretch is the end.
FEWEST_AT_END: Final = ((4, 8),)
#: Words shared where another message has one value in the place.
FEWEST_SHARED_BESIDE_VALUE: Final = 3
#: Stretches of one length only are looked at word by word; such as begin alike begin later.
FEWEST_LENGTHS: Final = 2
FEWEST_FIRST_WORDS: Final = 3
#: Longest stretch, and longest message that is looked at, in tokens.
LONGEST_STRETCH: Final = 12
LONGEST_MESSAGE: Final = 64
#: Cuts that are looked at; beyond it values of several words stay apart.
MOST_CUTS: Final = 6_000_000

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_Tokens = tuple[str, ...]


def find_phrases(messages: Sequence[Masked]) -> dict[_Tokens, Masked]:
    """Return the messages with a value of several words, masked, by their tokens.

    Parameters
    ----------
    messages
        Distinct. Time and memory are O(tokens times ``LONGEST_STRETCH``).
    """
    numbered = [
        (number, start, end)
        for number, one in enumerate(messages)
        for start, end in _stretches(one)
    ]
    if not numbered or len(numbered) > MOST_CUTS:
        return {}
    cuts = _compare(messages, np.array(numbered, np.int64))
    order = ["message", "shared", "alike", "start", "end"]
    chosen = (
        cuts.filter(_is_value() & (pl.col("words") > 0))
        .sort(order, descending=[False, True, True, False, False])
        .unique("message", keep="first", maintain_order=True)
    )
    return {
        messages[message].tokens: mask_span(messages[message], start, end)
        for message, start, end in chosen.select("message", "start", "end").iter_rows()
    }


def _is_value() -> pl.Expr:
    """Enough different stretches for what is shared, or one beside a value."""
    is_between = pl.col("after") > 0
    enough = pl.lit(value=False)
    for place, rules in ((is_between, FEWEST_BETWEEN), (~is_between, FEWEST_AT_END)):
        for words, fewest in rules:
            enough |= place & (pl.col("shared") >= words) & (pl.col("alike") >= fewest)
    enough &= pl.col("lengths") >= FEWEST_LENGTHS
    enough &= pl.col("firsts") >= FEWEST_FIRST_WORDS
    beside = pl.col("has_variable") & (pl.col("shared") >= FEWEST_SHARED_BESIDE_VALUE)
    # "user <*> of the server" says more than "<*>"; "out of reach: <*>" may be its value
    return enough | (beside & is_between & ~pl.col("holds_value"))


def _compare(messages: Sequence[Masked], cuts: NDArray[np.int64]) -> pl.DataFrame:
    """For each cut (message, start, end), what the group of its beginning and end holds.

    Returns
    -------
    polars.DataFrame
        ``message``, ``start``, ``end``, ``shared`` (words of beginning and end), ``after``
        (tokens of the end), ``words``, ``first`` and ``holds_value`` (a variable that stands
        behind no colon) of the stretch, and of its group ``alike``, ``lengths``, ``firsts``
        (how many differ) and ``has_variable``.
    """
    lengths = np.fromiter((len(one.tokens) for one in messages), np.int64, len(messages))
    bounds = sum_by(lengths)
    numbers: dict[str, int] = {VARIABLE: 0}
    units = np.fromiter(
        (numbers.setdefault(token, len(numbers)) for one in messages for token in one.tokens),
        np.int64,
        int(bounds[-1]),
    )
    colon = numbers.get(":", -1)
    behind = np.concatenate([[-1], units[:-1]])
    values = sum_by(((units == 0) & (behind != colon)).astype(np.int64))
    place = np.arange(units.size) - np.repeat(bounds[:-1], lengths)
    words = sum_by(np.fromiter(map(is_word, numbers), np.int64, len(numbers))[units])
    forth = sum_by(_hash(units, place))
    back = sum_by(_hash(units, place - np.repeat(lengths, lengths)))
    message = cuts[:, 0]
    first, last = bounds[message], bounds[message + 1]
    start, end = first + cuts[:, 1], first + cuts[:, 2]
    group = mix(forth[start] - forth[first]) + (back[last] - back[end])
    return (
        pl.DataFrame(cuts, schema=["message", "start", "end"])
        .with_columns(
            pl.Series("group", group),
            pl.Series("shared", words[start] - words[first] + words[last] - words[end]),
            pl.Series("after", last - end),
            pl.Series("words", words[end] - words[start]),
            pl.Series("first", units[start]),
            pl.Series("holds_value", values[end] > values[start]),
        )
        .filter(pl.col("shared") >= FEWEST_SHARED_BESIDE_VALUE)
        .with_columns(
            pl.len().over("group").alias("alike"),
            (pl.col("end") - pl.col("start")).n_unique().over("group").alias("lengths"),
            pl.col("first").n_unique().over("group").alias("firsts"),
            ((pl.col("first") == 0) & (pl.col("end") == pl.col("start") + 1))
            .any()
            .over("group")
            .alias("has_variable"),
        )
    )


def _hash(units: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.uint64]:
    return mix(mix(units.astype(np.uint64)) + place.astype(np.uint64))


def _stretches(one: Masked) -> list[tuple[int, int]]:
    """Where a value of several words may stand: its brackets come in pairs."""
    tokens, spaced = one
    found: list[tuple[int, int]] = []
    if len(tokens) > LONGEST_MESSAGE:
        return found
    for start in range(1, len(tokens)):
        before = tokens[start - 1]
        if not (spaced[start] or before in _OPENING or before == "="):
            continue
        depth = 0
        for end in range(start + 1, min(start + LONGEST_STRETCH, len(tokens)) + 1):
            depth += (tokens[end - 1] in _OPENING) - (tokens[end - 1] in _CLOSING)
            if depth < 0:
                break
            if depth == 0 and (end == len(tokens) or spaced[end] or not is_word(tokens[end])):
                found.append((start, end))
    return found
