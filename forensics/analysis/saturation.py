"""Was a connection pool exhausted, and is it the cause or a symptom: by Little's law."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.findings import AnyEntry, Confidence, EvidenceRef, Finding, Measure

if TYPE_CHECKING:
    from forensics.analysis import roles as roles_module

TITLE: Final = "Pool saturation"
NEEDS: Final = ("roles",)

Floats = NDArray[np.float64]
Driver = Literal["demand", "hold time", "unreleased", "size", "none", "unknown"]
Part = Literal["cause", "symptom", "amplifier", "none", "unknown"]

_FULL: Final = 0.95
_CALM: Final = 0.8
#: A quantity changed if it moved by this factor; less is within daily traffic.
_CHANGED: Final = 1.5
#: Throughput that fell below this share while the pool stayed full: connections aren't
#: slow then, they are not given back.
_STALLED: Final = 0.2
_MIN_SAMPLES: Final = 3
_ROLES: Final = (
    "pool_active",
    "pool_max",
    "pool_idle",
    "pool_pending",
    "pool_timeout",
    "requests",
    "latency",
)


@dataclass(frozen=True, slots=True)
class PoolSaturation:
    """One pool before and while it was full; None where the evidence doesn't say.

    Attributes
    ----------
    entity
        Process that owns the pool.
    is_saturated
        It was at least 95 % in use with requests waiting, or in use entirely.
    saturated_at, seconds_full
        First time, and for how long altogether.
    utilisation_before, utilisation_full
        Median share of the pool in use, 0 to 1.
    arrivals_before, arrivals_full
        Median requests a second that got a connection: those that gave up waiting for one are
        taken off where the pool counts them.
    hold_s_before, hold_s_full
        Mean time a request holds a connection, by Little's law (in use / requests a second);
        infinite where none got one.
    pending_most
        Most requests waiting at once.
    wait_s
        Mean wait while full, by Little's law (pending / requests a second).
    driver
        What filled it.
    part
        Whether the pool is cause, symptom or amplifier of the trouble.
    """

    entity: str
    is_saturated: bool
    saturated_at: datetime | None
    seconds_full: float
    utilisation_before: float | None
    utilisation_full: float | None
    arrivals_before: float | None
    arrivals_full: float | None
    hold_s_before: float | None
    hold_s_full: float | None
    pending_most: float | None
    wait_s: float | None
    driver: Driver
    part: Part


@dataclass(frozen=True, slots=True)
class Result:
    """All pools that the metrics show; empty if none."""

    pools: tuple[PoolSaturation, ...]


def run(*, roles: roles_module.Result) -> Result:
    """Judge every pool.

    Little's law [1]_ holds for any stable system whatever its distributions: the mean number
    in it equals arrival rate times mean time in it. Where a queue grows the law holds only
    over the whole busy spell, so waits are means over that.

    References
    ----------
    .. [1] J. D. C. Little (1961), "A proof for the queuing formula L = λW", Operations
       Research 9, 383-387.
    """
    points = roles.role(*_ROLES)
    owners = points.filter(pl.col("role") == "pool_active")["entity"].unique().sort().to_list()
    return Result(tuple(_judge(str(owner), points) for owner in owners))


def _judge(entity: str, points: pl.DataFrame) -> PoolSaturation:
    table = _align(entity, points)
    t_s, used = table["t"], table["pool_active"]
    size = table["pool_max"]
    if not np.isfinite(size).any():
        size = used + table["pool_idle"]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(size > 0, used / size, np.nan)
        pending = table["pool_pending"]
        full = (share >= _FULL) & ((pending > 0) | ~np.isfinite(pending) | (share >= 1))
    is_saturated = int(full.sum()) >= _MIN_SAMPLES
    first = int(np.argmax(full)) if is_saturated else used.size
    calm = (np.arange(used.size) < first) & ~(share > _CALM)
    served = np.maximum(table["requests"] - np.nan_to_num(table["pool_timeout"]), 0.0)
    arrivals_before, arrivals_full = _median(served, calm), _median(served, full)
    hold_before = _ratio(_median(used, calm), arrivals_before)
    hold_full = _ratio(_median(used, full), arrivals_full)
    if arrivals_full == 0.0:
        hold_full = np.inf
    size_moved = _ratio(_median(size, full), _median(size, calm))
    driver = _driver(
        is_saturated,
        demand=_ratio(arrivals_full, arrivals_before),
        hold=_ratio(hold_full, hold_before),
        size=size_moved,
    )
    waiting = (
        float(np.nanmean(pending[full]))
        if full.any() and np.isfinite(pending[full]).any()
        else None
    )
    return PoolSaturation(
        entity=entity,
        is_saturated=is_saturated,
        saturated_at=datetime.fromtimestamp(float(t_s[first]), UTC) if is_saturated else None,
        seconds_full=float(full.sum() * np.median(np.diff(t_s))) if t_s.size > 1 else 0.0,
        utilisation_before=_median(share, calm),
        utilisation_full=_median(share, full),
        arrivals_before=arrivals_before,
        arrivals_full=arrivals_full,
        hold_s_before=hold_before,
        hold_s_full=hold_full,
        pending_most=float(np.nanmax(pending)) if np.isfinite(pending).any() else None,
        wait_s=_ratio(waiting, arrivals_full),
        driver=driver,
        part=_part(driver),
    )


def _driver(
    is_saturated: bool,  # noqa: FBT001  # the first of four facts, named at the one call
    *,
    demand: float | None,
    hold: float | None,
    size: float | None,
) -> Driver:
    """Name what filled the pool: in use = arrivals * hold time, against its size."""
    if not is_saturated:
        return "none"
    if size is not None and size < 1 / _CHANGED:
        return "size"
    if demand is None or hold is None:
        return "unknown"
    if demand < _STALLED and hold > _CHANGED:
        return "unreleased"
    if hold > _CHANGED and hold >= demand:
        return "hold time"
    return "demand" if demand > _CHANGED else "unknown"


def _part(driver: Driver) -> Part:
    """Say what follows for the pool itself.

    A pool that loses connections or was made too small is at fault; one whose users hold on
    for longer suffers from what made them slow; one that demand filled makes it worse.
    """
    parts: dict[Driver, Part] = {
        "unreleased": "cause",
        "size": "cause",
        "hold time": "symptom",
        "demand": "amplifier",
        "none": "none",
    }
    return parts.get(driver, "unknown")


def _align(entity: str, points: pl.DataFrame) -> dict[str, Floats]:
    """Return all roles at the times of ``pool_active``; NaN where unknown."""
    mine = points.filter(pl.col("entity") == entity)
    base = _series(mine, "pool_active")
    table = {"t": base[0], "pool_active": base[1]}
    for role in _ROLES[1:]:
        when, what = _series(mine, role)
        if when.size == 0 and role == "requests":
            when, what = _series(points, role)
        table[role] = np.interp(base[0], when, what) if when.size else np.full(base[0].size, np.nan)
    return table


def _series(points: pl.DataFrame, role: str) -> tuple[Floats, Floats]:
    summed = (
        points.filter(pl.col("role") == role)
        .group_by("time")
        .agg(pl.col("value").sum())
        .sort("time")
    )
    return summed["time"].to_physical().to_numpy() / 1e6, summed["value"].to_numpy()


def _median(values: Floats, where: NDArray[np.bool_]) -> float | None:
    chosen = values[where]
    chosen = chosen[np.isfinite(chosen)]
    return float(np.median(chosen)) if chosen.size else None


def _ratio(above: float | None, below: float | None) -> float | None:
    if above is None or below is None or below <= 0:
        return None
    return above / below


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement a pool, with its measures; those that were full come first."""
    return [_describe(pool) for pool in sorted(result.pools, key=lambda p: not p.is_saturated)]


_TEXTS: Final[dict[Driver, str]] = {
    "demand": "more requests arrived than it was sized for",
    "hold time": "requests held connections for longer: what they wait on became slow",
    "unreleased": "connections were taken and not given back",
    "size": "it had become smaller",
    "unknown": "what filled it can't be told from these metrics",
    "none": "it was never full",
}

_PART_TEXTS: Final[dict[Part, str]] = {
    "cause": "; it is part of the cause",
    "symptom": "; it is a symptom",
    "amplifier": "; it makes the trouble worse",
    "none": "",
    "unknown": "",
}


def _describe(pool: PoolSaturation) -> Finding:
    full = "was full" if pool.is_saturated else "had room"
    confidence: Confidence = "low" if pool.driver == "unknown" else "medium"
    amounts = (
        ("utilisation while full", pool.utilisation_full, "share"),
        ("arrivals before", pool.arrivals_before, "1/s"),
        ("arrivals while full", pool.arrivals_full, "1/s"),
        ("hold time before", pool.hold_s_before, "s"),
        ("hold time while full", pool.hold_s_full, "s"),
        ("most pending", pool.pending_most, "requests"),
        ("mean wait while full", pool.wait_s, "s"),
        ("time full", pool.seconds_full, "s"),
    )
    return Finding(
        topic="saturation",
        text=f"The connection pool of {pool.entity} {full}: {_TEXTS[pool.driver]}"
        f"{_PART_TEXTS[pool.part]}.",
        confidence=confidence,
        measures=[
            Measure(name=n, value=None if v is None or np.isinf(v) else v, unit=u)
            for n, v, u in amounts
        ],
        evidence=[EvidenceRef(path="metrics", query=f"pool_active of {pool.entity}")],
    )
