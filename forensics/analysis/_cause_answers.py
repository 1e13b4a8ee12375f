"""Answers to what caused it, whether a change has to do with it, and why it made things worse."""

from __future__ import annotations

import re
from typing import Final

from forensics.analysis._candidates import NONE_ID
from forensics.analysis._context import show_probability
from forensics.analysis._question_material import Material, confidence_of, unknown_answer
from forensics.analysis._question_words import find_named_change
from forensics.analysis._statements import Statement
from forensics.analysis._symptoms import BUSIER
from forensics.analysis.held_connections import describe
from forensics.findings import Argument, Question, Suspect

_YES: Final = 0.8
_NO: Final = 0.1
#: How many arguments for a suspect an answer has room for.
_MOST_FOR: Final = 2


def answer_related(statement: Statement, material: Material) -> Question:
    """Say how likely the named change is the cause."""
    suspect = find_named_change(statement, material.attribution)
    if suspect is None:
        text = "No known change shares its words, so no probability can be given."
        return unknown_answer(statement.text, text, ["a change record that names it"])
    verdict, word = "unknown", "That is open"
    if suspect.probability >= _YES:
        verdict, word = "yes", "Yes"
    elif suspect.probability <= _NO:
        verdict, word = "no", "Probably not"
    wanted = material.attribution.wanted or (material.attribution.sensitivity,)
    return Question.model_validate(
        {
            "question": statement.text,
            "answer": f"{word}: {_judge(suspect)} {_argue(suspect)}",
            "verdict": verdict,
            "confidence": confidence_of(max(suspect.probability, 1 - suspect.probability)),
            "evidence": [ref for a in _best(suspect) for ref in a.evidence[:2]],
            "missing": [w for w in wanted if w] if verdict == "unknown" else [],
        }
    )


def _judge(suspect: Suspect) -> str:
    sure = show_probability(suspect.probability)
    return f"{suspect.what} is the cause with a probability of {sure}."


def _best(suspect: Suspect) -> list[Argument]:
    """Return the strongest arguments for a suspect, and the strongest against it."""
    ordered = sorted((*suspect.for_, *suspect.against), key=lambda a: -a.weight)
    best = [a for a in ordered if a.weight > 0][:_MOST_FOR]
    return [*best, *[a for a in ordered[-1:] if a.weight < 0]]


def _argue(suspect: Suspect) -> str:
    best = _best(suspect)
    speaks_for = "; ".join(a.text for a in best if a.weight > 0)
    against = "; ".join(a.text for a in best if a.weight < 0)
    said = [f"For it: {speaks_for}." if speaks_for else ""]
    said.append(f"Against it: {against}." if against else "")
    if speaks_for and not against:
        said.append("Nothing in the evidence speaks against it.")
    return " ".join(filter(None, said)) or "The evidence has nothing on it either way."


def answer_cause(statement: Statement, material: Material) -> Question:
    """Name the first suspect, or say that the evidence doesn't decide and what would."""
    attribution = material.attribution
    if not attribution.suspects:
        text = "No change could be weighed."
        return unknown_answer(
            statement.text, text, ["metrics of memory and requests", "the changes"]
        )
    named = find_named_change(statement, material.attribution)
    if named is not None and re.match(r"(?:is|was|did|could|are|were|does)\b", statement.words):
        return answer_related(statement, material)
    first = attribution.suspects[0]
    refs = [ref for a in _best(first) for ref in a.evidence[:2]]
    sure = show_probability(first.probability)
    if not attribution.is_decided:
        second = attribution.suspects[1]
        text = (
            f"The evidence does not decide: {first.what} ({sure}) or {second.what} "
            f"({show_probability(second.probability)})."
        )
        wanted = list(attribution.wanted) or [attribution.sensitivity]
        return unknown_answer(statement.text, text, wanted).model_copy(update={"evidence": refs})
    if first.change_id == NONE_ID:
        text = _nobody(material)
    else:
        text = f"{first.what} (probability {sure}). {_argue(first)}"
    return Question(
        question=statement.text,
        answer=text,
        verdict="text",
        confidence=confidence_of(first.probability),
        evidence=refs,
    )


def _nobody(material: Material) -> str:
    """Say why none of the known changes is held responsible."""
    attribution = material.attribution
    symptom = attribution.symptom
    if not attribution.has_leak and (symptom is None or symptom.kind == BUSIER):
        return "Nothing in the evidence went wrong for users, so no change has to explain it."
    if not attribution.candidates:
        return "There are no known changes before it: its cause is older, or recorded nowhere."
    sure = show_probability(attribution.suspects[0].probability)
    others = [s for s in attribution.suspects if s.change_id != NONE_ID]
    why = next((a.text for s in others[:1] for a in _best(s) if a.weight < 0), "")
    against = f" Against {others[0].what}, the likeliest of them: {why}." if why else ""
    return f"None of the known changes (probability {sure}).{against}"


def answer_worse(statement: Statement, material: Material) -> Question:
    """Say what the named change is seen to do, and whether traffic made it worse."""
    suspect = find_named_change(statement, material.attribution)
    related = answer_related(statement, material)
    if suspect is None:
        return related
    text, held = f"{_judge(suspect)} {_argue(suspect)}", None
    if material.connections is not None:
        held = material.connections.last
    if held is not None and related.verdict == "yes":
        text += f" {describe(held)}."
    helpers = [s.what for s in material.attribution.suspects if s.role in {"trigger", "amplifier"}]
    if helpers:
        text += f" {helpers[0]} multiplied its effect."
    symptom = material.attribution.symptom
    if symptom is not None:
        text += f" The first symptom, at {symptom.time:%H:%M:%S} UTC: {symptom.why}."
    missing = ["what the change altered in code or configuration"]
    return related.model_copy(
        update={"answer": text, "verdict": "text", "missing": [*related.missing, *missing]}
    )
