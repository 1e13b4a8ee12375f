"""Answer the declaration's questions as far as the evidence goes, and say what is missing.

Each question is routed by its words to the analyses that can answer it. Questions that no
analysis can answer are listed as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from forensics.analysis._candidates import NONE_ID
from forensics.analysis._context import show_bytes
from forensics.analysis._question_words import find_named_change
from forensics.analysis._statements import Statement
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.claims import Result as Claims
from forensics.analysis.decisions import Result as Decisions
from forensics.analysis.heap_summary import Result as HeapSummary
from forensics.analysis.impact import Result as Impact
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.findings import (
    AnyEntry,
    Confidence,
    Decision,
    EvidenceRef,
    HeapSuspect,
    Question,
)

TITLE: Final = "The critical questions"
NEEDS: Final = ("claims", "attribution", "memory_growth", "decisions", "impact", "heap_summary?")


@dataclass(frozen=True, slots=True)
class Material:
    """What answers are made of."""

    attribution: Attribution
    growth: Growths
    decisions: Decisions
    impact: Impact
    heap: HeapSummary | None


@dataclass(frozen=True, slots=True)
class Result:
    """Answers in the order of the questions."""

    questions: tuple[Question, ...] = ()


def run(  # one argument an input
    *,
    claims: Claims,
    attribution: Attribution,
    memory_growth: Growths,
    decisions: Decisions,
    impact: Impact,
    heap_summary: HeapSummary | None,
) -> Result:
    """Answer every question that the declaration asks."""
    material = Material(attribution, memory_growth, decisions, impact, heap_summary)
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
    return _unknown(
        statement.text,
        "No analysis of metrics, logs, heap dumps or changes can answer this from the evidence.",
        ["a person who knows", "evidence that speaks of it"],
    ).model_copy(update={"evidence": [asked]})


def _unknown(question: str, text: str, missing: list[str]) -> Question:
    return Question(
        question=question, answer=text, verdict="unknown", confidence="low", missing=missing
    )


def _confidence(probability: float) -> Confidence:
    return "high" if probability >= 0.9 else "medium" if probability >= 0.6 else "low"


def _heap_suspect(material: Material) -> tuple[HeapSuspect, str] | None:
    if material.heap is None:
        return None
    for file in reversed(material.heap.files):
        if file.suspects:
            return file.suspects[0], file.file
    return None


def _released(statement: Statement, material: Material) -> Question:
    """Say who holds what is not given back."""
    held = _heap_suspect(material)
    cause = material.attribution.suspects[0] if material.attribution.suspects else None
    if held is None:
        text = "No heap dump could be read, so who holds them can't be shown."
        missing = ["a heap dump of a process in trouble (jcmd PID GC.heap_dump FILE)"]
        return _unknown(statement.text, text, missing)
    suspect, file = held
    chain = " -> ".join(suspect.held_by[-4:])
    text = (
        f"In {file} {suspect.instances:,} objects of {suspect.class_} hold "
        f"{show_bytes(suspect.retained_bytes)} ({suspect.share:.0%} of the heap); they stay "
        f"reachable through {chain}."
    )
    sure = False
    if cause and cause.role == "cause":
        text += f" They pile up since {cause.what} (probability {cause.probability:.0%})."
        sure = cause.probability >= 0.9
    held_words = set(re.findall(r"[a-z]{4,}", f"{suspect.class_} {chain}".lower()))
    named = _resource_words(statement) & held_words
    return Question(
        question=statement.text,
        answer=text,
        verdict="text",
        confidence="medium" if sure else "low",
        evidence=[EvidenceRef(path=file, query=suspect.class_)],
        missing=[] if named else ["a dump in which the resource itself is followed to its holder"],
    )


def _resource_words(statement: Statement) -> set[str]:
    kinds = r"connection|session|statement|socket|stream|thread|file|lock"
    return set(re.findall(kinds, statement.words))


def _related(statement: Statement, material: Material) -> Question:
    """Say how likely the named change is the cause."""
    suspect = find_named_change(statement, material.attribution)
    if suspect is None:
        text = "No known change shares its words, so no probability can be given."
        return _unknown(statement.text, text, ["a change record that names it"])
    best = max(suspect.for_, key=lambda a: a.weight, default=None)
    worst = min(suspect.against, key=lambda a: a.weight, default=None)
    text = f"{suspect.what}: probability {suspect.probability:.0%} to be the cause."
    if best:
        text += f" For it: {best.text}."
    if worst:
        text += f" Against it: {worst.text}."
    verdict = "unknown"
    if suspect.probability >= 0.8:
        verdict = "yes"
    elif suspect.probability <= 0.1:
        verdict = "no"
    return Question.model_validate(
        {
            "question": statement.text,
            "answer": text,
            "verdict": verdict,
            "confidence": _confidence(max(suspect.probability, 1 - suspect.probability)),
            "evidence": [ref for a in (best, worst) if a for ref in a.evidence[:2]],
            "missing": [] if verdict != "unknown" else [material.attribution.sensitivity],
        }
    )


def _cause(statement: Statement, material: Material) -> Question:
    """Name the first suspect, or say that the evidence doesn't decide and what would."""
    attribution = material.attribution
    if not attribution.suspects:
        text = "No change could be weighed."
        return _unknown(statement.text, text, ["metrics of memory and requests", "the changes"])
    named = find_named_change(statement, material.attribution)
    if named is not None and re.match(r"(?:is|was|did|could|are|were|does)\b", statement.words):
        return _related(statement, material)
    first = attribution.suspects[0]
    best = max(first.for_, key=lambda a: a.weight)
    refs = best.evidence[:3]
    if not attribution.is_decided:
        second = attribution.suspects[1]
        text = (
            f"The evidence does not decide: {first.what} ({first.probability:.0%}) or "
            f"{second.what} ({second.probability:.0%})."
        )
        return _unknown(statement.text, text, [attribution.sensitivity]).model_copy(
            update={"evidence": refs}
        )
    if first.change_id == NONE_ID:
        text = f"None of the known changes (probability {first.probability:.0%}): {best.text}."
    else:
        text = f"{first.what} (probability {first.probability:.0%}): {best.text}."
    return Question(
        question=statement.text,
        answer=text,
        verdict="text",
        confidence=_confidence(first.probability),
        evidence=refs,
    )


def _worse(statement: Statement, material: Material) -> Question:
    """Say what the named change is seen to do, and whether traffic made it worse."""
    related = _related(statement, material)
    helpers = [s.what for s in material.attribution.suspects if s.role in {"trigger", "amplifier"}]
    text = related.answer
    if helpers:
        text += f" {helpers[0]} multiplied its effect."
    symptom = material.attribution.symptom
    if symptom is not None:
        text += f" The first symptom was: {symptom.why}."
    missing = ["the code or configuration difference between the two versions"]
    return related.model_copy(
        update={"answer": text, "verdict": "text", "missing": [*related.missing, *missing]}
    )


def _decision(material: Material, name: str) -> Decision | None:
    return next((d for d in material.decisions.decisions if d.decision == name), None)


_MISSING: Final = {
    "rollback": ["transactions with a capture and no final state, from the ledger"],
    "reroute": ["capacity and version of the other region"],
    "scale": ["the database's limit of connections"],
    "raise the pool": ["the database's limit of connections"],
}


def _advise(name: str) -> Callable[[Statement, Material], Question]:
    def route(statement: Statement, material: Material) -> Question:
        decision = _decision(material, name)
        if decision is None:
            return _unknown(statement.text, "The evidence does not bear on it.", [])
        verdict = {"do": "yes", "do not": "no", "unknown": "unknown"}[decision.advice]
        risks = f" Risks: {'; '.join(decision.risks)}." if decision.risks else ""
        why = decision.why.rstrip(".")
        return Question.model_validate(
            {
                "question": statement.text,
                "answer": f"{why}.{risks}",
                "verdict": verdict,
                "confidence": "low" if verdict == "unknown" else "medium",
                "evidence": decision.evidence,
                "missing": _MISSING.get(name, []),
            }
        )

    return route


def _when(statement: Statement, material: Material) -> Question:
    """Say when the limit is reached."""
    entries = [
        entry
        for entry in growth_findings(material.growth)
        if entry.leak == "yes" and entry.time_to_limit_interval is not None
    ]
    if not entries:
        text = "No process grows towards a known limit, so no time can be given."
        return _unknown(statement.text, text, ["the memory limit", "samples up to now"])
    soonest = min(entries, key=lambda entry: entry.time_to_limit_min or 0.0)
    low, high = soonest.time_to_limit_interval or (0.0, None)
    upper = f"{high:.0f}" if high is not None else "unbounded"
    return Question(
        question=statement.text,
        answer=f"{soonest.entity} reaches its limit {soonest.time_to_limit_min:.0f} min after the "
        f"last sample (90 % interval {low:.0f} to {upper} min).",
        verdict="text",
        confidence=soonest.confidence,
        evidence=soonest.evidence,
    )


def _affected(statement: Statement, material: Material) -> Question:
    """Say how many requests failed."""
    failed = next((m for m in material.impact.measures if m.name == "failed requests"), None)
    if failed is None or failed.value is None:
        text = "No metric counts failed requests."
        return _unknown(statement.text, text, ["a request counter by status"])
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
    return Question(
        question=statement.text,
        answer=f"Memory leak: {growth.leak} (kind: {growth.kind}, probability "
        f"{growth.probability:.0%} given even odds before).",
        verdict=growth.leak,
        confidence=_confidence(max(growth.probability, 1 - growth.probability)),
        evidence=[ref for e in growth_findings(growth)[:3] for ref in e.evidence[:1]],
    )


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
    ((r"\bworse\b|backfire",), _worse),
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
    (
        (r"how many|affected|(?:which|what) (?:customers|users|share)|impact|how bad|who is hit",),
        _affected,
    ),
    (
        (
            r"(?:what|which|who)\b.*(?:caus|change|trigger|introduc|to blame|culprit|broke)",
            r"(?:what|which|who)\b.*(?:did (?:it|this)|responsib)|root cause|what happened",
        ),
        _cause,
    ),
    (
        (
            r"relat|because of|due to|responsib|is it the|caus|to blame|culprit|fault",
            r"behind this|anything to do with|linked",
        ),
        _related,
    ),
    ((r"\bleak|grow",), _leaks),
    ((r"\bwhy\b",), _worse),
)
ROUTES: Final[tuple[tuple[re.Pattern[str], Route], ...]] = tuple(
    (re.compile("|".join(words)), _advise(named) if isinstance(named, str) else named)
    for words, named in _ROUTED
)
