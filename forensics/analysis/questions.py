"""Answer the declaration's questions as far as the evidence goes, and say what is missing.

Each question is routed by its words to the analyses that can answer it. Questions that no
analysis can answer are listed as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from forensics.analysis._cause_answers import answer_cause, answer_related, answer_worse
from forensics.analysis._context import show_bytes, show_probability
from forensics.analysis._decision_words import say_minutes
from forensics.analysis._question_material import Material, confidence_of, unknown_answer
from forensics.analysis._statements import Statement
from forensics.analysis.action_forecast import Result as Forecast
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.claims import Result as Claims
from forensics.analysis.decisions import Result as Decisions
from forensics.analysis.heap_summary import Result as HeapSummary
from forensics.analysis.held_connections import Result as HeldConnections
from forensics.analysis.held_connections import describe
from forensics.analysis.impact import Result as Impact
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.findings import (
    AnyEntry,
    Decision,
    EvidenceRef,
    HeapSuspect,
    Question,
)

TITLE: Final = "The critical questions"
NEEDS: Final = (
    "claims",
    "attribution",
    "memory_growth",
    "decisions",
    "impact",
    "action_forecast?",
    "heap_summary?",
    "held_connections?",
)

_SURE: Final = 0.9
#: A process whose samples end this shortly before the others' still runs.
_RUNNING: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Result:
    """Answers in the order of the questions."""

    questions: tuple[Question, ...] = ()


def run(  # noqa: PLR0913  # one argument an input
    *,
    claims: Claims,
    attribution: Attribution,
    memory_growth: Growths,
    decisions: Decisions,
    impact: Impact,
    action_forecast: Forecast | None,
    heap_summary: HeapSummary | None,
    held_connections: HeldConnections | None,
) -> Result:
    """Answer every question that the declaration asks."""
    material = Material(
        attribution,
        memory_growth,
        decisions,
        impact,
        action_forecast or Forecast(),
        heap_summary,
        held_connections,
    )
    asked = [statement for statement in claims.statements if statement.is_question]
    return Result(tuple(answer(statement, material, claims.name) for statement in asked))


def findings(result: Result) -> list[AnyEntry]:
    """Return the answers."""
    return list(result.questions)


def answer(statement: Statement, material: Material, source: str) -> Question:
    """Answer one question by the first route whose words it has."""
    asked = EvidenceRef(path=source, line=statement.line)
    for words, route in ROUTES:
        if words.search(statement.words):
            made = route(statement, material)
            return made.model_copy(update={"evidence": [asked, *made.evidence]})
    return unknown_answer(
        statement.text,
        "No analysis of metrics, logs, heap dumps or changes can answer this from the evidence.",
        ["a person who knows", "evidence that speaks of it"],
    ).model_copy(update={"evidence": [asked]})


def _heap_suspect(material: Material) -> tuple[HeapSuspect, str] | None:
    if material.heap is None:
        return None
    for file in reversed(material.heap.files):
        if file.suspects:
            return file.suspects[0], file.file
    return None


def _released(statement: Statement, material: Material) -> Question:
    """Say who holds what is not given back."""
    connections = material.connections.last if material.connections else None
    held = _heap_suspect(material)
    said: list[str] = []
    refs: list[EvidenceRef] = []
    leak = material.growth.leak if re.search(r"\bleak", statement.words) else None
    if leak is not None:
        said.append(f"{_LEAKS[leak]}.")
    if held is None and connections is None:
        has_dumps = material.heap is not None and bool(material.heap.files)
        said.append(
            "Nothing piles up in the heap dumps that could be read."
            if has_dumps
            else "No heap dump could be read, so who holds them can't be shown."
        )
        missing = ["a heap dump of a process in trouble (jcmd PID GC.heap_dump FILE)"]
        answer = unknown_answer(statement.text, " ".join(said), missing)
        return answer.model_copy(update={"verdict": leak or "unknown"})
    is_asked_for = bool(_resource_words(statement) & {"connection", "session", "socket"})
    if connections is not None and (is_asked_for or held is None):
        said.append(f"{describe(connections)}.")
        refs.append(EvidenceRef(path=connections.file, query=connections.holder))
    is_shown = bool(refs)
    if held is not None:
        suspect, file = held
        chain = " -> ".join(suspect.held_by[-4:])
        where = "There" if refs and connections and connections.file == file else f"In {file}"
        said.append(
            f"{where} {suspect.instances:,} objects of {suspect.class_} hold "
            f"{show_bytes(suspect.retained_bytes)} ({suspect.share:.0%} of the heap) and stay "
            f"reachable through {chain}."
        )
        refs.append(EvidenceRef(path=file, query=suspect.class_))
        words = set(re.findall(r"[a-z]{4,}", f"{suspect.class_} {chain}".lower()))
        is_shown = is_shown or bool(_resource_words(statement) & words)
    cause = material.attribution.suspects[0] if material.attribution.suspects else None
    is_sure = cause is not None and cause.role == "cause" and cause.probability >= _SURE
    if cause is not None and cause.role == "cause":
        sure = show_probability(cause.probability)
        said.append(f"The likely cause is {cause.what} (probability {sure}).")
    return Question(
        question=statement.text,
        answer=" ".join(said),
        verdict="text",
        confidence="medium" if is_sure and is_shown else "low",
        evidence=refs,
        missing=[] if is_shown else ["a dump in which the resource is followed to its holder"],
    )


def _resource_words(statement: Statement) -> set[str]:
    kinds = r"connection|session|statement|socket|stream|thread|file|lock"
    return set(re.findall(kinds, statement.words))


def _over(statement: Statement, material: Material) -> Question:
    """Say whether the trouble was still seen when the evidence ends."""
    symptom, service = material.attribution.symptom, material.forecast.service
    grows = service is not None and service.rate_bytes_per_s > 0
    if grows:
        text, verdict = "No: memory of running processes still grows where the evidence ends.", "no"
    elif symptom is not None and service is not None:
        text, verdict = f"No: where the evidence ends it is still seen that {symptom.why}.", "no"
    elif symptom is not None and symptom.end is not None:
        text = (
            f"Yes, as far as the evidence goes: trouble was last seen at {symptom.end:%H:%M} UTC."
        )
        verdict = "yes"
    else:
        text = "The evidence shows no trouble for users, so it does not show an end of it either."
        verdict = "unknown"
    roles = symptom.roles if symptom is not None else ()
    return Question.model_validate(
        {
            "question": statement.text,
            "answer": text,
            "verdict": verdict,
            "confidence": "low" if verdict == "unknown" else "medium",
            "evidence": [EvidenceRef(path="metrics", query=role) for role in roles],
            "missing": ["metrics of the time since"],
        }
    )


def _decision(material: Material, name: str) -> Decision | None:
    return next((d for d in material.decisions.decisions if d.decision == name), None)


_MISSING: Final = {
    "rollback": ["what became of transactions without a final state, from the ledger"],
    "reroute": ["capacity and version of the other region"],
    "scale": ["the database's limit of connections"],
    "raise the pool": ["the database's limit of connections"],
}


def _advise(name: str) -> Callable[[Statement, Material], Question]:
    def route(statement: Statement, material: Material) -> Question:
        decision = _decision(material, name)
        if decision is None:
            return unknown_answer(statement.text, "The evidence does not bear on it.", [])
        verdict = {"do": "yes", "do not": "no", "unknown": "unknown"}[decision.advice]
        risks = f" To watch: {'; '.join(decision.risks)}." if decision.risks else ""
        return Question.model_validate(
            {
                "question": statement.text,
                "answer": f"{decision.why}{risks}",
                "verdict": verdict,
                "confidence": "low" if verdict == "unknown" else "medium",
                "evidence": decision.evidence,
                "missing": [] if decision.advice == "do not" else _MISSING.get(name, []),
            }
        )

    return route


def _when(statement: Statement, material: Material) -> Question:
    """Say when the limit is reached by a process that still runs."""
    growths = growth_findings(material.growth)
    ends = [entry.life_ended_at for entry in growths if entry.life_ended_at is not None]
    running = [
        entry
        for entry in growths
        if entry.leak == "yes"
        and entry.time_to_limit_interval is not None
        and entry.life_ended_at is not None
        and entry.life_ended_at >= max(ends) - _RUNNING
    ]
    if not running:
        text = "No running process grows towards a known limit, so no time can be given."
        return unknown_answer(statement.text, text, ["the memory limit", "samples up to now"])
    soonest = min(running, key=lambda entry: entry.time_to_limit_min or 0.0)
    low, high = soonest.time_to_limit_interval or (0.0, None)
    upper = f"to {say_minutes(high)}" if high is not None else "upwards"
    return Question(
        question=statement.text,
        answer=f"{soonest.entity} is the first to reach its limit, about "
        f"{say_minutes(soonest.time_to_limit_min or 0.0)} after its last sample (90 % interval "
        f"{say_minutes(low)} {upper}), if it grows on as it did.",
        verdict="text",
        confidence=soonest.confidence,
        evidence=soonest.evidence,
    )


def _affected(statement: Statement, material: Material) -> Question:
    """Say how many requests failed."""
    failed = next((m for m in material.impact.measures if m.name == "failed requests"), None)
    if failed is None or failed.value is None:
        text = "No metric counts failed requests."
        return unknown_answer(statement.text, text, ["a request counter by status"])
    return Question(
        question=statement.text,
        answer=f"{failed.value:,.0f} requests failed; which people are behind them is not in the "
        "evidence.",
        verdict="text",
        confidence="medium",
        evidence=failed.evidence,
        missing=["requests joined with accounts"],
    )


def _leaks(statement: Statement, material: Material) -> Question:
    growth = material.growth
    sure = show_probability(growth.probability)
    return Question(
        question=statement.text,
        answer=f"{_LEAKS[growth.leak]} (probability of a leak: {sure}).",
        verdict=growth.leak,
        confidence=confidence_of(max(growth.probability, 1 - growth.probability)),
        evidence=[ref for e in growth_findings(growth)[:3] for ref in e.evidence[:1]],
    )


_LEAKS: Final = {
    "yes": "Yes, memory leaks",
    "no": "No, memory does not leak",
    "unknown": "Whether memory leaks can't be told yet",
}

Route = Callable[[Statement, Material], Question]

#: The first route whose words a question has answers it.
_ROUTED: Final[tuple[tuple[tuple[str, ...], Route | str], ...]] = (
    (
        (
            r"roll(?:ed|ing)?[ -]?back|revert|previous (?:version|release|build)|corrupt",
            r"data loss|back to (?:v?\d|the (?:last|old|previous))|undo the|zurückrollen",
        ),
        "rollback",
    ),
    (
        (
            r"\bregion|rerout|(?:route|shift) .*traffic|drain|fail ?over|data ?cent|standby",
            r"backup (?:site|cluster|region)|other cluster|evacuat",
        ),
        "reroute",
    ),
    (
        (
            r"(?:not|never) (?:being |get(?:ting)? )?(?:released|returned|closed|freed|given back)",
            r"unreleased|(?:who|what)(?: is| else)? (?:holds?|holding|keep(?:s|ing)?|retain\w*)",
            r"(?:filling|eating|using|piling|occup\w*).*(?:heap|memory)",
            r"what(?:'s| is) in (?:the )?(?:heap|memory)",
        ),
        _released,
    ),
    ((r"\bworse\b|backfire",), answer_worse),
    (
        (
            r"scal(?:e|ing)|(?:more|add(?:ing)?|extra) (?:pods|instances|replicas|nodes)",
            r"capacity",
        ),
        "scale",
    ),
    ((r"restart|reboot|recycle|bounc(?:e|ing)",), "restart"),
    (
        (r"(?:raise|increase|bigger|larger|enlarge|bump).*(?:pool|connections)|pool size",),
        "raise the pool",
    ),
    (
        (
            r"when (?:will|does|do|would)|time to|how soon|next (?:oom|crash|kill)",
            r"how (?:long|much time) (?:until|till|before|do we|have we|is left|remains)",
        ),
        _when,
    ),
    ((r"\bover\b|still (?:going|ongoing|happening)|resolved|is it fixed|recovered",), _over),
    (
        (r"how many|affected|(?:which|what) (?:customers|users|share)|impact|how bad|who is hit",),
        _affected,
    ),
    (
        (
            r"(?:what|which|who)\b.*(?:caus|change|trigger|introduc|to blame|culprit|broke)",
            r"(?:what|which|who)\b.*(?:did (?:it|this)|responsib)|root cause|what happened",
        ),
        answer_cause,
    ),
    (
        (
            r"relat|because of|due to|responsib|is it the|caus|to blame|culprit|fault",
            r"behind this|anything to do with|linked",
        ),
        answer_related,
    ),
    ((r"\bleak|grow",), _leaks),
    ((r"\bwhy\b",), answer_worse),
)
ROUTES: Final[tuple[tuple[re.Pattern[str], Route], ...]] = tuple(
    (re.compile("|".join(words)), _advise(named) if isinstance(named, str) else named)
    for words, named in _ROUTED
)
