"""Rows of the ``events`` and ``changes`` tables from Kubernetes objects, by their kind.

References
----------
Kubernetes API reference: Pod v1 core (``ContainerStatus``), ReplicaSet and Deployment v1 apps,
ControllerRevision v1 apps, Event v1 core, HorizontalPodAutoscaler v2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from forensics.readers._narrow import as_count, iter_mappings
from forensics.readers.changes._document import Row, parse_moment, text_of, walk

#: Event kind by the reason that the kubelet or a controller gives.
_KIND_OF_REASON: Final = {
    "OOMKilling": "oom_kill",
    "OOMKilled": "oom_kill",
    "SystemOOM": "oom_kill",
    "BackOff": "restart",
    "CrashLoopBackOff": "restart",
    "Restarted": "restart",
    "Started": "start",
    "Created": "start",
    "Scheduled": "start",
    "Pulled": "start",
    "Pulling": "start",
    "Killing": "stop",
    "Evicted": "stop",
    "Preempted": "stop",
    "NodeNotReady": "stop",
    "Unhealthy": "probe_failure",
    "ProbeWarning": "probe_failure",
    "SuccessfulRescale": "scaling",
    "ScalingReplicaSet": "scaling",
    "SuccessfulCreate": "scaling",
    "SuccessfulDelete": "scaling",
    "DeploymentRollback": "rollout",
    "Rollout": "rollout",
}
_REVISION: Final = "deployment.kubernetes.io/revision"
_CAUSE: Final = "kubernetes.io/change-cause"


def image_version(image: object) -> str | None:
    """Return the tag of a container image, or the start of its digest."""
    if not isinstance(image, str):
        return None
    name, _, digest = image.partition("@")
    tag = re.search(r":([\w][\w.-]*)$", name.rsplit("/", 1)[-1])
    return tag[1] if tag else digest[:19] or None


def version_of(labels: object, containers: object) -> str | None:
    """Return the version label of an object, else the image tag of its first container."""
    for key in ("app.kubernetes.io/version", "version"):
        found = text_of(walk(labels, key))
        if found:
            return found
    return next(
        (v for c in iter_mappings(containers) if (v := image_version(c.get("image")))), None
    )


def pod_events(pod: dict[str, Any]) -> list[Row]:
    """Return kills, restarts and starts that a pod's status remembers."""
    name = text_of(walk(pod, "metadata", "name"))
    version = version_of(walk(pod, "metadata", "labels"), walk(pod, "spec", "containers"))
    rows: list[Row] = []
    created = parse_moment(walk(pod, "metadata", "creationTimestamp"))
    rows.append(
        {
            "time": created,
            "kind": "start",
            "reason": "Created",
            "entity": name,
            "version": version,
            "count": 1,
            "message": "pod created",
        }
    )
    if walk(pod, "status", "reason"):
        rows.append(
            {
                "time": parse_moment(walk(pod, "status", "startTime")),
                "kind": _KIND_OF_REASON.get(str(walk(pod, "status", "reason")), "other"),
                "reason": text_of(walk(pod, "status", "reason")),
                "entity": name,
                "version": version,
                "count": 1,
                "message": text_of(walk(pod, "status", "message")),
            }
        )
    for status in iter_mappings(walk(pod, "status", "containerStatuses")):
        rows += _container_events(status, name, version)
    return rows


def _container_events(status: dict[str, Any], pod: str | None, version: str | None) -> list[Row]:
    restarts = as_count(status.get("restartCount"))
    container = text_of(status.get("name"))
    rows: list[Row] = []
    for key in ("lastState", "state"):
        ended = walk(status, key, "terminated")
        if isinstance(ended, dict):
            reason = text_of(ended.get("reason")) or "Terminated"
            rows.append(
                {
                    "time": parse_moment(ended.get("finishedAt")),
                    "kind": _KIND_OF_REASON.get(reason, "stop"),
                    "reason": reason,
                    "entity": pod,
                    "version": version,
                    "count": 1,
                    "message": f"container {container} ended with exit code "
                    f"{ended.get('exitCode')}, started {ended.get('startedAt')}",
                }
            )
        running = walk(status, key, "running", "startedAt")
        if running and restarts:
            rows.append(
                {
                    "time": parse_moment(running),
                    "kind": "restart",
                    "reason": "Restarted",
                    "entity": pod,
                    "version": version,
                    "count": restarts,
                    "message": f"container {container} runs again; {restarts} restarts in all",
                }
            )
        waiting = walk(status, key, "waiting", "reason")
        if waiting and waiting != "ContainerCreating" and not running:
            rows.append(
                {
                    "time": None,
                    "kind": _KIND_OF_REASON.get(str(waiting), "other"),
                    "reason": str(waiting),
                    "entity": pod,
                    "version": version,
                    "count": restarts,
                    "message": text_of(walk(status, key, "waiting", "message")),
                }
            )
    return rows


def cluster_event(event: dict[str, Any]) -> Row:
    """Return one row for an Event object; repeated ones keep their count and last time."""
    first = (
        event.get("firstTimestamp")
        or event.get("eventTime")
        or event.get("deprecatedFirstTimestamp")
    )
    first = first or walk(event, "metadata", "creationTimestamp")
    last = event.get("lastTimestamp") or walk(event, "series", "lastObservedTime")
    target = event.get("involvedObject") or event.get("regarding")
    reason = text_of(event.get("reason")) or "Event"
    message = text_of(event.get("message") or event.get("note")) or ""
    kind = _KIND_OF_REASON.get(reason, "other")
    if "OOM" in message and kind == "other":
        kind = "oom_kill"
    if re.match(r"Container \S+ failed .* probe", message):
        kind = "probe_failure"
    start, end = parse_moment(first), parse_moment(last)
    return {
        "time": start or end,
        "end_time": end if start and end and end > start else None,
        "kind": kind,
        "reason": reason,
        "entity": text_of(walk(target, "name")),
        "count": as_count(event.get("count") or walk(event, "series", "count"), 1),
        "message": message,
    }


def rollout_changes(owned: Iterable[dict[str, Any]]) -> list[Row]:
    """Return one deploy a ReplicaSet or ControllerRevision, in order of time, by owner.

    The version before is that of the revision before; the first one known has none.
    """
    by_owner: dict[str, list[dict[str, Any]]] = {}
    for item in owned:
        references = list(iter_mappings(walk(item, "metadata", "ownerReferences")))
        owner = text_of(walk(references[0], "name")) if references else None
        by_owner.setdefault(owner or str(walk(item, "metadata", "name")), []).append(item)
    rows: list[Row] = []
    for owner, items in by_owner.items():
        items.sort(key=_revision)
        before: str | None = None
        for item in items:
            template = walk(item, "spec", "template") or walk(item, "data", "spec", "template")
            labels = walk(template, "metadata", "labels")
            version = version_of(labels, walk(template, "spec", "containers"))
            rows.append(_rollout(item, owner, before, version))
            before = version
    return rows


def _rollout(item: dict[str, Any], owner: str, before: str | None, version: str | None) -> Row:
    annotations = walk(item, "metadata", "annotations") or {}
    cause = text_of(walk(annotations, _CAUSE))
    revision = text_of(walk(annotations, _REVISION)) or text_of(item.get("revision"))
    details = [f"revision {revision}" if revision else None, cause]
    details.append(f"{item['kind']} {walk(item, 'metadata', 'name')}")
    return {
        "time": parse_moment(walk(item, "metadata", "creationTimestamp")),
        "kind": "deploy",
        "what": f"Rollout of {owner}" + (f" {version}" if version else ""),
        "scope": [owner],
        "from_version": before,
        "to_version": version,
        "details": "; ".join(part for part in details if part),
    }


def _revision(item: dict[str, Any]) -> tuple[str, int]:
    created = parse_moment(walk(item, "metadata", "creationTimestamp"))
    number = text_of(walk(item, "metadata", "annotations", _REVISION)) or text_of(
        item.get("revision")
    )
    return (created.isoformat() if created else ""), as_count(number)


def deployment_events(deployment: dict[str, Any]) -> list[Row]:
    """Return the conditions of a Deployment or StatefulSet as events."""
    name = text_of(walk(deployment, "metadata", "name"))
    template = walk(deployment, "spec", "template")
    version = version_of(walk(template, "metadata", "labels"), walk(template, "spec", "containers"))
    return [
        {
            "time": parse_moment(
                condition.get("lastTransitionTime") or condition.get("lastUpdateTime")
            ),
            "kind": "rollout" if condition.get("type") == "Progressing" else "other",
            "reason": text_of(condition.get("reason")) or text_of(condition.get("type")),
            "entity": name,
            "version": version,
            "count": 1,
            "message": text_of(condition.get("message")),
        }
        for condition in iter_mappings(walk(deployment, "status", "conditions"))
    ]
