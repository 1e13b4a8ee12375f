"""The queueing and leak model behind the simulated evidence, in steps of one second.

Requests arrive at the load balancer and are shared out over the ready pods. A request holds
a connection for ``HOLD_S``; by Little's law [1]_ the connections in use are rate times hold
time. On v3.5.0 a share of the fraud checks times out. Each time-out leaves a session of
constant size in a registry; a few leave their database connection too. Memory is therefore
linear in the number of time-outs, and its rate follows the traffic. Once lost and used
connections together reach the pool's limit, transactions queue behind row locks that idle
sessions hold, requests wait up to 30 s, and the state feeds itself. A container whose
resident memory passes its limit is killed and started again with the usual back-off.

References
----------
.. [1] J. D. C. Little (1961), "A proof for the queuing formula L = lambda W",
   Operations Research 9, 383-387.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import world

SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes draws pod suffixes from
YOUNG_BYTES = 1.0e9
START_UP_S = 34
BACK_OFF_S = (0, 10, 20, 40, 80, 160, 300)


@dataclass
class Sample:
    """What one pod shows at one scrape; counters since the container's start."""

    second: int
    up: bool
    working_set_bytes: float = 0.0
    heap_live_bytes: float = 0.0
    heap_used_bytes: float = 0.0
    heap_committed_bytes: float = 0.0
    threads: float = 0.0
    pool_max: int = 0
    active: float = 0.0
    pending: float = 0.0
    ok_count: float = 0.0
    error_count: float = 0.0
    rejected_count: float = 0.0
    latency_s: float = 0.0
    fraud_timeouts: float = 0.0
    fraud_checks: float = 0.0
    sessions: float = 0.0
    leaked_connections: int = 0
    gc_count: float = 0.0
    gc_pause_s: float = 0.0
    cpu_s: float = 0.0
    captured_count: float = 0.0
    failed_count: float = 0.0
    restarts: int = 0


@dataclass
class Pod:
    """One pod, its identity and the state of its current container."""

    name: str
    workload: str
    version: str
    node: str
    ip: str
    pool_max: int
    cluster: str = world.CLUSTER
    created_s: int = -86_400
    ended_s: int | None = None
    ready_from_s: int = -86_400
    container_from_s: int = -86_400
    restarts: int = 0
    oom_kills: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    sample: Sample = field(default_factory=lambda: Sample(0, up=False))
    samples: list[Sample] = field(default_factory=list)
    peak_heap_bytes: float = 0.0
    pool_now: int = 0

    @property
    def is_leaky(self) -> bool:
        """Whether this pod runs the version with the fraud check."""
        return self.version == world.NEW_VERSION

    def is_ready(self, second: int) -> bool:
        """Return whether the pod takes requests at ``second``."""
        return self.ready_from_s <= second and (self.ended_s is None or second < self.ended_s)

    def exists(self, second: int) -> bool:
        """Return whether the pod object exists at ``second``."""
        return self.created_s <= second and (self.ended_s is None or second < self.ended_s)


@dataclass
class Outcome:
    """All that the renderers need: the pods with their samples, and the shared facts."""

    pods: list[Pod]
    exhausted_s: int
    arrivals: list[float]
    hold_s: list[float]

    @property
    def kills(self) -> list[tuple[int, Pod]]:
        """Every kill for lack of memory, in order."""
        return sorted(((s, p) for p in self.pods for s in p.oom_kills), key=lambda k: k[0])


def name_pods(rng: random.Random, prefix: str, count: int) -> list[str]:
    """Draw ``count`` pod names as a ReplicaSet would."""
    return [
        f"{prefix}-{''.join(rng.choice(SUFFIX_LETTERS) for _ in range(5))}" for _ in range(count)
    ]


def build_pods(rng: random.Random) -> list[Pod]:
    """Build the pods of both clusters, with the rolling deploy's schedule."""
    pods: list[Pod] = []

    def add(name: str, workload: str, version: str, pool: int) -> Pod:
        number = len(pods)
        node = f"ip-10-20-{number % 6 + 11}-{37 + 19 * (number % 6)}.ec2.internal"
        pod = Pod(name, workload, version, node, f"10.20.{number % 6 + 11}.{100 + number}", pool)
        pods.append(pod)
        return pod

    for i, name in enumerate(name_pods(rng, f"payment-api-{world.OLD_HASH}", 8)):
        old = add(name, "payment-api", world.OLD_VERSION, world.POOL_SIZES[i])
        old.ended_s = world.DEPLOY_S + 31 + 28 * (i // 2)
    for i, name in enumerate(name_pods(rng, f"payment-api-{world.NEW_HASH}", 8)):
        new = add(name, "payment-api", world.NEW_VERSION, world.POOL_SIZES[i])
        new.created_s = new.container_from_s = world.DEPLOY_S + 28 * (i // 2)
        new.ready_from_s = new.created_s + 27 + i % 2
    for i, name in enumerate(name_pods(rng, f"payment-api-{world.NEW_HASH}", 4)):
        extra = add(name, "payment-api", world.NEW_VERSION, world.POOL_SIZES[i])
        extra.created_s = extra.container_from_s = world.SCALE_OUT_S
        extra.ready_from_s = world.LENGTH_S * 2  # no connection left for them: never ready
    for name in name_pods(rng, f"payment-api-partner-{world.PARTNER_HASH}", 2):
        add(name, "payment-api-partner", world.OLD_VERSION, world.PARTNER_POOL)
    for name in name_pods(rng, f"payment-api-{world.STANDBY_HASH}", 2):
        add(
            name, "payment-api", world.OLD_VERSION, world.STANDBY_POOL
        ).cluster = world.STANDBY_CLUSTER
    return pods


class Simulation:
    """Steps the pods through the window; ``run`` returns the outcome."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.pods = build_pods(self.rng)
        self.is_blocked = False
        self.exhausted_s = -1
        self.owed_connections = 0.0
        self.arrivals: list[float] = []
        self.hold: list[float] = []

    def run(self) -> Outcome:
        """Run the whole window."""
        for pod in self.pods:
            self.start_container(pod, pod.created_s)
            if pod.created_s < 0:
                self.settle(pod)
        for second in range(world.LENGTH_S + 1):
            self.step(second)
        return Outcome(self.pods, self.exhausted_s, self.arrivals, self.hold)

    def start_container(self, pod: Pod, second: int) -> None:
        """Reset a pod's process: new counters, empty heap, a fresh pool."""
        pod.container_from_s = second
        pod.starts.append(second)
        pod.peak_heap_bytes = 0.0
        pod.pool_now = pod.pool_max
        if pod.created_s == world.SCALE_OUT_S:
            pod.pool_now = 0
        pod.sample = Sample(second, up=True, pool_max=pod.pool_max)

    def settle(self, pod: Pod) -> None:
        """Give a pod that ran since yesterday its long-grown counters."""
        rate = self.share_rps(pod, 1, 0)
        age_s = self.rng.randint(150_000, 400_000)
        pod.container_from_s = -age_s
        sample = pod.sample
        sample.ok_count = round(rate * age_s * 0.93)
        sample.error_count = round(sample.ok_count * 0.0006)
        sample.gc_count = round(age_s / 5.0)
        sample.gc_pause_s = sample.gc_count * 0.011
        sample.cpu_s = age_s * (0.12 + rate * 0.0011)
        sample.captured_count = round(rate * age_s * 0.00278 * 0.93)
        sample.failed_count = round(sample.captured_count * 0.011)
        pod.peak_heap_bytes = 0.92e9 + YOUNG_BYTES

    def share_rps(self, pod: Pod, ready_count: int, second: int) -> float:
        """Return the requests per second that one pod gets."""
        noise = 1.0 + self.rng.gauss(0.0, 0.012)
        factor = world.arrivals_rps(second) / world.NORMAL_RPS
        if pod.cluster == world.STANDBY_CLUSTER:
            return 20.0 * noise
        if pod.workload == "payment-api-partner":
            return 100.0 * factor * noise
        return world.arrivals_rps(second) * noise / max(ready_count if second else 8, 1)

    def step(self, second: int) -> None:
        """Advance every pod by one second and scrape where due."""
        main = [p for p in self.pods if p.workload == "payment-api" and p.cluster == world.CLUSTER]
        ready = [p for p in main if p.is_ready(second)]
        maintained = world.MAINTENANCE_FROM_S <= second < world.MAINTENANCE_TO_S
        hold_s = world.MAINTENANCE_HOLD_S if maintained else world.HOLD_S
        self.leak_connections(second, ready)
        leaked = sum(p.sample.leaked_connections for p in ready)
        wanted = world.arrivals_rps(second) * hold_s
        capacity = sum(p.pool_now for p in ready)
        if not self.is_blocked and capacity and leaked + wanted >= capacity:
            self.is_blocked, self.exhausted_s = True, second
        self.arrivals.append(world.arrivals_rps(second))
        self.hold.append(world.BLOCKED_HOLD_S if self.is_blocked else hold_s)
        for pod in self.pods:
            if pod.exists(second):
                self.step_pod(pod, second, len(ready), hold_s)
                self.scrape(pod, second)

    def leak_connections(self, second: int, ready: list[Pod]) -> None:
        """Lose connections on the time-out path; which pod loses one is drawn."""
        leaky = [p for p in ready if p.is_leaky]
        if not leaky:
            return
        share = len(leaky) / len(ready)
        timeouts = world.arrivals_rps(second) * share * self.timeout_share()
        self.owed_connections += timeouts * world.CONNECTION_LEAK_SHARE
        while self.owed_connections >= 1.0:
            self.owed_connections -= 1.0
            pod = min(leaky, key=lambda p: p.sample.leaked_connections + self.rng.random() * 6.0)
            if pod.sample.leaked_connections < pod.pool_now:
                pod.sample.leaked_connections += 1

    def timeout_share(self) -> float:
        """Return which share of fraud checks times out now."""
        return world.FRAUD_TIMEOUT_SHARE_BLOCKED if self.is_blocked else world.FRAUD_TIMEOUT_SHARE

    def step_pod(self, pod: Pod, second: int, ready_count: int, hold_s: float) -> None:
        """Advance one pod: requests, pool, sessions, memory, the kill."""
        sample = pod.sample
        sample.second = second
        if second < pod.container_from_s:
            sample.up = False
            return
        sample.up = True
        is_main = pod.workload == "payment-api" and pod.cluster == world.CLUSTER
        if pod.is_ready(second) and second >= pod.ready_from_s:
            rate = self.share_rps(pod, ready_count, second)
            if is_main and self.is_blocked:
                self.serve_blocked(pod, rate)
            else:
                self.serve(pod, rate, hold_s)
            self.check_fraud(pod, rate)
        else:
            sample.active, sample.pending, sample.latency_s = 0.0, 0.0, 0.0
        self.grow(pod, second)

    def serve(self, pod: Pod, rate: float, hold_s: float) -> None:
        """Serve a second of requests while connections suffice."""
        sample = pod.sample
        use = rate * hold_s * (1.0 + self.rng.gauss(0.0, 0.06))
        sample.active = min(float(pod.pool_now), sample.leaked_connections + use)
        room = max(pod.pool_now - sample.leaked_connections, 1)
        load = min(use / room, 0.97)
        sample.pending = round(load**8 * 30.0 * self.rng.random())
        sample.latency_s = 0.021 + hold_s * 2.0 + 0.05 * load**8 / (1.0 - load)
        errors = rate * 0.0006 * (1.0 + self.rng.random())
        sample.ok_count += rate - errors
        sample.error_count += errors
        sample.captured_count += rate * 0.00278
        sample.failed_count += rate * 0.00003
        sample.cpu_s += 0.12 + rate * 0.0011

    def serve_blocked(self, pod: Pod, rate: float) -> None:
        """Serve a second in which nearly every request waits for a connection in vain."""
        sample = pod.sample
        room = max(pod.pool_now - sample.leaked_connections, 0)
        served = min(rate, room / world.BLOCKED_HOLD_S)
        queue = world.MAX_IN_FLIGHT - pod.pool_now
        sample.active = float(pod.pool_now)
        sample.pending = min(float(queue), sample.pending + rate - served)
        timed_out = sample.pending / world.CONNECTION_TIMEOUT_S
        sample.latency_s = 30.0 + self.rng.random() * 0.08
        sample.ok_count += served
        sample.error_count += timed_out
        sample.rejected_count += max(rate - served - timed_out, 0.0)
        sample.captured_count += served * 0.00278
        sample.failed_count += (rate - served) * 0.00278
        sample.cpu_s += 0.4 + rate * 0.0002

    def check_fraud(self, pod: Pod, rate: float) -> None:
        """Count fraud checks; each time-out leaves a session behind."""
        if not pod.is_leaky:
            return
        sample = pod.sample
        mean = rate * self.timeout_share()
        timeouts = max(round(self.rng.gauss(mean, mean**0.5)), 0)
        sample.fraud_checks += rate
        sample.fraud_timeouts += timeouts
        sample.sessions += timeouts

    def grow(self, pod: Pod, second: int) -> None:
        """Update heap and resident memory; kill the container over its limit."""
        sample = pod.sample
        age_s = second - pod.container_from_s
        warm = 1.0 - 2.718281828 ** (-max(age_s, 0) / 45.0)
        base = 0.33e9 + 0.57e9 * warm * (1.0 + self.rng.gauss(0.0, 0.004))
        leaked = sample.sessions * world.SESSION_BYTES + sample.pending * world.PENDING_BYTES
        live = min(base + leaked, 0.985 * world.MAX_HEAP_BYTES)
        young = min(YOUNG_BYTES, world.MAX_HEAP_BYTES - live) * min(1.0, age_s / 30.0)
        sample.heap_live_bytes = live
        sample.heap_used_bytes = live + young * self.rng.random()
        pod.peak_heap_bytes = max(pod.peak_heap_bytes * 0.9997, live + young)
        sample.heap_committed_bytes = min(pod.peak_heap_bytes * 1.02, world.MAX_HEAP_BYTES)
        sample.threads = 64 + pod.pool_max + min(sample.pending, 1_200.0)
        gc_per_s = (0.2 if sample.active else 0.02) * YOUNG_BYTES / max(young, 5e7)
        sample.gc_count += gc_per_s
        sample.gc_pause_s += gc_per_s * (0.008 + live * 4.5e-12)
        off_heap = 0.80e9 + sample.threads * 2.1e5 + 0.1e9 * warm
        resident = pod.peak_heap_bytes + off_heap
        sample.working_set_bytes = resident * (1.0 + self.rng.gauss(0.0, 0.0012))
        if resident >= world.LIMIT_BYTES:
            self.kill(pod, second)

    def kill(self, pod: Pod, second: int) -> None:
        """Kill the container and plan its next start."""
        pod.oom_kills.append(second)
        pod.restarts += 1
        delay = BACK_OFF_S[min(len(pod.oom_kills) - 1, len(BACK_OFF_S) - 1)]
        self.start_container(pod, second + 2 + delay)
        pod.sample.up = False
        pod.ready_from_s = pod.container_from_s + START_UP_S + self.rng.randint(0, 8)

    def scrape(self, pod: Pod, second: int) -> None:
        """Keep what Prometheus would have seen."""
        if second % world.STEP_S == 0:
            kept = Sample(**vars(pod.sample))
            kept.second, kept.restarts = second, pod.restarts
            pod.samples.append(kept)
