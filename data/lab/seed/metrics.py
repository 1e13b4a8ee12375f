"""Render the model's samples as bodies of Prometheus ``/api/v1/query_range``."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import world
from model import Outcome, Pod, Sample

Value = Callable[[Pod, Sample], "float | None"]
Labels = dict[str, str]
BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def number(value: float) -> str:
    """Return a sample value as text: six significant digits, integers in full."""
    if value != value:
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

    def write_shared(self, name: str, rows: Iterator[tuple[Labels, Callable[[int], float]]]) -> None:
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
        (self.folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def if_up(value: Callable[[Sample], float]) -> Value:
    """Turn a field of a live sample into a series value with scrape gaps."""
    return lambda _pod, sample: value(sample) if sample.up else None


def of_leaky(value: Callable[[Sample], float]) -> Value:
    """Same, exported by the version with the fraud check only."""
    return lambda pod, sample: value(sample) if sample.up and pod.is_leaky else None


def bucket(bound_s: float) -> Callable[[Sample], float]:
    """Return the cumulative count of requests no slower than the bound."""

    def count(sample: Sample) -> float:
        if bound_s > 30.0:
            return sample.ok_count + sample.error_count + sample.rejected_count
        share = 1.0 - 2.718281828 ** (-bound_s / 0.021)
        return sample.rejected_count + sample.ok_count * share + sample.error_count * 0.0004

    return count


def write_runtime(bodies: Bodies) -> None:
    """Write the JVM's, the pool's and the application's metrics."""
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
    pool = {"pool": "payment-primary"}
    gauges: dict[str, Callable[[Sample], float]] = {
        "hikaricp_connections": lambda s: s.pool_max,
        "hikaricp_connections_active": lambda s: round(s.active),
        "hikaricp_connections_idle": lambda s: max(s.pool_max - round(s.active), 0),
        "hikaricp_connections_max": lambda s: s.pool_max,
        "hikaricp_connections_pending": lambda s: round(s.pending),
        "hikaricp_connections_timeout_total": lambda s: s.error_count // 1 if s.pending > 500 else 0,
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
            (app, {"outcome": "scored"}, of_leaky(lambda s: (s.fraud_checks - s.fraud_timeouts) // 1)),
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


def write_neighbours(bodies: Bodies, seed: int) -> None:
    """Write the database, the balancer, the neighbours and the shop."""
    rng = random.Random(f"{seed}-neighbours")
    outcome = bodies.outcome
    at = world.EXHAUSTED_S
    main = [p for p in outcome.pods if p.workload == "payment-api" and p.cluster == world.CLUSTER]
    by_second: dict[int, list[Sample]] = {}
    for pod in main:
        for sample in pod.samples:
            if sample.up and pod.is_ready(sample.second):
                by_second.setdefault(sample.second, []).append(sample)

    def broken(second: int) -> float:
        return min(1.0, max(0.0, (second - at) / 75.0))

    def sessions(second: int, state: str) -> float:
        samples = by_second.get(second, [])
        leaked = sum(s.leaked_connections for s in samples)
        active = round(sum(s.active for s in samples)) - leaked
        total = sum(s.pool_max for s in samples)
        return {"active": active, "idle in transaction": leaked, "idle": total - active - leaked}[state]

    database = {"cluster": world.CLUSTER, "datname": "payments", "instance": "payments-primary:9187"}
    bodies.write_shared(
        "pg_stat_activity_count",
        (
            ({**database, "state": s, "usename": "payment_api"}, lambda t, s=s: sessions(t, s))  # type: ignore[misc]
            for s in ("active", "idle", "idle in transaction")
        ),
    )
    bodies.write_shared(
        "pg_roles_connection_limit", iter([({**database, "rolname": "payment_api"}, lambda _t: 500.0)])
    )
    bodies.write_shared(
        "pg_locks_count",
        iter([({**database, "mode": "rowexclusivelock"}, lambda t: 30 + 300 * broken(t) + rng.randint(0, 9))]),
    )
    bodies.write_shared(
        "pg_stat_statements_mean_exec_seconds",
        iter([({**database, "queryid": "insert_payment"}, lambda t: statement_s(t) * rng.uniform(0.96, 1.04))]),
    )
    bodies.write_shared(
        "pg_replication_lag_seconds",
        iter([({**database, "replica": "payments-replica-1"}, lambda t: replica_lag_s(t) + rng.random() * 0.2)]),
    )
    bodies.write_shared(
        "aws_applicationelb_request_count_sum",
        iter([({"cluster": world.CLUSTER, "load_balancer": "app/payment-alb"}, lambda t: world.arrivals_rps(t) * 60 * rng.uniform(0.985, 1.015))]),
    )
    bodies.write_shared(
        "aws_applicationelb_un_healthy_host_count_average",
        iter([({"cluster": world.CLUSTER, "target_group": "payment-api"}, lambda t: round(8 * broken(t)))]),
    )
    neighbours = {"order-service": 0.78, "inventory-service": 0.45}
    bodies.write_shared(
        "service:http_error_ratio:rate1m",
        (
            ({"cluster": world.CLUSTER, "service": n}, lambda t, s=s: 0.001 + s * broken(t) * rng.uniform(0.97, 1.02))  # type: ignore[misc]
            for n, s in neighbours.items()
        ),
    )
    bodies.write_shared(
        "service:http_slow_ratio:rate1m",
        iter([({"cluster": world.CLUSTER, "service": "user-service"}, lambda t: 0.02 + 0.21 * broken(t) * rng.uniform(0.95, 1.05))]),
    )
    bodies.write_shared(
        "storefront_cart_abandonment_ratio",
        iter([({"shop": "main"}, lambda t: 0.68 + 0.27 * broken(t) + rng.uniform(-0.004, 0.004))]),
    )
    bodies.write_shared(
        "storefront_active_shoppers",
        iter([({"shop": "main"}, lambda t: round(13_000 * world.arrivals_rps(t) / 5_000 * (1 - 0.05 * broken(t)) * rng.uniform(0.98, 1.02)))]),
    )
    bodies.write_shared(
        "storefront_revenue_usd_total",
        iter([({"shop": "main", "channel": "payments"}, revenue(outcome))]),
    )


def statement_s(second: int) -> float:
    """Return the mean time of the payment insert: slower during maintenance, then normal."""
    return 0.0029 if world.MAINTENANCE_FROM_S <= second < world.MAINTENANCE_TO_S else 0.0021


def replica_lag_s(second: int) -> float:
    """Return the lag of the read replica: a bump at the fail-over test."""
    return 0.3 + (14.0 if 0 <= second - world.FAILOVER_TEST_S < 150 else 0.0)


def revenue(outcome: Outcome) -> Callable[[int], float]:
    """Return the money taken so far: 2.5 M USD an hour at the normal rate of captures."""
    totals: dict[int, float] = {}
    per_capture_usd = 2.5e6 / 3600.0 / (world.NORMAL_RPS * 0.00278)
    last: dict[str, float] = {}
    total = 812_400_000.0
    for second in range(0, world.LENGTH_S + 1, world.STEP_S):
        for pod in outcome.pods:
            sample = next((s for s in pod.samples if s.second == second and s.up), None)
            if sample is not None and pod.workload == "payment-api":
                before = last.get(pod.name, sample.captured_count if pod.created_s < 0 else 0.0)
                total += max(sample.captured_count - before, 0.0) * per_capture_usd
                last[pod.name] = sample.captured_count
        totals[second] = total
    return lambda t: totals[t]


def write_all(outcome: Outcome, folder: Path, seed: int) -> None:
    """Write every metric body."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies = Bodies(outcome, folder)
    write_runtime(bodies)
    write_requests(bodies)
    write_containers(bodies)
    write_neighbours(bodies, seed)
