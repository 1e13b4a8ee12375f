"""Which change did it: posterior odds over all changes, and over "none of them".

Posterior odds are prior odds by kind of change times the likelihood ratios of every piece
of evidence (``_arguments.py``, ``_symptom_arguments.py``), normalised over all candidates.
Where memory leaks, the evidence is who leaked, when, and who was exposed; where it doesn't,
it is when the service first suffered and what traffic and hold times did. Both readings are
weighed by the probability that memory leaks. Assumptions: ``docs/methods/attribution.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from forensics.analysis._arguments import LEAK_RULES, Rule, Scene, argue
from forensics.analysis._candidates import (
    LEAK_PRIOR,
    NONE,
    NONE_ID,
    SYMPTOM_PRIOR,
    Candidate,
)
from forensics.analysis._exposure import Panel, explain_lives, latest_onset_s
from forensics.analysis._known_changes import find_known_changes
from forensics.analysis._lives import Life, collect_lives, find_versions, leak_probability
from forensics.analysis._log_symptom import find_log_symptom
from forensics.analysis._mechanism import find_mechanism_words
from forensics.analysis._symptom_arguments import SYMPTOM_RULES
from forensics.analysis._symptoms import (
    Symptom,
    find_symptom,
    traffic_shift,
)
from forensics.analysis._wanted import find_wanted
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.roles import Result as Roles
from forensics.findings import AnyEntry, Argument, EvidenceRef, Suspect

TITLE: Final = "Which change did it"
NEEDS: Final = ("changes", "events", "roles", "memory_growth", "heap_summary?", "logs")

#: Two suspects nearer than this in odds are not told apart.
_UNDECIDED: Final = 3.0
#: What the incident is not understood well enough for: mixed into every posterior.
_IGNORANCE: Final = 0.01

Reading = tuple[Mapping[str, list[Argument]], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Result:
    """Suspects in the order of probability, and what they were judged by.

    ``leak_probability`` is the weight of the reading that memory leaks; ``has_leak`` says
    whether it is the likelier one, whose arguments are shown. ``is_decided`` is false where
    the two first suspects are nearer than 3 to 1; ``sensitivity`` says what would turn them
    round, ``wanted`` what evidence would decide between them. ``scene`` can be weighed again
    with other evidence left out.
    """

    suspects: tuple[Suspect, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    lives: tuple[Life, ...] = ()
    symptom: Symptom | None = None
    scene: Scene | None = None
    has_leak: bool = False
    leak_probability: float = 0.0
    is_decided: bool = False
    sensitivity: str = ""
    wanted: tuple[str, ...] = ()


def run(
    *,
    changes: pl.DataFrame,
    events: pl.DataFrame,
    roles: Roles,
    memory_growth: Growths,
    heap_summary: Any,
    logs: pl.LazyFrame,
) -> Result:
    """Weigh every change against every other and against none of them."""
    lives = collect_lives(memory_growth, find_versions(roles, events))
    symptom = find_symptom(roles, events) or find_log_symptom(logs)
    known = find_known_changes(changes, roles, lives, symptom)
    if not lives and symptom is None and roles.points.is_empty():
        return Result(candidates=tuple(known), sensitivity="neither metrics nor logs show trouble")
    candidates = _candidates(known, lives, symptom)
    scene = Scene(
        roles=roles,
        panel=Panel(lives, known, _window(roles, lives)),
        symptom=symptom,
        candidates=candidates,
        mechanism_words=find_mechanism_words(heap_summary, logs, candidates),
    )
    return weigh(scene, _leak_probability(memory_growth, lives))


def weigh(scene: Scene, p_leak: float, *, without: frozenset[str] = frozenset()) -> Result:
    """Rank the candidates of a scene.

    Parameters
    ----------
    scene
        What is known.
    p_leak
        Probability that memory leaks.
    without
        Kinds of evidence to leave out: keys of ``LEAK_RULES`` and ``SYMPTOM_RULES``.
    """
    leak = _read(scene, LEAK_RULES, LEAK_PRIOR, without)
    trouble = _read(scene, SYMPTOM_RULES, SYMPTOM_PRIOR, without)
    arguments = leak[0] if p_leak >= 0.5 else trouble[0]
    suspects = sorted(
        (
            _suspect(c, arguments[c.change_id], _mix(c.change_id, leak, trouble, p_leak))
            for c in [*scene.candidates, NONE]
        ),
        key=lambda suspect: (-suspect.probability, suspect.change_id),
    )
    return Result(
        suspects=tuple(_with_roles(suspects, scene.candidates, scene)),
        candidates=tuple(scene.candidates),
        lives=tuple(scene.lives),
        symptom=scene.symptom,
        scene=scene,
        has_leak=p_leak >= 0.5,
        leak_probability=p_leak,
        is_decided=_odds(suspects) >= _UNDECIDED,
        sensitivity=_sensitivity(suspects),
        wanted=() if _odds(suspects) >= _UNDECIDED else find_wanted(suspects[:2], scene),
    )


def _leak_probability(growths: Growths, lives: Sequence[Life]) -> float:
    """Weigh the growth analysis's verdict with what all processes of a version say together."""
    together = leak_probability(lives)
    return min(together, 0.05) if growths.leak == "no" else together


def _read(
    scene: Scene,
    rules: Mapping[str, Rule],
    priors: Mapping[str, float],
    without: frozenset[str],
) -> Reading:
    """Return arguments and posterior of every candidate under one reading of the incident."""
    used = {name: rule for name, rule in rules.items() if name not in without}
    everyone = [*scene.candidates, NONE]
    arguments = {
        c.change_id: argue(c, explain_lives(c, scene.panel), scene, rules=used) for c in everyone
    }
    return arguments, _posterior(everyone, arguments, priors)


def _mix(change_id: str, leak: Reading, trouble: Reading, p_leak: float) -> float:
    """Return the probability over both readings, with a little ignorance mixed in.

    A candidate that is alone isn't certain either: it may be something nobody thought of.
    """
    certain = p_leak * leak[1][change_id] + (1.0 - p_leak) * trouble[1][change_id]
    mixed = (1.0 - _IGNORANCE) * certain + _IGNORANCE / len(leak[1])
    return min(mixed, 1.0 - _IGNORANCE)


def findings(result: Result) -> list[AnyEntry]:
    """Return the suspects."""
    return list(result.suspects)


def _window(roles: Roles, lives: Sequence[Life]) -> tuple[float, float]:
    if not roles.points.is_empty():
        times = roles.points["time"]
        return times.min().timestamp(), times.max().timestamp()  # type: ignore[union-attr]  # datetimes
    if lives:
        return min(life.start_s for life in lives), max(life.end_s for life in lives)
    return 0.0, 3600.0


def _candidates(
    changes: Sequence[Candidate], lives: Sequence[Life], symptom: Symptom | None
) -> list[Candidate]:
    """Return the changes that began before the trouble.

    What grows from its start may be starting up: for it, trouble begins once it is young no more.
    """
    onsets = [latest_onset_s(x) for x in lives if x.leak > 0.5 and math.isfinite(x.onset_high_s)]
    ends = [symptom.time.timestamp()] if symptom else []
    latest = max([*onsets, *ends], default=math.inf)
    return [c for c in changes if c.time is not None and c.time.timestamp() <= latest + 60]


def _posterior(
    candidates: Sequence[Candidate],
    arguments: Mapping[str, list[Argument]],
    priors: Mapping[str, float],
) -> dict[str, float]:
    """Return posterior probabilities; several changes of one kind share that kind's prior."""
    counts: dict[str, int] = {}
    for candidate in candidates:
        counts[candidate.kind] = counts.get(candidate.kind, 0) + 1
    scores = {
        c.change_id: math.log(priors.get(c.kind, priors["other"]) / counts[c.kind])
        + sum(argument.weight for argument in arguments[c.change_id])
        for c in candidates
    }
    top = max(scores.values())
    raw = {name: math.exp(score - top) for name, score in scores.items()}
    total = sum(raw.values())
    return {name: value / total for name, value in raw.items()}


def _suspect(candidate: Candidate, arguments: Sequence[Argument], probability: float) -> Suspect:
    return Suspect.model_validate(
        {
            "change_id": candidate.change_id,
            "kind": candidate.kind,
            "what": candidate.what,
            "time": candidate.time,
            "probability": round(probability, 4),
            "for": [a for a in arguments if a.weight > 0] or [_nothing(candidate, "for")],
            "against": [a for a in arguments if a.weight < 0] or [_nothing(candidate, "against")],
        }
    )


def _nothing(candidate: Candidate, side: str) -> Argument:
    """Say that a side is empty: it was looked at, and nothing was found."""
    text = f"nothing in the evidence speaks {side} it"
    if candidate.change_id == NONE_ID:
        text = (
            "it is what the others are measured against: trouble at any time, in any process"
            if side == "for"
            else "it has no time and no processes of its own to be contradicted by"
        )
    return Argument(
        text=text,
        weight=0.0,
        evidence=[EvidenceRef(path=source) for source in candidate.sources[:1] or ("changes",)],
    )


def _with_roles(
    suspects: Sequence[Suspect], candidates: Sequence[Candidate], scene: Scene
) -> list[Suspect]:
    """Name cause, trigger, amplifier and innocent.

    A rise of traffic that came after the onset of a leak with another cause made it worse
    (amplifier), or brought the trouble on where the symptom followed it at once (trigger).
    """
    by_id = {candidate.change_id: candidate for candidate in candidates}
    decided = _odds(suspects) >= _UNDECIDED
    named = []
    for rank, suspect in enumerate(suspects):
        role = "unknown"
        if rank == 0 and decided and suspect.change_id != NONE_ID:
            role = "cause"
        elif suspect.kind == "traffic" and rank > 0:
            role = _traffic_role(by_id[suspect.change_id], scene)
        elif suspect.probability < 0.05:
            role = "innocent"
        named.append(suspect.model_copy(update={"role": role}))
    return named


def _traffic_role(candidate: Candidate, scene: Scene) -> str:
    if candidate.time is None:
        return "unknown"
    shift = traffic_shift(scene.roles, candidate.time)
    if not shift.factor >= 1.5:
        return "innocent"
    if scene.symptom is None:
        return "innocent"
    gap_s = (scene.symptom.time - candidate.time).total_seconds()
    return "trigger" if 0 <= gap_s <= 900 else "amplifier"


def _odds(suspects: Sequence[Suspect]) -> float:
    if len(suspects) < 2:
        return math.inf
    return suspects[0].probability / max(suspects[1].probability, 1e-9)


def _sensitivity(suspects: Sequence[Suspect]) -> str:
    """Say what would have to be wrong for the second suspect to be first."""
    if len(suspects) < 2 or not suspects[0].for_:
        return ""
    first, second = suspects[0], suspects[1]
    gap = math.log(max(first.probability, 1e-9) / max(second.probability, 1e-9))
    ordered = sorted(first.for_, key=lambda argument: -argument.weight)
    removed: list[str] = []
    for argument in ordered:
        if gap <= 0:
            break
        gap -= argument.weight
        removed.append(f"'{argument.text}'")
    if gap > 0:
        return (
            f"{second.what} would stay behind {first.what} even if every argument for the first "
            "were wrong"
        )
    return f"{second.what} would be first if these did not hold: {' and '.join(removed)}"
