"""Whom a series is about: one name per label set, by a fixed order of label names.

The order is pod, then container or process instance, then host, then service. Labels are
kept whole beside the entity, so nothing is lost when the order picks the wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Label names from the most to the least telling, lower case with dots and dashes as ``_``.
#: ``exported_pod`` precedes ``pod``: Prometheus renames the target's own label when the
#: exporter (kube-state-metrics, say) is itself scraped as a pod.
ENTITY_LABELS: Final = (
    "exported_pod",
    "pod",
    "pod_name",
    "podname",
    "kube_pod_name",
    "kubernetes_pod_name",
    "k8s_pod_name",
    "exported_container",
    "container",
    "container_name",
    "containername",
    "k8s_container_name",
    "service_instance_id",
    "exported_instance",
    "instance",
    "instance_id",
    "instanceid",
    "dbinstanceidentifier",
    "dbclusteridentifier",
    "cacheclusterid",
    "taskid",
    "process",
    "host",
    "hostname",
    "host_name",
    "nodename",
    "node",
    "node_name",
    "server",
    "cgroup",
    "service_name",
    "service",
    "servicename",
    "functionname",
    "application",
    "app",
    "job",
)

_RANK: Final = {name: rank for rank, name in enumerate(ENTITY_LABELS)}


def entity_of(labels: Mapping[str, str]) -> str | None:
    """Return the value of the most telling non-empty label, or ``None`` if none tells.

    Examples
    --------
    >>> entity_of({"instance": "10.0.0.7:8080", "pod": "api-0", "job": "api"})
    'api-0'
    """
    if labels.get("id", "").startswith("/") and labels.get("name") and not labels.get("pod"):
        return labels["name"]  # cAdvisor outside Kubernetes: the container's name
    best: str | None = None
    best_rank = len(_RANK)
    for name, value in labels.items():
        rank = _RANK.get(name.lower().replace(".", "_").replace("-", "_"), best_rank)
        if rank < best_rank and value:
            best, best_rank = value, rank
    return best
