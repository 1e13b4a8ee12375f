"""Candidate causes: everything that changed, each once, however many sources tell of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from forensics.analysis._context import workload_of

#: Two records closer than this, of one kind and not of different versions, are one change.
_SAME: Final = timedelta(minutes=6)
_ID: Final = re.compile(r"(?:^|[;,]\s*)id:\s*([^;,\n]*[^\s;,])", re.IGNORECASE)
#: Versions in a title: dotted, or a letter v before a number.
_VERSION: Final = re.compile(r"(?<![\w.-])v?\d+\.\d+(?:\.\d+)*(?:-[\w.]+)?\b|(?<!\w)v\d+\b")
_TICKET: Final = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,9}\b")

#: Prior odds by kind of change: changes of code and configuration start most incidents of
#: services that keep state in memory (Google, "Site Reliability Engineering", 2016, ch. 1,
#: puts some 70 % of outages down to changes in a live system). They are mild on purpose: one
#: good piece of evidence outweighs them. ``none`` is the chance that the cause is no change
#: in the list: older than the window, or recorded nowhere.
SYMPTOM_PRIOR: Final[dict[str, float]] = {
    "deploy": 0.30,
    "flag": 0.20,
    "config": 0.15,
    "database": 0.15,
    "traffic": 0.15,
    "infra": 0.10,
    "other": 0.08,
    "none": 0.10,
}
#: Where memory leaks: load and slow queries can hurry a leak, but code has to drop memory.
LEAK_PRIOR: Final[dict[str, float]] = {
    "deploy": 0.35,
    "flag": 0.20,
    "config": 0.15,
    "database": 0.05,
    "traffic": 0.05,
    "infra": 0.08,
    "other": 0.08,
    "none": 0.15,
}
NONE_ID: Final = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One change that may be the cause.

    ``time`` is when it began to act, ``end_time`` when it was complete (a deploy, a
    maintenance) or over (a sale). ``is_declared`` is true where only the declaration tells
    of it.
    """

    change_id: str
    kind: str
    what: str
    time: datetime | None
    end_time: datetime | None = None
    scope: tuple[str, ...] = ()
    from_version: str | None = None
    to_version: str | None = None
    details: str = ""
    sources: tuple[str, ...] = ()
    is_declared: bool = False

    @property
    def text(self) -> str:
        """Everything that is said of the change, for matching words."""
        return f"{self.what} {self.details}"


NONE: Final = Candidate(
    NONE_ID, "none", "none of the known changes (older than the window, or recorded nowhere)", None
)


def find_candidates(changes: pl.DataFrame, until: datetime | None = None) -> list[Candidate]:
    """Return each change once, in order of time; those begun after ``until`` are left out.

    Records of one change in several sources (a calendar, a ReplicaSet, the declaration) are
    merged: the first recorded source names it, the earliest time holds.
    """
    rows = changes.filter(pl.col("time").is_not_null()).sort("time")
    if until is not None:
        rows = rows.filter(pl.col("time") <= until)
    records = [_candidate(row) for row in rows.iter_rows(named=True)]
    records.sort(key=lambda c: (c.is_declared, not _ID.search(c.details), c.time))
    merged: list[Candidate] = []
    for record in records:
        twin = next((i for i, known in enumerate(merged) if _is_same(known, record)), None)
        if twin is None:
            merged.append(record)
        else:
            merged[twin] = _join(merged[twin], record)
    return sorted(_with_unique_ids(merged), key=lambda c: (c.time is not None, c.time, c.change_id))


def _candidate(row: dict[str, Any]) -> Candidate:
    details = row["details"] or ""
    time: datetime = row["time"]
    stated = _ID.search(details) or _TICKET.search(f"{row['what']} {details}")
    named = _VERSION.findall(row["what"] or "") if row["kind"] == "deploy" else []
    change_id = stated[1] if stated and stated.re is _ID else (stated[0] if stated else "")
    return Candidate(
        change_id=change_id or f"{row['kind']}-{time:%Y%m%dT%H%M%SZ}",
        kind=row["kind"],
        what=row["what"] or row["kind"],
        time=time,
        end_time=row["end_time"],
        scope=tuple(row["scope"] or ()),
        from_version=row["from_version"] or (named[0] if len(named) > 1 else None),
        to_version=row["to_version"] or (named[-1] if named else None),
        details=details,
        sources=(row["source"],),
        is_declared="#declaration" in row["source"],
    )


def _is_same(known: Candidate, other: Candidate) -> bool:
    if known.kind != other.kind or known.time is None or other.time is None:
        return False
    if set(known.sources) & set(other.sources):
        return False
    versions = {_bare(v) for v in (known.to_version, other.to_version) if v}
    if len(versions) > 1:
        return False
    scopes = [set(map(bare_name, c.scope)) for c in (known, other)]
    if all(scopes) and not scopes[0] & scopes[1]:
        return False
    start, end = known.time - _SAME, (known.end_time or known.time) + _SAME
    return start <= other.time <= end


def _join(known: Candidate, other: Candidate) -> Candidate:
    assert known.time is not None
    assert other.time is not None
    details = known.details
    if other.is_declared:
        details = f"{details}; {other.details}" if details else other.details
    return replace(
        known,
        time=known.time if other.is_declared else min(known.time, other.time),
        end_time=known.end_time or other.end_time,
        scope=known.scope or other.scope,
        from_version=known.from_version or other.from_version,
        to_version=known.to_version or other.to_version,
        details=details,
        sources=(*known.sources, *other.sources),
    )


def _with_unique_ids(candidates: Iterable[Candidate]) -> list[Candidate]:
    seen: dict[str, int] = {}
    unique = []
    for candidate in candidates:
        count = seen.get(candidate.change_id, 0)
        seen[candidate.change_id] = count + 1
        name = f"{candidate.change_id}.{count + 1}" if count else candidate.change_id
        unique.append(replace(candidate, change_id=name))
    return unique


def _bare(version: str) -> str:
    return version.lower().lstrip("v")


def runs_version(version: str | None, wanted: str | None) -> bool | None:
    """Say whether a process runs ``wanted``; ``None`` where either version is unknown."""
    if not version or not wanted:
        return None
    return _bare(version) == _bare(wanted)


def is_in_scope(candidate: Candidate, entity: str) -> bool:
    """Say whether a change's stated scope covers an entity; no stated scope covers all."""
    if not candidate.scope:
        return True
    names = {entity.lower(), workload_of(entity).lower()}
    return any(bare_name(name) in names for name in candidate.scope)


def bare_name(scope: str) -> str:
    """Return the workload that a scope names: ``prod/cart`` and ``cart (eu)`` are cart."""
    return scope.partition("(")[0].rstrip().rpartition("/")[2].lower()
