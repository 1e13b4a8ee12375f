"""Incidents whose cause is known: services drawn at random, with decoys in random order.

``draw_incident(seed)`` gives the same incident for the same seed. Nothing is written to
files: the tables go straight into the analyses. Pods, versions, spans, steps, rates, noise,
order and spacing of the changes are drawn from broad ranges; the names mean nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.tables import CHANGES, EVENTS, METRICS, fit_table, label_pairs

Floats = NDArray[np.float64]
START: Final = datetime(2026, 3, 1, 6, tzinfo=UTC)
MIB: Final = 2.0**20

#: What may have happened; each shape says which change is to blame, if any.
SHAPES: Final = (
    "deploy",
    "deploy",
    "flag",
    "earlier deploy",
    "off-heap deploy",
    "traffic alone",
    "maintenance alone",
    "cache warm-up",
    "older leak",
    "undeclared traffic",
    "canary",
    "rollback",
    "healthy",
)
LEAKING: Final = frozenset(
    {"deploy", "flag", "earlier deploy", "off-heap deploy", "older leak", "canary", "rollback"}
)


@dataclass(frozen=True, slots=True)
class Pod:
    """One process from its start to its end, in seconds since ``START``."""

    name: str
    version: str
    start_s: float
    end_s: float


@dataclass(slots=True)
class Incident:
    """The tables of one incident and its truth.

    ``cause`` is the id of the guilty change, ``None`` where none is; ``cause_kind`` tells
    which kind it is, for a change that nobody declared. ``lives`` has one tuple a process
    lifetime: pod, start, end, true rate in bytes a second, true onset.
    """

    shape: str
    seed: int
    is_leak: bool
    cause: str | None
    cause_kind: str
    changes: pl.DataFrame
    events: pl.DataFrame
    metrics: pl.DataFrame
    lives: list[tuple[Pod, float, float, float, float]]
    memory: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    """What will happen, before any sample is drawn."""

    rng: np.random.Generator
    shape: str
    span_s: float
    step_s: float
    service: str
    pods: list[Pod] = field(default_factory=list)
    changes: list[dict[str, object]] = field(default_factory=list)
    leaky_versions: set[str] = field(default_factory=set)
    leak_from_s: float = 0.0
    rate: float = 0.0
    rises: list[tuple[float, float, float]] = field(default_factory=list)
    slow: tuple[float, float, float] | None = None
    cause: str | None = None
    cause_kind: str = "none"
    fresh_growth: float = 0.0

    def change(self, kind: str, at_s: float, **more: object) -> str:
        """Record a change and return its id."""
        name = f"CR-{100 + len(self.changes)}"
        length_s = float(more.pop("length_s", 0.0))  # type: ignore[arg-type]  # a number
        end = at_s + length_s if length_s else None
        self.changes.append(
            {
                "time": START + timedelta(seconds=at_s),
                "end_time": None if end is None else START + timedelta(seconds=end),
                "kind": kind,
                "what": f"{kind} {name}",
                "scope": more.pop("scope", []),
                "details": f"id: {name}",
                "source": "calendar.yaml",
                **more,
            }
        )
        return name


def draw_incident(seed: int, shape: str | None = None) -> Incident:
    """Draw one incident; its shape follows from the seed unless given."""
    rng = np.random.default_rng(seed)
    plan = _Plan(
        rng=rng,
        shape=shape or SHAPES[seed % len(SHAPES)],
        span_s=float(rng.uniform(1800, 6 * 3600)),
        step_s=float(rng.choice([10, 15, 30])),
        service=str(rng.choice(["orders", "billing-api", "search", "ledger", "basket"])),
    )
    _plan_versions(plan)
    _plan_cause(plan)
    _plan_decoys(plan)
    return _play(plan, seed)


def _name(rng: np.random.Generator, size: int) -> str:
    return "".join(rng.choice(list("bcdfghjklmnpqrstvwxz2456789"), size))


def _rollout(plan: _Plan, old: list[Pod], version: str, at_s: float) -> list[Pod]:
    """Replace pods one by one; return the new ones, ending where the evidence ends."""
    replica = _name(plan.rng, 9)
    stagger = float(plan.rng.uniform(5, min(60, 0.1 * plan.span_s / len(old))))
    new = []
    for place, pod in enumerate(old):
        start = at_s + 5 + stagger * place
        plan.pods.remove(pod)
        plan.pods.append(Pod(pod.name, pod.version, pod.start_s, start))
        name = f"{plan.service}-{replica}-{_name(plan.rng, 5)}"
        new.append(Pod(name, version, start, plan.span_s))
    plan.pods.extend(new)
    return new


def _plan_versions(plan: _Plan) -> None:
    """Start the pods that run when the evidence begins."""
    count = int(plan.rng.integers(2, 13))
    replica = _name(plan.rng, 9)
    plan.pods = [
        Pod(f"{plan.service}-{replica}-{_name(plan.rng, 5)}", "2.1.0", 0.0, plan.span_s)
        for _ in range(count)
    ]


def _deploy(plan: _Plan, at_s: float, old: str, new: str, share: float = 1.0) -> str:
    """Deploy ``new`` to a share of the pods that run now, and record it."""
    running = [pod for pod in plan.pods if pod.end_s >= plan.span_s and pod.start_s < at_s]
    some = running[: max(1, round(share * len(running)))]
    _rollout(plan, some, new, at_s)
    return plan.change(
        "deploy", at_s, scope=[plan.service], from_version=old, to_version=new, length_s=60.0
    )


def _plan_cause(plan: _Plan) -> None:
    """Let the thing happen that the shape names."""
    rng, span = plan.rng, plan.span_s
    at = float(rng.uniform(0.25, 0.55)) * span
    # A leak worth an incident gains 0.3 to 3 times the idle heap until the end.
    plan.rate = float(rng.uniform(150, 1500)) * MIB / (span - at)
    match plan.shape:
        case "deploy" | "off-heap deploy" | "canary" | "rollback":
            share = float(rng.uniform(0.2, 0.6)) if plan.shape == "canary" else 1.0
            plan.cause = _deploy(plan, at, "2.1.0", "2.2.0", share)
            plan.cause_kind, plan.leaky_versions = "deploy", {"2.2.0"}
            if plan.shape == "rollback":
                _deploy(plan, at + 0.6 * (span - at), "2.2.0", "2.1.0")
        case "earlier deploy":
            at = float(rng.uniform(0.1, 0.3)) * span
            plan.cause = _deploy(plan, at, "2.1.0", "2.2.0")
            _deploy(plan, at + float(rng.uniform(0.35, 0.5)) * span, "2.2.0", "2.2.1")
            plan.cause_kind, plan.leaky_versions = "deploy", {"2.2.0", "2.2.1"}
        case "flag":
            kind = str(rng.choice(["flag", "config"]))
            plan.cause, plan.cause_kind = plan.change(kind, at, scope=[plan.service]), kind
            plan.leaky_versions, plan.leak_from_s = {"2.1.0"}, at
        case "older leak":
            plan.leaky_versions = {"2.1.0", "2.2.0"}
            plan.rate = float(rng.uniform(300, 1500)) * MIB / span
            if rng.random() < 0.6:
                _deploy(plan, at, "2.1.0", "2.2.0")
        case "traffic alone" | "undeclared traffic":
            length = float(rng.uniform(0.3, 0.9)) * (span - at)
            plan.rises.append((at, at + length, float(rng.uniform(3.0, 5.0))))
            plan.cause, plan.cause_kind = "undeclared", "traffic"
            if plan.shape == "traffic alone":
                plan.cause = plan.change("traffic", at, length_s=length)
        case "maintenance alone":
            length = float(rng.uniform(0.3, 0.9)) * (span - at)
            plan.slow = (at, at + length, float(rng.uniform(5.0, 15.0)))
            scope = [["orders-db"], [], [plan.service]][int(rng.integers(3))]
            plan.cause = plan.change("database", at, length_s=length, scope=scope)
            plan.cause_kind = "database"
        case "cache warm-up":
            _deploy(plan, at, "2.1.0", "2.2.0")
            plan.fresh_growth = float(rng.uniform(80, 400)) * MIB


def _plan_decoys(plan: _Plan) -> None:
    """Add innocent changes anywhere, but not on the very minute of the guilty one."""
    rng = plan.rng
    known = [(row["time"] - START).total_seconds() for row in plan.changes]  # type: ignore[operator]  # datetimes
    for _ in range(int(rng.integers(0, 6))):
        at = float(rng.uniform(0.03, 0.9)) * plan.span_s
        if known and rng.random() < 0.5:
            # Changes come in bunches: a release, then its flag, then a settings fix.
            at = known[0] + float(rng.normal(0.0, 0.08)) * plan.span_s
        if not 60 < at < 0.95 * plan.span_s or any(abs(at - other) < 90 for other in known):
            continue
        known.append(at)
        kind = str(
            rng.choice(["database", "flag", "config", "infra", "traffic", "deploy", "deploy"])
        )
        if kind == "traffic":
            length = float(rng.uniform(0.1, 0.3)) * plan.span_s
            plan.change("traffic", at, length_s=length)
            plan.rises.append((at, at + length, float(rng.uniform(1.1, 1.8))))
        elif kind == "deploy":
            plan.change("deploy", at, scope=["another-service"], to_version="9.1")
        else:
            scope = [["other-db"], [plan.service]][int(rng.integers(2))]
            plan.change(kind, at, scope=scope)


def _play(plan: _Plan, seed: int) -> Incident:
    """Draw every sample and every restart."""
    frames: list[pl.DataFrame] = []
    events: list[dict[str, object]] = []
    incident = Incident(
        shape=plan.shape,
        seed=seed,
        is_leak=plan.shape in LEAKING,
        cause=plan.cause,
        cause_kind=plan.cause_kind,
        changes=pl.DataFrame(),
        events=pl.DataFrame(),
        metrics=pl.DataFrame(),
        lives=[],
    )
    t = np.arange(0.0, plan.span_s, plan.step_s)
    has_versions = bool(plan.rng.random() < 0.85)
    load = _Load.draw(plan, t)
    for pod in plan.pods:
        alive = (t >= pod.start_s) & (t < pod.end_s)
        if alive.sum() < 4:
            continue
        memory = _memory(plan, pod, t[alive], load.rate[alive] / load.pods[alive], incident, events)
        incident.memory[pod.name] = (t[alive], memory)
        labels = {"pod": pod.name, **({"version": pod.version} if has_versions else {})}
        values = {"container_memory_rss": memory, **load.of(plan, alive)}
        frames += [
            _frame(name.partition("#"), labels, pod.name, t[alive], value)
            for name, value in values.items()
        ]
    incident.metrics = pl.concat(frames)
    incident.changes = _table(plan.changes, CHANGES, "changes")
    incident.events = _table(events, EVENTS, "events")
    return incident


def _table(rows: list[dict[str, object]], schema: pl.Schema, name: str) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=schema)
    overrides = {k: v for k, v in schema.items() if any(k in row for row in rows)}
    return fit_table(name, pl.DataFrame(rows, schema_overrides=overrides, infer_schema_length=None))


@dataclass(frozen=True, slots=True)
class _Load:
    """Requests, busy connections, waiting requests and answer time over all pods."""

    rate: Floats
    pods: Floats
    hold_s: Floats
    t: Floats
    size: float

    @classmethod
    def draw(cls, plan: _Plan, t: Floats) -> _Load:
        """Draw the load of the whole service."""
        rng = plan.rng
        pods = np.array([sum(p.start_s <= x < p.end_s for p in plan.pods) for x in t], float)
        base = float(rng.uniform(20, 80)) * len([p for p in plan.pods if p.start_s == 0])
        wave = 1 + 0.1 * np.sin(2 * np.pi * t / plan.span_s + rng.uniform(0, 6))
        rate = base * wave * (1 + 0.05 * rng.normal(size=t.size))
        hold = np.full(t.size, float(rng.uniform(0.02, 0.08)))
        for start, end, factor in plan.rises:
            rate[(t >= start) & (t < end)] *= factor
        if plan.slow:
            hold[(t >= plan.slow[0]) & (t < plan.slow[1])] *= plan.slow[2]
        pods = np.maximum(pods, 1)
        usual = np.median((rate / pods * hold)[: max(5, t.size // 6)])
        return cls(rate, pods, hold, t, max(4.0, float(math.ceil(2.2 * usual))))

    def of(self, plan: _Plan, alive: NDArray[np.bool_]) -> dict[str, Floats]:
        """Return the samples of one pod, by metric name and status."""
        rng = plan.rng
        rate = (self.rate / self.pods)[alive] * (1 + 0.03 * rng.normal(size=int(alive.sum())))
        wanted = rate * self.hold_s[alive]
        over = np.maximum(0.0, wanted / self.size - 1.0)
        answer = self.hold_s[alive] * (1 + 8 * np.minimum(over, 3)) * rng.uniform(0.9, 1.1)
        failed = np.clip(0.4 * over, 0, 0.8) + 0.001
        step = plan.step_s
        return {
            "hikaricp_connections_active": np.round(np.minimum(wanted, self.size)),
            "hikaricp_connections_max": np.full(rate.size, self.size),
            "hikaricp_connections_pending": np.round(over * 20),
            "http_server_requests_seconds_count#200": np.cumsum(rate * (1 - failed) * step),
            "http_server_requests_seconds_count#500": np.cumsum(rate * failed * step),
            "http_server_requests_seconds_sum#200": np.cumsum(rate * (1 - failed) * answer * step),
        }


def _memory(
    plan: _Plan,
    pod: Pod,
    t: Floats,
    requests: Floats,
    incident: Incident,
    events: list[dict[str, object]],
) -> Floats:
    """Return the memory of one pod, killed whenever it meets the limit."""
    rng = plan.rng
    base, limit = 500 * MIB * float(rng.uniform(0.9, 1.1)), 1400 * MIB
    leaks = pod.version in plan.leaky_versions
    per_step = np.zeros(t.size)
    if leaks:
        dose = requests / np.median(requests)
        per_step = plan.rate * float(rng.uniform(0.8, 1.25)) * dose * plan.step_s
        per_step[t < plan.leak_from_s] = 0.0
    warm = float(rng.uniform(5, 40)) * MIB + (plan.fresh_growth if pod.start_s > 0 else 0.0)
    level, began, first = 0.0, pod.start_s, 0
    values = np.empty(t.size)
    for i, now in enumerate(t):
        level += per_step[i]
        fresh = warm * (1 - math.exp(-(now - began) / 240.0)) if began > 0 else warm
        values[i] = base + level + fresh
        if values[i] > limit and i > first + 3:
            _end_life(plan, pod, incident, (began, float(now)), per_step[first : i + 1])
            events.append(
                {
                    "time": START + timedelta(seconds=float(now)),
                    "kind": "oom_kill",
                    "reason": "OOMKilled",
                    "entity": pod.name,
                    "source": "events.json",
                }
            )
            level, began, first = 0.0, float(now) + 1.0, i + 1
    _end_life(plan, pod, incident, (began, float(t[-1])), per_step[first:])
    return values + 6 * MIB * rng.normal(size=t.size)


def _end_life(
    plan: _Plan, pod: Pod, incident: Incident, life: tuple[float, float], per_step: Floats
) -> None:
    growing = per_step[per_step > 0]
    rate = float(growing.mean()) / plan.step_s if growing.size else 0.0
    onset = max(life[0], plan.leak_from_s) if growing.size else math.nan
    incident.lives.append((pod, life[0], life[1], rate, onset))


def _frame(
    name: tuple[str, str, str], labels: dict[str, str], pod: str, t: Floats, values: Floats
) -> pl.DataFrame:
    metric, _, status = name
    pairs = label_pairs({**labels, **({"status": status} if status else {})})
    origin = int(START.timestamp() * 1e6)
    stamps = (origin + (t * 1e6).astype(np.int64)).tolist()
    return pl.DataFrame({"time": stamps, "value": values}).select(
        pl.col("time").cast(METRICS["time"]),
        metric=pl.lit(metric),
        entity=pl.lit(pod),
        labels=pl.lit(pl.Series([pairs], dtype=METRICS["labels"])).first(),
        value=pl.col("value"),
        unit=pl.lit(None, pl.String),
        source=pl.lit("simulated"),
    )
