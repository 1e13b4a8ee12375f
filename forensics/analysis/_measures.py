"""Measure what a declaration claims: one function a topic, from signals and events.

Each returns what the evidence says, or ``None`` where it says nothing. A measure offers
every reading of the claim that a careful reader would accept (one pod or the sum of all,
the moment or the minutes around it); the judge takes the nearest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import polars as pl

from forensics.analysis._context import (
    Context,
    Measured,
    last_per_entity,
    show_bytes,
    workload_of,
)
from forensics.analysis._declared import Bound, Declared, format_seconds
from forensics.analysis._named_series import measure_share_by_name
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.findings import EvidenceRef

Measure = Callable[[Bound, Context, Declared], Measured | None]

_MESSAGES: Final = 100_000
_MEMORY_ROLES: Final = ("working_set", "rss", "heap_used")


def _entities(item: Bound, context: Context) -> list[str] | None:
    """Return the entities of the line's subject; ``None`` where it names none."""
    return context.subject(item.statement.words)[1]


def _gauge(
    item: Bound, context: Context, roles: tuple[str, ...], unit: Callable[[float], str]
) -> Measured | None:
    """Read a gauge: every entity's readings in the window, and the sum over entities."""
    for role in roles:
        points = context.signal(role, entities=_entities(item, context))
        if points.is_empty():
            continue
        entities = points["entity"].n_unique()
        totals = points.group_by("time").agg(pl.col("value").sum())["value"].to_list()
        values = (*points["value"].to_list(), *totals)
        low, high = float(points["value"].min() or 0.0), float(points["value"].max() or 0.0)  # type: ignore[arg-type]  # polars scalars
        many = f", up to {unit(max(totals))} in all" if entities > 1 else ""
        text = f"{unit(low)} to {unit(high)} over {entities} entities{many}"
        return Measured(
            values, text, f"{_plain(role)} in the minutes around the claim", context.refs(role)
        )
    return None


def _plain(role: str) -> str:
    return role.replace("_", " ")


def _memory(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _gauge(item, context, _MEMORY_ROLES, show_bytes)


def _memory_limit(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _gauge(item, context, ("memory_limit", "heap_max"), show_bytes)


def _share_of(
    item: Bound, context: Context, used: tuple[str, ...], limit: tuple[str, ...]
) -> Measured | None:
    entities = _entities(item, context)
    for use_role in used:
        for limit_role in limit:
            part = context.signal(use_role, entities=entities)
            whole = last_per_entity(context.signal(limit_role, entities=entities))
            both = part.join(whole.select("entity", whole="value"), on="entity").filter(
                pl.col("whole") > 0
            )
            if both.is_empty():
                continue
            shares = (both["value"] / both["whole"]).to_list()
            text = (
                f"{min(shares):.0%} to {max(shares):.0%} over {both['entity'].n_unique()} entities"
            )
            return Measured(
                tuple(shares),
                text,
                f"{_plain(use_role)} over {_plain(limit_role)}",
                context.refs(use_role, limit_role),
            )
    return None


def _memory_share(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _share_of(item, context, _MEMORY_ROLES, ("memory_limit", "heap_max"))


def _pool_share(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _share_of(item, context, ("pool_active",), ("pool_max",))


def _pool_use(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    entities = _entities(item, context)
    active = context.signal("pool_active", entities=entities)
    if active.is_empty():
        active = context.signal("pool_active")
    if active.is_empty():
        return None
    by_time = active.group_by("time").agg(pl.col("value").sum())["value"].to_list()
    size = last_per_entity(context.signal("pool_max"))["value"].sum()
    text = f"{max(by_time):,.0f} in use of {size:,.0f} over {active['entity'].n_unique()} pools"
    return Measured(
        (*active["value"].to_list(), *by_time),
        text,
        "active connections, of one pool and summed over all",
        context.refs("pool_active", "pool_max"),
    )


def _count(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _gauge(item, context, ("pool_pending", "backlog", "in_flight"), _plain_count)


def _pool_size(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _gauge(item, context, ("pool_max",), _plain_count)


def _plain_count(value: float) -> str:
    return f"{value:,.0f}"


def _growth_rate(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    """Take the fitted rates of all lives that reach the claim's moment."""
    del item
    entries = (
        [
            entry
            for entry in growth_findings(context.growth)
            if entry.leak == "yes" and entry.rate_bytes_per_min is not None
        ]
        if context.growth is not None
        else []
    )
    if not entries:
        return None
    rates = [entry.rate_bytes_per_min or 0.0 for entry in entries]
    text = f"{show_bytes(min(rates))}/min to {show_bytes(max(rates))}/min over {len(rates)} lives"
    refs = tuple(ref for entry in entries[:4] for ref in entry.evidence[:1])
    return Measured(tuple(rates), text, "fitted growth rates", refs)


def _request_rate(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    """Sum request rates over entities, a minute at a time; a claim may mean any minute."""
    totals = _totals_by_metric(context, _entities(item, context))
    if not totals:
        return None
    metric, values = min(
        totals.items(), key=lambda pair: min(abs(v - item.quantity.value) for v in pair[1])
    )
    median = sorted(values)[len(values) // 2]
    text = f"median {median:,.0f}/s, at most {max(values):,.0f}/s"
    ref = EvidenceRef(path="metrics", query=metric)
    return Measured(tuple(values), text, "requests a second, all entities", (ref,))


def _traffic_increase(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    """Compare the highest minute of the later half with the median of the earlier half."""
    is_multiple = item.quantity.kind == "multiple"
    readings: dict[str, tuple[float, str]] = {}
    for metric, values in _totals_by_metric(context, _entities(item, context)).items():
        half = len(values) // 2
        if half < 5:
            continue
        before = sorted(values[:half])[half // 2]
        after = max(values[half:])
        if before > 0:
            change = after / before - (0.0 if is_multiple else 1.0)
            shown = f"{change:.2g} times" if is_multiple else f"{change:+.0%}"
            readings[metric] = (change, f"{shown} ({before:,.0f}/s to {after:,.0f}/s)")
    if not readings:
        return None
    metric = min(sorted(readings), key=lambda m: abs(readings[m][0] - item.quantity.value))
    change, text = readings[metric]
    ref = EvidenceRef(path="metrics", query=metric)
    return Measured((change,), text, "highest minute against the median before", (ref,))


def _totals_by_metric(context: Context, entities: list[str] | None) -> dict[str, list[float]]:
    """Return request rates summed over entities, one list of minutes a metric.

    A load balancer and the pods behind it count the same requests: metrics are readings of
    one quantity, never parts of a sum.
    """
    points = _with_metric(context, context.roles.role("requests"))
    if entities is not None:
        points = points.filter(pl.col("entity").is_in(entities))
    by_minute = (
        points.group_by("metric", pl.col("time").dt.truncate("1m"), "entity", "series_id")
        .agg(pl.col("value").mean())
        .group_by("metric", "time")
        .agg(pl.col("value").sum())
        .sort("metric", "time")
    )
    grouped = by_minute.group_by("metric", maintain_order=True).agg("value")
    return {str(metric): list(values) for metric, values in grouped.iter_rows()}


def _with_metric(context: Context, points: pl.DataFrame) -> pl.DataFrame:
    names = context.roles.series.select("series_id", "metric")
    return points.join(names, on="series_id", how="left")


def _error_share(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    entities = _entities(item, context)
    errors = _with_metric(context, context.signal("errors", entities=entities))
    requests = _with_metric(context, context.signal("requests", entities=entities))
    both = pl.concat([_shares(errors, requests, []), _shares(errors, requests, ["workload"])])
    if both.is_empty():
        words = "success" if item.topic == "success share" else "error|fail"
        return measure_share_by_name(item, context, words, entities)
    shares = both["share"].to_list()
    is_success = item.topic == "success share"
    shares = [1 - share for share in shares] if is_success else shares
    text = f"{min(shares):.0%} to {max(shares):.0%}"
    how = "errors over requests, of one workload or of all"
    return Measured(tuple(shares), text, how, context.refs("errors", "requests"))


def _shares(errors: pl.DataFrame, requests: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return the share of errors a moment and metric, and a workload where ``by`` says so."""
    keys = ["time", "metric", *by]
    workload = pl.col("entity").map_elements(workload_of, pl.String).alias("workload")
    bad = errors.with_columns(workload).group_by(keys).agg(bad=pl.col("value").sum())
    everything = requests.with_columns(workload).group_by(keys).agg(all=pl.col("value").sum())
    both = everything.join(bad, on=keys).filter(pl.col("all") > 0)
    return both.select("time", share=pl.col("bad") / pl.col("all"))


def _slow_share(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return measure_share_by_name(item, context, "slow|latency", _entities(item, context))


def _events_in_window(kinds: tuple[str, ...]) -> Measure:
    def measure(item: Bound, context: Context, declared: Declared) -> Measured | None:
        events = context.events.filter(pl.col("kind").is_in(kinds) & pl.col("time").is_not_null())
        if context.events.is_empty():
            return None
        window = declared.near(item, "window")
        if context.as_of is not None:
            events = events.filter(pl.col("time") <= context.as_of + timedelta(seconds=60))
            if window is not None:
                start = context.as_of - timedelta(seconds=window.quantity.value + 60)
                events = events.filter(pl.col("time") >= start)
        # An event that the cluster counted up is one row with its count; several sources
        # may tell of one death within a minute.
        deaths = events.unique(["entity", pl.col("time").dt.truncate("1m")])
        pods = events["entity"].n_unique()
        sources = events["source"].unique().sort().to_list()
        span = f" in the {format_seconds(window.quantity.value)} before" if window else ""
        return Measured(
            (float(deaths.height), float(pods), float(events["count"].fill_null(1).sum())),
            f"{deaths.height} times, {pods} pods{span}",
            f"events of kind {' or '.join(kinds)}",
            tuple(EvidenceRef(path=str(source)) for source in sources[:4]),
        )

    return measure


def _time_out(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    """Take the waits that time-out messages of the logs state."""
    number = r"(?i)tim(?:ed|e|ing)[ -]?out[^\d]{0,40}(\d+(?:\.\d+)?)\s?(?:ms|s|sec|seconds)\b"
    found = (
        context.logs.with_columns(
            said=pl.concat_str("message", "exception", separator="\n", ignore_nulls=True)
        )
        .filter(pl.col("said").str.contains(r"(?i)tim(?:ed|e|ing)[ -]?out"))
        .select(
            pl.col("said").str.extract(number).cast(pl.Float64, strict=False).alias("number"),
            pl.col("said")
            .str.extract(
                r"(?i)tim(?:ed|e|ing)[ -]?out[^\d]{0,40}\d+(?:\.\d+)?\s?(ms|s|sec|seconds)\b"
            )
            .alias("unit"),
            pl.col("raw_ref"),
        )
        .drop_nulls()
        .head(_MESSAGES)
        .collect()
    )
    if found.is_empty():
        return None
    seconds = found.select(
        value=pl.when(pl.col("unit").str.to_lowercase() == "ms")
        .then(pl.col("number") / 1000)
        .otherwise("number"),
        ref="raw_ref",
    )
    claimed = item.quantity.value
    common = seconds.group_by(pl.col("value").round(2)).agg(pl.len(), pl.col("ref").first())
    top = common.sort((pl.col("value") - claimed).abs(), -pl.col("len").cast(pl.Int64)).row(
        0, named=True
    )
    return Measured(
        tuple(seconds["value"].to_list()),
        f"{top['value']:g} s in {top['len']:,} of {seconds.height:,} messages",
        "waits stated in time-out messages",
        (EvidenceRef(path=top["ref"]["file"], line=top["ref"]["line"]),),
    )


def _latency(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _gauge(item, context, ("latency",), lambda value: f"{value:.3g} s")


def _cpu(item: Bound, context: Context, _declared: Declared) -> Measured | None:
    return _share_of(item, context, ("cpu",), ("cpu_limit",))


MEASURES: Final[dict[str, Measure]] = {
    "memory in use": _memory,
    "memory limit": _memory_limit,
    "memory share": _memory_share,
    "memory growth rate": _growth_rate,
    "pool share": _pool_share,
    "pool use": _pool_use,
    "pool size": _pool_size,
    "pending requests for the pool": _count,
    "request rate": _request_rate,
    "traffic increase": _traffic_increase,
    "error share": _error_share,
    "success share": _error_share,
    "slow share": _slow_share,
    "out-of-memory kills": _events_in_window(("oom_kill",)),
    "restarts": _events_in_window(("restart", "oom_kill")),
    "time-out": _time_out,
    "latency": _latency,
    "CPU share": _cpu,
}
