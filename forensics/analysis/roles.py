"""What each metric means: from exporter names to roles, one signal a role and entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from forensics.analysis._role_latency import add_errors, mean_latency
from forensics.analysis._role_points import (
    combine_parts,
    counter_rate,
    merge_successors,
    work_rate,
)
from forensics.analysis._role_rules import RATE_ROLES, ROLE_UNITS
from forensics.analysis._role_series import SERIES, describe_series
from forensics.analysis._role_versions import find_versions
from forensics.config import IncidentConfig
from forensics.findings import AnyEntry
from forensics.tables import TIME

__all__ = ["NEEDS", "POINTS", "SERIES", "TITLE", "Result", "counter_rate", "findings", "run"]

TITLE: Final = "What each metric means"
NEEDS: Final = ("metrics", "config")

#: One row a sample of a used signal, in the base unit of its role.
POINTS: Final = pl.Schema(
    {
        "time": TIME,
        "series_id": pl.UInt32(),
        "role": pl.String(),
        "entity": pl.String(),
        "version": pl.String(),
        "value": pl.Float64(),
    }
)
_RAW: Final = pl.Schema({"series_id": pl.UInt32(), "time": TIME, "value": pl.Float64()})


@dataclass(frozen=True, slots=True)
class Result:
    """The semantic layer of one case.

    Parameters
    ----------
    series
        One row a series of the metrics table and one a derived signal, schema ``SERIES``:
        ``series_id, metric, entity, labels, role, unit, scale, why, use, part_of``. ``use``
        is ``used`` (its samples are in ``points``), ``part`` (it is summed into the signal
        ``part_of``), ``spare`` (another metric of the same role is preferred) or ``none``.
    points
        Schema ``POINTS``: sorted by role, entity, series and time; values in the unit of the
        role; counters of events and work as rates per second. Null samples are left out.
    """

    series: pl.DataFrame
    points: pl.DataFrame

    def role(self, *roles: str) -> pl.DataFrame:
        """Return the points of some roles."""
        return self.points.filter(pl.col("role").is_in(roles))

    def traffic(self) -> pl.DataFrame:
        """Return the points of requests and errors as one observer counted them.

        A balancer and the processes behind it count the same requests: their sum would count
        each twice. The metric with the most errors is taken, without errors that with the most
        requests; where it counts no requests itself, those of the metric with the most.
        """
        names = self.series.select("series_id", "metric")
        counted = self.role("requests", "errors").join(names, on="series_id")
        most = counted.group_by("role", "metric").agg(pl.col("value").sum()).sort("value", "metric")
        best = {
            role: most.filter(pl.col("role") == role)["metric"].to_list()
            for role in ("errors", "requests")
        }
        errors = best["errors"][-1:]
        requests = errors if set(errors) & set(best["requests"]) else best["requests"][-1:]
        return counted.filter(
            ((pl.col("role") == "errors") & pl.col("metric").is_in(errors))
            | ((pl.col("role") == "requests") & pl.col("metric").is_in(requests))
        ).select(self.points.columns)


def run(
    *, metrics: pl.DataFrame, config: IncidentConfig | Mapping[str, Any] | None = None
) -> Result:
    """Give every series a role, and every role of an entity one signal.

    Parameters
    ----------
    metrics
        Table of the ``metrics`` schema, in any order.
    config
        Its ``roles`` map metric names to roles and win over the rules.
    """
    overrides, service = _settings(config)
    grouped = (
        metrics.group_by("metric", "entity", "labels", maintain_order=True)
        .agg(pl.col("unit").first(), "time", "value")
        .with_row_index("series_id")
    )
    names = grouped.select("series_id", "metric", "entity", "labels", "unit")
    peaks = grouped["value"].list.max()
    described = describe_series(names.with_columns(peak=peaks), overrides, service)
    has_role = described.filter(pl.col("role").is_not_null()).select("series_id")
    samples = (
        grouped.select("series_id", "time", "value")
        .join(has_role, on="series_id", how="semi")
        .explode("time", "value")
        .cast(_RAW)
    )
    seen = grouped.select("series_id", time=pl.col("time").list.min())
    versions = find_versions(described, seen)
    described, samples = add_errors(described, samples)
    series = _to_series(described)
    is_sum = (pl.col("role") == "latency") & pl.col("metric").str.ends_with("_sum")
    used = described.filter(pl.col("use").is_in(["used", "part"]))
    sums = used.filter(is_sum).select("series_id", "signal")
    points = pl.concat(
        [
            _to_points(used.filter(~is_sum), samples),
            mean_latency(names.drop("unit"), sums, samples),
        ]
    )
    return Result(series, _name_points(points, series, versions))


def findings(result: Result) -> list[AnyEntry]:
    """Return nothing: a role is a reading of names, not a conclusion about the incident."""
    del result
    return []


def _settings(
    config: IncidentConfig | Mapping[str, Any] | None,
) -> tuple[Mapping[str, str], str]:
    if config is None:
        return {}, ""
    if isinstance(config, Mapping):
        return dict(config.get("roles", {})), str(config.get("service", ""))
    return config.roles, config.service


def _to_points(used: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return ``signal, time, value`` of all signals in the units of their roles."""
    scaled = samples.join(
        used.select("series_id", "role", "scale", "signal", "part", "combine", "form"),
        on="series_id",
    ).with_columns(value=pl.col("value") * pl.col("scale"))
    is_work = pl.col("role").is_in(RATE_ROLES)
    points = pl.concat([work_rate(scaled.filter(is_work)), _clean_gauges(scaled.filter(~is_work))])
    return combine_parts(merge_successors(points))


def _clean_gauges(points: pl.DataFrame) -> pl.DataFrame:
    """Turn uptimes into start times; drop values that mean "none" or "unlimited"."""
    is_size = pl.col("role").is_in([role for role, unit in ROLE_UNITS.items() if unit == "bytes"])
    is_limit = pl.col("role").is_in(["memory_limit", "heap_max"])
    # -1 is the JVM's "undefined"; 0 and about 2^63 are the kernel's "no limit".
    is_unlimited = is_limit & ((pl.col("value") <= 0) | (pl.col("value") > 2.0**60))
    return points.with_columns(
        value=pl.when(pl.col("role") == "uptime")
        .then(pl.col("time").to_physical() / 1e6 - pl.col("value"))
        .otherwise("value")
    ).filter(~(is_size & (pl.col("value") < 0)) & ~is_unlimited)


def _to_series(described: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``SERIES``: all series, then the signals that are made of parts."""
    is_part = pl.col("use") == "part"
    raw = described.with_columns(part_of=pl.when(is_part).then("signal"))
    signals = (
        described.filter(is_part)
        .group_by("signal", maintain_order=True)
        .agg(
            pl.col("metric").unique(maintain_order=True).str.join(" / "),
            pl.col("entity").first(),
            pl.col("common").first().alias("labels"),
            pl.col("role").first(),
            pl.col("unit").first(),
            pl.lit(1.0).alias("scale"),
            pl.format(
                "{} of {} series: {}", pl.col("combine").first(), pl.len(), pl.col("why").first()
            ).alias("why"),
            pl.lit("used").alias("use"),
            pl.lit(None, pl.UInt32).alias("part_of"),
        )
        .rename({"signal": "series_id"})
    )
    columns = [pl.col(name).cast(dtype) for name, dtype in SERIES.items()]
    uptime = pl.when(pl.col("role") == "uptime").then(pl.lit("start_time")).otherwise("role")
    return (
        pl.concat([raw.select(columns), signals.select(columns)])
        .with_columns(role=uptime)
        .sort("series_id")
    )


def _name_points(
    points: pl.DataFrame, series: pl.DataFrame, versions: pl.DataFrame
) -> pl.DataFrame:
    """Name role, entity and version of every point; a version holds until the next one."""
    named = points.rename({"signal": "series_id"}).join(
        series.select("series_id", "role", "entity"), on="series_id"
    )
    earliest = versions.group_by("entity").agg(_first=pl.col("version").first())
    dated = (
        named.sort("time")
        .join_asof(
            versions.sort("time"),
            on="time",
            by="entity",
            strategy="backward",
            check_sortedness=False,
        )
        .join(earliest, on="entity", how="left")
        .with_columns(version=pl.coalesce("version", "_first"))
    )
    return dated.select(pl.col(name).cast(dtype) for name, dtype in POINTS.items()).sort(
        "role", "entity", "series_id", "time"
    )
