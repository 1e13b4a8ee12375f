"""States that a line asserts or denies without a number: a leak, a shape, a full pool."""

from __future__ import annotations

import re
from typing import Final

from forensics.analysis._statements import Statement
from forensics.analysis._topics import MEMORY, POOL

#: A denied state has this before its topic.
DENIED: Final = "no "

_SHAPES: Final = (
    r"exponential|expontial|exponentiell|linear|logarithmic|quadratic|constant|steadily|doubl\w*|"
    r"verdoppelt"
)
#: topic -> words that assert it.
STATES: Final = (
    (
        "growth shape",
        re.compile(
            rf"(?:{MEMORY}|growth|grow|leak|climb).*?\b({_SHAPES})|"
            rf"\b(exponential|exponentiell|linear|doubling)\w*[ ,].*(?:{MEMORY}|growth|grow|leak)"
        ),
    ),
    (
        "memory leak",
        re.compile(
            r"(?:memory|heap|resource) ?leak|leak(?:s|ing|ed)?\b.*(?:memory|heap)|\bleaking\b|"
            r"speicherleck|\bleaks?\b (?:memory|heap)"
        ),
    ),
    (
        "pool exhausted",
        re.compile(
            rf"(?:{POOL}).*exhaust|exhaust.*(?:{POOL})|no (?:free|available|idle) connections|"
            rf"(?:{POOL}).*(?:maxed|saturat|is full|erschöpft)|out of connections"
        ),
    ),
    (
        "unreleased resources in the heap",
        re.compile(
            r"heap(?: ?dumps?)?\b.*"
            r"(?:unreleased|not released|unclosed|leaked|retain|full of|held)"
        ),
    ),
)
_NO: Final = re.compile(
    r"(?:\b(?:no|not|never|without|neither|nor|kein\w*|nicht)\b|n['’]t\b|\bruled out\b)"
    r"(?P<between>(?:\s+[\w-]+){0,4})\s*$"
)
_STOP: Final = re.compile(r"[,;:.()]")
#: ``not sure``, ``don't know whether``: nothing is said either way. ``not only`` denies nothing.
_OPEN: Final = re.compile(r"\b(?:know|sure|clear|certain|confirm\w*|decid\w*|whether|if|weiß)\b")
_NOT_ONLY: Final = re.compile(r"^\s+(?:only|just)\b")
_WHETHER: Final = re.compile(r"\b(?:whether|if|ob)\b[^,;:.]*$")


def states_of(statement: Statement) -> list[tuple[str, str]]:
    """Return (topic, the words that say it) for the states a line asserts or denies."""
    found = []
    for topic, words in STATES:
        match = words.search(statement.words)
        if match is None or _is_open(statement.words[: match.start()]):
            continue
        start = denied_from(statement.words, match.start())
        if start is not None:
            found.append((DENIED + topic, statement.words[start : match.end()]))
            continue
        found.append((topic, next((group for group in match.groups() if group), match.group())))
        if topic == "growth shape":
            found += _other_shapes(statement.words, match.end(), found[-1][1])
    return found


def _other_shapes(words: str, at: int, said: str) -> list[tuple[str, str]]:
    """Return the further shapes that a line names behind the first: ``linear, not exponential``."""
    found: dict[str, str] = {}
    for match in re.finditer(rf"\b(?:{_SHAPES})\b", words[at:]):
        start = denied_from(words, at + match.start())
        if start is not None:
            found.setdefault(words[start : at + match.end()], DENIED + "growth shape")
        elif match.group() != said:
            found.setdefault(match.group(), "growth shape")
    return [(topic, shape) for shape, topic in found.items()]


def denied_from(text: str, at: int) -> int | None:
    """Return where a denial of what stands at a place begins, ``None`` without one."""
    lead = text[:at].lower()
    clause = max((m.end() for m in _STOP.finditer(lead)), default=0)
    found = _NO.search(lead, clause)
    if found is None or _NOT_ONLY.match(found["between"]):
        return None
    return found.start()


def _is_open(lead: str) -> bool:
    clause = lead[max((m.end() for m in _STOP.finditer(lead)), default=0) :]
    found = _NO.search(clause)
    return bool(_WHETHER.search(clause) or (found and _OPEN.search(found["between"])))
