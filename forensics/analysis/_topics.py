"""What a quantity of the declaration is about: a topic in the field's words.

A rule names the kinds of quantity it takes and the words that must stand in the line
(or its heading). The first rule that fits wins, so the order is from special to general.
The words are those of operations in general: none belongs to one product.
"""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from forensics.analysis._quantities import Quantity
from forensics.analysis._statements import Statement

_CHANGE: Final = (
    r"deploy|release|roll(?:ed|ing)?[ -]?out|upgrad|migrat|maintenance|failover|reindex|"
    r"index rebuild|flag|toggle|config|launch|\bsale\b|campaign|promotion|scal(?:ed|ing)|spike|"
    r"surge|patch|restart|rollback|rolled back|ausgerollt|ausgeliefert|eingeschaltet|wartung|"
    r"aktion gestartet|newsletter|merged|shipped|went live|turned on|enabled|live\b"
)
_TRAFFIC: Final = (
    r"traffic|\bload\b|requests?\b|req/s|\brps\b|throughput|volume|\bqps\b|\btps\b|orders?\b|"
    r"calls\b|hits\b|anfragen|\blast\b|verkehr|bestellungen|sessions|messages|checkouts|logins"
)
_MEMORY: Final = r"memory|heap|\brss\b|working set|\bram\b|footprint|speicher"
_POOL: Final = r"\bpool|connections?\b|\bconns?\b|verbindung"
_RISE: Final = (
    r"increas|\bup\b|rise|rose|grew|grow|spik|jump|surg|more|higher|\+|doubl|tripl|quadrupl|fold|"
    r"times|\d\s?[x×]|stieg|of (?:normal|usual|baseline)|gestiegen|anstieg|verdoppelt|vervierfacht|climb|went from|shot"
)
_SHORT_LINE_WORDS: Final = 3


_CUT: Final = re.compile(r"[(;|)]|, |\. | [-–—] | and (?!its )| und | while | so ")
_REFERRED: Final = re.compile(
    rf"(?:after|before|since|following|prior to|nach|vor|seit) (?:the |our |this |der |dem )?"
    rf"(?:\w+ )?(?:{_CHANGE})\w*"
)
_PROCESSES: Final = re.compile(r"(?:pods?|replicas?|instances?|nodes?)\b")
_AMONG: Final = re.compile(
    r"(?:across|over|on|of|all|with|has|have|runs?|running)(?: the| our| all)? $"
)
#: Topics that several numbers of one sentence may share.
_SHARED: Final = frozenset(
    [
        "request rate",
        "memory in use",
        "memory limit",
        "version",
        "version change",
        "error share",
        "latency",
        "money lost per hour",
        "time of a change",
    ]
)


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


_INCIDENT: Final = (
    r"incident|outage|failure|start|störung|ausfall|vorfall|symptom|errors? (?:began|start)"
)
_DETECT: Final = (
    r"detect|declar|alert|notic|\bpaged?\b|paging|acknowledg|entdeckt|bemerkt|gemeldet|alarm"
)

RULES: Final = (
    _rule(
        "detection delay",
        "duration",
        r"delay|to (?:detect|notice|page|alert)\b|time to detection|undetected|\blate[rd]?\b.*detect|detect\w* lag|"
        r"\bmttd\b|before (?:we|anyone|it was|detection)|unnoticed|(?:min|minutes|sekunden|s) late\b|"
        r"verzögerung|unbemerkt|until (?:detect|we notic|alert|the (?:first )?(?:alert|page))",
    ),
    _rule(
        "time to the limit",
        "duration",
        r"(?:until|till|before|to|in) (?:the )?(?:next )?(?:oom|limit|out of memory|exhaust)|"
        r"run(?:s|ning)? out|(?:oom|full|exhausted|limit|crash\w*) in (?:about |approx\w* |~|ca\. )?\d|"
        r"time to (?:oom|limit|failure|exhaustion)|headroom",
    ),
    _rule("doubling time", "duration", r"doubl|verdoppelt"),
    _rule("error budget", "duration", r"budget|allow(?:s|ed|ance)", r"burn|downtime|outage"),
    _rule(
        "window",
        "duration",
        r"(?:in|over|within|during|for) (?:the )?(?:last|past|previous|first|letzten)|"
        r"in den (?:letzten|ersten)|(?:letzten|vergangenen)",
    ),
    _rule(
        "window", "duration", r"\b(?:lost|lose|losing|loss(?:es)?|cost|umsatzverlust|verloren)\b"
    ),
    _rule("time-out", "duration", r"tim(?:e|ing|ed)[ -]?outs?|zeitüberschreitung"),
    _rule(
        "duration of the incident",
        "duration",
        r"duration|lasted|\bdauer\b|downtime|time to (?:resol|recover|restor|mitigat)|\bmttr\b|"
        r"outage of|resolved (?:after|within|in)|total outage|for a total|dauerte",
    ),
    _rule(
        "time before incident",
        "duration",
        rf"(?:before|prior to|earlier than|ahead of|vor) (?:the |der |dem )?(?:{_INCIDENT})",
    ),
    _rule(
        "time after the change",
        "duration",
        rf"(?:after|into|later than|following|nach) (?:the |our |this |der |dem )?(?:\w+ )?(?:{_CHANGE})",
    ),
    _rule("waiting time", "duration", r"\bwait|queue(?:ing|d) time|wartezeit"),
    _rule(
        "latency",
        "duration",
        r"\bp\d\d|latenc|response time|\bslow|takes?\b|took|antwortzeit|latenz",
    ),
    _rule("detection delay", "duration", _DETECT),
    _rule(
        "start of the incident",
        "moment clock",
        r"start|began|begun|begin|onset|since|first error|beginn|seit\b|broke|went down",
        rf"{_CHANGE}|{_DETECT}",
    ),
    _rule("time of a change", "moment clock", _CHANGE, r"consider|under discussion"),
    _rule("detection of the incident", "moment clock", _DETECT),
    _rule(
        "end of the incident",
        "moment clock",
        r"resolv|mitigat|recover|\bended?\b|restored|all clear|behoben|\bende\b|back to normal|over at",
    ),
    _rule("availability target", "percent", r"uptime|\bsla\b|\bslo\b|availab|verfügbar|objective"),
    _rule("error budget burned", "percent", r"budget"),
    _rule("success share", "percent", r"success|erfolg"),
    _rule(
        "traffic increase",
        "percent multiple",
        rf"(?:{_TRAFFIC})[^,;(]*(?:{_RISE})|(?:{_RISE})[^,;(]*(?:{_TRAFFIC})",
        rf"error|fail|{_MEMORY}|latenc|\bp\d\d",
    ),
    _rule("error share", "percent", r"error|fail|5xx|reject|declin|fehler|abgelehnt"),
    _rule("error increase", "multiple", r"error|fail|5xx|reject|fehler"),
    _rule("slow share", "percent", r"\bslow"),
    _rule(
        "memory increase",
        "percent multiple",
        rf"(?:{_MEMORY}).*(?:{_RISE})|(?:{_RISE}).*(?:{_MEMORY})",
    ),
    _rule("memory share", "percent", _MEMORY),
    _rule("CPU share", "percent", r"\bcpu\b|processor"),
    _rule("pool share", "percent", _POOL),
    _rule(
        "traffic increase",
        "percent multiple",
        rf"(?:{_TRAFFIC}).*(?:{_RISE})|(?:{_RISE}).*(?:{_TRAFFIC})",
    ),
    _rule("latency increase", "percent multiple", r"\bp\d\d|latenc|response time|latenz|slower"),
    _rule("memory left", "bytes", r"\bleft\b|remaining|headroom|übrig|\bspare\b"),
    _rule(
        "memory limit",
        "bytes",
        rf"limit|\bxmx\b|max(?:imum)? heap|(?:{_MEMORY}).*(?:limit|quota)|\bquota\b",
        r"(?:of|near|close to|below|under|/)\s?(?:its |the )?limit",
    ),
    _rule("memory in use", "bytes bytes_ratio", _MEMORY),
    _rule("memory in use", "bytes_ratio", r""),
    _rule("memory limit", "bytes", rf"(?:{_MEMORY}).*limit|limit.*(?:{_MEMORY})"),
    _rule("memory growth rate", "bytes_rate", r""),
    _rule("out-of-memory kills", "count ratio", r"\boom|out of memory|\bkill"),
    _rule("restarts", "count", r"restart|crash|neustart|rebooted"),
    _rule("number of processes", "count", r"^.{0,40}\b(?:pods?|replicas?|instances?)\b", r"target"),
    _rule(
        "pending requests for the pool",
        "count",
        r"queue|pending|backlog|waiting|wartend|warteschlange|stuck",
    ),
    _rule("pool use", "ratio", _POOL),
    _rule("pool use", "count", rf"(?:{_POOL}).*(?:exhaust|in use|active|used|leak|busy)"),
    _rule(
        "pool size",
        "count",
        r"pool size|max(?:imum)?(?:[ -]pool)?(?:[ -]size)?|pool of|pools? (?:limit|=)",
    ),
    _rule("request rate", "rate", r""),
    _rule("version change", "version", r"upgrad|updat|from .* to|bump|->|→"),
    _rule("version", "version", r""),
    _rule("money lost per hour", "money_rate", r""),
    _rule(
        "money lost",
        "money",
        r"lost|los[st]|revenue|cost|impact|damage|umsatz|verlust|schaden|missed",
    ),
)

#: States that a line may assert without a number: topic -> words.
STATES: Final = (
    (
        "growth shape",
        re.compile(
            rf"(?:{_MEMORY}|growth|grow|leak|climb).*?\b(exponential|expontial|exponentiell|linear|"
            r"logarithmic|quadratic|constant|steadily|doubl\w*|verdoppelt)|"
            rf"\b(exponential|exponentiell|linear|doubling)\w*[ ,].*(?:{_MEMORY}|growth|grow|leak)"
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
            rf"(?:{_POOL}).*exhaust|exhaust.*(?:{_POOL})|no (?:free|available|idle) connections|"
            rf"(?:{_POOL}).*(?:maxed|saturat|is full|erschöpft)|out of connections"
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


def topic_of(statement: Statement, quantity: Quantity) -> str | None:
    """Return the topic of a quantity, or ``None`` where no rule fits.

    The words nearest to the quantity decide first (its clause), then the line; the heading
    only speaks for lines too short to speak for themselves.
    """
    if quantity.kind == "count" and _PROCESSES.match(quantity.noun):
        lead = statement.text[: quantity.start].lower()
        if _AMONG.search(lead):
            return "number of processes"
    clause = _prepare(clause_of(statement, quantity), quantity)
    for rule in _matching(quantity, clause):
        return rule.topic
    levels = [_prepare(statement.words, quantity)]
    if len(statement.words.split()) <= _SHORT_LINE_WORDS:
        levels.append(f"{statement.section.lower()} {statement.words}")
    spoken_for = _topics_of_others(statement, quantity)
    for words in levels:
        for rule in _matching(quantity, words):
            if rule.topic not in spoken_for:
                return rule.topic
    return None


def _matching(quantity: Quantity, words: str) -> Iterator[Rule]:
    """Yield the rules that take a quantity by these words, in their order."""
    for rule in RULES:
        if quantity.kind not in rule.kinds or not rule.words.search(words):
            continue
        if not (rule.without and rule.without.search(words)):
            yield rule


def _topics_of_others(statement: Statement, quantity: Quantity) -> set[str]:
    """Return the topics that other quantities of this kind have by their own clauses.

    A word that another number stands beside doesn't speak for this one as well.
    """
    others = [q for q in statement.quantities if q.kind == quantity.kind and q is not quantity]
    found = set()
    for other in others:
        rule = next(_matching(other, _prepare(clause_of(statement, other), other)), None)
        if rule is not None:
            found.add(rule.topic)
    return found - _SHARED


def _prepare(words: str, quantity: Quantity) -> str:
    """Leave out what a time only refers to: ``errors began after the deploy`` is no deploy."""
    return _REFERRED.sub(" ", words) if quantity.kind in {"moment", "clock"} else words


def clause_of(statement: Statement, quantity: Quantity) -> str:
    """Return the clause around a quantity, cut at brackets, commas, stops, dashes and "and"."""
    text = statement.text
    left = max((m.end() for m in _CUT.finditer(text, 0, quantity.start)), default=0)
    right = _CUT.search(text, quantity.end)
    return text[left : right.start() if right else len(text)].lower()


def states_of(statement: Statement) -> list[tuple[str, str]]:
    """Return (topic, the word that says it) for the states a line asserts."""
    found = []
    for topic, words in STATES:
        match = words.search(statement.words)
        if match:
            said = next((group for group in match.groups() if group), match.group())
            found.append((topic, said))
    return found
