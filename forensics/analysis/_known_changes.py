"""Every change there is reason to know of: the records, and what metrics show without one.

Nobody lists everything. A version that begins to run and a lasting rise of traffic are changes
whether or not a calendar has them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from forensics.analysis._candidates import (
    Candidate,
    find_candidates,
    is_in_scope,
    runs_version,
)
from forensics.analysis._context import workload_of
from forensics.analysis._lives import Life
from forensics.analysis._symptoms import Symptom, find_traffic_rise
from forensics.analysis.roles import Result as Roles

#: A rise of traffic, or a version, this near a recorded one is that one.
_SAME_RISE: Final = timedelta(minutes=5)
_SAME_DEPLOY: Final = timedelta(minutes=10)
#: A version that runs within this long of the first sample was there before.
_FROM_THE_START_S: Final = 90.0
_REVISION: Final = re.compile(r"-([a-f0-9]{8,10}|[bcdf-hj-np-tv-xz2456789]{8,10})-[a-z0-9]{5}$")


def find_known_changes(
    changes: pl.DataFrame, roles: Roles, lives: Sequence[Life], symptom: Symptom | None
) -> list[Candidate]:
    """Return recorded changes, versions that began to run unrecorded, and unrecorded traffic."""
    recorded = [_fit_scope(candidate, lives) for candidate in find_candidates(changes)]
    found = [c for c in recorded if not _is_ground(c, lives)]
    found += _find_arrivals(found, lives)
    found += _find_rise(found, roles, symptom)
    return found


def _is_ground(candidate: Candidate, lives: Sequence[Life]) -> bool:
    """Say whether a record is a workload's first revision, there when the evidence begins.

    It is the state that things were in, not a change; what it may be guilty of is older than
    the window.
    """
    if candidate.kind != "deploy" or candidate.from_version or candidate.time is None:
        return False
    is_cluster = all("calendar" not in s and "#declaration" not in s for s in candidate.sources)
    is_plain = candidate.what.startswith("Rollout of ") and is_cluster
    first_s = min((life.start_s for life in lives), default=math.inf)
    return is_plain and candidate.time.timestamp() <= first_s + _FROM_THE_START_S


def _fit_scope(candidate: Candidate, lives: Sequence[Life]) -> Candidate:
    """Drop a scope that names no process, where processes run the deployed version.

    Repositories and charts are seldom called as their workloads are.
    """
    if candidate.kind != "deploy" or not candidate.scope:
        return candidate
    is_known = any(is_in_scope(candidate, life.entity) for life in lives)
    runs = any(runs_version(life.version, candidate.to_version) for life in lives)
    return replace(candidate, scope=()) if runs and not is_known else candidate


def _revisions(lives: Sequence[Life]) -> list[str | None]:
    """Return the version of each life or, where some are unknown, what its ReplicaSet's hash is.

    Pods that are gone leave no version behind: versions of the others are no news against them.
    """
    versions = [life.version for life in lives]
    if all(versions):
        return versions
    hashes = (_REVISION.search(life.entity) for life in lives)
    return [found[1] if found else None for found in hashes]


def _find_arrivals(known: Sequence[Candidate], lives: Sequence[Life]) -> Iterator[Candidate]:
    """Yield a deploy for each version that began to run beside another, recorded nowhere."""
    workloads: dict[str, list[Life]] = {}
    for life in lives:
        workloads.setdefault(workload_of(life.entity), []).append(life)
    for workload, some in sorted(workloads.items()):
        ordered = sorted(some, key=lambda life: life.start_s)
        seen: list[str] = []
        for life, revision in zip(ordered, _revisions(ordered), strict=True):
            if revision is None or revision in seen:
                continue
            is_later = life.start_s > ordered[0].start_s + _FROM_THE_START_S
            if seen and is_later and not _is_recorded(known, life):
                yield _arrival(workload, life, seen[-1])
            seen.append(revision)


def _is_recorded(known: Sequence[Candidate], life: Life) -> bool:
    at = datetime.fromtimestamp(life.start_s, UTC)
    for candidate in known:
        if candidate.kind != "deploy" or candidate.time is None:
            continue
        if runs_version(life.version, candidate.to_version):
            return True
        end = candidate.end_time or candidate.time
        is_near = candidate.time - _SAME_DEPLOY <= at <= end + _SAME_DEPLOY
        is_other = runs_version(life.version, candidate.to_version) is False
        if is_near and not is_other and is_in_scope(candidate, life.entity):
            return True
    return False


def _arrival(workload: str, life: Life, before: str) -> Candidate:
    at = datetime.fromtimestamp(life.start_s, UTC)
    what = f"version {life.version}" if life.version else "a new revision"
    return Candidate(
        change_id=f"deploy-{at:%Y%m%dT%H%M%SZ}",
        kind="deploy",
        what=f"Start of {what} of {workload}, recorded nowhere",
        time=at,
        scope=(workload,),
        from_version=before if life.version else None,
        to_version=life.version,
        sources=("metrics",),
    )


def _find_rise(
    known: Sequence[Candidate], roles: Roles, symptom: Symptom | None
) -> Iterator[Candidate]:
    rise = find_traffic_rise(roles)
    if rise is None:
        return
    time, shift = rise
    if any(c.kind == "traffic" and c.time and abs(c.time - time) < _SAME_RISE for c in known):
        return
    what = f"Rise of traffic to {shift.factor:.2g} times, recorded nowhere"
    if symptom is not None and symptom.kind == "errors" and time > symptom.time:
        what += ", after errors had begun: perhaps retries"
    name = f"traffic-{time:%Y%m%dT%H%M%SZ}"
    yield Candidate(name, "traffic", what, time, sources=("metrics",))
