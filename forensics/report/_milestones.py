"""Start, detection, acknowledgement, mitigation, resolution, and the time between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from forensics.findings import EvidenceRef, Findings, TimelineRow
from forensics.report._options import ReportOptions

#: Name, how a time line row of it begins its ``kind``, and what would settle it.
_NAMED: Final = (
    ("started", "start", "the moment in incident.yaml (started_at) or a metric that shows it"),
    ("detected", "detect", "the first alert, or detected_at in incident.yaml"),
    ("acknowledged", "ack", "the pager's record, or acknowledged_at in incident.yaml"),
    ("mitigated", "mitigat", "the moment users recovered, or mitigated_at in incident.yaml"),
    ("resolved", "resol", "the end of the incident, or resolved_at in incident.yaml"),
)
#: Where nobody stated the start, it began when somebody could feel it.
_FELT: Final = "symptom"


@dataclass(frozen=True, slots=True)
class Milestone:
    """One moment of the incident; ``None`` where it is not known.

    ``minutes`` is the time since the start, ``step_minutes`` that since the milestone called
    ``step_from``, the last one before it that is known.
    """

    name: str
    at: datetime | None
    minutes: float | None
    step_minutes: float | None
    step_from: str
    how: str
    evidence: tuple[EvidenceRef, ...]
    missing: str


def find_milestones(findings: Findings, options: ReportOptions) -> list[Milestone]:
    """Return the five moments in order; one that nobody stated says what would settle it."""
    stated = {
        "started": findings.incident.started_at,
        "detected": findings.incident.detected_at,
        "acknowledged": options.acknowledged_at,
        "mitigated": options.mitigated_at,
        "resolved": options.resolved_at,
    }
    found: list[Milestone] = []
    for name, prefix, missing in _NAMED:
        row = _row_of(findings, prefix) or (
            _row_of(findings, _FELT) if name == "started" and stated[name] is None else None
        )
        at = stated[name] or (row.time if row else None)
        known = [one for one in found if one.at is not None]
        start = next((one.at for one in known if one.name == "started"), None)
        before = known[-1] if known else None
        found.append(
            Milestone(
                name=name,
                at=at,
                minutes=minutes_between(start or (at if name == "started" else None), at),
                step_minutes=minutes_between(before.at, at) if before else None,
                step_from=before.name if before else "",
                how=_how(findings, stated[name], row),
                evidence=tuple(row.evidence) if row else (),
                missing=missing,
            )
        )
    return found


def minutes_between(first: datetime | None, last: datetime | None) -> float | None:
    """Return the minutes from ``first`` to ``last``; ``None`` where one is not known."""
    return (last - first) / timedelta(minutes=1) if first and last else None


def _row_of(findings: Findings, prefix: str) -> TimelineRow | None:
    rows = [row for row in findings.timeline if row.kind.lower().startswith(prefix)]
    return min(rows, key=lambda row: row.time, default=None)


def _how(findings: Findings, stated: datetime | None, row: TimelineRow | None) -> str:
    if row is not None:
        return row.text
    if stated is not None:
        return f"as stated in {findings.incident.declared_by_file or 'incident.yaml'}"
    return ""
