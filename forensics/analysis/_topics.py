"""What a quantity of the declaration is about: a topic in the field's words.

A rule names the kinds of quantity it takes and the words that must stand in the line
(or its heading). The first rule that fits wins, so the order is from special to general.
The words are those of operations in general: none belongs to one product.
"""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from forensics.analysis._quantities import Quantity
from forensics.analysis._statements import Statement

_CHANGE: Final = (
    r"deploy|release|roll(?:ed|ing)?[ -]?out|upgrad|migrat|maintenance|failover|reindex|"
    r"index rebuild|flag|toggle|config|launch|\bsale\b|campaign|promotion|scal(?:ed|ing)|spike|"
    r"surge|patch|restart|rollback|rolled back|ausgerollt|ausgeliefert|eingeschaltet|wartung|"
    r"aktion gestartet|newsletter|merged|shipped|went (?:live|out)|turned on|enabled|live\b"
)
_TRAFFIC: Final = (
    r"traffic|\bload\b|requests?\b|req/s|\brps\b|throughput|volume|\bqps\b|\btps\b|orders?\b|"
    r"calls\b|hits\b|msg/s|tx/s|requ[êe]tes|anfragen|\blast\b|verkehr|bestellungen|sessions|messages|checkouts|logins"
)
MEMORY: Final = r"memory|\bmem\b|m[ée]moire|heap|\brss\b|working set|\bram\b|footprint|speicher"
POOL: Final = r"\bpool|connections?\b|\bconns?\b|verbindung"
_RISE: Final = (
    r"increas|\bup\b|rise|rose|grew|grow|spik|jump|surg|more|higher|\+|doubl|tripl|quadrupl|fold|"
    r"times|\d\s?[x×]|[x×]\d|stieg|of (?:normal|usual|baseline)|gestiegen|anstieg|verdoppelt|vervierfacht|climb|went from|shot|"
    r"above|below|drop|\bfell\b|\bfall|decreas|\bdown\b|\blower|halv|gesunken|gefallen|(?<![\w-])[-−]\s?\d"
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
_PER: Final = re.compile(r"(?:\bper|\bevery|\beach|\bpro|\balle)\s*$")
#: ``the release of v2 at``: a time behind it is the change's own.
_CHANGED_AT: Final = re.compile(
    rf"\b(?:{_CHANGE})\w*(?: (?:of|to|for|v?\d[\w.]*|[\w-]+)){{0,3}} (?:at|on|around|um)\s*$"
)
_SPELL: Final = re.compile(r"outage|incident|\berrors?\b|\bdown\b|fail|unavailable|ausfall|störung")
_BETWEEN: Final = ("between ", "zwischen ")
_UNTIL: Final = re.compile(r"\s*(?:to|until|till|bis|through|[-–—])\s*(?:about |around |~)?")
_BESIDE: Final = re.compile(
    r"[\s(=,:–-]*(?:i\.?e\.? |or |that is |that's |so for |for |so )?[\s(=~≈]*"
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
    r"incident|outage|failure|start|impact|störung|ausfall|vorfall|symptom|errors? (?:began|start)"
)
_DETECT: Final = r"detect|declar|alert|notic|\bpaged\b|\bpage (?:came|fired|went|arriv)|first page|paging|acknowledg|entdeckt|bemerkt|gemeldet|alarm"

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
    _rule("error budget", "duration", r"allow(?:s|ed|ance)|budget of", r"burn|consum"),
    _rule("error budget", "duration", r"budget", r"burn|downtime|outage"),
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
        r"outage of|(?:hours?|minutes?|mins?|h)[ -](?:of )?(?:outage|downtime|incident)|resolved (?:after|within|in)|total outage|for a total|dauerte",
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
        r"start|began|begun|begin|onset|since|first error|\bfrom\b.* on\b|beginn|seit\b|broke|went down",
        rf"{_CHANGE}|{_DETECT}",
    ),
    _rule("time of a change", "moment clock", _CHANGE, r"consider|under discussion"),
    _rule("detection of the incident", "moment clock", _DETECT),
    _rule(
        "end of the incident",
        "moment clock",
        r"resolv|mitigat|recover|all good|\bend(?:ed|s)?\b|restored|all clear|behoben|\bende\b|back to normal|over at",
    ),
    _rule("availability target", "percent", r"uptime|\bsla\b|\bslo\b|availab|verfügbar|objective"),
    _rule("error budget burned", "percent", r"budget"),
    _rule("success share", "percent", r"success|erfolg"),
    _rule(
        "traffic increase",
        "percent multiple",
        rf"(?:{_TRAFFIC})[^,;(]*(?:{_RISE})|(?:{_RISE})[^,;(]*(?:{_TRAFFIC})",
        rf"error|fail|{MEMORY}|latenc|\bp\d\d",
    ),
    _rule("error share", "percent", r"error|fail|5xx|reject|declin|fehler|abgelehnt"),
    _rule("error increase", "multiple", r"error|fail|5xx|reject|fehler"),
    _rule("slow share", "percent", r"\bslow"),
    _rule(
        "memory increase",
        "percent multiple",
        rf"(?:{MEMORY}).*(?:{_RISE})|(?:{_RISE}).*(?:{MEMORY})",
    ),
    _rule("memory share", "percent", MEMORY),
    _rule("CPU share", "percent", r"\bcpu\b|processor"),
    _rule("pool share", "percent", POOL),
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
        rf"limit|\bxmx\b|max(?:imum)? heap|heap max|(?:{MEMORY}).*(?:limit|quota)|\bquota\b",
        r"(?:of|near|close to|below|under|/)\s?(?:its |the )?limit",
    ),
    _rule("memory in use", "bytes bytes_ratio", MEMORY),
    _rule("memory in use", "bytes_ratio", r""),
    _rule("memory limit", "bytes", rf"(?:{MEMORY}).*limit|limit.*(?:{MEMORY})"),
    _rule("memory growth rate", "bytes_rate", r""),
    _rule("out-of-memory kills", "count ratio", r"\boom|out of memory|\bkill"),
    _rule("restarts", "count", r"restart|crash|neustart|rebooted"),
    _rule("number of processes", "count", r"^.{0,40}\b(?:pods?|replicas?|instances?)\b", r"target"),
    _rule(
        "pending requests for the pool",
        "count",
        r"queue|pending|backlog|waiting|wartend|warteschlange|stuck",
    ),
    _rule("pool use", "ratio", POOL),
    _rule("pool use", "count", rf"(?:{POOL}).*(?:exhaust|in use|active|used|leak|busy)"),
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


def topic_of(statement: Statement, quantity: Quantity) -> str | None:
    """Return the topic of a quantity, or ``None`` where no rule fits.

    The words nearest to the quantity decide first (its clause), then the line; the heading
    only speaks for lines too short to speak for themselves.
    """
    placed = _topic_by_place(statement, quantity)
    if placed is not None:
        return placed
    clause = _prepare(clause_of(statement, quantity), quantity)
    for rule in _matching(quantity.kind, clause):
        return rule.topic
    levels = [_prepare(statement.words, quantity)]
    if len(re.findall(r"(?<![\w.])[^\W\d_]{2,}", statement.words)) <= _SHORT_LINE_WORDS:
        levels.append(f"{statement.section.lower()} {statement.words}")
    spoken_for = _topics_of_others(statement, quantity)
    for words in levels:
        for rule in _matching(quantity.kind, words):
            if rule.topic not in spoken_for:
                return rule.topic
    kinds = {other.kind for other in statement.quantities}
    return "money lost" if quantity.kind == "money" and "money_rate" in kinds else None


def _topic_by_place(statement: Statement, quantity: Quantity) -> str | None:
    """Return the topic that the words right before a quantity give it, whatever follows."""
    lead, kind = statement.text[: quantity.start].lower(), quantity.kind
    if kind == "count" and _PROCESSES.match(quantity.noun) and _AMONG.search(lead):
        return "number of processes"
    if kind == "duration" and _PER.search(lead) and "doubl" not in lead:
        return "window"
    if kind in {"moment", "clock"} and _CHANGED_AT.search(lead):
        return "time of a change"
    spell = _topic_in_spell(statement, quantity) if _SPELL.search(statement.words) else None
    if spell is not None:
        return spell
    if kind == "percent" and _is_beside_sizes(statement, quantity):
        return "memory share"
    return None


def _topic_in_spell(statement: Statement, quantity: Quantity) -> str | None:
    """Read ``from 04:12 to 05:02 (50 min)``, said of an outage, as its start, end and length."""
    clocks = [q for q in statement.quantities if q.kind in {"moment", "clock"}]
    for first, second in pairwise(clocks):
        joint = statement.text[first.end : second.start].lower()
        is_between = statement.text[: first.start].lower().endswith(_BETWEEN) and joint == " and "
        if not (is_between or _UNTIL.fullmatch(joint)):
            continue
        if quantity is first or quantity is second:
            return "start of the incident" if quantity is first else "end of the incident"
        behind = statement.text[second.end : quantity.start]
        if quantity.kind == "duration" and _BESIDE.fullmatch(behind):
            return "duration of the incident"
    return None


def _is_beside_sizes(statement: Statement, quantity: Quantity) -> bool:
    """Say whether a share stands beside two sizes of which it is the quotient."""
    for other in statement.quantities:
        first, second = sorted((quantity, other), key=lambda q: q.start)
        between = statement.text[first.end : second.start]
        if other.kind == "bytes_ratio" and _BESIDE.fullmatch(between):
            return True
    return False


@lru_cache(maxsize=512)
def _matching(kind: str, words: str) -> tuple[Rule, ...]:
    """Return the rules that take a quantity of a kind by these words, in their order."""
    return tuple(
        rule
        for rule in RULES
        if kind in rule.kinds
        and rule.words.search(words)
        and not (rule.without and rule.without.search(words))
    )


def _topics_of_others(statement: Statement, quantity: Quantity) -> set[str]:
    """Return the topics that other quantities of this kind have by their own clauses.

    A word that another number stands beside doesn't speak for this one as well.
    """
    others = [q for q in statement.quantities if q.kind == quantity.kind and q is not quantity]
    found: set[str] = set()
    for other in others:
        rules = _matching(other.kind, _prepare(clause_of(statement, other), other))
        found.update(rule.topic for rule in rules[:1])
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
