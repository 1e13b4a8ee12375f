"""Objects of one namespace, from the API server that ``kubectl`` talks to.

``kubectl proxy`` gives an address without credentials; else the token of a service account
with the role ``view`` goes into the environment.

References
----------
Kubernetes API: core/v1 and apps/v1, "list objects of kind".
"""

from __future__ import annotations

import re
from typing import Final

from forensics.collect import Snapshot, Window, split_target
from forensics.errors import UsageError

TITLE: Final = "Kubernetes objects and events (ADDRESS#NAMESPACE)"

_KINDS: Final = {
    "pods": "/api/v1",
    "events": "/api/v1",
    "replicasets": "/apis/apps/v1",
    "deployments": "/apis/apps/v1",
}
_NAMESPACE: Final = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save one file a kind; the API keeps events for about an hour, whatever the window."""
    del window
    address, namespace = split_target(target)
    namespace = namespace or "default"
    if not _NAMESPACE.match(namespace):
        raise UsageError(f"{namespace!r} is no name of a namespace (lower case, digits, hyphens)")
    client = out.client(address)
    for kind, group in _KINDS.items():
        path = f"{group}/namespaces/{namespace}/{kind}"
        out.save(f"kubernetes/{kind}.json", lambda path=path: client.get(path))  # type: ignore[misc]  # bound in the loop
