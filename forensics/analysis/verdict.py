"""The answer in one line: leak or not, of what kind, by which change, how sure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forensics.analysis._candidates import NONE_ID
from forensics.analysis._context import show_bytes, show_class, show_probability
from forensics.analysis._symptoms import BUSIER
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.heap_summary import Result as HeapSummary
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.findings import AnyEntry, CauseKind, Confidence, Growth, RootCause, Suspect, Verdict

TITLE: Final = "Verdict"
NEEDS: Final = ("memory_growth", "attribution?", "heap_summary?")

_SURE: Final = 0.9
_LIKELY: Final = 0.6
#: Growth of some processes is open where all of their version together say less than 3 to 1.
_DIVIDED: Final = 0.75
_EVEN: Final = 0.5
_DIVIDED_TEXT: Final = (
    "Whether memory leaks is open: a process grows, and others that run alike do not."
)
_MOST_WORDS: Final = 60


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict, and the suspect it rests on (``None`` where there is none)."""

    verdict: Verdict
    suspect: Suspect | None = None


def run(
    *, memory_growth: Growths, attribution: Attribution | None, heap_summary: HeapSummary | None
) -> Result:
    """Join what growth, heap and attribution found into one sentence with a confidence."""
    suspect = attribution.suspects[0] if attribution and attribution.suspects else None
    cause = _root_cause(suspect, attribution)
    is_divided = _is_divided(memory_growth, attribution)
    told = [
        _DIVIDED_TEXT if is_divided else _growth_sentence(memory_growth),
        _heap_sentence(heap_summary) if memory_growth.leak != "no" else "",
    ]
    sentences = [
        # What is known comes first.
        *(told if growth_findings(memory_growth) else reversed(told)),
        _cause_sentence(suspect, attribution, has_leak=memory_growth.leak == "yes"),
    ]
    return Result(
        Verdict(
            leak="unknown" if is_divided else memory_growth.leak,
            kind="unknown" if is_divided else memory_growth.kind,
            summary=_shorten(" ".join(filter(None, sentences))),
            root_cause=cause,
            confidence="low" if is_divided else _confidence(memory_growth, cause),
        ),
        suspect if cause.change_id else None,
    )


def _is_divided(growth: Growths, attribution: Attribution | None) -> bool:
    """Say whether one process grows and those that run alike speak as loudly against it."""
    if growth.leak != "yes" or attribution is None or not attribution.lives:
        return False
    growing = {life.kin for life in attribution.lives if life.leak > _EVEN}
    differ = any(life.kin in growing and life.leak < _EVEN for life in attribution.lives)
    return differ and attribution.leak_probability < _DIVIDED


def _shorten(text: str) -> str:
    """Keep whole sentences of at most ``_MOST_WORDS`` words, the first one always."""
    kept: list[str] = []
    for sentence in re.split(r"(?<=[.%)]) (?=[A-Z0-9])", text):
        if kept and len(" ".join([*kept, sentence]).split()) > _MOST_WORDS:
            continue
        kept.append(sentence)
    return " ".join(kept)


def findings(result: Result) -> list[AnyEntry]:
    """Return the verdict."""
    return [result.verdict]


def _root_cause(suspect: Suspect | None, attribution: Attribution | None) -> RootCause:
    """Name the first suspect if the evidence decides; else say that it doesn't."""
    if suspect is None or attribution is None or not attribution.is_decided:
        probability = suspect.probability if suspect else 0.0
        return RootCause(change_id=None, kind="unknown", probability=probability)
    if suspect.change_id == NONE_ID:
        return RootCause(change_id=None, kind="none", probability=suspect.probability)
    kind: CauseKind = suspect.kind
    return RootCause(change_id=suspect.change_id, kind=kind, probability=suspect.probability)


def _confidence(growth: Growths, cause: RootCause) -> Confidence:
    odds = abs(growth.log_odds)
    is_sure = growth.leak != "unknown" and odds > 3.0
    if is_sure and cause.probability >= _SURE and cause.kind != "unknown":
        return "high"
    if growth.leak != "unknown" and odds > 1.5 and cause.probability >= _LIKELY:
        return "medium"
    return "low"


def _growth_sentence(growth: Growths) -> str:
    entries = growth_findings(growth)
    if not entries:
        return "No memory series was found, so nothing can be said about growth."
    entities = {entry.entity for entry in entries}
    sides = {grown.signal.side for grown in growth.signals}
    where = {"heap": "heap" if "heap" in sides else "", "offheap": "off-heap"}.get(growth.kind, "")
    if growth.leak == "yes":
        rates = sorted(
            entry.rate_bytes_per_min
            for entry in entries
            if entry.leak == "yes" and entry.rate_bytes_per_min is not None
        )
        pace = f", typically {show_bytes(rates[len(rates) // 2])} a minute" if rates else ""
        memory = f"{where} memory".strip().capitalize()
        return f"{memory} leaks in {_where(entries)}{pace}."
    if growth.leak == "no":
        what = {
            "cache-warmup": "growth is a cache filling up and levels off",
            "backlog": "growth is queued work and follows the load",
        }.get(growth.kind, "no process shows lasting growth")
        return f"Memory does not leak: {what} ({len(entities)} processes)."
    return f"Whether memory leaks can't be told yet from {len(entities)} processes."


def _where(entries: Sequence[Growth]) -> str:
    """Say which processes leak, by version where one version's processes do and others don't.

    Processes that weren't watched long enough to be judged aren't counted.
    """
    leaks: dict[str, bool] = {}
    versions: dict[str, str] = {}
    for entry in entries:
        if entry.leak != "unknown":
            leaks[entry.entity] = leaks.get(entry.entity, False) or entry.leak == "yes"
            versions[entry.entity] = entry.version or ""
    groups: dict[str, list[bool]] = {}
    for entity, leak in leaks.items():
        groups.setdefault(versions[entity], []).append(leak)
    bad = {name: found for name, found in groups.items() if any(found)}
    good = {name: found for name, found in groups.items() if not any(found)}
    if "" in groups or not good or len(bad) != 1:
        return f"{sum(leaks.values())} of {len(leaks)} processes"
    (name, found), clean = next(iter(bad.items())), sum(len(x) for x in good.values())
    who = f"{sum(found)} of {len(found)} processes"
    if all(found):
        few = {1: "the one process", 2: "both processes"}
        who = few.get(len(found), f"all {len(found)} processes")
    others = next(iter(good)) if len(good) == 1 else "other versions"
    return f"{who} on {name}, in none of {clean} on {others}"


def _heap_sentence(heap: HeapSummary | None) -> str:
    if heap is None or not heap.files or not heap.files[-1].suspects:
        return ""
    first = heap.files[-1].suspects[0]
    name = show_class(first.class_)
    return f"{first.instances:,} {name} objects hold {first.share:.0%} of the last heap dump."


def _cause_sentence(
    suspect: Suspect | None, attribution: Attribution | None, *, has_leak: bool
) -> str:
    if suspect is None or attribution is None:
        return "No change could be examined as its cause."
    sure = show_probability(suspect.probability)
    if not attribution.is_decided:
        second = attribution.suspects[1]
        return (
            f"The evidence does not decide between {suspect.what} ({sure}) and {second.what} "
            f"({show_probability(second.probability)})."
            + (f" What would decide: {attribution.wanted[0]}." if attribution.wanted else "")
        )
    if suspect.change_id == NONE_ID:
        symptom = attribution.symptom
        if not has_leak and (symptom is None or symptom.kind == BUSIER):
            return "Nothing in the evidence went wrong for users."
        if not attribution.candidates:
            return "There are no known changes before it: its cause is older, or recorded nowhere."
        return f"None of the known changes explains it (probability {sure})."
    verb = "caused it" if has_leak else "caused the trouble"
    if attribution.symptom is not None and attribution.symptom.kind == BUSIER and not has_leak:
        verb = "is what moved memory and alarms; nothing went wrong for users"
    sentence = f"{suspect.what} {verb} (probability {sure})."
    triggers = [s.what for s in attribution.suspects[1:] if s.role in {"trigger", "amplifier"}]
    if triggers:
        sentence += f" {triggers[0]} only brought it on sooner."
    return sentence
