"""Writes ``kubectl get ... -o json`` shaped files from what the cluster really did."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from rig.cluster import Cluster, Event, Pod

Json = dict[str, object]
NAMESPACE = "payment-system"


def stamp(at: float) -> str:
    """Return a time as Kubernetes writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def list_of(items: list[Json]) -> str:
    """Return a list as kubectl prints it."""
    return (
        json.dumps({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}, indent=1)
        + "\n"
    )


def event_json(number: int, event: Event) -> Json:
    """Return one event."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "count": 1,
        "eventTime": None,
        "firstTimestamp": stamp(event.at),
        "lastTimestamp": stamp(event.at),
        "involvedObject": {"kind": event.kind, "name": event.name, "namespace": NAMESPACE},
        "message": event.message,
        "reason": event.reason,
        "metadata": {
            "creationTimestamp": stamp(event.at),
            "name": f"{event.name}.{number:016x}",
            "namespace": NAMESPACE,
        },
        "source": {"component": "lab-rig"},
        "type": "Warning" if event.is_warning else "Normal",
    }


def container_status(pod: Pod) -> Json:
    """Return the status of a pod's container, with how the one before it ended."""
    last: Json = {}
    if pod.last_exit:
        times = {key: stamp(float(str(pod.last_exit[key]))) for key in ("startedAt", "finishedAt")}
        last = {"terminated": {**pod.last_exit, **times}}
    return {
        "image": f"payments/payment-api:{pod.version}",
        "lastState": last,
        "name": "payment-api",
        "ready": True,
        "restartCount": pod.restarts,
        "state": {"running": {"startedAt": stamp(pod.started_at)}},
    }


def pod_json(pod: Pod, limit_mib: int) -> Json:
    """Return one pod's manifest and status."""
    container = {
        "image": f"payments/payment-api:{pod.version}",
        "name": "payment-api",
        "resources": {"limits": {"memory": f"{limit_mib}Mi"}},
    }
    replica_set = pod.name.rsplit("-", 1)[0]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "creationTimestamp": stamp(pod.created_at),
            "name": pod.name,
            "namespace": NAMESPACE,
            "labels": {
                "app": pod.workload,
                "pod-template-hash": replica_set.rsplit("-", 1)[1],
                "version": pod.version,
            },
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set}
            ],
            "uid": hashlib.sha256(pod.name.encode()).hexdigest()[:32],
        },
        "spec": {"containers": [container], "nodeName": "lab-node-1"},
        "status": {
            "containerStatuses": [container_status(pod)],
            "phase": "Running",
            "podIP": "127.0.0.1",
            "startTime": stamp(pod.created_at),
        },
    }


def replica_set_json(cluster: Cluster, row: tuple[str, str, int, float]) -> Json:
    """Return one ReplicaSet; ``row`` = workload, version, revision, created at."""
    workload, version, revision, created_at = row
    digest = cluster.template_hash(workload, version)
    count = sum(1 for p in cluster.pods if p.workload == workload and p.version == version)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "annotations": {
                "deployment.kubernetes.io/revision": str(revision),
                "kubernetes.io/change-cause": f"release {version}",
            },
            "creationTimestamp": stamp(created_at),
            "labels": {"app": workload, "pod-template-hash": digest},
            "name": f"{workload}-{digest}",
            "namespace": NAMESPACE,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": workload}],
        },
        "spec": {
            "replicas": count,
            "template": {
                "spec": {
                    "containers": [
                        {"image": f"payments/payment-api:{version}", "name": "payment-api"}
                    ]
                }
            },
        },
        "status": {"availableReplicas": count, "readyReplicas": count, "replicas": count},
    }


def render_all(cluster: Cluster) -> dict[str, str]:
    """Return the three files by name."""
    return {
        "events.json": list_of([event_json(n, e) for n, e in enumerate(cluster.events)]),
        "pods.json": list_of([pod_json(p, cluster.scenario.limit_mib) for p in cluster.pods]),
        "replicasets.json": list_of([replica_set_json(cluster, row) for row in cluster.revisions]),
    }
