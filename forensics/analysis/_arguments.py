"""Evidence for and against a candidate, item by item, each with its weight and source.

A weight is the natural logarithm of a likelihood ratio. Weights are capped, since no
single kind of evidence from one incident deserves more trust than about 100 to 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from forensics.analysis._candidates import NONE_ID, Candidate
from forensics.analysis._exposure import Explained, Life, exposed_from
from forensics.analysis._identities import format_seconds
from forensics.analysis._statements import split_words
from forensics.analysis._symptoms import (
    Symptom,
    hold_time_shift,
    shift_of,
    traffic_of,
)
from forensics.analysis.roles import Result as Roles
from forensics.findings import Argument, EvidenceRef

_CAP: Final = 4.6  # ln 100
_DELAY_S: Final = 180.0
_LEVEL_SHIFT: Final = 1.5

#: Words of platforms and data structures: they stand in every heap and tell of no change.
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """java javax jdk sun com org net io impl util utils concurrent lang base core common api app
        map hash linked list array object objects string strings byte bytes char integer long
        double number boolean table entry node value values key keys next prev head tail item
        element elements data class classes thread threads local static root pool factory manager
        service server client handler context config default abstract simple internal function new
        the and for with from into was has are not its this that feature release version change
        deploy deployment rollout rolled update updated request requests response real time
        heap memory collection queue set queued holder reference weak soft phantom""",
    )
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything arguments draw on."""

    roles: Roles
    lives: Sequence[Life]
    window: tuple[float, float]
    symptom: Symptom | None
    has_leak: bool
    mechanism_words: dict[str, EvidenceRef] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()


Rule = Callable[[Candidate, Explained, Scene], Iterator[Argument]]


def argue(candidate: Candidate, explained: Explained, scene: Scene) -> list[Argument]:
    """Return every argument for (positive weight) and against (negative) a candidate."""
    rules = LEAK_RULES if scene.has_leak else SYMPTOM_RULES
    return [
        argument.model_copy(update={"weight": max(-_CAP, min(_CAP, argument.weight))})
        for rule in rules
        for argument in rule(candidate, explained, scene)
        if math.isfinite(argument.weight) and abs(argument.weight) >= 0.05
    ]


def _refs(candidate: Candidate) -> list[EvidenceRef]:
    return [EvidenceRef(path=source, query=candidate.what) for source in candidate.sources[:3]]


def _growth_refs(scene: Scene) -> list[EvidenceRef]:
    names = sorted({life.entity for life in scene.lives})[:3]
    return [EvidenceRef(path="metrics", query=f"memory of {name}") for name in names]


def _timing(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    if candidate.change_id == NONE_ID or not explained.exposed_leaking:
        return
    gap = explained.gap_s
    if math.isnan(gap):
        return
    side = "after" if gap >= 0 else "before"
    text = (
        f"the typical onset of growth lies {format_seconds(abs(gap))} {side} the process was first "
        "exposed to it"
    )
    yield Argument(
        text=text, weight=explained.timing, evidence=[*_refs(candidate), *_growth_refs(scene)]
    )


def _exposure(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    if candidate.change_id == NONE_ID:
        return
    if explained.exposed_lives:
        yield Argument(
            text=f"{explained.exposed_leaking} of {explained.exposed_lives} exposed process "
            "lifetimes leak",
            weight=explained.exposed,
            evidence=_growth_refs(scene),
        )
    if explained.unexposed_lives:
        yield Argument(
            text=f"{explained.unexposed_leaking} of {explained.unexposed_lives} process lifetimes "
            "that were not exposed to it leak",
            weight=explained.unexposed,
            evidence=_growth_refs(scene),
        )
    if not explained.exposed_lives:
        yield Argument(
            text="no process in the evidence was exposed to it",
            weight=-2.0,
            evidence=_refs(candidate),
        )


def _older(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Count lifetimes that leak from the first sample, before anything changed."""
    del explained
    if candidate.change_id != NONE_ID:
        return
    first = scene.window[0]
    early = [life for life in scene.lives if life.start_s <= first + 60 and life.leak > 0.5]
    grown = [
        life
        for life in early
        if math.isnan(life.onset_s) or life.onset_high_s < _first_change_s(scene, life)
    ]
    if grown:
        yield Argument(
            text=f"{len(grown)} process lifetimes grew from the start of the evidence, before any "
            "known change reached them",
            weight=min(_CAP, 1.5 * len(grown)),
            evidence=_growth_refs(scene),
        )


def _first_change_s(scene: Scene, life: Life) -> float:
    exposures = (exposed_from(c, life) for c in scene.candidates)
    return min((e for e in exposures if e is not None), default=scene.window[1])


def _words_of(candidate: Candidate) -> set[str]:
    words = re.findall(r"[a-z]{4,}", split_words(candidate.text))
    return {_stem(word) for word in words} - _COMMON


def _stem(word: str) -> str:
    for ending in ("ing", "ion", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _mechanism(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Words of the change that name what the heap holds or what new messages speak of."""
    del explained
    if candidate.change_id == NONE_ID or not scene.mechanism_words:
        return
    others: set[str] = set()
    for other in scene.candidates:
        if other.change_id != candidate.change_id:
            others |= _words_of(other)
    seen = {_stem(word): ref for word, ref in scene.mechanism_words.items()}
    shared = sorted(word for word in _words_of(candidate) if word in seen and word not in others)
    if shared:
        yield Argument(
            text="what it changed is named by what accumulates or newly fails: "
            + ", ".join(shared),
            weight=min(2.5, 0.9 * len(shared)),
            evidence=[seen[word] for word in shared[:4]],
        )


def _symptom_timing(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.time is None or scene.symptom is None:
        return
    length = max(scene.window[1] - scene.window[0], 60.0)
    gap = scene.symptom.time.timestamp() - candidate.time.timestamp()
    if gap < -60:
        density = 0.02 / length
    else:
        density = 0.98 / _DELAY_S * math.exp(-max(gap, 0.0) / _DELAY_S) + 0.02 / length
    side = "after" if gap >= 0 else "before"
    yield Argument(
        text=f"{scene.symptom.why}, first {format_seconds(abs(gap))} {side} it",
        weight=math.log(density * length),
        evidence=[
            *_refs(candidate),
            *(EvidenceRef(path="metrics", query=r) for r in scene.symptom.roles),
        ],
    )


def _traffic(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.kind != "traffic" or candidate.time is None:
        return
    shift = shift_of(traffic_of(scene.roles), candidate.time)
    if math.isnan(shift.factor):
        return
    rose = shift.factor >= _LEVEL_SHIFT
    yield Argument(
        text=f"requests went from {shift.before:,.3g}/s to {shift.after:,.3g}/s around it",
        weight=1.5 if rose else -2.0,
        evidence=[EvidenceRef(path="metrics", query="requests")],
    )


def _slower_work(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh how long a request holds its connection: slower work raises it, traffic doesn't."""
    del explained
    if scene.symptom is None or candidate.change_id == NONE_ID:
        return
    hold = hold_time_shift(scene.roles, scene.symptom.time)
    rate = shift_of(traffic_of(scene.roles), scene.symptom.time)
    if math.isnan(hold.factor) or math.isnan(rate.factor):
        return
    is_slower, is_busier = hold.factor >= 2.0, rate.factor >= _LEVEL_SHIFT
    text = (
        f"a request holds its connection {hold.factor:.2g} times as long as before the trouble, "
        f"with {rate.factor:.2g} times the requests"
    )
    weight = 0.0
    if candidate.kind == "traffic":
        weight = 0.7 if is_busier else -2.0
    elif is_slower and not is_busier:
        weight = 1.0
    elif is_busier and not is_slower:
        weight = -1.0
    refs = [EvidenceRef(path="metrics", query=role) for role in ("pool_active", "requests")]
    yield Argument(text=text, weight=weight, evidence=refs)


def _healthy(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.change_id == NONE_ID and scene.symptom is None:
        yield Argument(
            text="neither a leak nor errors, a full pool or slow answers are in the evidence",
            weight=4.0,
            evidence=[EvidenceRef(path="metrics")],
        )


LEAK_RULES: Final[tuple[Rule, ...]] = (_timing, _exposure, _older, _mechanism)
SYMPTOM_RULES: Final[tuple[Rule, ...]] = (
    _symptom_timing,
    _traffic,
    _slower_work,
    _mechanism,
    _healthy,
)
