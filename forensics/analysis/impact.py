"""What the incident cost: duration, failed requests, money, budget, and how fast people saw it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from forensics.analysis._moments import error_share
from forensics.analysis._symptoms import find_symptom
from forensics.analysis.claims import Result as Claims
from forensics.analysis.roles import Result as Roles
from forensics.config import IncidentConfig
from forensics.findings import AnyEntry, EvidenceRef, Interval, Measure

TITLE: Final = "Impact"
NEEDS: Final = ("roles", "config", "claims?", "events")

_PEOPLE: Final = re.compile(r"customer|user|shopper|account|subscriber|kunden")
_MANY_FAILED: Final = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """Measures, each with its unit; a value of ``None`` means "not known" and says why."""

    measures: tuple[Measure, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None


def run(
    *, roles: Roles, config: IncidentConfig, claims: Claims | None, events: pl.DataFrame
) -> Result:
    """Measure the impact from the moment users first suffered to the end of the evidence."""
    symptom = find_symptom(roles)
    share = error_share(roles)
    bad = share.filter(pl.col("share") > _MANY_FAILED)
    started = symptom.time if symptom else (bad["time"][0] if bad.height else None)
    ended = bad["time"][-1] if bad.height else None
    measures = [
        _duration(started, ended),
        *_requests(roles, started, ended),
        _money(config, share, started, ended),
        _budget(config, roles),
        *_detection(claims, config, started, events),
        *_customers(claims),
    ]
    return Result(tuple(measures), started, ended)


def findings(result: Result) -> list[AnyEntry]:
    """Return the measures."""
    return list(result.measures)


def _duration(started: datetime | None, ended: datetime | None) -> Measure:
    if started is None or ended is None:
        return Measure(
            name="duration", value=None, unit="min", why="no errors and no full pool in the metrics"
        )
    return Measure(
        name="duration",
        value=round((ended - started).total_seconds() / 60, 1),
        unit="min",
        why=f"from {started:%H:%M:%S} UTC, the first symptom, to {ended:%H:%M:%S} UTC, the last "
        "sample with more than 2% errors; it may go on past the evidence",
        evidence=[EvidenceRef(path="metrics", query="errors over requests")],
    )


def _requests(roles: Roles, started: datetime | None, ended: datetime | None) -> list[Measure]:
    """Count requests and failures between two moments: rates times the time between samples."""
    if started is None or ended is None:
        why = "there is no interval of errors to count in"
        return [Measure(name="failed requests", value=None, unit="requests", why=why)]
    traffic = roles.traffic()
    if traffic.filter(pl.col("role") == "errors").is_empty():
        why = "no metric counts failed requests"
        return [Measure(name="failed requests", value=None, unit="requests", why=why)]
    failed, total = (
        _integrate(traffic.filter(pl.col("role") == role), started, ended)
        for role in ("errors", "requests")
    )
    names = traffic.filter(pl.col("role") == "errors").select("series_id").unique()
    metric = str(roles.series.join(names, on="series_id")["metric"].min())
    ref = [EvidenceRef(path="metrics", query=metric)]
    return [
        Measure(
            name="failed requests",
            value=round(failed),
            unit="requests",
            interval=Interval(low=0.95 * failed, high=1.05 * failed),
            why="rate of errors summed over the interval; the range is for samples lost at "
            "restarts",
            evidence=ref,
        ),
        Measure(name="requests in the interval", value=round(total), unit="requests", evidence=ref),
    ]


def _integrate(points: pl.DataFrame, started: datetime, ended: datetime) -> float:
    """Sum a rate over time, each sample holding until the next (at most a minute)."""
    inside = points.filter(pl.col("time").is_between(started, ended)).sort("series_id", "time")
    held = inside.with_columns(
        seconds=pl.col("time").diff().over("series_id").dt.total_milliseconds().clip(0, 60_000)
        / 1000
    )
    return float(held.select((pl.col("value") * pl.col("seconds")).sum()).item() or 0.0)


def _money(
    config: IncidentConfig, share: pl.DataFrame, started: datetime | None, ended: datetime | None
) -> Measure:
    per_hour, unit = config.money.per_hour, config.money.currency
    if per_hour is None:
        return Measure(
            name="money lost",
            value=None,
            unit=unit,
            why="incident.yaml gives no money.per_hour",
        )
    if started is None or ended is None:
        return Measure(name="money lost", value=None, unit=unit, why="no interval of errors")
    hours = (ended - started).total_seconds() / 3600
    inside = share.filter(pl.col("time").is_between(started, ended))
    failed = float(inside["share"].mean() or 0.0)  # type: ignore[arg-type]  # polars scalar
    value = per_hour * hours * failed
    return Measure(
        name="money lost",
        value=round(value),
        unit=unit,
        interval=Interval(low=round(0.8 * value), high=round(per_hour * hours)),
        why=f"{per_hour:,.0f} {unit} an hour at full outage, {hours * 60:.0f} min, {failed:.0%} of "
        "requests failed on average; the upper end takes every minute as a full outage",
        evidence=[EvidenceRef(path="incident.yaml", query="money.per_hour")],
    )


def _budget(config: IncidentConfig, roles: Roles) -> Measure:
    """Share of the error budget of the window that the failed requests used up."""
    share = error_share(roles)
    name, unit = "error budget burned", "% of the window's budget"
    if share.height < 2:
        return Measure(name=name, value=None, unit=unit, why="no metric counts failed requests")
    step_min = share.select(
        (pl.col("time").diff().dt.total_seconds().clip(0, 60) / 60 * pl.col("share")).sum()
    ).item()
    allowed_min = config.slo.window_days * 1440 * (1 - config.slo.objective)
    burned = 100 * float(step_min or 0.0) / allowed_min
    return Measure(
        name=name,
        value=round(burned, 1),
        unit=unit,
        why=f"{float(step_min or 0.0):.1f} full-outage minutes of the {allowed_min:.1f} that "
        f"{config.slo.objective:.2%} over {config.slo.window_days:g} days allows",
        evidence=[EvidenceRef(path="metrics", query="errors over requests")],
    )


def _detection(
    claims: Claims | None, config: IncidentConfig, started: datetime | None, events: pl.DataFrame
) -> list[Measure]:
    detected = config.detected_at or (claims.detected_at if claims else None)
    found = [*_milestones(config, started)]
    alerts = events.filter((pl.col("kind") == "alert") & pl.col("time").is_not_null())
    if started is not None:
        alerts = alerts.filter(pl.col("time") >= started).sort("time")
        if alerts.height:
            first = alerts.row(0, named=True)
            found.append(
                Measure(
                    name="first alert after",
                    value=round((first["time"] - started).total_seconds() / 60, 1),
                    unit="min",
                    why=f"{first['reason']} fired at {first['time']:%H:%M:%S} UTC",
                    evidence=[EvidenceRef(path=first["source"])],
                )
            )
    if started is not None and detected is not None:
        found.append(
            Measure(
                name="detected after",
                value=round((detected - started).total_seconds() / 60, 1),
                unit="min",
                why=f"declared detection at {detected:%H:%M:%S} UTC minus the first symptom",
                evidence=[
                    EvidenceRef(path=claims.name if claims and claims.name else "incident.yaml")
                ],
            )
        )
    return found


def _milestones(config: IncidentConfig, started: datetime | None) -> Iterator[Measure]:
    """Yield how long it took until somebody acknowledged, mitigated and resolved it."""
    for name in ("acknowledged", "mitigated", "resolved"):
        at: datetime | None = getattr(config, f"{name}_at")
        if started is not None and at is not None and at >= started:
            yield Measure(
                name=f"{name} after",
                value=round((at - started).total_seconds() / 60, 1),
                unit="min",
                why=f"{name} at {at:%H:%M:%S %Z} by incident.yaml minus the first symptom",
                evidence=[EvidenceRef(path="incident.yaml", query=f"{name}_at")],
            )


def _customers(claims: Claims | None) -> Iterator[Measure]:
    """Yield how many customers the declaration speaks of: metrics rarely count people."""
    told = sorted(claims.claims if claims else (), key=lambda c: c.verdict != "supported")
    for claim in told:
        number = re.match(r"\D*([\d.,]+)\s?([kKmM]?)", claim.claimed)
        if _PEOPLE.search(claim.quantity) and number:
            scale = {"k": 1e3, "m": 1e6}.get(number[2].lower(), 1.0)
            value = float(number[1].rstrip(".,").replace(",", "")) * scale
            how = "measured beside it" if claim.verdict == "supported" else "not measured"
            yield Measure(
                name="customers affected, as declared",
                value=value,
                unit="customers",
                why=f"line {claim.line} says {claim.claimed}; {how}",
                evidence=[EvidenceRef(path=claims.name if claims else "", line=claim.line)],
            )
            return
