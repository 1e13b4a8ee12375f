"""Fit the fluid model of a service to what was last seen of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import polars as pl

from forensics.analysis._context import workload_of
from forensics.analysis._service_model import Service
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.memory_growth import SignalGrowth
from forensics.analysis.roles import Result as Roles
from forensics.analysis.saturation import PoolSaturation
from forensics.analysis.saturation import Result as Saturation
from forensics.growth._types import LifeGrowth

#: What was seen this shortly before the end is how things are now.
_NOW_S: Final = 300.0
#: How long a killed process is away where no restart was seen: a start takes about that long.
_DOWN_S: Final = 30.0
#: A gap longer than this is no restart of the same process.
_LONGEST_DOWN_S: Final = 600.0


def fit_service(
    roles: Roles, growths: Growths, saturation: Saturation, share_from_load: float
) -> Service | None:
    """Return the service as it was last seen; ``None`` without memory or a pool to go by.

    Its processes are those that leak and still run, else those that own a pool.
    """
    if roles.points.is_empty():
        return None
    end_s = roles.points["time"].max().timestamp()  # type: ignore[union-attr]  # a datetime column
    leaking = [
        (grown, grown.assessment.lives[-1])
        for grown in growths.deciding
        if grown.assessment.leak == "yes"
        and grown.assessment.lives
        and grown.assessment.lives[-1].life.ended_s >= end_s - _NOW_S
    ]
    owners = {pool.entity: pool for pool in saturation.pools}
    names = [grown.signal.entity for grown, _ in leaking] or _alive(roles, owners, end_s)
    if not names:
        return None
    traffic = _traffic(roles, names)
    pools = [owners[name] for name in names if name in owners]
    size = _median(_last(roles, "pool_max", names))
    hold_s, lost = _pool(pools, roles, names, size)
    age_s = float(np.median([end_s - life.life.started_s for _, life in leaking] or [math.nan]))
    each = traffic / len(names)
    return Service(
        used_bytes=np.array([_level(life) for _, life in leaking] or np.zeros(len(names))),
        fresh_bytes=_fresh(leaking),
        limit_bytes=_median(g.signal.limit_bytes for g, _ in leaking if g.signal.limit_bytes)
        if any(g.signal.limit_bytes for g, _ in leaking)
        else math.inf,
        rate_bytes_per_s=_median(_rates(leaking)) if leaking else 0.0,
        share_from_load=share_from_load,
        requests_per_s=traffic,
        pool_size=size,
        hold_s=hold_s,
        lost_connections=lost if leaking else 0.0,
        lost_per_request=lost / (age_s * each) if leaking and age_s * each > 0 else 0.0,
        down_s=_down_s(growths),
    )


def _alive(roles: Roles, owners: Iterable[str], end_s: float) -> list[str]:
    last = roles.role("pool_active").group_by("entity").agg(pl.col("time").max())
    seen = {str(name): time.timestamp() for name, time in last.iter_rows()}
    return sorted(name for name in owners if seen.get(name, 0.0) >= end_s - _NOW_S)


def _rates(leaking: Sequence[tuple[SignalGrowth, LifeGrowth]]) -> list[float]:
    """Return the pace of each process's last lives that show one; the last of all may be short."""
    rates = []
    for grown, _ in leaking:
        lives = [x for x in grown.assessment.lives if x.leak == "yes" and x.rate.is_known]
        rates += [life.rate.value for life in lives[-2:] if life.rate.value > 0]
    return rates or [0.0]


def _level(life: LifeGrowth) -> float:
    return float(life.floor.y_bytes[-1]) if life.floor.y_bytes.size else 0.0


def _fresh(leaking: Sequence[tuple[SignalGrowth, LifeGrowth]]) -> float:
    """Return what a process uses after its start: the typical lowest of all lives' floors."""
    lives = [life for grown, _ in leaking for life in grown.assessment.lives]
    lowest = [float(life.floor.y_bytes.min()) for life in lives if life.floor.y_bytes.size]
    return float(np.median(lowest)) if lowest else 0.0


def _traffic(roles: Roles, names: Sequence[str]) -> float:
    """Return the requests a second that the workloads of these processes take now, else all.

    A process that is down for a part of a minute counts with what it took while it was up.
    """
    points = roles.traffic().filter(pl.col("role") == "requests")
    workloads = {workload_of(name) for name in names}
    own = [e for e in points["entity"].unique().to_list() if workload_of(e) in workloads]
    mine = points.filter(pl.col("entity").is_in(own)) if own else points
    if mine.is_empty():
        return math.nan
    now = mine.filter(pl.col("time") >= mine["time"].max() - pl.duration(seconds=2 * _NOW_S))
    minutes = (
        now.group_by(pl.col("time").dt.truncate("1m"), "entity", "series_id")
        .agg(pl.col("value").mean())
        .group_by("time")
        .agg(pl.col("value").sum())
    )
    return float(minutes["value"].median())  # type: ignore[arg-type]  # polars scalar


def _pool(
    pools: Sequence[PoolSaturation], roles: Roles, names: Sequence[str], size: float
) -> tuple[float, float]:
    """Return how long a request holds a connection, and how many connections of a pool are lost.

    Where requests hold theirs for longer, that is the hold time and nothing is lost. Else what
    is in use beyond what the requests of now need, at the hold time of before, is lost.
    """
    slow = [p.hold_s_full for p in pools if p.driver == "hold time" and p.hold_s_full]
    if slow:
        return _median(slow), 0.0
    hold_s = _median(p.hold_s_before for p in pools if p.hold_s_before)
    if not (hold_s > 0 and size > 0):
        return hold_s, 0.0
    counted = pl.concat([roles.traffic(), roles.role("pool_active")])
    now = counted.filter(
        pl.col("entity").is_in(names)
        & (pl.col("time") >= counted["time"].max() - pl.duration(seconds=_NOW_S))
    )
    each = now.group_by("role", "entity", "series_id").agg(pl.col("value").median())
    sums = dict(each.group_by("role").agg(pl.col("value").sum()).iter_rows())
    served = max(sums.get("requests", 0.0) - sums.get("errors", 0.0), 0.0)
    beyond = (sums.get("pool_active", 0.0) - served * hold_s) / len(names)
    return hold_s, min(max(beyond, 0.0), size)


def _last(roles: Roles, role: str, names: Sequence[str]) -> list[float]:
    points = roles.role(role).filter(pl.col("entity").is_in(names)).sort("time")
    last = points.group_by("entity", "series_id", maintain_order=True).last()
    return last.group_by("entity").agg(pl.col("value").sum())["value"].to_list()


def _down_s(growths: Growths) -> float:
    """Return how long a process was typically away between two lives."""
    gaps = [
        after.life.started_s - before.life.ended_s
        for grown in growths.deciding
        for before, after in zip(
            grown.assessment.lives[:-1], grown.assessment.lives[1:], strict=True
        )
        if before.life.ended_by == "restart"
    ]
    known = [gap for gap in gaps if 0 < gap <= _LONGEST_DOWN_S]
    return float(np.median(known)) if known else _DOWN_S


def _median(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.median(known)) if known else math.nan
