"""What to do now: roll back, reroute, scale out, restart, raise the pool; with why and risks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from forensics.analysis._candidates import Candidate, runs_version
from forensics.analysis._context import show_probability
from forensics.analysis._decision_words import (
    rollback_risks,
    say_course,
    say_minutes,
    say_open_work,
    say_rollout,
)
from forensics.analysis._symptoms import BUSIER
from forensics.analysis.action_forecast import (
    RAISE_POOL,
    REROUTE,
    RESTART,
    ROLL_BACK,
    SCALE,
)
from forensics.analysis.action_forecast import Result as Forecast
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.analysis.saturation import Result as Saturation
from forensics.analysis.transactions import Result as Transactions
from forensics.config import IncidentConfig
from forensics.findings import AnyEntry, Decision, EvidenceRef, Growth

TITLE: Final = "What to do now"
NEEDS: Final = (
    "attribution",
    "memory_growth",
    "action_forecast?",
    "saturation?",
    "transactions?",
    "events",
    "config",
)

_SURE: Final = 0.8
#: A pool is sized for what is in use on average, and this much more for its swings.
_SPARE: Final = 1.5
_STAYS: Final = re.compile(
    r"(?:backup|standby|secondary|other|partner)[^.;]*\b(?:stay|remain|still|keep)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Result:
    """Decisions in the order they should be read."""

    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What every decision draws on; ``cause`` is ``None`` where none is established."""

    cause: Candidate | None
    probability: float
    leak: str
    growths: Sequence[Growth]
    attribution: Attribution
    forecast: Forecast
    saturation: Saturation | None
    transactions: Transactions | None
    kills: int
    config: IncidentConfig

    @property
    def leaking(self) -> list[Growth]:
        """Lives that leak."""
        return [entry for entry in self.growths if entry.leak == "yes"]

    def lives_on(self, version: str | None) -> list[Growth]:
        """Lives on a version."""
        return [g for g in self.growths if runs_version(g.version, version)]


def run(  # noqa: PLR0913  # one argument an input
    *,
    attribution: Attribution,
    memory_growth: Growths,
    action_forecast: Forecast | None,
    saturation: Saturation | None,
    transactions: Transactions | None,
    events: pl.DataFrame,
    config: IncidentConfig,
) -> Result:
    """Judge each action by what the evidence says it would change."""
    suspect = next((s for s in attribution.suspects if s.role == "cause"), None)
    by_id = {candidate.change_id: candidate for candidate in attribution.candidates}
    facts = _Facts(
        cause=by_id.get(suspect.change_id) if suspect else None,
        probability=suspect.probability if suspect else 0.0,
        leak=memory_growth.leak,
        growths=growth_findings(memory_growth),
        attribution=attribution,
        forecast=action_forecast or Forecast(),
        saturation=saturation,
        transactions=transactions,
        kills=events.filter(pl.col("kind") == "oom_kill").height,
        config=config,
    )
    advice = (
        _rollback(facts),
        *_reroute(facts),
        _scale_out(facts),
        _restart(facts),
        *_raise_pool(facts),
    )
    return Result(tuple(_with_sentences(decision) for decision in advice))


def _with_sentences(decision: Decision) -> Decision:
    """Begin each sentence of a reason with a capital and end the last with one stop."""
    parts = [part.strip().rstrip(".") for part in decision.why.split(". ") if part.strip()]
    why = ". ".join(part[:1].upper() + part[1:] for part in parts)
    return decision.model_copy(update={"why": f"{why}."})


def findings(result: Result) -> list[AnyEntry]:
    """Return the decisions."""
    return list(result.decisions)


def _rollback(facts: _Facts) -> Decision:
    cause = facts.cause
    if cause is None:
        return Decision(
            decision="rollback",
            advice="unknown",
            why="no single change is established as the cause, so it is not known what to undo",
            risks=["a rollback of the wrong change costs time and changes nothing"],
        )
    if cause.kind not in {"deploy", "flag", "config"}:
        return Decision(
            decision="rollback",
            advice="do not",
            why=f"no rollback of software undoes the cause, {cause.what}",
            evidence=_refs(cause),
        )
    is_clean, control, clean = _control(facts, cause)
    sure = show_probability(facts.probability)
    does = "; turn it off" if cause.kind == "flag" else ""
    why = [
        f"{cause.what} is the cause with a probability of {sure}{control}{does}",
        say_rollout(facts.forecast)
        if cause.kind == "deploy"
        else "It helps at once; what is lost already stays until processes are restarted",
        say_course(ROLL_BACK, "After it", facts.forecast),
    ]
    symptom = facts.attribution.symptom
    return Decision(
        decision="rollback",
        advice="do" if facts.probability >= _SURE and is_clean else "unknown",
        why=". ".join(filter(None, why)),
        risks=list(
            rollback_risks(
                cause,
                facts.transactions,
                has_pool_trouble=symptom is not None and "pool" in symptom.kind,
            )
        ),
        evidence=[*_refs(cause), *[ref for g in clean[:2] for ref in g.evidence[:1]]],
    )


def _control(facts: _Facts, cause: Candidate) -> tuple[bool, str, list[Growth]]:
    """Say whether what would be restored is clean, by the processes that ran it."""
    if cause.kind != "deploy":
        return True, "", []
    before = [g for g in facts.lives_on(cause.from_version) if g.leak != "unknown"]
    clean = [g for g in before if g.leak == "no"]
    if not before:
        return True, "; no process of the version before is in the evidence to compare with", []
    is_clean = len(clean) >= _SURE * len(before)
    said = f"{len(clean)} of {len(before)} process lifetimes on {cause.from_version} do not leak"
    return is_clean, f", and {said}", clean


def _reroute(facts: _Facts) -> Iterator[Decision]:
    if not facts.leaking:
        return
    cause, standby = facts.cause, facts.config.standby
    runs_cause = cause is not None and runs_version(standby.version, cause.to_version)
    stays = cause is not None and bool(_STAYS.search(cause.details))
    runs_before = cause is not None and runs_version(standby.version, cause.from_version)
    where = standby.name or "the other region"
    lasts = ""
    course = facts.forecast.course(REROUTE)
    service = facts.forecast.service
    if course is not None and service is not None:
        count = round(course.action.process_factor * service.processes)
        met = say_minutes(course.limit_min) if math.isfinite(course.limit_min) else ""
        lasts = (
            f"with the code that leaks, {count} fresh processes there that took all this traffic "
            + (f"would meet their limit after {met}" if met else "would not meet their limit soon")
        )
    if stays or runs_before:
        knows = "the notes of the change say" if stays else "incident.yaml says"
        why = f"{knows} that {where} stays on the version before, which does not leak"
    elif runs_cause:
        why = f"{where} runs the same version, which leaks the same way"
    else:
        why = "whether it helps depends on the version there, which is not in the evidence"
    risks = [] if standby.processes else [f"the capacity of {where} is not in the evidence"]
    yield Decision(
        decision="reroute",
        advice="do" if stays or runs_before else "do not" if runs_cause else "unknown",
        why=". ".join(filter(None, [why, lasts])),
        risks=[
            *risks,
            "writes in two regions: confirm that replication has caught up and one side writes",
        ],
        evidence=_refs(cause) if cause else [],
    )


def _scale_out(facts: _Facts) -> Decision:
    evidence = [EvidenceRef(path="metrics", query="requests")]
    played = say_course(SCALE, "With twice the processes", facts.forecast)
    if facts.leaking:
        return Decision(
            decision="scale",
            advice="do not",
            why=f"more processes of the same version leak as well; they only buy time. {played}",
            risks=["processes times their pool size may pass the database's connection limit"],
            evidence=evidence,
        )
    first = facts.attribution.suspects[0] if facts.attribution.suspects else None
    symptom = facts.attribution.symptom
    if symptom is not None and symptom.kind == BUSIER:
        return Decision(
            decision="scale",
            advice="unknown",
            why="the load has risen and nothing went wrong for users, so capacity sufficed so far. "
            f"{played}",
            evidence=evidence,
        )
    if first and first.kind == "traffic" and first.role == "cause":
        return Decision(
            decision="scale",
            advice="do",
            why=f"the trouble follows the load, and nothing leaks: more capacity relieves it. "
            f"{played}",
            risks=["the database must bear the added connections"],
            evidence=evidence,
        )
    return Decision(
        decision="scale",
        advice="unknown",
        why=f"nothing in the evidence shows that capacity is what is missing. {played}",
        evidence=evidence,
    )


def _restart(facts: _Facts) -> Decision:
    leaking = facts.leaking
    if not leaking and facts.leak == "unknown":
        return Decision(
            decision="restart",
            advice="unknown",
            why="whether memory leaks is not known, so neither is what a restart would free",
            risks=["take a heap dump of one process first: a restart destroys the evidence in it"],
        )
    if not leaking:
        return Decision(
            decision="restart",
            advice="do not",
            why="no process leaks, so a restart frees nothing that stays free",
        )
    killed = f"; the {facts.kills} out-of-memory kills were restarts already" if facts.kills else ""
    return Decision(
        decision="restart",
        advice="unknown",
        why=f"a restart frees what has leaked and cures nothing{killed}. "
        + say_course(RESTART, "Restarted one after the other", facts.forecast),
        risks=[
            "take a heap dump of one process first: a restart destroys the evidence in it",
            say_open_work(facts.transactions),
        ],
        evidence=[ref for g in leaking[:2] for ref in g.evidence[:1]],
    )


def _raise_pool(facts: _Facts) -> Iterator[Decision]:
    symptom = facts.attribution.symptom
    if symptom is None or "pool" not in symptom.kind:
        return
    played = say_course(RAISE_POOL, "With twice the pool", facts.forecast)
    pools = [p for p in facts.saturation.pools if p.is_saturated] if facts.saturation else []
    held = [p.arrivals_full * p.hold_s_full for p in pools if p.arrivals_full and p.hold_s_full]
    if facts.attribution.has_leak:
        why = "connections that are never given back fill a larger pool as well, only later"
    elif pools and held and pools[0].driver == "demand":
        need = max(p.arrivals_full * (p.hold_s_before or 0.0) for p in pools if p.arrivals_full)
        why = (
            f"by Little's law this traffic keeps about {need:.0f} connections of a pool busy, so "
            f"{_SPARE * need:.0f} would leave room for its swings, if the database can serve them"
        )
    else:
        why = (
            "a larger pool helps only if the database can serve more at once; what made each "
            "request hold its connection for longer is to be mended first"
        )
    yield Decision(
        decision="raise the pool",
        advice="do not" if facts.attribution.has_leak else "unknown",
        why=". ".join(filter(None, [why, played])),
        risks=["the database's own connection limit"],
        evidence=[EvidenceRef(path="metrics", query=role) for role in symptom.roles],
    )


def _refs(candidate: Candidate) -> list[EvidenceRef]:
    return [EvidenceRef(path=source, query=candidate.what) for source in candidate.sources[:3]]
