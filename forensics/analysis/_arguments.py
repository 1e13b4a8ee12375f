"""Evidence for and against a candidate, item by item, each with its weight and source.

A weight is the natural logarithm of a likelihood ratio. Weights are capped, since no
single kind of evidence from one incident deserves more trust than about 100 to 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from forensics.analysis._candidates import NONE_ID, Candidate
from forensics.analysis._context import show_bytes
from forensics.analysis._declared import format_seconds
from forensics.analysis._exposure import Explained, Panel, exposed_from
from forensics.analysis._lives import Life
from forensics.analysis._reversal import compare_doses, find_reversal, growth_after
from forensics.analysis._statements import split_words
from forensics.analysis._symptoms import Symptom, traffic_of
from forensics.analysis.roles import Result as Roles
from forensics.findings import Argument, EvidenceRef

_CAP: Final = 4.6  # ln 100
#: Each piece is weighed with caution, all of them together with too much: the first suspect was
#: right more often than said. One factor for all makes said and right agree (a temperature below
#: one: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2).
_SURER: Final = 1.35
#: Weight of one process that leaked before any change, counted three times at most.
_OLDER: Final = 1.2
#: Growth that begins within so many usual delays of a change is called soon.
_SOON: Final = 3.0

#: Words of platforms and data structures: they stand in every heap and tell of no change.
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """java javax jdk sun com org net io impl util utils concurrent lang base core common api
        app map hash linked list array object objects string strings byte bytes char integer long
        double number boolean table entry node value values key keys next prev head tail item
        element elements data class classes thread threads local static root pool factory manager
        service server client handler context config default abstract simple internal function new
        the and for with from into was has are not its this that feature release version change
        deploy deployment rollout rolled update updated request requests response real time
        during while after before when then than over under with without again still also more
        heap memory collection queue set queued holder reference weak soft phantom""",
    )
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything arguments draw on; ``candidates`` are those that began before the trouble."""

    roles: Roles
    panel: Panel
    symptom: Symptom | None
    candidates: Sequence[Candidate] = ()
    mechanism_words: dict[str, EvidenceRef] = field(default_factory=dict)

    @property
    def lives(self) -> Sequence[Life]:
        """All process lifetimes."""
        return self.panel.lives


Rule = Callable[[Candidate, Explained, Scene], Iterator[Argument]]


def argue(
    candidate: Candidate, explained: Explained, scene: Scene, *, rules: Mapping[str, Rule]
) -> list[Argument]:
    """Return every argument for (positive weight) and against (negative) a candidate."""
    return [
        argument.model_copy(update={"weight": max(-_CAP, min(_CAP, _SURER * argument.weight))})
        for rule in rules.values()
        for argument in rule(candidate, explained, scene)
        if math.isfinite(argument.weight) and abs(argument.weight) >= 0.05
    ]


def change_refs(candidate: Candidate) -> list[EvidenceRef]:
    """Point at the records of a change."""
    return [EvidenceRef(path=source, query=candidate.what) for source in candidate.sources[:3]]


def _growth_refs(scene: Scene) -> list[EvidenceRef]:
    names = sorted({life.entity for life in scene.lives})[:3]
    return [EvidenceRef(path="metrics", query=f"memory of {name}") for name in names]


def _timing(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    if candidate.change_id == NONE_ID or not explained.exposed_leaking:
        return
    yield Argument(
        text=_say_onsets(explained.gaps_s, scene.panel.delay_s),
        weight=explained.timing,
        evidence=[*change_refs(candidate), *_growth_refs(scene)],
    )


def _say_onsets(gaps_s: Sequence[float], delay_s: float) -> str:
    """Say in how many leaking lifetimes growth began before, soon after and long after exposure."""
    soon_s = _SOON * delay_s
    counts = (
        (
            sum(-delay_s <= gap <= soon_s for gap in gaps_s),
            f"within {format_seconds(soon_s)} of it",
        ),
        (sum(gap < -delay_s for gap in gaps_s), "before it"),
        (sum(gap > soon_s for gap in gaps_s), "later"),
    )
    said = ", ".join(f"{count} {when}" for count, when in counts if count)
    return f"of {len(gaps_s)} exposed process lifetimes that leak, growth began in {said}"


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
            evidence=change_refs(candidate),
        )


def _older(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Count lifetimes that leak from the first sample, before anything changed."""
    del explained
    if candidate.change_id != NONE_ID:
        return
    panel = scene.panel
    early = [life for life in panel.lives if life.start_s <= panel.window[0] + 2 * panel.delay_s]
    grown = [
        life
        for life in early
        if life.leak > 0.5
        and (math.isnan(life.onset_s) or life.onset_high_s < _first_change_s(scene, life))
    ]
    if grown:
        yield Argument(
            text=f"{len(grown)} of {len(early)} process lifetimes that the evidence begins with "
            "grew before any known change reached them",
            weight=_OLDER * min(len(grown), 3) * len(grown) / len(early),
            evidence=_growth_refs(scene),
        )


def _first_change_s(scene: Scene, life: Life) -> float:
    exposures = (exposed_from(c, life, scene.panel.changes) for c in scene.panel.changes)
    return min((at for at, how in exposures if how), default=scene.panel.window[1])


def _reversal(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh what growth did once the change was taken back."""
    del explained
    undone = find_reversal(candidate, scene.panel.changes)
    if undone is None or undone.time is None or candidate.kind == "traffic":
        return
    share = growth_after(candidate, undone, scene.panel)
    if math.isnan(share):
        return
    # The exposure argument has already counted the processes of a version rolled back to.
    size = 1.0 if candidate.kind == "deploy" else 2.0
    text = f"after it was taken back ({undone.what}) memory grew at {share:.0%} of the pace before"
    yield Argument(
        text=text,
        weight=size if share < 0.3 else -size if share > 0.7 else 0.0,
        evidence=[*change_refs(undone), *_growth_refs(scene)],
    )


def _dose(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh growth per request: traffic that only multiplies it is no cause."""
    del explained
    if candidate.kind != "traffic" or candidate.time is None:
        return
    doses = compare_doses(candidate.time, traffic_of(scene.roles), scene.panel)
    if math.isnan(doses.factor):
        return
    text = (
        f"a request left {show_bytes(doses.before)} behind before it and "
        f"{show_bytes(doses.after)} after it"
    )
    weight = -1.5 if 0.4 <= doses.factor <= 2.5 else 0.7 if doses.factor > 4.0 else 0.0
    refs = [EvidenceRef(path="metrics", query="requests"), *_growth_refs(scene)]
    yield Argument(text=text, weight=weight, evidence=refs)


def _words_of(candidate: Candidate) -> set[str]:
    words = re.findall(r"[a-z]{4,}", split_words(candidate.text))
    return {_stem(word) for word in words} - _COMMON


def _stem(word: str) -> str:
    for ending in ("ing", "ion", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def weigh_mechanism(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
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


#: What is asked where memory leaks, by the name that the ablation table uses.
LEAK_RULES: Final[dict[str, Rule]] = {
    "timing": _timing,
    "exposure": _exposure,
    "older": _older,
    "reversal": _reversal,
    "dose": _dose,
    "mechanism": weigh_mechanism,
}
