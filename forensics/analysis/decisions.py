"""What to do now: roll back, reroute, scale out, restart, raise the pool; with why and risks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from forensics.analysis._candidates import Candidate, runs_version
from forensics.analysis._symptoms import traffic_of
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.analysis.roles import Result as Roles
from forensics.findings import AnyEntry, Decision, EvidenceRef, Growth

TITLE: Final = "What to do now"
NEEDS: Final = ("attribution", "memory_growth", "roles", "events", "changes", "config")

_SCHEMA: Final = re.compile(
    r"\b(?:migration|schema|column|ddl|alter table|flyway|liquibase)\b", re.IGNORECASE
)
_SAFE_SCHEMA: Final = re.compile(
    r"\b(?:nullable|additive|backward[- ]compatible|ignores? it)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Result:
    """Decisions in the order they should be read."""

    decisions: tuple[Decision, ...] = ()


def run(  # one argument an input
    *,
    attribution: Attribution,
    memory_growth: Growths,
    roles: Roles,
    events: pl.DataFrame,
    changes: pl.DataFrame,
    config: object,
) -> Result:
    """Judge each action by what the evidence says it would change."""
    del config, changes
    growths = growth_findings(memory_growth)
    cause = next((s for s in attribution.suspects if s.role == "cause"), None)
    candidate = next(
        (c for c in attribution.candidates if cause and c.change_id == cause.change_id), None
    )
    probability = cause.probability if cause else 0.0
    advice = (
        _rollback(candidate, probability, growths, attribution),
        *_reroute(candidate, growths),
        _scale_out(attribution, growths, roles),
        _restart(growths, events),
        *_raise_pool(attribution, roles),
    )
    return Result(tuple(_as_sentence(decision) for decision in advice))


def _as_sentence(decision: Decision) -> Decision:
    why = decision.why[:1].upper() + decision.why[1:]
    return decision.model_copy(update={"why": why if why.endswith(".") else f"{why}."})


def findings(result: Result) -> list[AnyEntry]:
    """Return the decisions."""
    return list(result.decisions)


def _leaking(growths: list[Growth]) -> list[Growth]:
    return [entry for entry in growths if entry.leak == "yes"]


def _rollback(
    cause: Candidate | None,
    probability: float,
    growths: list[Growth],
    attribution: Attribution,
) -> Decision:
    if cause is None:
        return Decision(
            decision="rollback",
            advice="unknown",
            why="no single change is established as the cause, so there is nothing known to undo",
            risks=["a rollback without a cause costs time and may change nothing"],
        )
    if cause.kind not in {"deploy", "flag", "config"}:
        return Decision(
            decision="rollback",
            advice="do not",
            why=f"the cause is {cause.what}, which a rollback of software does not undo",
            evidence=_refs(cause),
        )
    before = [g for g in growths if runs_version(g.version, cause.from_version)]
    clean = [g for g in before if g.leak == "no"]
    word = "turn the flag off" if cause.kind == "flag" else "roll back"
    control = (
        f"{len(clean)} of {len(before)} process lifetimes on {cause.from_version} do not leak"
        if before
        else "the evidence has no lifetimes on the previous version to compare with"
    )
    is_clean = not before or len(clean) >= 0.8 * len(before)
    sure = probability >= 0.8 and is_clean
    return Decision(
        decision="rollback",
        advice="do" if sure else "unknown",
        why=f"{word} {cause.what}: it is the cause with probability {probability:.0%}, and "
        f"{control}. It helps a process from the moment it is replaced; what is already lost "
        "stays until then",
        risks=list(_rollback_risks(cause, attribution)),
        evidence=[*_refs(cause), *[ref for g in clean[:2] for ref in g.evidence[:1]]],
    )


def _rollback_risks(cause: Candidate, attribution: Attribution) -> Iterator[str]:
    yield (
        "requests in flight while processes are replaced: drain them, and reconcile every "
        "operation that was captured without a final state"
    )
    if _SCHEMA.search(cause.text):
        safe = _SAFE_SCHEMA.search(cause.text)
        yield (
            "the change mentions a schema or migration"
            + (
                " and calls it compatible: "
                if safe
                else "; check that the old version can read it: "
            )
            + "confirm on one process first"
        )
    else:
        yield "compatibility of the old version with the schema: the notes do not speak of it"
    if attribution.symptom is not None and "pool" in attribution.symptom.kind:
        yield (
            "connections held by killed processes stay open at the database until it notices: end "
            "idle-in-transaction sessions before the old version starts"
        )


def _reroute(cause: Candidate | None, growths: list[Growth]) -> Iterator[Decision]:
    leaking = _leaking(growths)
    if not leaking:
        return
    rates = sorted(g.rate_bytes_per_min for g in leaking if g.rate_bytes_per_min)
    limits = [g.limit_bytes for g in leaking if g.limit_bytes]
    time = ""
    if rates and limits:
        minutes = limits[0] / max(rates[len(rates) // 2], 1.0)
        time = f"; at the rate seen here a process there would last about {minutes:.0f} min"
    stays = cause is not None and re.search(
        r"(?:backup|standby|secondary|other|partner)[^.;]*\b(?:stay|remain|still|keep)",
        cause.details,
        re.IGNORECASE,
    )
    yield Decision(
        decision="reroute",
        advice="do" if stays else "unknown",
        why=(
            "the notes of the change say that the other region keeps the previous version, which "
            "does not leak"
            if stays
            else "whether it helps depends on what runs there: the same version leaks the same "
            f"way{time}"
        ),
        risks=[
            "capacity of the other region under this traffic is not in the evidence",
            "writes in two regions: confirm that replication is caught up and one side writes",
        ],
        evidence=_refs(cause) if cause else [],
    )


def _scale_out(attribution: Attribution, growths: list[Growth], roles: Roles) -> Decision:
    leaking = _leaking(growths)
    traffic = traffic_of(roles)
    evidence = [EvidenceRef(path="metrics", query="requests")] if traffic.height else []
    if leaking:
        return Decision(
            decision="scale",
            advice="do not",
            why="more processes of the same version leak as well; they only share the load, so "
            "each lasts longer in proportion, and each opens connections of its own",
            risks=["processes times their pool size may pass the database's connection limit"],
            evidence=evidence,
        )
    cause = attribution.suspects[0] if attribution.suspects else None
    if cause and cause.kind == "traffic" and cause.role == "cause":
        return Decision(
            decision="scale",
            advice="do",
            why="the trouble follows the load, and nothing leaks: more capacity relieves it",
            risks=["the database must bear the added connections"],
            evidence=evidence,
        )
    return Decision(
        decision="scale",
        advice="unknown",
        why="nothing in the evidence shows that capacity is what is missing",
        evidence=evidence,
    )


def _restart(growths: list[Growth], events: pl.DataFrame) -> Decision:
    leaking = _leaking(growths)
    kills = events.filter(pl.col("kind") == "oom_kill").height
    if not leaking and not any(entry.leak == "no" for entry in growths):
        return Decision(
            decision="restart",
            advice="unknown",
            why="whether memory leaks is not known, and so is whether a restart frees any",
            risks=["take a heap dump of one process first: a restart destroys the evidence in it"],
        )
    if not leaking:
        return Decision(
            decision="restart",
            advice="do not",
            why="no process leaks, so a restart frees nothing that stays free",
        )
    times = sorted(g.time_to_limit_min for g in leaking if g.time_to_limit_min is not None)
    lasting = f" about {times[len(times) // 2]:.0f} min more" if times else " some time"
    return Decision(
        decision="restart",
        advice="unknown",
        why=f"a restart frees what has leaked and buys{lasting} a process; it cures nothing"
        + (f", and the {kills} out-of-memory kills were restarts already" if kills else ""),
        risks=["take a heap dump of one process first: a restart destroys the evidence in it"],
        evidence=[ref for g in leaking[:2] for ref in g.evidence[:1]],
    )


def _raise_pool(attribution: Attribution, roles: Roles) -> Iterator[Decision]:
    symptom = attribution.symptom
    if symptom is None or "pool" not in symptom.kind:
        return
    del roles
    yield Decision(
        decision="raise the pool",
        advice="do not" if attribution.has_leak else "unknown",
        why=(
            "connections that are never given back fill a larger pool as well, only later"
            if attribution.has_leak
            else "a larger pool helps if the database can serve more at once; hold times decide"
        ),
        risks=["the database's own connection limit"],
        evidence=[EvidenceRef(path="metrics", query=role) for role in symptom.roles],
    )


def _refs(candidate: Candidate) -> list[EvidenceRef]:
    return [EvidenceRef(path=source, query=candidate.what) for source in candidate.sources[:3]]
