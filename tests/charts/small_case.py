"""The small case that every chart and the report are tested with: made by code, no evidence.

A service leaks memory after a deploy; a database job and a sale are innocent. The findings
are stored as ``tests/samples/case/findings.json`` (``python -m tests.charts.small_case``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from forensics import findings as f
from forensics.analysis._service_model import Action, Service, simulate
from forensics.analysis.action_forecast import Result as Forecast
from forensics.analysis.roles import Result as Roles
from forensics.config import IncidentConfig
from forensics.tables import EVENTS, LABELS, TIME, empty_table, fit_table

SAMPLE = Path(__file__).parents[1] / "samples" / "case" / "findings.json"
START = datetime(2026, 2, 9, 14, 23, 17, tzinfo=UTC)
DEPLOY = datetime(2026, 2, 9, 14, 15, tzinfo=UTC)
ONSET = datetime(2026, 2, 9, 14, 16, 20, tzinfo=UTC)
MIB = 1024.0**2


def ref(path: str, **more: Any) -> f.EvidenceRef:
    return f.EvidenceRef(path=path, **more)


METRICS_REF = ref("metrics/service.prom", query="jvm_memory_used_bytes")
HEAP_REF = ref("heap/pod-a.hprof", object_address="0x7f001000")
LOG_REF = ref("logs/service.log", line=4711)


def suspects() -> list[f.Suspect]:
    return [
        f.Suspect(
            change_id="deploy-v2",
            kind="deploy",
            what="deploy of v2",
            time=DEPLOY,
            probability=0.91,
            role="cause",
            for_=[
                f.Argument(
                    text="growth begins 80 s after it on v2 pods only",
                    weight=3.4,
                    evidence=[METRICS_REF],
                ),
                f.Argument(
                    text="the class that dominates the heap is new in v2",
                    weight=2.2,
                    evidence=[HEAP_REF],
                ),
            ],
            against=[
                f.Argument(
                    text="one v2 pod without traffic stays flat",
                    weight=-0.6,
                    evidence=[METRICS_REF],
                )
            ],
        ),
        f.Suspect(
            change_id="db-index",
            kind="database",
            what="index rebuild on the database",
            time=DEPLOY - timedelta(minutes=5),
            probability=0.05,
            role="innocent",
            for_=[
                f.Argument(
                    text="it ended minutes before the incident", weight=0.5, evidence=[LOG_REF]
                )
            ],
            against=[
                f.Argument(
                    text="query times did not change after it", weight=-2.4, evidence=[METRICS_REF]
                )
            ],
        ),
        f.Suspect(
            change_id="sale",
            kind="traffic",
            what="flash sale",
            time=DEPLOY + timedelta(minutes=5),
            probability=0.03,
            role="trigger",
            for_=[
                f.Argument(text="requests doubled", weight=0.4, evidence=[METRICS_REF]),
            ],
            against=[
                f.Argument(
                    text="growth begins 220 s before it", weight=-3.1, evidence=[METRICS_REF]
                )
            ],
        ),
    ]


def growth(entity: str, version: str, rate_mib: float) -> f.Growth:
    leaks = rate_mib > 1
    return f.Growth(
        entity=entity,
        metric="gc_floor",
        leak="yes" if leaks else "no",
        kind="heap" if leaks else "none",
        version=version,
        life_started_at=DEPLOY,
        life_ended_at=START + timedelta(minutes=30),
        model="linear" if leaks else "constant",
        onset=ONSET if leaks else None,
        onset_interval=(ONSET - timedelta(seconds=70), ONSET + timedelta(seconds=70))
        if leaks
        else None,
        rate_bytes_per_min=rate_mib * MIB,
        rate_interval=((rate_mib - 1.5) * MIB, (rate_mib + 1.5) * MIB),
        limit_bytes=1024 * MIB,
        time_to_limit_min=38.0 if leaks else None,
        time_to_limit_interval=(34.0, 43.0) if leaks else None,
        runner_up="exponential" if leaks else "linear",
        evidence_ratio=41.0,
        confidence="high" if leaks else "medium",
        why="sawtooth floor rises steadily" if leaks else "floor stays level",
        evidence=[METRICS_REF],
    )


def heap() -> list[f.HeapFile]:
    return [
        f.HeapFile(
            file="heap/pod-a.hprof",
            objects=1_204_331,
            shallow_bytes=612_368_384,
            suspects=[
                f.HeapSuspect(
                    class_="com.example.session.SessionCache",
                    instances=1,
                    retained_bytes=468_713_472,
                    share=0.765,
                    held_by=[
                        "system class",
                        "com.example.session.Registry.instance",
                        "com.example.session.SessionCache.entries",
                        "java.util.HashMap.table",
                    ],
                    growth_vs="heap/pod-a-early.hprof",
                    growth_bytes=402_653_184,
                ),
                f.HeapSuspect(
                    class_="byte[]",
                    instances=91_221,
                    retained_bytes=61_000_000,
                    share=0.1,
                    held_by=["thread stack", "com.example.http.Worker.buffer"],
                    growth_vs="heap/pod-a-early.hprof",
                    growth_bytes=-2_100_000,
                ),
            ],
        )
    ]


def claims() -> list[f.Claim]:
    return [
        f.Claim(
            text="Memory growth rate: +250MB/minute (exponential)",
            line=40,
            quantity="memory growth",
            claimed="250 MB/min, exponential",
            measured="20 MiB/min, linear",
            verdict="contradicted",
            why="the linear model is 41 times as likely, and its rate interval excludes the claim",
            evidence=[METRICS_REF],
        ),
        f.Claim(
            text="Started: 14:23:17Z",
            line=10,
            quantity="start",
            claimed="14:23:17Z",
            measured="errors rise at 14:23:20Z",
            verdict="supported",
            why="within one sample of the metric",
            evidence=[METRICS_REF],
        ),
        f.Claim(
            text="Brand reputation is down",
            line=66,
            quantity="sentiment",
            claimed="-87%",
            measured=None,
            verdict="untestable",
            why="no evidence of it was given",
        ),
    ]


def questions() -> list[f.Question]:
    return [
        f.Question(
            question="Should we roll back?",
            answer="Yes: v1 pods are flat, and rows that v2 wrote are readable by v1.",
            verdict="yes",
            confidence="high",
            evidence=[METRICS_REF],
        ),
        f.Question(
            question="Can traffic go to the backup region?",
            answer="Unknown: nothing about the backup region is in the evidence.",
            verdict="unknown",
            confidence="low",
            missing=["capacity and version of the backup region"],
        ),
    ]


def decisions() -> list[f.Decision]:
    return [
        f.Decision(
            decision="rollback",
            advice="do",
            why="memory of v1 is flat; the change held responsible came with v2",
            risks=["data integrity: no schema change found in the change calendar"],
            evidence=[METRICS_REF],
        ),
        f.Decision(
            decision="scale",
            advice="do not",
            why="each new pod leaks at the same rate",
            risks=["more connections to a full pool"],
        ),
    ]


def impact() -> f.Impact:
    return f.Impact(
        measures=[
            f.Measure(name="duration", value=1820.0, unit="s", evidence=[METRICS_REF]),
            f.Measure(
                name="failed requests",
                value=412_345.0,
                unit="requests",
                interval=f.Interval(low=410_000.0, high=415_000.0),
                evidence=[METRICS_REF],
            ),
            f.Measure(name="money lost", value=None, unit="USD", why="no price was given"),
        ],
        obligations=["Judge whether the incident is reportable to the card schemes"],
    )


def timeline() -> list[f.TimelineRow]:
    minute = timedelta(minutes=1)
    calendar = ref("changes/calendar.csv", line=3)
    return [
        f.TimelineRow(time=DEPLOY, kind="deploy", text="v2 rolled out", evidence=[calendar]),
        f.TimelineRow(
            time=ONSET, kind="onset", text="memory begins to grow", evidence=[METRICS_REF]
        ),
        f.TimelineRow(time=START, kind="start", text="errors rise", evidence=[METRICS_REF]),
        f.TimelineRow(
            time=START + 5 * minute, kind="detected", text="alert fired", evidence=[LOG_REF]
        ),
        f.TimelineRow(
            time=START + 30 * minute, kind="resolved", text="errors end", evidence=[METRICS_REF]
        ),
    ]


def evidence() -> list[f.EvidenceFile]:
    kinds = {
        "metrics/service.prom": "metrics",
        "heap/pod-a.hprof": "heap",
        "logs/service.log": "logs",
        "changes/calendar.csv": "changes",
    }
    return [
        f.EvidenceFile(
            path=path,
            sha256=f"{i:064x}",
            bytes=1000 * (i + 1),
            kind=kind,
            reader=kind,
            status="read",
        )
        for i, (path, kind) in enumerate(kinds.items())
    ] + [
        f.EvidenceFile(
            path="heap/pod-b.hprof",
            sha256="f" * 64,
            bytes=77,
            kind="heap",
            reader=None,
            status="unreadable",
            why="ends inside its header",
        )
    ]


def make_findings() -> f.Findings:
    return f.Findings(
        generated_by="forensics 0",
        incident=f.Incident(
            id="INC-1",
            title="Payments fail while memory runs out",
            severity="P0",
            status="resolved",
            service="payment-api",
            started_at=START,
            detected_at=START + timedelta(minutes=5, seconds=28),
            declared_by_file="declaration.md",
        ),
        verdict=f.Verdict(
            leak="yes",
            kind="heap",
            summary="v2 leaks heap: its session cache keeps every session, on v2 pods only.",
            root_cause=f.RootCause(change_id="deploy-v2", kind="deploy", probability=0.91),
            confidence="high",
        ),
        suspects=suspects(),
        growth=[
            growth("pod-a", "v2", 20.0),
            growth("pod-b", "v2", 18.4),
            growth("pod-c", "v1", 0.1),
        ],
        heap=heap(),
        claims=claims(),
        questions=questions(),
        decisions=decisions(),
        impact=impact(),
        timeline=timeline(),
        findings=[
            f.Finding(
                topic="logs",
                text="Pool time-outs begin at 14:24 UTC, after memory began to grow.",
                confidence="medium",
                measures=[f.Measure(name="time-outs", value=812.0, unit="lines")],
                evidence=[LOG_REF],
            ),
            f.Finding(
                topic="pool",
                text="The pool fills because collections stop the threads that hold connections.",
                confidence="medium",
                evidence=[METRICS_REF],
            ),
        ],
        evidence=evidence(),
        missing=["thread dumps: which threads hold connections is not known"],
    )


def _series(rng: np.random.Generator) -> list[pl.DataFrame]:
    times = [DEPLOY - timedelta(minutes=30) + timedelta(seconds=15 * i) for i in range(280)]
    minutes = np.array([(t - ONSET).total_seconds() / 60 for t in times])
    load = 60.0 + 40.0 * (minutes > 4)
    bad = np.clip(minutes - 7, 0, None)
    shapes: list[tuple[str, str, str, np.ndarray]] = []
    for pod, version, rate in (("pod-a", "v2", 20.0), ("pod-b", "v2", 18.4), ("pod-c", "v1", 0.1)):
        grown = np.clip(minutes, 0, 38.0 if pod == "pod-a" else None) * rate
        shapes.append((pod, version, "gc_floor", (200 + grown) * MIB))
        shapes.append((pod, version, "requests", load))
        shapes.append((pod, version, "errors", np.minimum(load, bad * 3)))
        shapes.append((pod, version, "latency", 0.12 + bad * 0.4))
        shapes.append((pod, version, "pool_active", np.minimum(20, 4 + bad * 2)))
        shapes.append((pod, version, "pool_pending", np.clip(bad * 4 - 30, 0, None)))
        shapes.append((pod, version, "pool_max", np.full(len(times), 20.0)))
    return [
        pl.DataFrame(
            {
                "time": pl.Series(times, dtype=TIME),
                "series_id": f"{pod}/{role}",
                "role": role,
                "entity": pod,
                "version": version,
                "value": values + rng.normal(0, values.std() * 0.02 + 1e-9, len(times)),
            }
        )
        for pod, version, role, values in shapes
    ]


def make_points() -> pl.DataFrame:
    points = pl.concat(_series(np.random.default_rng(7)))
    return points.with_columns(pl.col("value").clip(lower_bound=0.0))


def make_roles(points: pl.DataFrame) -> Roles:
    counted = pl.col("role").is_in(["requests", "errors"])
    metric = pl.when(counted).then(pl.lit("http_requests_total")).otherwise("role")
    return Roles(
        points.select("series_id", "role", metric=metric, part_of=pl.lit(None, pl.String)).unique(),
        points,
    )


def make_lifetimes() -> Any:
    starts = pl.DataFrame(schema={"entity": pl.String(), "time": TIME, "why": pl.String()})
    return SimpleNamespace(starts=starts)


def make_forecast() -> Forecast:
    service = Service(
        used_bytes=np.array([3e8, 5e8]),
        fresh_bytes=2e8,
        limit_bytes=1e9,
        rate_bytes_per_s=4e5,
        share_from_load=1.0,
        requests_per_s=300.0,
        pool_size=20.0,
        hold_s=0.1,
    )
    actions = (Action("left alone"), Action("rolled back", replaced_over_s=60.0, is_clean=True))
    return Forecast(service, tuple(simulate(service, a, 3600.0) for a in actions), 60.0)


def make_metrics() -> pl.DataFrame:
    return make_points().select(
        "time",
        pl.col("role").alias("metric"),
        "entity",
        pl.lit([], LABELS).alias("labels"),
        "value",
        pl.lit("").alias("unit"),
        pl.lit("metrics/service.prom").alias("source"),
    )


def make_changes() -> pl.DataFrame:
    rows = [
        {
            "time": s.time,
            "end_time": s.time + timedelta(minutes=4) if s.kind == "database" else None,
            "kind": s.kind,
            "what": s.what,
            "source": "changes/calendar.csv",
        }
        for s in suspects()
        if s.time
    ]
    return fit_table("changes", pl.DataFrame(rows))


def make_events() -> pl.DataFrame:
    rows = [
        {
            "time": START + timedelta(minutes=30 + i),
            "kind": kind,
            "reason": reason,
            "entity": "pod-a",
            "source": "logs/service.log",
        }
        for i, (kind, reason) in enumerate(
            [("oom_kill", "OOMKilled"), ("restart", "BackOff"), ("alert", "HighErrors")]
        )
    ]
    return pl.DataFrame(rows, schema_overrides={"time": TIME}).pipe(
        lambda t: fit_table("events", t)
    )


def make_logs() -> pl.LazyFrame:
    templates = [
        ("t1", "INFO", "request <*> served", None, 400),
        ("t2", "WARN", "pool <*> timed out", "java.sql.SQLTransientConnectionException", 120),
        ("t3", "ERROR", "allocation failed", "java.lang.OutOfMemoryError", 20),
    ]
    rows = [
        {
            "time": (DEPLOY if level == "INFO" else START) + timedelta(seconds=(7 * i) % 1800),
            "level": level,
            "service": "payment-api",
            "host": "pod-a",
            "message": message.replace("<*>", str(i)),
            "template_id": template,
            "exception": exception,
            "source": "logs/service.log",
        }
        for template, level, message, exception, count in templates
        for i in range(count)
    ]
    frame = pl.DataFrame(rows, schema_overrides={"time": TIME}, infer_schema_length=None)
    return fit_table("logs", frame).sort("time").lazy()


def make_gc() -> pl.DataFrame:
    rows = [
        {
            "time": DEPLOY + timedelta(seconds=20 * i),
            "entity": "pod-a",
            "gc_id": i,
            "collector": "G1",
            "kind": "full" if i % 20 == 19 else "young",
            "pause_ms": 12.0 + (300.0 if i % 20 == 19 else i % 7),
            "heap_before_bytes": int((420 + 6 * i) * MIB),
            "heap_after_bytes": int((200 + 6 * i) * MIB),
            "heap_capacity_bytes": int(1024 * MIB),
            "source": "gc/gc.log",
        }
        for i in range(100)
    ]
    frame = pl.DataFrame(rows, schema_overrides={"time": TIME})
    return fit_table("gc", frame)


INPUTS: dict[str, Any] = {
    "config": IncidentConfig,
    "findings": make_findings,
    "roles": lambda: make_roles(make_points()),
    "lifetimes": make_lifetimes,
    "metrics": make_metrics,
    "changes": make_changes,
    "events": make_events,
    "logs": make_logs,
    "gc": make_gc,
    "action_forecast": make_forecast,
}

EMPTY: dict[str, Any] = {
    "config": IncidentConfig,
    "findings": lambda: f.Findings(
        incident=f.Incident(id="", title=""),
        verdict=f.Verdict(
            leak="unknown",
            kind="unknown",
            summary="Nothing can be said.",
            root_cause=f.RootCause(change_id=None, kind="unknown", probability=0.0),
            confidence="low",
        ),
    ),
    "roles": lambda: make_roles(make_points().clear()),
    "lifetimes": make_lifetimes,
    "metrics": lambda: empty_table("metrics"),
    "changes": lambda: empty_table("changes"),
    "events": lambda: pl.DataFrame(schema=EVENTS),
    "logs": lambda: empty_table("logs").lazy(),
    "gc": lambda: empty_table("gc"),
    "action_forecast": Forecast,
}


def give(name: str) -> Any:
    """Return the small case's input called ``name``."""
    return INPUTS[name]()


def give_empty(name: str) -> Any:
    """Return the empty input called ``name``."""
    return EMPTY[name]()


HOSTILE = (
    "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
    "\"'><svg/onload=window.pwned=1> {{7*7}} ${7*7} %{x} [x](javascript:window.pwned=1) |"
    " `\u202e=1+1"
)


def hostile_give(name: str) -> Any:
    """Return the small case's input with a hostile text in every free text field."""
    value = give(name)
    if isinstance(value, f.Findings):
        return f.Findings.model_validate(_poison(value.model_dump(mode="json", by_alias=True)))
    if isinstance(value, SimpleNamespace):
        return SimpleNamespace(
            **{
                name: _poison_frame(frame, {"entity", "version"} & set(frame.columns))
                for name, frame in vars(value).items()
            }
        )
    if isinstance(value, pl.DataFrame | pl.LazyFrame):
        frame = value.lazy().collect()
        texts = ("what", "reason", "entity", "message", "exception", "cause", "host", "level")
        poisoned = _poison_frame(frame, [t for t in texts if t in frame.columns])
        return poisoned.lazy() if isinstance(value, pl.LazyFrame) else poisoned
    return value


#: Fields whose values the schema fixes, or by which tables refer to each other.
_KEPT = {
    "schema", "kind", "role", "leak", "verdict", "confidence", "advice", "status", "time",
    "end_time", "started_at", "detected_at", "life_started_at", "life_ended_at", "onset",
    "onset_interval", "sha256", "chart",
}  # fmt: skip


def _poison(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        plain = {k for k in value if k in _KEPT and not isinstance(value[k], dict)}
        return {k: v if k in plain else _poison(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_poison(item, key) for item in value]
    return value + HOSTILE if isinstance(value, str) else value


def _poison_frame(frame: pl.DataFrame, columns: Any) -> pl.DataFrame:
    return frame.with_columns(pl.col(name) + HOSTILE for name in columns)


if __name__ == "__main__":
    SAMPLE.parent.mkdir(parents=True, exist_ok=True)
    SAMPLE.write_bytes(f.to_json(make_findings()))
