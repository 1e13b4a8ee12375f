"""What a claim or question can be measured against: one bundle of tables and results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import polars as pl

from forensics.analysis.roles import Result as Roles
from forensics.findings import EvidenceRef

#: A statement "now" is held against what was measured up to this long around it.
SLACK: Final = timedelta(minutes=3)
_NEARLY: Final = 0.99


@dataclass(frozen=True)
class Measured:
    """What the evidence says of one quantity.

    ``values`` are the readings any of which may be meant (each pod, their sum, several
    moments), in the unit of the claim; ``text`` is what the report prints.
    """

    values: tuple[float, ...]
    text: str
    how: str
    evidence: tuple[EvidenceRef, ...] = ()


@dataclass(frozen=True)
class Context:
    """Evidence for claims: signals by role, events, changes, logs, earlier results.

    ``as_of`` is the moment the declaration speaks of; ``growth`` and ``heap`` are results
    of other analyses, or ``None``.
    """

    roles: Roles
    metrics: pl.DataFrame
    events: pl.DataFrame
    changes: pl.DataFrame
    logs: pl.LazyFrame
    as_of: datetime | None
    started_at: datetime | None = None
    service: str = ""
    growth: Any = None
    heap: Any = None

    def signal(
        self, *roles: str, entities: Sequence[str] | None = None, window: timedelta = SLACK
    ) -> pl.DataFrame:
        """Return points of the roles in the window that ends shortly after ``as_of``."""
        points = self.roles.role(*roles)
        if entities is not None:
            points = points.filter(pl.col("entity").is_in(list(entities)))
        if self.as_of is not None:
            points = points.filter(
                pl.col("time").is_between(self.as_of - window, self.as_of + timedelta(seconds=60))
            )
        return points

    def refs(self, *roles: str) -> tuple[EvidenceRef, ...]:
        """Point at the series behind a role."""
        series = self.roles.series.filter(
            pl.col("role").is_in(roles) & pl.col("use").is_in(["used", "part"])
        )
        names = series["metric"].unique().sort().to_list()
        return tuple(EvidenceRef(path="metrics", query=str(name)) for name in names[:4])

    @cached_property
    def services(self) -> dict[str, list[str]]:
        """Service names in the evidence, with the entities that belong to each."""
        found: dict[str, set[str]] = {}
        for entity in self.roles.series["entity"].drop_nulls().unique():
            found.setdefault(workload_of(entity), set()).add(entity)
        rows = (
            self.roles.series.select("entity", "labels")
            .explode("labels")
            .unnest("labels")
            .filter(pl.col("name").is_in(["service", "app", "application", "deployment", "job"]))
            .unique()
        )
        for entity, _, value in rows.iter_rows():
            found.setdefault(str(value), set()).add(str(entity))
        return {name: sorted(entities) for name, entities in sorted(found.items())}

    def subject(self, words: str) -> tuple[str | None, list[str] | None]:
        """Return the service a line speaks of and its entities.

        ``(None, None)``: the line names none. ``(name, None)``: it names one that the
        evidence doesn't know.
        """
        plain = _plain(words)
        known = [name for name in self.services if _plain(name) and _plain(name) in plain]
        if known:
            best = max(known, key=len)
            return best, self.services[best]
        named = re.search(
            r"\b([a-z]+(?:[- ][a-z]+)?[- ](?:service|api|worker|gateway|app))\b", words
        )
        return (named[1], None) if named else (None, None)


def workload_of(entity: str) -> str:
    """Return the workload of a pod name: without the ReplicaSet hash, pod suffix or ordinal."""
    name = re.sub(r"-[bcdf-hj-np-tv-xz0-9]{5}$", "", entity)
    if name != entity:
        return re.sub(r"-[a-f0-9]{6,10}$|-[bcdf-hj-np-tv-xz2456789]{6,10}$", "", name)
    return re.sub(r"[-_:.](?:\d+)$", "", entity)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def last_per_entity(points: pl.DataFrame) -> pl.DataFrame:
    """Return the last point of each entity."""
    return points.sort("time").group_by("entity", maintain_order=True).last()


def show_probability(probability: float) -> str:
    """Return a probability as a person may say it: no evidence makes anything certain."""
    if probability > _NEARLY:
        return f"over {_NEARLY:.0%}"
    if probability < 1.0 - _NEARLY:
        return f"under {1.0 - _NEARLY:.0%}"
    return f"{probability:.0%}"


def show_class(name: str) -> str:
    """Return a class name for a sentence: without its package, lambdas by who made them."""
    short = name.partition("/0x")[0].rpartition(".")[2]
    made, _, rest = short.partition("$$Lambda")
    if rest:
        return f"lambda of {made.replace('$', '.')}"
    return short.replace("$", ".")


def show_bytes(value: float) -> str:
    """Return bytes as people write memory: ``7.8 GiB``."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} B"
