"""Which series to ask about the memory of each process, with its load, limit and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.analysis._gc_clock import date_collections
from forensics.analysis._growth_net import explain_process, take_off

if TYPE_CHECKING:
    from forensics.analysis import lifetimes as lifetimes_module
    from forensics.analysis import roles as roles_module

Floats = NDArray[np.float64]
Side = Literal["heap", "offheap", "process", "unknown"]

#: Roles by what they measure, the most telling first: the first one present is asked. Resident
#: memory comes before the working set, which counts file pages the kernel may take back.
HEAP_ROLES: Final = ("gc_floor", "heap_used")
PROCESS_ROLES: Final = ("rss", "working_set")
OFFHEAP_ROLES: Final = ("direct_used", "nonheap_used")
#: Whoever has one of these has a heap that a runtime collects.
MANAGED_ROLES: Final = ("gc_floor", "heap_used", "heap_committed", "heap_max")
#: What memory may follow: each is tried, the one that explains most is kept.
LOAD_ROLES: Final = ("requests", "in_flight", "backlog", "pool_pending")
BACKLOG_ROLES: Final = frozenset({"in_flight", "backlog", "pool_pending"})

_LIMIT_ROLES: Final = {"heap": ("heap_max",), "process": ("memory_limit",)}
#: A load series that covers less of the memory samples than this is of no use.
_MIN_COVER: Final = 0.6
#: Lines of a collection log whose heap isn't that after a collection.
_NOT_COLLECTED: Final = ("pause", "concurrent")
#: Full collections enough to judge by, and the greatest share of the time without one.
_MIN_FULL: Final = 12
_MAX_GAP: Final = 0.2


@dataclass(frozen=True, slots=True)
class Signal:
    """One memory series with all that helps to read it.

    ``t_s`` (Unix seconds) and ``y_bytes`` have shape (n,); ``loads`` maps a role to values at
    the same times, NaN where unknown. ``births_s`` are the known starts of the process.
    ``has_managed_heap`` tells that the process has a heap gauge or a collection log;
    ``explained_by`` names the gauges whose movement was taken off ``y_bytes``; ``sources`` the
    files the samples came from, where known. Where ``is_dated`` is false, times count from the
    start of the process, and nothing tells when that was.
    """

    entity: str
    role: str
    metric: str
    side: Side
    t_s: Floats
    y_bytes: Floats
    loads: dict[str, Floats]
    limit_bytes: float | None
    restarts_s: tuple[float, ...]
    is_watched: bool
    versions: tuple[tuple[float, str], ...] = ()
    births_s: tuple[float, ...] = ()
    has_managed_heap: bool = False
    explained_by: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_dated: bool = True

    def version_at(self, moment_s: float) -> str | None:
        """Return the version that ran at a time, or None."""
        past = [version for since, version in self.versions if since <= moment_s + 60.0]
        return past[-1] if past else (self.versions[0][1] if self.versions else None)


def iter_signals(
    roles: roles_module.Result,
    lifetimes: lifetimes_module.Result,
    gc: pl.DataFrame,
    events: pl.DataFrame | None = None,
) -> Iterator[Signal]:
    """Yield the memory series worth judging, entity by entity, in order of names."""
    points = roles.points.with_columns(_t=pl.col("time").to_physical() / 1e6)
    frames = points.sort("_t").partition_by("role", as_dict=True, maintain_order=True)
    by_role = {str(key[0]): frame for key, frame in frames.items()}
    context = _Context(by_role, roles, lifetimes, gc, events)
    memory = [*HEAP_ROLES, *PROCESS_ROLES, *OFFHEAP_ROLES]
    seen: set[tuple[str, str]] = set()
    for signal in _iter_gc(gc, context):
        seen.add((signal.entity, "heap"))
        yield signal
    for role in memory:
        if role not in by_role:
            continue
        for (entity,), frame in (
            by_role[role].partition_by("entity", as_dict=True, maintain_order=True).items()
        ):
            side = _side(role, is_weak=context.is_weak(role))
            kind = role if side == "offheap" else side
            if (str(entity), kind) not in seen:
                seen.add((str(entity), kind))
                yield context.signal(str(entity), role, side, frame)


def _side(role: str, *, is_weak: bool) -> Side:
    if is_weak:
        return "unknown"
    return "heap" if role in HEAP_ROLES else "offheap" if role in OFFHEAP_ROLES else "process"


def _iter_gc(gc: pl.DataFrame, context: _Context) -> Iterator[Signal]:
    """Yield the heap after collections, from logs: the floor itself."""
    if gc.is_empty() or "heap_after_bytes" not in gc.columns:
        return
    known = date_collections(gc.filter(pl.col("heap_after_bytes").is_not_null()), context.lifetimes)
    for (entity,), frame in known.partition_by("entity", as_dict=True, maintain_order=True).items():
        is_dated = bool(frame["is_dated"].any())
        placed = frame.filter(pl.col("is_dated") == is_dated)
        used = _floor_rows(placed.drop_nulls("_t").sort("_t"))
        if used.height < 2:
            continue
        yield context.signal(
            str(entity),
            "gc_floor",
            "heap",
            used.select("_t", value=pl.col("heap_after_bytes").cast(pl.Float64)),
            log=_Log(
                limit=_number(used["heap_capacity_bytes"].max()),
                sources=tuple(sorted(used["source"].drop_nulls().unique().to_list())),
                is_dated=is_dated,
            ),
        )


def _floor_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the collections that show what is live.

    Remarks and concurrent steps free little and are measured in mid-cycle. Full collections
    alone are the floor if they are spread over the time: a heap dump or a heap in distress
    brings a dozen at once, and tells nothing of the time between.
    """
    collected = frame.filter(pl.col("kind").is_null() | ~pl.col("kind").is_in(_NOT_COLLECTED))
    frame = collected if collected.height >= _MIN_FULL else frame
    full = frame.filter(pl.col("kind") == "full")
    if full.height < _MIN_FULL:
        return frame
    whole = frame["_t"].to_numpy()
    marks = np.concatenate([whole[:1], full["_t"].to_numpy(), whole[-1:]])
    is_spread = float(np.diff(marks).max()) <= _MAX_GAP * float(whole[-1] - whole[0])
    return full if is_spread else frame


@dataclass(frozen=True, slots=True)
class _Log:
    """What a collection log says of its series that metrics can't."""

    limit: float | None
    sources: tuple[str, ...]
    is_dated: bool
    metric: str = "heap after collection (log)"


class _Context:
    """Looks up what goes with a series."""

    def __init__(
        self,
        by_role: dict[str, pl.DataFrame],
        roles: roles_module.Result,
        lifetimes: lifetimes_module.Result,
        gc: pl.DataFrame,
        events: pl.DataFrame | None,
    ) -> None:
        self._by_role = {
            role: frame.partition_by("entity", as_dict=True, maintain_order=True)
            for role, frame in by_role.items()
        }
        self._totals: dict[str, pl.DataFrame] = {}
        self.lifetimes = lifetimes
        self._versions = find_versions(roles.points, events)
        managed = [by_role[role]["entity"] for role in MANAGED_ROLES if role in by_role]
        logged = [gc["entity"].drop_nulls()] if "entity" in gc.columns else []
        self._managed = {str(name) for column in [*managed, *logged] for name in column.unique()}
        used = roles.series.filter(pl.col("use").is_in(["used", "part"]))
        self._metric = dict(used.select("role", "metric").unique("role", keep="first").iter_rows())
        self._why = dict(used.select("role", "why").unique("role", keep="first").iter_rows())

    def is_weak(self, role: str) -> bool:
        """Tell whether the role was guessed from a lone series without a telling name."""
        return str(self._why.get(role) or "").startswith("weak")

    def signal(
        self,
        entity: str,
        role: str,
        side: Side,
        frame: pl.DataFrame,
        *,
        log: _Log | None = None,
    ) -> Signal:
        """Put a series, in order of time, together with its load, limit, restarts and versions."""
        t_s, y_bytes = frame["_t"].to_numpy(), frame["value"].to_numpy()
        is_dated = log is None or log.is_dated
        restarts_s: tuple[float, ...] = ()
        births_s: tuple[float, ...] = (0.0,)
        if is_dated:
            restarts_s = tuple(time.timestamp() for time in self.lifetimes.of(entity))
            births_s = tuple(time.timestamp() for time in self.lifetimes.births_of(entity))
        explained_by: tuple[str, ...] = ()
        if side == "process":
            gauges = {
                role: mine
                for role, frames in self._by_role.items()
                if (mine := frames.get((entity,))) is not None
            }
            explained = explain_process(t_s, gauges, births_s)
            if explained is not None:
                y_bytes = take_off(t_s, y_bytes, explained, births_s)
                explained_by = explained.roles
        return Signal(
            entity=entity,
            role=role,
            metric=str(self._metric.get(role, role)) if log is None else log.metric,
            side=side,
            t_s=t_s,
            y_bytes=y_bytes,
            loads={
                name: load
                for name in LOAD_ROLES
                if (load := self._load(name, entity, t_s)) is not None
            },
            limit_bytes=self._limit(entity, side) or (log.limit if log else None),
            restarts_s=restarts_s,
            is_watched=entity in self.lifetimes.watched or not is_dated,
            versions=self._versions.get(entity, ()),
            births_s=births_s,
            has_managed_heap=entity in self._managed,
            explained_by=explained_by,
            sources=log.sources if log else (),
            is_dated=is_dated,
        )

    def _limit(self, entity: str, side: Side) -> float | None:
        for role in _LIMIT_ROLES.get(side, ("memory_limit", "heap_max")):
            mine = self._by_role.get(role, {}).get((entity,))
            if mine is not None:
                return float(mine["value"][-1])
        return None

    def _load(self, role: str, entity: str, t_s: Floats) -> Floats | None:
        """Return the process's own load, or that of all processes together, at ``t_s``."""
        frames = self._by_role.get(role)
        if frames is None or t_s.size < 2:
            return None
        mine = frames.get((entity,))
        mine = self._total(role) if mine is None else mine
        when, what = mine["_t"].to_numpy(), mine["value"].to_numpy()
        reach = 3 * max(float(np.median(np.diff(t_s))), _step(when))
        near = np.clip(np.searchsorted(when, t_s), 0, when.size - 1)
        back = np.maximum(near - 1, 0)
        distance = np.minimum(np.abs(when[near] - t_s), np.abs(when[back] - t_s))
        values = np.where(distance <= reach, np.interp(t_s, when, what), np.nan)
        return values if np.isfinite(values).mean() >= _MIN_COVER else None

    def _total(self, role: str) -> pl.DataFrame:
        """Return the load of all processes together, in order of time."""
        if role not in self._totals:
            frame = pl.concat(self._by_role[role].values())
            self._totals[role] = frame.group_by("_t").agg(pl.col("value").sum()).sort("_t")
        return self._totals[role]


def _step(t_s: Floats) -> float:
    return float(np.median(np.diff(t_s))) if t_s.size > 1 else 0.0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def find_versions(
    points: pl.DataFrame, events: pl.DataFrame | None
) -> dict[str, tuple[tuple[float, str], ...]]:
    """Return since when each entity ran which version, from its metrics, else from events."""
    told = [points.select("entity", "time", "version")]
    if events is not None:
        named = set(points.drop_nulls("version")["entity"].unique().to_list())
        rest = events.select("entity", "time", "version")
        told.append(rest.filter(~pl.col("entity").is_in(list(named))))
    seen = pl.concat(told).drop_nulls().unique().sort("entity", "time")
    is_new = pl.col("version") != pl.col("version").shift().over("entity")
    changes = seen.filter(is_new.fill_null(value=True))
    found: dict[str, list[tuple[float, str]]] = {}
    for entity, time, version in changes.iter_rows():
        found.setdefault(str(entity), []).append((time.timestamp(), str(version)))
    return {entity: tuple(since) for entity, since in found.items()}
