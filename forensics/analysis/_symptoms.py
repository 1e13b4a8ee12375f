"""What hurt, and since when: errors, a full pool, slow answers; and what traffic did.

Used where memory itself doesn't leak, and to tell a trigger from a cause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from forensics.analysis._moments import error_share
from forensics.analysis.roles import Result as Roles

_FULL: Final = 0.98
_ERRORS: Final = 0.02
_SLOWER: Final = 3.0
_SIDE: Final = timedelta(minutes=10)
#: A lasting step of this size is a rise; where a pool is full, what is served is no more than that.
_RISE: Final = 1.3
#: A load that lastingly grows to this many times itself moves every gauge that follows it.
_BUSY: Final = 2.0
_FEW_KILLS: Final = 2
_STEPS: Final = 30
_FEW_SAMPLES: Final = 3
_LASTING: Final = 0.6
#: Answers quicker than this are slow for no user.
_NOTICED_S: Final = 0.05
_SHORTEST_STEP_S: Final = 5.0
#: Steps to either side whose median is the level of traffic there.
_REACH: Final = 10
#: The kind of the symptom that hurts nobody.
BUSIER: Final = "busier"


@dataclass(frozen=True, slots=True)
class Symptom:
    """The first sign of trouble users could feel; ``end`` is when it was last seen."""

    kind: str
    time: datetime
    why: str
    roles: tuple[str, ...]
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """How a level changed around a moment: medians of ten minutes before and after.

    ``factor`` is after over before, NaN where either side has no samples.
    """

    before: float
    after: float

    @property
    def factor(self) -> float:
        """After over before."""
        return self.after / self.before if self.before > 0 else math.nan


def find_symptom(roles: Roles, events: pl.DataFrame | None = None) -> Symptom | None:
    """Return the earliest of: pool full, errors above 2 %, answers three times slower, kills.

    Where none of these was seen, a lasting doubling of the load is the symptom: it hurts nobody
    yet, and makes memory, processors and alarms move.
    """
    signs = (_pool_full(roles), _errors(roles), _slow(roles), _kills(events))
    found = [sign for sign in signs if sign is not None]
    return min(found, key=lambda symptom: symptom.time, default=None) or _busier(roles)


def _kills(events: pl.DataFrame | None) -> Symptom | None:
    """Return the first of at least two out-of-memory kills."""
    if events is None:
        return None
    killed = events.filter((pl.col("kind") == "oom_kill") & pl.col("time").is_not_null())
    killed = killed.sort("time")
    if killed.height < _FEW_KILLS:
        return None
    time: datetime = killed["time"][0]
    why = f"{killed['entity'][0] or 'a process'} is killed for want of memory"
    return Symptom("kills", time, why, ("oom_kills",), killed["time"][-1])


def _busier(roles: Roles) -> Symptom | None:
    rise = find_traffic_rise(roles)
    if rise is None or rise[1].factor < _BUSY:
        return None
    why = f"requests rise {rise[1].factor:.2g} times, and nothing else goes wrong for users"
    return Symptom(BUSIER, rise[0], why, ("requests",))


def _pool_full(roles: Roles) -> Symptom | None:
    size = roles.role("pool_max").group_by("entity").agg(size=pl.col("value").max())
    waiting = roles.role("pool_pending").filter(pl.col("value") > 0).select("time", "entity")
    full = (
        roles.role("pool_active")
        .join(size, on="entity")
        .filter((pl.col("value") >= _FULL * pl.col("size")) & (pl.col("size") > 0))
        .join(waiting, on=["time", "entity"], how="semi")
        .sort("time")
    )
    if full.height < 2:
        return None
    time: datetime = full["time"][0]
    why = f"the pool of {full['entity'][0]} is full and requests wait for it"
    roles_read = ("pool_active", "pool_max", "pool_pending")
    return Symptom("pool full", time, why, roles_read, full["time"][-1])


def _errors(roles: Roles) -> Symptom | None:
    share = error_share(roles)
    if share.height < 5:
        return None
    usual = float(share["share"].head(max(3, share.height // 5)).median() or 0.0)  # type: ignore[arg-type]  # polars scalar
    bad = share.filter(pl.col("share") > max(_ERRORS, 3 * usual))
    if bad.height < 2:
        return None
    time = first_lasting(share, share["share"] > max(_ERRORS, 3 * usual))
    why = f"errors pass {max(_ERRORS, 3 * usual):.0%} of requests"
    return Symptom("errors", time, why, ("errors", "requests"), bad["time"][-1])


def _slow(roles: Roles) -> Symptom | None:
    by_time = (
        roles.role("latency")
        .group_by("time")
        .agg(pl.col("value").median())
        .sort("time")
        .drop_nulls()
    )
    if by_time.height < 10:
        return None
    usual = float(by_time["value"].head(max(3, by_time.height // 5)).median() or 0.0)  # type: ignore[arg-type]  # polars scalar
    is_slow = (by_time["value"] > _SLOWER * usual) & (by_time["value"] > _NOTICED_S)
    slow = by_time.filter(is_slow)
    if usual <= 0 or slow.height < 3:
        return None
    time = first_lasting(by_time, is_slow)
    why = f"answers take more than {_SLOWER:g} times their usual {usual:.3g} s"
    return Symptom("slow answers", time, why, ("latency",), slow["time"][-1])


def first_lasting(rows: pl.DataFrame, is_bad: pl.Series) -> datetime:
    """Return when trouble first lasted: a start of a process, or one hiccup, isn't its onset.

    Trouble lasts where most of the next twentieth of the samples show it too; if it never does,
    its first sample counts.
    """
    ahead = max(_FEW_SAMPLES, rows.height // 20)
    flags = is_bad.to_list()
    places = [i for i, bad in enumerate(flags) if bad]
    lasting = (i for i in places if sum(flags[i : i + ahead]) >= _LASTING * ahead)
    time: datetime = rows["time"][next(lasting, places[0])]
    return time


def shift_of(points: pl.DataFrame, at: datetime, side: timedelta = _SIDE) -> Shift:
    """Compare the summed level of a signal in the time before and after a moment."""
    total = points.group_by("time").agg(pl.col("value").sum())
    before = total.filter(pl.col("time").is_between(at - side, at, closed="left"))["value"]
    after = total.filter(pl.col("time").is_between(at, at + side))["value"]
    if before.is_empty() or after.is_empty():
        return Shift(math.nan, math.nan)
    return Shift(float(before.median() or 0.0), float(after.median() or 0.0))  # type: ignore[arg-type]  # polars scalar


def shift_of_each(points: pl.DataFrame, at: datetime, until: datetime | None = None) -> Shift:
    """Compare the levels of the entity that fell most between ``at`` and soon after ``until``."""
    end = (until or at) + _SIDE
    sides = (
        points.filter(pl.col("time").is_between(at - _SIDE, end))
        .group_by("entity", "role")
        .agg(
            before=pl.col("value").filter(pl.col("time") < at).last(),
            after=pl.col("value").filter(pl.col("time") >= at).last(),
        )
        .filter((pl.col("before") > 0) & pl.col("after").is_not_null())
        .sort(pl.col("after") / pl.col("before"), "entity")
    )
    if sides.is_empty():
        return Shift(math.nan, math.nan)
    return Shift(float(sides["before"][0]), float(sides["after"][0]))


def traffic_of(roles: Roles) -> pl.DataFrame:
    """Return the request rate of the metric that the most entities report.

    A load balancer, its pods and a client library may count one request each; only one
    metric is summed.
    """
    points = roles.role("requests")
    if points.is_empty():
        return points
    named = points.join(roles.series.select("series_id", "metric"), on="series_id", how="left")
    reach = named.group_by("metric").agg(pl.col("entity").n_unique(), pl.col("value").sum())
    metric = reach.sort("entity", "value", "metric", descending=[True, True, False])["metric"][0]
    return named.filter(pl.col("metric") == metric).drop("metric")


def find_traffic_rise(roles: Roles) -> tuple[datetime, Shift] | None:
    """Return when traffic rose most, and by how much, if it lastingly passed 1.3 times.

    It is looked at in steps of a minute, in evidence of less than half an hour in finer ones.
    """
    total = traffic_by_step(roles)
    values = total["value"].to_list()
    best: tuple[float, int, Shift] | None = None
    for i in range(5, len(values) - 4):
        shift = _shift_at(values, i)
        if shift.factor > _RISE and (best is None or shift.factor > best[0]):
            best = (shift.factor, i, shift)
    if best is None:
        return None
    near = range(max(1, best[1] - _REACH), min(len(values) - 1, best[1] + _REACH + 1))
    time: datetime = total["time"][min(near, key=lambda i: _misfit(values, best[1], i, best[2]))]
    return time, best[2]


def traffic_shift(roles: Roles, at: datetime) -> Shift:
    """Compare traffic in the ten steps before and after a moment, as ``find_traffic_rise`` does."""
    total = traffic_by_step(roles)
    place = int((total["time"] <= at).sum()) - 1
    if not 0 < place < total.height - 1:
        return Shift(math.nan, math.nan)
    # The step that the moment lies in is of both sides.
    return _shift_at(total["value"].to_list(), place, gap=1)


def traffic_by_step(roles: Roles) -> pl.DataFrame:
    """Return ``time, value``: requests a second over all entities, each by its mean in a step.

    An entity that was down for a part of a step counts with what it took while it was up.
    """
    points = traffic_of(roles)
    if points.is_empty():
        return pl.DataFrame(schema={"time": pl.Datetime("us", "UTC"), "value": pl.Float64})
    length_s = (points["time"].max() - points["time"].min()).total_seconds()  # type: ignore[operator,union-attr]  # datetimes
    step_s = round(min(60.0, max(_SHORTEST_STEP_S, length_s / _STEPS)))
    return (
        points.group_by(pl.col("time").dt.truncate(f"{step_s}s"), "entity")
        .agg(pl.col("value").mean())
        .group_by("time")
        .agg(pl.col("value").sum())
        .sort("time")
    )


def _shift_at(values: Sequence[float], place: int, gap: int = 0) -> Shift:
    before = sorted(values[max(0, place - _REACH) : place])
    after = sorted(values[place + gap : place + gap + _REACH])
    if not before or not after:
        return Shift(math.nan, math.nan)
    return Shift(before[len(before) // 2], after[len(after) // 2])


def _misfit(values: Sequence[float], centre: int, place: int, shift: Shift) -> float:
    """Return how badly a step at ``place`` from one level to the other fits around ``centre``."""
    low, high = max(0, centre - 2 * _REACH), min(len(values), centre + 2 * _REACH)
    before = sum(abs(value - shift.before) for value in values[low:place])
    return before + sum(abs(value - shift.after) for value in values[place:high])


def hold_time_shift(roles: Roles, at: datetime) -> Shift:
    """Compare how long a connection is held, by Little's law: busy connections over throughput."""
    busy = roles.role("pool_active")
    traffic = traffic_of(roles)
    before_busy, before_rate = shift_of(busy, at), shift_of(traffic, at)
    if not (before_rate.before > 0 and before_rate.after > 0):
        return Shift(math.nan, math.nan)
    return Shift(before_busy.before / before_rate.before, before_busy.after / before_rate.after)
