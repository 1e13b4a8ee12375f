"""Which change did it: posterior odds over all changes, and over "none of them".

Posterior odds are prior odds by kind of change times the likelihood ratios of every piece
of evidence (``_arguments.py``), normalised over all candidates. Where memory leaks, the
evidence is who leaked, when, and who was exposed; where it doesn't, it is when the service
first suffered and what traffic and hold times did. Assumptions: ``docs/methods/attribution.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from forensics.analysis._arguments import Scene, argue
from forensics.analysis._candidates import NONE, NONE_ID, PRIOR, Candidate, find_candidates
from forensics.analysis._exposure import Life, explain_lives, seconds
from forensics.analysis._mechanism import find_mechanism_words
from forensics.analysis._symptoms import (
    Symptom,
    find_symptom,
    find_traffic_rise,
    shift_of,
    traffic_of,
)
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.analysis.roles import Result as Roles
from forensics.findings import AnyEntry, Argument, Growth, Suspect

TITLE: Final = "Which change did it"
NEEDS: Final = ("changes", "events", "roles", "memory_growth", "heap_summary?", "logs")

_LEAK_PROBABILITY: Final = {
    ("yes", "high"): 0.97,
    ("yes", "medium"): 0.90,
    ("yes", "low"): 0.75,
    ("no", "high"): 0.03,
    ("no", "medium"): 0.10,
    ("no", "low"): 0.25,
}
#: Two suspects nearer than this in odds are not told apart.
_UNDECIDED: Final = 3.0
#: A life of a few samples is judged by its neighbours alone and tells nothing of its own.
_SHORTEST_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Result:
    """Suspects in the order of probability, and what they were judged by.

    ``has_leak`` says which kind of evidence was used; ``is_decided`` is false where the two
    first suspects are nearer than 3 to 1; ``sensitivity`` says what would turn them round.
    """

    suspects: tuple[Suspect, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    lives: tuple[Life, ...] = ()
    symptom: Symptom | None = None
    has_leak: bool = False
    is_decided: bool = False
    sensitivity: str = ""


def run(  # one argument an input
    *,
    changes: pl.DataFrame,
    events: pl.DataFrame,
    roles: Roles,
    memory_growth: Growths,
    heap_summary: Any,
    logs: pl.LazyFrame,
) -> Result:
    """Weigh every change against every other and against none of them."""
    lives = _lives(memory_growth, _versions(roles, events))
    has_leak = memory_growth.leak == "yes"
    symptom = find_symptom(roles)
    window = _window(roles, lives)
    candidates = _candidates(changes, roles, lives, symptom)
    scene = Scene(
        roles=roles,
        lives=lives,
        window=window,
        symptom=symptom,
        has_leak=has_leak,
        mechanism_words=find_mechanism_words(heap_summary, logs, candidates),
        candidates=candidates,
    )
    everyone = [*candidates, NONE]
    arguments = {c.change_id: argue(c, explain_lives(c, lives, window), scene) for c in everyone}
    probabilities = _posterior(everyone, arguments)
    suspects = sorted(
        (_suspect(c, arguments[c.change_id], probabilities[c.change_id]) for c in everyone),
        key=lambda suspect: (-suspect.probability, suspect.change_id),
    )
    if not lives and symptom is None and roles.points.is_empty():
        return Result(candidates=tuple(candidates), sensitivity="there are no metrics to judge by")
    return Result(
        suspects=tuple(_with_roles(suspects, candidates, scene)),
        candidates=tuple(candidates),
        lives=tuple(lives),
        symptom=symptom,
        has_leak=has_leak,
        is_decided=_odds(suspects) >= _UNDECIDED,
        sensitivity=_sensitivity(suspects),
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return the suspects."""
    return list(result.suspects)


def _versions(roles: Roles, events: pl.DataFrame) -> dict[str, str]:
    """Return the version of each entity that ran only one, from metrics and events."""
    named = pl.concat(
        [roles.points.select("entity", "version"), events.select("entity", "version")]
    ).drop_nulls()
    single = (
        named.group_by("entity")
        .agg(pl.col("version").unique())
        .filter(pl.col("version").list.len() == 1)
    )
    return {entity: versions[0] for entity, versions in single.iter_rows()}


def _lives(memory_growth: Growths, versions: dict[str, str]) -> list[Life]:
    """Return the lifetimes that the growth analysis judged."""
    entries: Sequence[Growth] = growth_findings(memory_growth)
    return [
        Life(
            entity=entry.entity,
            version=entry.version or versions.get(entry.entity),
            start_s=seconds(entry.life_started_at),
            end_s=seconds(entry.life_ended_at),
            leak=_LEAK_PROBABILITY.get((entry.leak, entry.confidence), 0.5),
            onset_s=seconds(entry.onset),
            onset_low_s=seconds(entry.onset_interval[0] if entry.onset_interval else entry.onset),
            onset_high_s=seconds(entry.onset_interval[1] if entry.onset_interval else entry.onset),
            rate_bytes_per_min=entry.rate_bytes_per_min or math.nan,
        )
        for entry in entries
        if entry.life_started_at is not None
        and entry.life_ended_at is not None
        and (entry.life_ended_at - entry.life_started_at).total_seconds() >= _SHORTEST_S
    ]


def _window(roles: Roles, lives: Sequence[Life]) -> tuple[float, float]:
    if not roles.points.is_empty():
        times = roles.points["time"]
        return times.min().timestamp(), times.max().timestamp()  # type: ignore[union-attr]  # datetimes
    if lives:
        return min(life.start_s for life in lives), max(life.end_s for life in lives)
    return 0.0, 3600.0


def _candidates(
    changes: pl.DataFrame, roles: Roles, lives: Sequence[Life], symptom: Symptom | None
) -> list[Candidate]:
    """Return the changes that began before the trouble, and a rise of traffic nobody declared."""
    found = find_candidates(changes)
    rise = find_traffic_rise(roles)
    if rise is not None and not any(
        c.kind == "traffic" and c.time and abs((c.time - rise[0]).total_seconds()) < 900
        for c in found
    ):
        time, shift = rise
        what = f"traffic rose {shift.factor:.2g} times (seen in the metrics, declared nowhere)"
        name = f"traffic-{time:%Y%m%dT%H%M%SZ}"
        found.append(Candidate(name, "traffic", what, time, sources=("metrics",)))
    onsets = [life.onset_low_s for life in lives if life.leak > 0.5 and life.onset_low_s > 0]
    ends = [symptom.time.timestamp()] if symptom else []
    latest = max([*onsets, *ends], default=math.inf)
    return [c for c in found if c.time is not None and c.time.timestamp() <= latest + 60]


def _posterior(
    candidates: Sequence[Candidate], arguments: dict[str, list[Argument]]
) -> dict[str, float]:
    """Return posterior probabilities; several changes of one kind share that kind's prior."""
    counts: dict[str, int] = {}
    for candidate in candidates:
        counts[candidate.kind] = counts.get(candidate.kind, 0) + 1
    scores = {
        c.change_id: math.log(PRIOR.get(c.kind, PRIOR["other"]) / counts[c.kind])
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
            "for": [a for a in arguments if a.weight > 0],
            "against": [a for a in arguments if a.weight < 0],
        }
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
    shift = shift_of(traffic_of(scene.roles), candidate.time)
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
