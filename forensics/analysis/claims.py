"""Check every claim of the declaration against the evidence and against the others.

A claim is supported when the evidence, read as a careful reader would, agrees within the
precision the claim is stated with plus a tenth; contradicted when every reading
disagrees; untestable when nothing in the evidence measures it. Method:
``docs/methods/claims.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from forensics.analysis._context import Context, Measured
from forensics.analysis._declared import Bound, Declared
from forensics.analysis._identities import check_identities
from forensics.analysis._measures import MEASURES
from forensics.analysis._moments import (
    check_change_time,
    check_detection,
    check_start,
    check_version,
)
from forensics.analysis._named_series import NamedSeries, index_names, measure_by_name
from forensics.analysis._quantities import Quantity
from forensics.analysis._state_words import denied_from, states_of
from forensics.analysis._statements import Statement, find_statements
from forensics.analysis._states import check_state
from forensics.analysis._topics import topic_of
from forensics.analysis.roles import Result as Roles
from forensics.config import Declaration, IncidentConfig
from forensics.findings import AnyEntry, Claim, ClaimVerdict
from forensics.redaction import redact

TITLE: Final = "Which claims of the declaration hold"
NEEDS: Final = (
    "declaration",
    "config",
    "metrics",
    "roles",
    "events",
    "changes",
    "logs",
    "memory_growth?",
    "heap_summary?",
)

#: What measuring itself may differ by, beyond the precision a claim is stated with.
_RELATIVE: Final = 0.10
_SHARE_SLACK: Final = 0.02
_NOT_CLAIMS: Final = frozenset({"window"})

#: Topics whose identity rests on a model of the service (Little's law, time to fill a limit),
#: not on arithmetic alone: a direct measurement outweighs it.
_BY_MODEL: Final = frozenset({"pending requests for the pool", "memory growth rate"})

_Check = Callable[[Bound, Context, Declared], Claim | None]
_SPECIAL: Final[dict[str, _Check]] = {
    "state": check_state,
    "time of a change": check_change_time,
    "start of the incident": check_start,
    "detection of the incident": check_detection,
}


@dataclass(frozen=True, slots=True)
class Result:
    """Claims in the order of their lines, and the declaration they come from.

    ``started_at`` and ``detected_at`` are what the declaration says, not what is measured.
    """

    name: str = ""
    claims: tuple[Claim, ...] = ()
    statements: tuple[Statement, ...] = ()
    started_at: datetime | None = None
    detected_at: datetime | None = None
    context: Context | None = None


def run(  # noqa: PLR0913  # one argument an input
    *,
    declaration: Declaration | None,
    config: IncidentConfig,
    metrics: pl.DataFrame,
    roles: Roles,
    events: pl.DataFrame,
    changes: pl.DataFrame,
    logs: pl.LazyFrame,
    memory_growth: Any,
    heap_summary: Any,
) -> Result:
    """Extract the claims of a declaration and judge each.

    Returns an empty result where there is no declaration.
    """
    if declaration is None:
        return Result()
    declared, statements = read_declared(declaration)
    started, detected = _moments(declared)
    context = Context(
        roles=roles,
        metrics=metrics,
        events=events,
        changes=changes,
        logs=logs,
        as_of=_as_of(detected, config, roles),
        started_at=config.started_at or started,
        service=config.service,
        growth=memory_growth,
        heap=heap_summary,
    )
    return Result(
        name=declaration.name,
        claims=tuple(judge_all(declared, context)),
        statements=tuple(statements),
        started_at=started,
        detected_at=detected,
        context=context,
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return the claims."""
    return list(result.claims)


def read_declared(declaration: Declaration) -> tuple[Declared, list[Statement]]:
    """Return all quantities and states of a declaration, bound to topics."""
    statements = find_statements(declaration.text)
    return Declared(declaration.name, tuple(_bind(statements))), statements


def _bind(statements: list[Statement]) -> Iterator[Bound]:
    for statement in statements:
        if statement.is_question:
            continue
        shown = redact(statement.text)
        for quantity in statement.quantities:
            if quantity.text not in shown:
                continue  # digits of a secret claim nothing, and alone they would not be told
            denied = denied_from(statement.text, quantity.start)
            if quantity.kind == "multiple" and denied is not None:
                continue  # what did not double has no number
            yield Bound(topic_of(statement, quantity) or "", statement, quantity)
        for topic, said in states_of(statement):
            yield Bound(topic, statement, Quantity("count", said, 0, 0))


def judge_all(declared: Declared, context: Context | None) -> list[Claim]:
    """Return one claim a quantity: evidence decides first, arithmetic where it adds or differs.

    With ``context`` ``None`` only the declaration itself is judged.
    """
    by_arithmetic: dict[tuple[int, str, str], list[Claim]] = {}
    for claim in check_identities(declared):
        by_arithmetic.setdefault((claim.line, claim.quantity, claim.claimed), []).append(claim)
    index = index_names(context.metrics) if context is not None else None
    claims = []
    for item in declared.bound:
        if item.topic in _NOT_CLAIMS:
            continue
        quantity = item.quantity
        key = (item.statement.line_of(quantity), item.name, quantity.text)
        own = by_arithmetic.pop(key, [])
        if quantity.kind == "count" and not (own or item.topic or quantity.noun or quantity.side):
            continue  # a number of nothing: of a ticket, a page, a version
        measured = judge(item, declared, context, index) if context and index else None
        claims.append(_combine(item, declared, measured, own))
    return sorted(claims, key=lambda claim: claim.line)


def _combine(item: Bound, declared: Declared, measured: Claim | None, own: list[Claim]) -> Claim:
    """Merge what evidence and arithmetic say.

    A contradiction by either stands, but that a direct measurement outweighs an identity
    which needs a model of the service.
    """
    claim = measured or _untestable(item, declared)
    for other in own:
        if claim.verdict == "untestable":
            claim = other
        elif (
            other.verdict == "contradicted"
            and claim.verdict != "contradicted"
            and item.topic not in _BY_MODEL
        ):
            claim = other.model_copy(
                update={
                    "why": f"{other.why}. The evidence alone agrees: {claim.why}",
                    "evidence": [*other.evidence, *claim.evidence],
                }
            )
        else:
            claim = claim.model_copy(update={"why": f"{claim.why}. Arithmetic: {other.why}"})
    return claim


def _untestable(item: Bound, declared: Declared) -> Claim:
    about = item.topic or "this quantity"
    return declared.claim(item, None, "untestable", f"nothing in the evidence measures {about}")


def judge(item: Bound, declared: Declared, context: Context, index: NamedSeries) -> Claim | None:
    """Judge one bound quantity or state by the evidence; ``None`` where nothing measures it."""
    quantity = item.quantity
    special = _SPECIAL.get(item.topic if quantity.end else "state")
    if special is None and quantity.kind == "version":
        special = check_version
    if special is not None:
        return special(item, context, declared)
    subject, entities = context.subject(item.statement.words)
    if subject is not None and entities is None:
        return declared.claim(item, None, "untestable", f"no series of {subject!r} in the evidence")
    measure = MEASURES.get(item.topic)
    measured = measure(item, context, declared) if measure else None
    if measured is None and quantity.kind in {"percent", "count", "duration"}:
        measured = measure_by_name(item, context, context.metrics, index)
    return None if measured is None else _compare(item, measured, declared)


def _compare(item: Bound, measured: Measured, declared: Declared) -> Claim:
    quantity = item.quantity
    nearest = min(measured.values, key=lambda value: abs(value - quantity.value))
    tolerance = quantity.resolution + _RELATIVE * abs(quantity.value)
    if quantity.kind == "percent":
        tolerance = max(quantity.resolution, 0.005) + _SHARE_SLACK
    if quantity.bound == ">":
        holds = max(measured.values) >= quantity.value - quantity.resolution
    elif quantity.bound == "<":
        holds = min(measured.values) <= quantity.value + quantity.resolution
    else:
        holds = abs(nearest - quantity.value) <= tolerance
    verdict: ClaimVerdict = "supported" if holds else "contradicted"
    claim = declared.claim(item, measured.text, verdict, f"{measured.how}: {measured.text}")
    return claim.model_copy(
        update={
            "quantity": item.topic or quantity.noun or "named series",
            "evidence": [*claim.evidence, *measured.evidence],
        }
    )


def _moments(declared: Declared) -> tuple[datetime | None, datetime | None]:
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    return (
        start.quantity.moment if start else None,
        detected.quantity.moment if detected else None,
    )


def _as_of(detected: datetime | None, config: IncidentConfig, roles: Roles) -> datetime | None:
    """Return the moment the declaration speaks of: detection, else the end of the metrics."""
    stated = detected or config.detected_at
    if stated is not None or roles.points.is_empty():
        return stated
    last: datetime = roles.points["time"].max()  # type: ignore[assignment]  # a datetime column
    return last
