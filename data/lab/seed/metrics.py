"""Render the model's samples as bodies of Prometheus ``/api/v1/query_range``."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import world
from model import Outcome, Pod, Sample

Value = Callable[[Pod, Sample], "float | None"]
Labels = dict[str, str]
BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def number(value: float) -> str:
    """Return a sample value as text: six significant digits, integers in full."""
    if math.isnan(value):
        return "NaN"
    if abs(value) >= 1e5 or value == int(value):
        return str(round(value))
    return f"{value:.6g}"


def app_labels(pod: Pod) -> Labels:
    """Return the labels that scraping the application's own endpoint gives."""
    return {
        "cluster": pod.cluster,
        "instance": f"{pod.ip}:8081",
        "job": pod.workload,
        "namespace": world.NAMESPACE,
        "pod": pod.name,
        "version": pod.version,
    }


def container_labels(pod: Pod) -> Labels:
    """Return the labels that cAdvisor gives."""
    return {
        "cluster": pod.cluster,
        "container": "payment-api",
        "image": f"payments/payment-api:{pod.version}",
        "instance": pod.node,
        "job": "cadvisor",
        "namespace": world.NAMESPACE,
        "pod": pod.name,
    }


def state_labels(pod: Pod) -> Labels:
    """Return the labels that kube-state-metrics gives."""
    return {
        "cluster": pod.cluster,
        "container": "payment-api",
        "job": "kube-state-metrics",
        "namespace": world.NAMESPACE,
        "pod": pod.name,
        "uid": uid_of(pod),
    }


def uid_of(pod: Pod) -> str:
    """Return the pod's stable made-up UID."""
    digits = random.Random(pod.name)
    return "-".join(f"{digits.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12))


class Bodies:
    """Writes one body per metric into a folder."""

    def __init__(self, outcome: Outcome, folder: Path) -> None:
        self.outcome = outcome
        self.folder = folder

    def series(self, name: str, labels: Labels, pod: Pod, value: Value) -> dict[str, object] | None:
        """Return one series of one pod, scraped while its container answered."""
        epoch = int(world.START.timestamp())
        points: list[list[object]] = []
        for sample in pod.samples:
            drawn = value(pod, sample)
            if drawn is not None:
                points.append([epoch + sample.second, number(drawn)])
        return {"metric": {"__name__": name, **labels}, "values": points} if points else None

    def write(self, name: str, parts: list[tuple[Callable[[Pod], Labels], Labels, Value]]) -> None:
        """Write a metric that every pod exports, one series a pod and part."""
        result = []
        for pod in self.outcome.pods:
            for labels_of, extra, value in parts:
                series = self.series(name, {**labels_of(pod), **extra}, pod, value)
                if series is not None:
                    result.append(series)
        self.write_body(name, result)

    def write_shared(self, name: str, rows: list[tuple[Labels, Callable[[int], float]]]) -> None:
        """Write a metric of the database, the balancer or a neighbour: a function of time."""
        epoch = int(world.START.timestamp())
        result: list[dict[str, object]] = []
        for labels, value in rows:
            points = [
                [epoch + second, number(value(second))]
                for second in range(0, world.LENGTH_S + 1, world.STEP_S)
            ]
            result.append({"metric": {"__name__": name, **labels}, "values": points})
        self.write_body(name, result)

    def write_body(self, name: str, result: list[dict[str, object]]) -> None:
        """Write one response body."""
        body = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        text = json.dumps(body, separators=(",", ":"))
        (self.folder / f"{name.replace(':', '_')}.json").write_text(text + "\n", encoding="utf-8")


def if_up(value: Callable[[Sample], float]) -> Value:
    """Turn a field of a live sample into a series value with scrape gaps."""
    return lambda _pod, sample: value(sample) if sample.up else None


def of_leaky(value: Callable[[Sample], float]) -> Value:
    """Turn a field into a series value that only the version with the fraud check has."""
    return lambda pod, sample: value(sample) if sample.up and pod.is_leaky else None


def bucket(bound_s: float) -> Callable[[Sample], float]:
    """Return the cumulative count of requests no slower than the bound."""

    def count(sample: Sample) -> float:
        if bound_s > 30.0:
            return sample.ok_count + sample.error_count + sample.rejected_count
        share = 1.0 - math.exp(-bound_s / 0.021)
        return sample.rejected_count + sample.ok_count * share + sample.error_count * 0.0004

    return count


def write_runtime(bodies: Bodies) -> None:
    """Write the JVM's metrics."""
    app = app_labels
    old_gen, eden = {"area": "heap", "id": "G1 Old Gen"}, {"area": "heap", "id": "G1 Eden Space"}
    meta = {"area": "nonheap", "id": "Metaspace"}
    bodies.write(
        "jvm_memory_used_bytes",
        [
            (app, old_gen, if_up(lambda s: s.heap_live_bytes)),
            (app, eden, if_up(lambda s: max(s.heap_used_bytes - s.heap_live_bytes, 0.0))),
            (app, meta, if_up(lambda _s: 148_201_472.0)),
        ],
    )
    heap_max = float(world.MAX_HEAP_BYTES)
    bodies.write("jvm_memory_max_bytes", [(app, old_gen, if_up(lambda _s: heap_max))])
    one: dict[str, Callable[[Sample], float]] = {
        "jvm_gc_live_data_size_bytes": lambda s: s.heap_live_bytes,
        "jvm_threads_live_threads": lambda s: s.threads,
        "process_resident_memory_bytes": lambda s: s.working_set_bytes * 0.996,
        "up": lambda _s: 1.0,
    }
    for name, value in one.items():
        bodies.write(name, [(app, {}, if_up(value))])
    bodies.write(
        "jvm_buffer_memory_used_bytes",
        [(app, {"id": "direct"}, if_up(lambda s: 33_554_432.0 + 16_384 * s.active))],
    )
    pause = {"action": "end of minor GC", "cause": "G1 Evacuation Pause"}
    bodies.write("jvm_gc_pause_seconds_count", [(app, pause, if_up(lambda s: s.gc_count // 1))])
    bodies.write("jvm_gc_pause_seconds_sum", [(app, pause, if_up(lambda s: s.gc_pause_s))])


def write_pool(bodies: Bodies) -> None:
    """Write HikariCP's metrics."""
    app, pool = app_labels, {"pool": "payment-primary"}
    gauges: dict[str, Callable[[Sample], float]] = {
        "hikaricp_connections": lambda s: s.pool_max,
        "hikaricp_connections_active": lambda s: round(s.active),
        "hikaricp_connections_idle": lambda s: max(s.pool_max - round(s.active), 0),
        "hikaricp_connections_max": lambda s: s.pool_max,
        "hikaricp_connections_pending": lambda s: round(s.pending),
        "hikaricp_connections_timeout_total": lambda s: (
            s.error_count // 1 if s.pending > 500 else 0
        ),
    }
    for name, value in gauges.items():
        bodies.write(name, [(app, pool, if_up(value))])


def write_requests(bodies: Bodies) -> None:
    """Write request counters, latency buckets, payments and fraud checks."""
    app, uri = app_labels, {"method": "POST", "uri": "/api/v1/payments"}
    bodies.write(
        "http_server_requests_seconds_count",
        [
            (app, {**uri, "status": "200"}, if_up(lambda s: s.ok_count // 1)),
            (app, {**uri, "status": "500"}, if_up(lambda s: s.error_count // 1)),
            (app, {**uri, "status": "503"}, if_up(lambda s: s.rejected_count // 1)),
        ],
    )
    bounds = [*BUCKETS_S, float("inf")]
    bodies.write(
        "http_server_requests_seconds_bucket",
        [
            (app, {"uri": uri["uri"], "le": "+Inf" if b > 30 else f"{b:g}"}, if_up(bucket(b)))
            for b in bounds
        ],
    )
    bodies.write(
        "payments_total",
        [
            (app, {"outcome": "captured"}, if_up(lambda s: s.captured_count // 1)),
            (app, {"outcome": "failed"}, if_up(lambda s: s.failed_count // 1)),
        ],
    )
    bodies.write(
        "fraud_check_requests_total",
        [
            (
                app,
                {"outcome": "scored"},
                of_leaky(lambda s: (s.fraud_checks - s.fraud_timeouts) // 1),
            ),
            (app, {"outcome": "timeout"}, of_leaky(lambda s: s.fraud_timeouts)),
        ],
    )
    bodies.write("fraud_sessions_registered", [(app, {}, of_leaky(lambda s: s.sessions))])


def write_containers(bodies: Bodies) -> None:
    """Write what cAdvisor and kube-state-metrics see."""
    box, state = container_labels, state_labels
    bodies.write(
        "container_memory_working_set_bytes", [(box, {}, if_up(lambda s: s.working_set_bytes))]
    )
    limit = float(world.LIMIT_BYTES)
    bodies.write("container_spec_memory_limit_bytes", [(box, {}, if_up(lambda _s: limit))])
    bodies.write("container_cpu_usage_seconds_total", [(box, {}, if_up(lambda s: s.cpu_s))])
    memory = {"resource": "memory", "unit": "byte"}
    bodies.write("kube_pod_container_resource_limits", [(state, memory, lambda _p, _s: limit)])
    bodies.write(
        "kube_pod_container_status_restarts_total", [(state, {}, lambda _p, s: float(s.restarts))]
    )
    bodies.write(
        "kube_pod_container_status_last_terminated_reason",
        [(state, {"reason": "OOMKilled"}, lambda _p, s: 1.0 if s.restarts else None)],
    )
    bodies.write(
        "kube_pod_status_ready",
        [
            (
                state,
                {"condition": "true"},
                lambda p, s: float(s.up and (s.pending < 900) and p.is_ready(s.second)),
            )
        ],
    )


def write_all(outcome: Outcome, folder: Path) -> Bodies:
    """Write every metric of the pods; return the writer for the metrics around them."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies = Bodies(outcome, folder)
    write_runtime(bodies)
    write_pool(bodies)
    write_requests(bodies)
    write_containers(bodies)
    return bodies
