"""One time line over changes, events, alerts, onsets and symptoms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.claims import Result as Claims
from forensics.findings import AnyEntry, EvidenceRef, TimelineRow

TITLE: Final = "Time line"
NEEDS: Final = ("events", "attribution?", "claims?")

#: Events of a kind that come closer than this are one row with a count.
_MERGE_MINUTES: Final = 2
_SHOWN: Final = ("oom_kill", "restart", "scaling", "alert", "rollout", "probe_failure")
_MAX_ROWS: Final = 60
#: What is said of a change that has a part in the incident.
_ROLES: Final = {
    "cause": ", held responsible",
    "trigger": ", which brought it on",
    "amplifier": ", which made it worse",
}


@dataclass(frozen=True, slots=True)
class Result:
    """Rows in order of time."""

    rows: tuple[TimelineRow, ...] = ()


def run(*, events: pl.DataFrame, attribution: Attribution | None, claims: Claims | None) -> Result:
    """Gather what happened when, each moment with its source."""
    rows = [*_event_rows(events)]
    if attribution is not None:
        rows += _change_rows(attribution)
        rows += _growth_rows(attribution)
    if claims is not None:
        rows += _declared_rows(claims)
    rows.sort(key=lambda row: (row.time, row.kind, row.text))
    return Result(tuple(rows[:_MAX_ROWS]))


def findings(result: Result) -> list[AnyEntry]:
    """Return the rows."""
    return list(result.rows)


def _change_rows(attribution: Attribution) -> Iterator[TimelineRow]:
    by_id = {suspect.change_id: suspect for suspect in attribution.suspects}
    for candidate in attribution.candidates:
        if candidate.time is None:
            continue
        suspect = by_id.get(candidate.change_id)
        role = _ROLES.get(suspect.role, "") if suspect else ""
        yield TimelineRow(
            time=candidate.time,
            end_time=candidate.end_time,
            kind=candidate.kind,
            text=f"{candidate.what} ({candidate.change_id}){role}",
            evidence=[EvidenceRef(path=source) for source in candidate.sources[:3]],
        )


def _growth_rows(attribution: Attribution) -> Iterator[TimelineRow]:
    onsets = sorted(
        (life.onset_s, life.entity)
        for life in attribution.lives
        if life.leak > 0.5 and not math.isnan(life.onset_s)
    )
    if onsets:
        first_s, entity = onsets[0]
        yield TimelineRow(
            time=datetime.fromtimestamp(first_s, tz=UTC),
            kind="onset",
            text=f"memory begins to grow, first in {entity}",
            evidence=[EvidenceRef(path="metrics", query=f"memory of {entity}")],
        )
    symptom = attribution.symptom
    if symptom is not None:
        yield TimelineRow(
            time=symptom.time,
            kind="symptom",
            text=f"{symptom.kind}: {symptom.why}",
            evidence=[EvidenceRef(path="metrics", query=role) for role in symptom.roles],
        )


def _event_rows(events: pl.DataFrame) -> Iterator[TimelineRow]:
    """Yield one row for each burst of events of one kind and reason."""
    shown = events.filter(pl.col("kind").is_in(_SHOWN) & pl.col("time").is_not_null()).sort("time")
    for (kind, reason), group in shown.group_by(["kind", "reason"], maintain_order=True):
        burst: list[dict[str, Any]] = []
        for row in group.iter_rows(named=True):
            if burst and (row["time"] - burst[-1]["time"]).total_seconds() > 60 * _MERGE_MINUTES:
                yield _burst(str(kind), str(reason), burst)
                burst = []
            burst.append(row)
        yield _burst(str(kind), str(reason), burst)


def _burst(kind: str, reason: str, rows: list[dict[str, Any]]) -> TimelineRow:
    entities = sorted({str(row["entity"]) for row in rows if row["entity"]})
    shown = ", ".join(entities[:3]) + (
        f" and {len(entities) - 3} more" if len(entities) > 3 else ""
    )
    count = f"{len(rows)} times " if len(rows) > 1 else ""
    sources = sorted({str(row["source"]) for row in rows})
    return TimelineRow.model_validate(
        {
            "time": rows[0]["time"],
            "end_time": rows[-1]["time"] if len(rows) > 1 else None,
            "kind": kind,
            "text": f"{reason} {count}{('on ' + shown) if shown else ''}".strip(),
            "evidence": [{"path": source} for source in sources[:3]],
        }
    )


def _declared_rows(claims: Claims) -> Iterator[TimelineRow]:
    for moment, what in (
        (claims.started_at, "start of the incident, as declared"),
        (claims.detected_at, "detection, as declared"),
    ):
        if moment is not None:
            yield TimelineRow(
                time=moment, kind="declared", text=what, evidence=[EvidenceRef(path=claims.name)]
            )
