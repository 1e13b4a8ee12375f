"""Find the reasons that programs put behind a sentence and a colon.

``Could not bind to <*>: address already in use`` and ``Could not bind to <*>: [Errno 13]``
are one statement whose last variable is a text of any length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from forensics.patterns.masks import VARIABLE, Masked

#: Words in front of the colon that make a sentence (a name alone says who speaks), and how
#: many different texts behind it make them a variable.
FEWEST_TAILS: Final = ((3, 5), (2, 12))
#: So many do where another message has a value there.
FEWEST_TAILS_BESIDE_VALUE: Final = 2

_PROSE: Final = re.compile(r"[A-Za-z]+\Z")
_Tokens = tuple[str, ...]


def find_tails(
    masked: Sequence[Masked], find_words: Callable[[Sequence[Masked]], Sequence[Masked]]
) -> dict[_Tokens, Masked]:
    """Return the messages whose text behind a sentence is a value, by their tokens.

    Parameters
    ----------
    masked
        Distinct messages. Linear in their tokens, but for ``find_words``.
    find_words
        Masks words that are values in distinct messages. It is given the sentences alone:
        with the texts behind them no two messages would be alike.
    """
    places = [_tail_place(one) for one in masked]
    starts: dict[_Tokens, Masked] = {}
    for one, place in zip(masked, places, strict=True):
        if place:
            starts.setdefault(one.tokens[:place], Masked(one.tokens[:place], one.spaced[:place]))
    sentences = dict(zip(starts, find_words(list(starts.values())), strict=True))
    tails: dict[_Tokens, set[_Tokens]] = {}
    for one, place in zip(masked, places, strict=True):
        if place:
            start = sentences[one.tokens[:place]].tokens
            tails.setdefault(start, set()).add(one.tokens[place:])
    changed = {}
    for one, place in zip(masked, places, strict=True):
        if place:
            sentence = sentences[one.tokens[:place]]
            whole = Masked((*sentence.tokens, VARIABLE), (*sentence.spaced, True))
            if whole.tokens != one.tokens and _are_values(sentence, tails[sentence.tokens]):
                changed[one.tokens] = whole
    return changed


def _are_values(sentence: Masked, tails: set[_Tokens]) -> bool:
    words = _count_prose(sentence, len(sentence.tokens))
    many = len(tails - {(VARIABLE,)})
    if len(tails) > many and words >= FEWEST_TAILS[0][0] and many >= FEWEST_TAILS_BESIDE_VALUE:
        return True
    return any(words >= fewest and many >= enough for fewest, enough in FEWEST_TAILS)


def _tail_place(one: Masked) -> int:
    """Return where the text behind the first sentence starts; 0 if there is none."""
    for i, part in enumerate(one.tokens[:-1]):
        is_end = part == ":" and one.spaced[i + 1]
        if is_end and _count_prose(one, i) >= FEWEST_TAILS[-1][0]:
            return i + 1
    return 0


def _count_prose(one: Masked, end: int) -> int:
    """Count the words of letters between blanks in front of token ``end``."""
    return sum(
        (one.spaced[i] or i == 0) and _PROSE.match(one.tokens[i]) is not None for i in range(end)
    )
