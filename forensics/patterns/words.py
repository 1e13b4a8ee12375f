"""Find the words that are values: many messages, alike but for one place or two.

Messages that stay the same but for one word may be one statement of the program with a
word as value (a user, a host, a hive), or several statements (started, stopped, failed).
Two things part them: how many different words stand in that place, and how much else the
messages share. A place that also holds a number is a value for sure.

The result depends on the set of masked messages alone, not on their order or frequency.

References
----------
.. [1] S. Yu, P. He, N. Chen, Y. Wu (2023), "Brain: Log Parsing With Bidirectional
   Parallel Tree", IEEE Trans. Services Computing 16(5), 3224-3237: constants are what
   messages of one form share; a place with more than a few words is a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import polars as pl

from forensics.patterns._exchanges import Units
from forensics.patterns._phrases import find_phrases
from forensics.patterns._tails import find_tails
from forensics.patterns.masks import VARIABLE, Masked, is_word, mask_span, simplify

#: So many words in one place are values, if the messages share at least two words ...
FEWEST_VALUES: Final = 5
#: ... and so many if they share one only.
FEWEST_VALUES_LITTLE_SHARED: Final = 10
#: A word after ``=`` is likelier a value than one in a sentence.
FEWEST_KEYED_VALUES: Final = 4
#: Names that only programs write (``snake_case``, ``CamelCase``, ``dotted.name``) are values
#: sooner: so many words, of which so many such names, if at least two words are shared.
FEWEST_VALUES_WITH_NAMES: Final = 3
FEWEST_NAMES: Final = 2
#: The first word often names who speaks ("sshd started", "crond started"): words shared,
#: and how many first words it then takes.
FEWEST_FIRST_VALUES: Final = ((4, 5), (3, 10), (1, 30))
#: Two places at once need more in common, and more first words.
FEWEST_SHARED_BY_PAIRS: Final = 3
FEWEST_FIRST_VALUES_OF_PAIRS: Final = 10
#: Different keys after one beginning that make a dump of properties.
FEWEST_KEYS: Final = 5
#: Pairs of places that are looked at; beyond it (some 100 000 distinct messages of ten
#: words) words are judged one place at a time only.
MOST_PAIRS: Final = 6_000_000

_DELIMITERS: Final = frozenset("=,;()[]{}<>\"'|")
_Changes = dict[tuple[str, ...], Masked]


def find_values(masked: Sequence[Masked]) -> list[Masked]:
    """Return each of ``masked`` (distinct tokens) with the words that are values masked.

    Rounds go on until nothing changes, because a value found in one place makes messages
    alike that differed in two. Each round is O(number of tokens) in time and memory, but
    for pairs of places, where it is O(tokens times length of a message).
    """
    found = list(masked)
    for decide in (
        _decide_words,
        _decide_chunks,
        _decide_segments,
        _decide_tails,
        _decide_pairs,
        _decide_words,
        _decide_tails,
        find_phrases,
        _decide_words,
    ):
        found = _repeat(decide, found)
    return _fold_properties(found)


def _repeat(decide: Callable[[list[Masked]], _Changes], found: list[Masked]) -> list[Masked]:
    """Decide round by round until nothing changes."""
    while changed := decide(list(distinct(found).values())):
        found = [_follow(one, changed) for one in found]
    return found


def _decide_tails(messages: list[Masked]) -> _Changes:
    """One round: what follows a sentence and a colon."""
    return find_tails(messages, lambda starts: _repeat(_decide_words, list(starts)))


def _follow(one: Masked, changed: _Changes) -> Masked:
    return changed.get(one.tokens, one)


def _fewest(is_keyed: pl.Expr) -> pl.Expr:
    """How many units must stand in a place to be values, by what the messages share."""
    inner = (
        pl.when(is_keyed & (pl.col("shared") >= 2))
        .then(FEWEST_KEYED_VALUES)
        .when(pl.col("shared") >= 2)
        .then(FEWEST_VALUES)
        .when(pl.col("shared") >= 1)
        .then(FEWEST_VALUES_LITTLE_SHARED)
    )
    (most, fewest), (some, more), (one, many) = FEWEST_FIRST_VALUES
    first = (
        pl.when(pl.col("shared") >= most)
        .then(fewest)
        .when(pl.col("shared") >= some)
        .then(more)
        .when(pl.col("shared") >= one)
        .then(many)
    )
    return pl.when(pl.col("place") == 0).then(first).otherwise(inner)


def _is_value(need: pl.Expr) -> pl.Expr:
    """Many words stand here, or a number does and enough else is shared."""
    words = pl.col("alike") - pl.col("has_variable").cast(pl.Int64)
    absorbed = pl.col("has_variable") & (pl.col("shared") >= 2)
    named = (pl.col("names") >= FEWEST_NAMES) & (words >= FEWEST_VALUES_WITH_NAMES)
    named &= (pl.col("shared") >= 2) & (pl.col("place") > 0)
    return absorbed | named | (words >= need).fill_null(value=False)


def _choose(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Keep one row a message: where most messages differ, then the first place."""
    order = ["message", "alike", *by]
    descending = [False, True, *[False] * len(by)]
    return rows.sort(order, descending=descending).unique(
        "message", keep="first", maintain_order=True
    )


def _decide_words(messages: list[Masked]) -> _Changes:
    """One round: each message gives up the word that most others differ in."""
    tokens = [one.tokens for one in messages]
    is_open = [[t == VARIABLE or is_word(t) for t in one] for one in tokens]
    rows = Units.of(tokens, is_open).exchange_one().filter(pl.col("unit") != 0)
    keyed = pl.Series(
        [
            place > 0 and tokens[message][place - 1] == "="
            for message, place in rows.select("message", "place").iter_rows()
        ],
        dtype=pl.Boolean,
    )
    chosen = _choose(
        rows.with_columns(keyed.alias("keyed")).filter(_is_value(_fewest(pl.col("keyed")))),
        "place",
    )
    return {
        tokens[message]: mask_span(messages[message], place, place + 1)
        for message, place in chosen.select("message", "place").iter_rows()
    }


def _decide_chunks(messages: list[Masked]) -> _Changes:
    """One round: ``name:<*>`` is a value where a like message has ``<*>`` alone."""
    spans = [_chunks(one) for one in messages]
    units = _cut(messages, spans)
    is_open = [[VARIABLE in unit for unit in one] for one in units]
    rows = Units.of(units, is_open).exchange_one().filter(pl.col("unit") != 0)
    chosen = _choose(rows.filter(pl.col("has_variable") & (pl.col("shared") >= 2)), "place")
    return _mask_places(messages, spans, chosen)


def _decide_segments(messages: list[Masked]) -> _Changes:
    """One round: several words between ``=`` and a delimiter, or in quotes, are one unit."""
    spans = [_segments(one) for one in messages]
    units = _cut(messages, spans)
    is_open = [
        [i > 0 and before[i - 1] in {"=", '"', "'"} for i in range(len(before))] for before in units
    ]
    rows = Units.of(units, is_open).exchange_one().filter(pl.col("unit") != 0)
    return _mask_places(
        messages, spans, _choose(rows.filter(_is_value(_fewest(pl.lit(value=True)))), "place")
    )


def _decide_pairs(messages: list[Masked]) -> _Changes:
    """One round: words in two places at once, if each varies on its own account."""
    tokens = [one.tokens for one in messages]
    is_open = [[t == VARIABLE or is_word(t) for t in one] for one in tokens]
    if sum(sum(one) ** 2 for one in is_open) > 2 * MOST_PAIRS:
        return {}
    rows = Units.of(tokens, is_open).exchange_two()
    need = pl.when(pl.col("place") == 0).then(FEWEST_FIRST_VALUES_OF_PAIRS).otherwise(FEWEST_VALUES)
    varies = pl.col("has_variable") | (pl.col("alike") >= need)
    varies_2 = pl.col("has_variable_2") | (pl.col("alike_2") >= need)
    is_whole = (pl.col("unit") == 0) & (pl.col("unit_2") == 0)
    chosen = _choose(
        rows.filter(varies & varies_2 & ~is_whole & (pl.col("shared") >= FEWEST_SHARED_BY_PAIRS)),
        "place",
        "place_2",
    )
    changes = {}
    for message, place, place_2 in chosen.select("message", "place", "place_2").iter_rows():
        one = messages[message]
        masked = list(one.tokens)
        masked[place] = masked[place_2] = VARIABLE
        changes[one.tokens] = simplify(Masked(tuple(masked), one.spaced))
    return changes


def _chunks(one: Masked) -> list[tuple[int, int]]:
    """Token ranges that stand between blanks."""
    starts = [i for i, is_spaced in enumerate(one.spaced) if is_spaced or i == 0]
    return list(pairwise([*starts, len(one.tokens)]))


def _segments(one: Masked) -> list[tuple[int, int]]:
    """Token ranges between delimiters, and each delimiter; ``a key`` parts before ``=``."""
    spans = []
    start = 0
    for i, token in enumerate(one.tokens):
        if token in _DELIMITERS:
            if start < i:
                spans.append((start, i))
            spans.append((i, i + 1))
            start = i + 1
    if start < len(one.tokens):
        spans.append((start, len(one.tokens)))
    return spans


def _cut(messages: list[Masked], spans: list[list[tuple[int, int]]]) -> list[list[str]]:
    return [
        [" ".join(one.tokens[start:end]) for start, end in cut]
        for one, cut in zip(messages, spans, strict=True)
    ]


def _mask_places(
    messages: list[Masked], spans: list[list[tuple[int, int]]], chosen: pl.DataFrame
) -> _Changes:
    return {
        messages[message].tokens: mask_span(messages[message], *spans[message][place])
        for message, place in chosen.select("message", "place").iter_rows()
    }


def _fold_properties(found: list[Masked]) -> list[Masked]:
    """Make one pattern of ``Beginning name=value`` where many names follow one beginning."""
    keys: dict[tuple[str, ...], set[str]] = {}
    places = [_property_place(one) for one in found]
    for one, place in zip(found, places, strict=True):
        if place:
            keys.setdefault(one.tokens[:place], set()).add(one.tokens[place])
    return [
        Masked((*one.tokens[:place], VARIABLE), one.spaced[: place + 1])
        if place and len(keys[one.tokens[:place]]) >= FEWEST_KEYS
        else one
        for one, place in zip(found, places, strict=True)
    ]


def _property_place(one: Masked) -> int:
    """Where the one ``name = value`` of a message starts; 0 if there's none to speak of."""
    if one.tokens.count("=") != 1:
        return 0
    place = one.tokens.index("=") - 1
    return place if place > 0 and any(map(is_word, one.tokens[:place])) else 0


def distinct(items: Iterable[Masked]) -> _Changes:
    """Return one of ``items`` for each token sequence, the first."""
    unique: _Changes = {}
    for one in items:
        unique.setdefault(one.tokens, one)
    return unique
