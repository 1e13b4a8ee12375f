"""What a quantity of the declaration is about: a topic in the field's words.

A rule names the kinds of quantity it takes and the words that must stand in the line
(or its heading). The first rule that fits wins, so the order is from special to general.
The words are those of operations in general: none belongs to one product.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from forensics.analysis._quantities import Quantity
from forensics.analysis._statements import Statement

_CHANGE: Final = (
    r"deploy|release|roll(?:ed|ing)?[ -]?out|upgrad|migrat|maintenance|failover|reindex|"
    r"index rebuild|flag|toggle|config|launch|sale|campaign|promotion|scal(?:ed|ing)|spike|surge|"
    r"patch|restart|rollback"
)
_TRAFFIC: Final = (
    r"traffic|load\b|requests?\b|req/s|rps\b|throughput|volume|qps\b|tps\b|orders?\b|calls\b|hits\b"
)
_MEMORY: Final = r"memory|heap|\brss\b|working set|\bram\b"
_POOL: Final = r"\bpool|connections?\b"
_RISE: Final = r"increas|\bup\b|rise|rose|grew|grow|spik|jump|surg|more|higher|\+"
_SHORT_LINE_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One topic: which quantities, which words near them, which words rule it out."""

    topic: str
    kinds: frozenset[str]
    words: re.Pattern[str]
    without: re.Pattern[str] | None = None


def _rule(topic: str, kinds: str, words: str, without: str = "") -> Rule:
    return Rule(
        topic,
        frozenset(kinds.split()),
        re.compile(words),
        re.compile(without) if without else None,
    )


RULES: Final = (
    _rule(
        "detection delay",
        "duration",
        r"delay|to detect|time to detection|undetected|\blate\b|\blag\b",
    ),
    _rule("window", "duration", r"(?:in|over|within|during) (?:the )?(?:last|past|previous|first)"),
    _rule("window", "duration", r"\b(?:lost|lose|losing|loss(?:es)?|cost)\b"),
    _rule("time-out", "duration", r"tim(?:e|ing|ed)[ -]?out"),
    _rule(
        "time before incident",
        "duration",
        r"(?:before|after|prior to|earlier than|into) (?:the )?"
        r"(?:incident|outage|failure|start|deploy|release)",
    ),
    _rule("latency", "duration", r"\bp\d\d|latency|response time|slow|takes?\b|took"),
    _rule("detection delay", "duration", r"detect|alert|paged|notic"),
    _rule("start of the incident", "moment clock", r"start|began|begin|onset|since", rf"{_CHANGE}"),
    _rule("time of a change", "moment clock", _CHANGE),
    _rule(
        "detection of the incident", "moment clock", r"detect|declar|alert|notic|paged|acknowledg"
    ),
    _rule("end of the incident", "moment clock", r"resolv|mitigat|recover|\bended\b|restored"),
    _rule("success share", "percent", r"success"),
    _rule("error share", "percent", r"error|fail|5xx|reject|declin"),
    _rule("slow share", "percent", r"\bslow"),
    _rule("memory share", "percent", _MEMORY),
    _rule("CPU share", "percent", r"\bcpu\b|processor"),
    _rule("pool share", "percent", _POOL),
    _rule(
        "traffic increase",
        "percent multiple",
        rf"(?:{_TRAFFIC}).*(?:{_RISE})|(?:{_RISE}).*(?:{_TRAFFIC})",
    ),
    _rule("availability target", "percent", r"uptime|\bsla\b|\bslo\b|availab"),
    _rule("memory in use", "bytes bytes_ratio", _MEMORY, r"\blimit (?:is|of|was|:)"),
    _rule("memory limit", "bytes", rf"(?:{_MEMORY}).*limit|limit.*(?:{_MEMORY})"),
    _rule("memory growth rate", "bytes_rate", r""),
    _rule("out-of-memory kills", "count", r"\boom|out of memory|killed"),
    _rule("restarts", "count", r"restart|crash"),
    _rule("pending requests for the pool", "count", r"queue|pending|backlog|waiting"),
    _rule("pool use", "ratio", _POOL),
    _rule("pool use", "count", rf"(?:{_POOL}).*(?:exhaust|in use|active|used|leak)"),
    _rule("pool size", "count", r"pool size|max(?:imum)? (?:pool|connections)"),
    _rule("request rate", "rate", r""),
    _rule("version change", "version", r"upgrad|updat|from .* to|bump|->|→"),
    _rule("version", "version", r""),
    _rule("money lost per hour", "money_rate", r""),
    _rule("money lost", "money", r"lost|loss|revenue|cost|impact|damage"),
)

#: States that a line may assert without a number: topic -> words.
STATES: Final = (
    (
        "growth shape",
        re.compile(
            rf"(?:{_MEMORY}|growth|grow).*\b(exponential|linear|logarithmic|quadratic|constant)|"
            rf"\b(exponential|linear)\w* .*(?:{_MEMORY}|growth|grow)"
        ),
    ),
    (
        "memory leak",
        re.compile(
            r"(?:memory|heap|resource) leak|leak(?:s|ing|ed)?\b.*(?:memory|heap)|\bleaking\b"
        ),
    ),
    (
        "pool exhausted",
        re.compile(rf"(?:{_POOL}).*exhaust|exhaust.*(?:{_POOL})|no (?:free|available) connections"),
    ),
    (
        "unreleased resources in the heap",
        re.compile(
            r"heap(?: ?dumps?)?\b.*"
            r"(?:unreleased|not released|unclosed|leaked|retain|full of|held)"
        ),
    ),
)


def topic_of(statement: Statement, quantity: Quantity) -> str | None:
    """Return the topic of a quantity, or ``None`` where no rule fits.

    The words nearest to the quantity decide first (its clause), then the line; the heading
    only speaks for lines too short to speak for themselves.
    """
    levels = [clause_of(statement, quantity), statement.words]
    if len(statement.words.split()) <= _SHORT_LINE_WORDS:
        levels.append(f"{statement.section.lower()} {statement.words}")
    for words in levels:
        for rule in RULES:
            if quantity.kind not in rule.kinds:
                continue
            if rule.words.search(words) and not (rule.without and rule.without.search(words)):
                return rule.topic
    return None


def clause_of(statement: Statement, quantity: Quantity) -> str:
    """Return the clause around a quantity, cut at brackets, semicolons, commas and full stops."""
    text = statement.text
    left = max(text.rfind(mark, 0, quantity.start) for mark in ("(", ";", "|", ", ", ". "))
    ends = [text.find(mark, quantity.end) for mark in (")", ";", "|", "(", ", ", ". ")]
    right = min((end for end in ends if end >= 0), default=len(text))
    return text[left + 1 : right].lower()


def states_of(statement: Statement) -> list[tuple[str, str]]:
    """Return (topic, the word that says it) for the states a line asserts."""
    found = []
    for topic, words in STATES:
        match = words.search(statement.words)
        if match:
            said = next((group for group in match.groups() if group), match.group())
            found.append((topic, said))
    return found
