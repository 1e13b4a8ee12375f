"""What ``kubectl get … -o json`` or ``-o yaml`` exports: events, pods, ReplicaSets, Deployments.

Kills, restarts and probe failures become ``events``; each ReplicaSet or ControllerRevision
becomes a deploy in ``changes``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._document import Row, load_json, load_yaml, table_reading
from forensics.readers.changes._pods import (
    cluster_event,
    deployment_events,
    pod_events,
    rollout_changes,
)

TITLE: Final = "Kubernetes objects (kubectl get events, pods, replicasets, deployments)"
KIND: Final[Kind] = "changes"

_KINDS: Final = (
    "Event|Pod|ReplicaSet|Deployment|StatefulSet|DaemonSet|ControllerRevision|"
    "List|EventList|PodList|ReplicaSetList|DeploymentList"
)
_SAYS_SO: Final = re.compile(
    rf"(?s)(?=.*[\"']?\bapiVersion[\"']?\s*:\s*[\"']?(?:v1|apps/v1|events\.k8s\.io/v1(?:beta1)?)\b)"
    rf"(?=.*[\"']?\b(?:kind[\"']?\s*:\s*[\"']?(?:{_KINDS})\b|items[\"']?\s*:))"
)


def sniff(head: Head) -> Match:
    """Claim JSON or YAML with ``apiVersion`` and the kind of an object read here."""
    text = head.text.lstrip()
    starts = text.startswith(("{", "[", "apiVersion:", "---", "kind:", "items:", "- apiVersion:"))
    is_other = '"argoproj.io' in text or "apiVersion: argoproj.io" in text
    return Match.MAGIC if starts and not is_other and _SAYS_SO.match(text) else Match.NO


def read(source: Source) -> Reading:
    """Read all objects; kinds that tell nothing about an incident are counted as damage."""
    is_json = source.head().text.lstrip()[:1] in ("{", "[")
    documents = [load_json(source)] if is_json else load_yaml(source)
    changes: list[Row] = []
    events: list[Row] = []
    owned: list[dict[str, Any]] = []
    skipped: dict[str, int] = {}
    for item in _objects(documents):
        kind = str(item.get("kind"))
        if kind == "Pod":
            events += pod_events(item)
        elif kind == "Event":
            events.append(cluster_event(item))
        elif kind in ("ReplicaSet", "ControllerRevision"):
            owned.append(item)
        elif kind in ("Deployment", "StatefulSet", "DaemonSet"):
            events += deployment_events(item)
        else:
            skipped[kind] = skipped.get(kind, 0) + 1
    changes += rollout_changes(owned)
    damage = [
        DamageRow(source.name, f"{count} objects of kind {kind[:40]}", "left out")
        for kind, count in skipped.items()
    ]
    return table_reading(
        "kubernetes", source, {"changes": changes, "events": events}, damage=damage
    )


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield single objects out of lists of any kind."""
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    elif isinstance(value, dict):
        if isinstance(value.get("items"), list):
            kind = str(value.get("kind", "")).removesuffix("List")
            for item in value["items"]:
                if isinstance(item, dict):
                    yield from _objects({"kind": kind, **item})
        else:
            yield value
