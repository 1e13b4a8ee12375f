"""Render what Kubernetes, Alertmanager and the change calendar would say."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import world
from metrics import uid_of
from model import Outcome, Pod

Json = dict[str, object]
REPLICA_SETS = (
    # name, hash, version, revision, wanted, created (seconds of the window), cluster
    ("payment-api", world.OLD_HASH, world.OLD_VERSION, 41, 0, -1_036_800, world.CLUSTER),
    ("payment-api", world.NEW_HASH, world.NEW_VERSION, 42, 12, world.DEPLOY_S, world.CLUSTER),
    (
        "payment-api-partner",
        world.PARTNER_HASH,
        world.OLD_VERSION,
        17,
        2,
        -1_036_100,
        world.CLUSTER,
    ),
)


def list_of(items: list[Json], kind: str = "List") -> str:
    """Return a ``kubectl get ... -o json`` list."""
    body = {"apiVersion": "v1", "items": items, "kind": kind, "metadata": {"resourceVersion": ""}}
    return json.dumps(body, indent=1) + "\n"


def event(kind: str, name: str, reason: str, message: str, **when: object) -> Json:
    """Return one core/v1 Event; ``when`` gives first, last, count, type and component."""
    first, last = int(str(when["first"])), int(str(when.get("last", when["first"])))
    key = hashlib.sha256(f"{name}{reason}{first}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "count": when.get("count", 1),
        "eventTime": None,
        "firstTimestamp": world.stamp_s(first),
        "involvedObject": {"kind": kind, "name": name, "namespace": world.NAMESPACE},
        "kind": "Event",
        "lastTimestamp": world.stamp_s(last),
        "message": message,
        "metadata": {
            "creationTimestamp": world.stamp_s(first),
            "name": f"{name}.{key}",
            "namespace": world.NAMESPACE,
        },
        "reason": reason,
        "source": {"component": when.get("component", "kubelet")},
        "type": when.get("type", "Normal"),
    }


def scaling_events(outcome: Outcome) -> list[Json]:
    """Return the deployment controller's steps of the roll-out and the scale-out."""
    rows: list[Json] = []
    for step in range(4):
        at = world.DEPLOY_S + 28 * step
        up = f"Scaled up replica set payment-api-{world.NEW_HASH} to {2 * step + 2}"
        down = f"Scaled down replica set payment-api-{world.OLD_HASH} to {6 - 2 * step}"
        for text, second in ((up, at), (down, at + 29)):
            rows.append(
                event(
                    "Deployment",
                    "payment-api",
                    "ScalingReplicaSet",
                    text,
                    first=second,
                    component="deployment-controller",
                )
            )
    text = f"Scaled up replica set payment-api-{world.NEW_HASH} to 12 from 8"
    rows.append(
        event(
            "Deployment",
            "payment-api",
            "ScalingReplicaSet",
            text,
            first=world.SCALE_OUT_S,
            component="deployment-controller",
        )
    )
    rows += [
        event("Pod", pod.name, "Killing", "Stopping container payment-api", first=pod.ended_s)
        for pod in outcome.pods
        if pod.ended_s is not None
    ]
    return rows


def container_events(outcome: Outcome, seed: int) -> list[Json]:
    """Return each container's starts, kills, failed probes and back-offs."""
    rng = random.Random(f"{seed}-events")
    rows: list[Json] = []
    for pod in outcome.pods:
        rows += [
            event("Pod", pod.name, "Started", "Started container payment-api", first=second)
            for second in pod.starts
            if second >= 0
        ]
        rows += kill_events(pod, rng)
        rows += probe_events(pod)
    return rows


def kill_events(pod: Pod, rng: random.Random) -> list[Json]:
    """Return the node's report of each kill, and the kubelet's back-off from the second on."""
    rows: list[Json] = []
    waiting = f"Back-off restarting failed container payment-api in pod {pod.name}"
    for number, second in enumerate(pod.oom_kills):
        used_kib = world.LIMIT_BYTES // 1024 - rng.randint(4_000, 40_000)
        text = (
            f"Memory cgroup out of memory: Killed process {rng.randint(4000, 65000)} (java) "
            f"total-vm:{used_kib + 4_800_000}kB, anon-rss:{used_kib}kB, file-rss:18432kB, "
            f"shmem-rss:0kB, UID:1000 oom_score_adj:-997 pod={pod.name}"
        )
        kernel = {"type": "Warning", "component": "kernel-monitor"}
        rows.append(event("Node", pod.node, "OOMKilling", text, first=second, **kernel))
        if number:
            rows.append(
                event("Pod", pod.name, "BackOff", waiting, first=second + 1, type="Warning")
            )
    return rows


def probe_events(pod: Pod) -> list[Json]:
    """Return the failed readiness probes of a pod, gathered into one event."""
    failed = [s.second for s in pod.samples if s.up and s.pending > 900]
    if not failed:
        return []
    text = (
        f'Readiness probe failed: Get "http://{pod.ip}:8081/actuator/health/readiness": '
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    )
    when = {"first": failed[0], "last": failed[-1], "count": len(failed)}
    return [event("Pod", pod.name, "Unhealthy", text, **when, type="Warning")]


def last_state(pod: Pod) -> Json:
    """Return how the pod's previous container ended, empty if there was none."""
    if not pod.oom_kills:
        return {}
    started_s = [s for s in pod.starts if s < pod.oom_kills[-1]][-1]
    return {
        "terminated": {
            "containerID": f"containerd://{hashlib.sha256(uid_of(pod).encode()).hexdigest()}",
            "exitCode": 137,
            "finishedAt": world.stamp_s(pod.oom_kills[-1]),
            "reason": "OOMKilled",
            "startedAt": world.stamp_s(started_s),
        }
    }


def container_status(pod: Pod) -> Json:
    """Return the container's status at the end of the window."""
    digest = hashlib.sha256(f"payment-api:{pod.version}".encode()).hexdigest()
    is_up = pod.container_from_s <= world.LENGTH_S
    running = {"running": {"startedAt": world.stamp_s(pod.container_from_s)}}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}
    return {
        "image": f"payments/payment-api:{pod.version}",
        "imageID": f"payments/payment-api@sha256:{digest}",
        "lastState": last_state(pod),
        "name": "payment-api",
        "ready": pod.workload != "payment-api" or pod.cluster != world.CLUSTER,
        "restartCount": pod.restarts,
        "started": is_up,
        "state": running if is_up else {"waiting": waiting},
    }


def container_spec(pod: Pod) -> Json:
    """Return the container as the deployment asks for it."""
    secret = {"secretKeyRef": {"key": "password", "name": "payments-db"}}
    return {
        "env": [
            {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx7g -Xlog:gc*:file=/var/log/gc.log"},
            {"name": "POOL_MAX_SIZE", "value": str(pod.pool_max)},
            {"name": "DB_PASSWORD", "valueFrom": secret},
        ],
        "image": f"payments/payment-api:{pod.version}",
        "name": "payment-api",
        "resources": {"limits": {"memory": "8Gi"}, "requests": {"cpu": "2", "memory": "4Gi"}},
    }


def pod_json(pod: Pod) -> Json:
    """Return one pod as it stands at the end of the window."""
    replica_set = pod.name.rsplit("-", 1)[0]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "creationTimestamp": world.stamp_s(pod.created_s),
            "labels": {
                "app": pod.workload,
                "pod-template-hash": replica_set.rsplit("-", 1)[1],
                "version": pod.version,
            },
            "name": pod.name,
            "namespace": world.NAMESPACE,
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set}
            ],
            "uid": uid_of(pod),
        },
        "spec": {"containers": [container_spec(pod)], "nodeName": pod.node},
        "status": {
            "containerStatuses": [container_status(pod)],
            "hostIP": pod.node.split(".")[0].removeprefix("ip-").replace("-", "."),
            "phase": "Running",
            "podIP": pod.ip,
            "startTime": world.stamp_s(pod.created_s),
        },
    }


def replica_set_json(row: tuple[str, str, str, int, int, int, str], outcome: Outcome) -> Json:
    """Return one ReplicaSet with its revision and image."""
    workload, digest, version, revision, wanted, created_s, cluster = row
    mine = [
        p
        for p in outcome.pods
        if p.name.startswith(f"{workload}-{digest}-") and p.cluster == cluster
    ]
    ready = sum(1 for p in mine if p.version == world.OLD_VERSION and p.ended_s is None)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": str(wanted),
                "deployment.kubernetes.io/revision": str(revision),
                "kubernetes.io/change-cause": f"release {version}",
            },
            "creationTimestamp": world.stamp_s(created_s),
            "labels": {"app": workload, "pod-template-hash": digest},
            "name": f"{workload}-{digest}",
            "namespace": world.NAMESPACE,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": workload}],
        },
        "spec": {
            "replicas": wanted,
            "template": {
                "spec": {
                    "containers": [
                        {"image": f"payments/payment-api:{version}", "name": "payment-api"}
                    ]
                }
            },
        },
        "status": {"availableReplicas": ready, "readyReplicas": ready, "replicas": wanted},
    }


# Each row: name, severity, start in seconds of the window, condition, summary.
ALERTS = (
    (
        "PaymentAPI_ErrorRate",
        "critical",
        world.EXHAUSTED_S + 323,
        "> 99%",
        "Error rate of payment-api above 99 % for 5 minutes",
    ),
    (
        "Database_ConnectionPool_Exhausted",
        "critical",
        world.EXHAUSTED_S + 313,
        "active == max",
        "All connections of payment-primary in use for 5 minutes",
    ),
    (
        "Payment_Success_Rate",
        "critical",
        world.EXHAUSTED_S + 328,
        "< 1%",
        "Share of captured payments below 1 % for 5 minutes",
    ),
    (
        "Memory_Usage",
        "warning",
        world.EXHAUSTED_S + 43,
        "> 90%",
        "Memory of payment-api above 90 % of its limit",
    ),
    (
        "Response_Time_P99",
        "warning",
        world.EXHAUSTED_S + 133,
        "> 30s",
        "99th percentile of payment-api above 30 s",
    ),
    (
        "Pod_Restart_Rate_High",
        "warning",
        world.EXHAUSTED_S + 103,
        "> 5 in 5m",
        "Containers of payment-api restart often",
    ),
)


def alerts_json() -> str:
    """Return the body of Alertmanager's ``/api/v2/alerts``."""
    rows = []
    for name, severity, starts_s, expression, summary in ALERTS:
        finger = hashlib.sha256(name.encode()).hexdigest()[:16]
        rows.append(
            {
                "annotations": {"description": f"{summary} ({expression})", "summary": summary},
                "endsAt": world.stamp(world.LENGTH_S + 240),
                "fingerprint": finger,
                "receivers": [{"name": "payments-on-call"}],
                "startsAt": world.stamp(starts_s),
                "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
                "updatedAt": world.stamp(world.LENGTH_S),
                "generatorURL": f"http://prometheus.monitoring:9090/graph?g0.expr={name}",
                "labels": {
                    "alertname": name,
                    "cluster": world.CLUSTER,
                    "namespace": world.NAMESPACE,
                    "service": "payment-api",
                    "severity": severity,
                },
            }
        )
    return json.dumps(rows, indent=1) + "\n"


def write_all(outcome: Outcome, folder: Path, seed: int) -> None:
    """Write Kubernetes and Alertmanager files."""
    (folder / "kubernetes").mkdir(parents=True, exist_ok=True)
    (folder / "alerts").mkdir(exist_ok=True)
    rows = [*scaling_events(outcome), *container_events(outcome, seed)]
    rows.sort(key=lambda row: str(row["firstTimestamp"]))
    living = [p for p in outcome.pods if p.ended_s is None and p.cluster == world.CLUSTER]
    write = {
        "kubernetes/events.json": list_of(rows),
        "kubernetes/pods.json": list_of([pod_json(p) for p in living]),
        "kubernetes/replicasets.json": list_of(
            [replica_set_json(r, outcome) for r in REPLICA_SETS]
        ),
        "alerts/alertmanager.json": alerts_json(),
    }
    for name, text in write.items():
        (folder / name).write_text(text, encoding="utf-8")
