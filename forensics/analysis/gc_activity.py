"""What garbage collection cost and what it left: pauses, throughput, rates, the floor."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.stats import theilslopes

from forensics.findings import AnyEntry, Confidence, EvidenceRef, Finding, Interval, Measure
from forensics.tables import TIME

TITLE: Final = "Garbage collection"
NEEDS: Final = ("gc", "logs")

#: Entities a finding is written for.
_MOST_FINDINGS: Final = 6
#: Floor points that a slope takes; more are thinned evenly (its cost is quadratic).
_MOST_POINTS: Final = 500
_FEWEST_POINTS: Final = 5
#: Young collections without a full or mixed one: the floor is their lowest in this many.
_YOUNG_WINDOW: Final = 8
_CAUSE_SUMS: Final = {
    "humongous": r"(?i)humongous",
    "metadata": r"(?i)metadata|metaspace",
    "explicit": r"(?i)system\.gc|diagnostic command|heap dump|heap inspection|jvmti",
}
_TROUBLES: Final = {
    "evacuation_failures": r"Evacuation Failure|[Tt]o-space (?:exhausted|overflow)",
    "promotion_failures": r"promotion failed|concurrent mode failure|Promotion Failed",
    "allocation_stalls": r"Allocation Stall|Relocation Stall",
    "degenerated": r"Pause Degenerated|Cancelling GC|Cancelling concurrent GC",
}

ACTIVITY: Final = pl.Schema(
    {
        "entity": pl.String(),
        "collector": pl.String(),
        "pauses": pl.Int64(),
        "pause_total_ms": pl.Float64(),
        "pause_p99_ms": pl.Float64(),
        "pause_max_ms": pl.Float64(),
        "pause_max_at": TIME,
        "pause_max_source": pl.String(),
        "pause_max_gc_id": pl.Int64(),
        "full": pl.Int64(),
        "mixed": pl.Int64(),
        "young": pl.Int64(),
        "observed_s": pl.Float64(),
        "throughput": pl.Float64(),
        "allocation_bytes_per_s": pl.Float64(),
        "promotion_bytes_per_s": pl.Float64(),
        "floor_first_bytes": pl.Float64(),
        "floor_last_bytes": pl.Float64(),
        "floor_bytes_per_min": pl.Float64(),
        "floor_low_bytes_per_min": pl.Float64(),
        "floor_high_bytes_per_min": pl.Float64(),
        **{name: pl.Int64() for name in (*_CAUSE_SUMS, *_TROUBLES)},
    }
)
FLOOR: Final = pl.Schema(
    {
        "entity": pl.String(),
        "source": pl.String(),
        "time": TIME,
        "uptime_s": pl.Float64(),
        "kind": pl.String(),
        "floor_bytes": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """Collections by process and collector.

    Attributes
    ----------
    activity
        Schema ``ACTIVITY``. ``throughput`` is the share of the observed time outside pauses;
        rates are lower bounds: what is freed while a concurrent cycle runs isn't seen.
        The slope of the floor is of the last life (log file) with enough points, with its
        95 % interval.
    floor
        Schema ``FLOOR``: heap after full or, without any, mixed collections; where there is
        neither, the lowest of eight young ones.
    """

    activity: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=ACTIVITY))
    floor: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=FLOOR))


def run(*, gc: pl.DataFrame, logs: pl.LazyFrame) -> Result:
    """Sum up each process; each log file counts as one life, rates don't cross files.

    References
    ----------
    P. K. Sen (1968), "Estimates of the regression coefficient based on Kendall's tau",
    J. Am. Stat. Assoc. 63, 1379-1389: slope of the floor and its interval.
    """
    if gc.is_empty():
        return Result()
    clock = pl.coalesce("uptime_s", pl.col("time").dt.epoch("us") / 1e6)
    table = (
        gc.with_columns(pl.col("entity").fill_null("process"), clock=clock)
        .sort("entity", "source", "clock", "gc_id", maintain_order=True)
        .with_columns(**_rates())
    )
    floor = _find_floor(table)
    activity = (
        _sum_up(table)
        .join(_slopes(floor), on="entity", how="left")
        .join(_troubles(table, logs), on="entity", how="left")
        .with_columns(pl.col(*_TROUBLES).fill_null(0))
    )
    return Result(activity.select(ACTIVITY.names()).match_to_schema(ACTIVITY), floor)


def _rates() -> dict[str, pl.Expr]:
    """Return what was allocated and promoted since the collection before."""
    life = ("entity", "source")
    sized = pl.col("heap_before_bytes").is_not_null() & pl.col("heap_after_bytes").is_not_null()
    after = pl.when(sized).then("heap_after_bytes").forward_fill().over(life)
    before = pl.when(sized).then("heap_before_bytes")
    survived = pl.when(pl.col("kind") == "young").then("heap_after_bytes")
    last_survived = survived.forward_fill().shift(1).over(life)
    return {
        "allocated": (before - after.shift(1).over(life)).clip(lower_bound=0),
        "promoted": (survived - last_survived).clip(lower_bound=0),
    }


def _sum_up(table: pl.DataFrame) -> pl.DataFrame:
    pause = pl.col("pause_ms")
    lives = table.group_by("entity", "source", maintain_order=True).agg(
        observed_s=pl.col("clock").max() - pl.col("clock").min()
    )
    observed = lives.group_by("entity", maintain_order=True).agg(pl.col("observed_s").sum())
    counted = table.group_by("entity", maintain_order=True).agg(
        pl.col("collector").drop_nulls().last(),
        *(
            (pl.col("kind") == name).and_(pause.is_not_null()).sum().cast(pl.Int64).alias(name)
            for name in ("full", "mixed", "young")
        ),
        *(
            pl.col("cause").str.contains(pattern).sum().cast(pl.Int64).alias(name)
            for name, pattern in _CAUSE_SUMS.items()
        ),
        *(
            pl.col(name).sort_by("pause_ms", nulls_last=False).last().alias(f"pause_max_{short}")
            for name, short in (("time", "at"), ("source", "source"), ("gc_id", "gc_id"))
        ),
        pauses=pause.count().cast(pl.Int64),
        pause_total_ms=pause.sum(),
        pause_p99_ms=pause.quantile(0.99, "higher"),
        pause_max_ms=pause.max(),
        allocated=pl.col("allocated").sum(),
        promoted=pl.col("promoted").sum(),
        has_sizes=pl.col("allocated").is_not_null().any(),
    )
    long_enough = pl.col("observed_s") > 0
    return counted.join(observed, on="entity").with_columns(
        throughput=pl.when(long_enough).then(
            (1 - pl.col("pause_total_ms") / 1000 / pl.col("observed_s")).clip(0, 1)
        ),
        **{
            f"{name}_bytes_per_s": pl.when(long_enough & pl.col("has_sizes")).then(
                pl.col(amount) / pl.col("observed_s")
            )
            for name, amount in (("allocation", "allocated"), ("promotion", "promoted"))
        },
    )


def _find_floor(table: pl.DataFrame) -> pl.DataFrame:
    """Return what survived the most thorough collections that each process had."""
    sized = table.drop_nulls("heap_after_bytes").with_columns(floor_bytes="heap_after_bytes")
    has = {kind: (pl.col("kind") == kind).any().over("entity") for kind in ("full", "mixed")}
    heavy = sized.with_columns(has_full=has["full"], has_mixed=has["mixed"])
    thorough = heavy.filter(
        (pl.col("kind") == "full") | (~pl.col("has_full") & (pl.col("kind") == "mixed"))
    )
    light = heavy.filter(~pl.col("has_full") & ~pl.col("has_mixed"))
    group = pl.int_range(pl.len()).over("entity", "source") // _YOUNG_WINDOW
    lowest = (
        light.with_columns(group=group)
        .sort("floor_bytes", maintain_order=True)
        .group_by("entity", "source", "group", maintain_order=True)
        .first()
    )
    columns = FLOOR.names()
    return (
        pl.concat([thorough.select(columns), lowest.select(columns)])
        .sort("entity", "source", "uptime_s", "time")
        .match_to_schema(FLOOR)
    )


def _slopes(floor: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for (entity,), part in floor.partition_by("entity", as_dict=True).items():
        lives = part.partition_by("source", maintain_order=True)
        long = [life for life in lives if life.height >= _FEWEST_POINTS]
        life = long[-1] if long else lives[-1]
        rows.append(
            {
                "entity": entity,
                "floor_first_bytes": float(life["floor_bytes"][0]),
                "floor_last_bytes": float(life["floor_bytes"][-1]),
                **(_fit_slope(life) if long else {}),
            }
        )
    names = [name for name in ACTIVITY.names() if name.startswith("floor_")]
    return pl.DataFrame(rows, schema={"entity": pl.String, **{n: ACTIVITY[n] for n in names}})


def _fit_slope(life: pl.DataFrame) -> dict[str, float]:
    step = max(1, life.height // _MOST_POINTS)
    thin = life.gather_every(step).with_columns(
        minutes=pl.coalesce("uptime_s", pl.col("time").dt.epoch("us") / 1e6) / 60
    )
    minutes = thin["minutes"].to_numpy()
    if np.ptp(minutes) == 0:
        return {}
    slope, _, low, high = theilslopes(thin["floor_bytes"].to_numpy(), minutes, alpha=0.95)
    return {
        "floor_bytes_per_min": float(slope),
        "floor_low_bytes_per_min": float(low),
        "floor_high_bytes_per_min": float(high),
    }


def _troubles(table: pl.DataFrame, logs: pl.LazyFrame) -> pl.DataFrame:
    """Count the lines of each process's GC logs that tell of a collection gone wrong.

    A collection that says so twice counts once, where its lines carry its number.
    """
    sources = table.select("entity", "source").unique()
    every = "|".join(_TROUBLES.values())
    lines = (
        logs.filter(
            pl.col("source").is_in(sources["source"].implode()),
            pl.col("message").str.contains(every),
        )
        .select(
            "source",
            "message",
            collection=pl.coalesce(
                pl.col("message").str.extract(r"^(GC\(\d+\))"),
                pl.col("raw_ref").struct.field("line").cast(pl.String),
            ),
        )
        .collect(engine="streaming")
        .join(sources, on="source")
    )
    return lines.group_by("entity").agg(
        pl.struct("source", "collection")
        .filter(pl.col("message").str.contains(pattern))
        .n_unique()
        .cast(pl.Int64)
        .alias(name)
        for name, pattern in _TROUBLES.items()
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement a process: those that lost most time to collection first."""
    worst = result.activity.sort("throughput", "entity", nulls_last=True).head(_MOST_FINDINGS)
    return [_state(row) for row in worst.iter_rows(named=True)]


def _state(row: dict[str, Any]) -> Finding:
    parts = []
    if row["pauses"]:
        longest = f"{row['pauses']:,} pauses, the longest {row['pause_max_ms']:,.0f} ms"
        parts.append(longest)
    if row["throughput"] is not None:
        parts.append(f"{row['throughput']:.2%} of the time outside of pauses")
    if row["full"]:
        parts.append(f"{row['full']:,} full collections")
    parts += [f"{row[name]:,} {name.replace('_', ' ')}" for name in _TROUBLES if row[name]]
    if row["floor_bytes_per_min"] is not None:
        first, last = row["floor_first_bytes"] / 2**20, row["floor_last_bytes"] / 2**20
        parts.append(f"heap after collection went from {first:,.0f} to {last:,.0f} MiB")
    collector = row["collector"] or "unknown collector"
    confidence: Confidence = "high" if row["floor_bytes_per_min"] is not None else "medium"
    number = row["pause_max_gc_id"]
    return Finding(
        topic="gc",
        text=f"{row['entity']} ({collector}): {'; '.join(parts) or 'no pauses logged'}.",
        confidence=confidence,
        measures=_measures(row),
        evidence=[
            EvidenceRef(
                path=str(row["pause_max_source"]),
                query=None if number is None else f"GC({number})",
            )
        ],
    )


def _measures(row: dict[str, Any]) -> list[Measure]:
    slope = row["floor_bytes_per_min"]
    interval = None
    if slope is not None:
        low, high = row["floor_low_bytes_per_min"], row["floor_high_bytes_per_min"]
        interval = Interval(low=low, high=high, level=0.95)
    return [
        Measure(name="longest pause", value=row["pause_max_ms"], unit="ms"),
        Measure(name="pause, 99th percentile", value=row["pause_p99_ms"], unit="ms"),
        Measure(name="time in pauses", value=row["pause_total_ms"], unit="ms"),
        Measure(name="time outside of pauses", value=row["throughput"], unit="share"),
        Measure(name="allocation rate", value=row["allocation_bytes_per_s"], unit="bytes/s"),
        Measure(name="promotion rate", value=row["promotion_bytes_per_s"], unit="bytes/s"),
        Measure(name="growth of the floor", value=slope, unit="bytes/min", interval=interval),
    ]
