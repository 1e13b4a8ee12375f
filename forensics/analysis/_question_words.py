"""Which change a question speaks of, by the telling words that they share."""

from __future__ import annotations

import re
from typing import Final

from forensics.analysis._statements import Statement, split_words
from forensics.analysis.attribution import Result as Attribution
from forensics.findings import Suspect

_STOP: Final = frozenset(
    re.findall(
        r"\w+",
        """why what which who when where how is are was were be been being can could should would
        will do does did the a an this that these those it its to of in on for with by from and or
        not new old related caused cause causing make made makes things worse immediately due
        because there any we our us feature change problem issue incident""",
    )
)


def find_named_change(statement: Statement, attribution: Attribution) -> Suspect | None:
    """Return the suspect whose notes share the most telling words with the question."""
    words = {w for w in re.findall(r"[a-z0-9.]{3,}", statement.words) if w not in _STOP}
    words = {_stem(word) for word in words}
    by_id = {candidate.change_id: candidate for candidate in attribution.candidates}
    best: tuple[int, float, Suspect] | None = None
    for suspect in attribution.suspects:
        candidate = by_id.get(suspect.change_id)
        if candidate is None:
            continue
        said = {_stem(w) for w in re.findall(r"[a-z0-9.]{3,}", split_words(candidate.text))}
        key = (len(words & said), suspect.probability)
        if key[0] and (best is None or key > best[:2]):
            best = (*key, suspect)
    return best[2] if best else None


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ions", "ion", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
