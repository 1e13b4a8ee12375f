"""Metrics of a Prometheus (or anything that speaks its query API).

References
----------
Prometheus HTTP API: "Querying label values", "Range queries".
"""

from __future__ import annotations

import re
from typing import Final

from forensics.collect import Snapshot, Window, split_target
from forensics.errors import UsageError

TITLE: Final = "Prometheus metrics (ADDRESS, or ADDRESS#REGEX for metrics whose names match)"

_MOST_POINTS: Final = 10_000  #: a server refuses more than 11 000 points a series
#: What a memory incident needs, and alerts; everything is too much for a busy server.
_DEFAULT: Final = (
    r"up$|ALERTS$|jvm_|process_|container_|kube_pod|kube_deployment|hikaricp_|http_|go_memstats|"
    r"nodejs_|python_|node_memory|pg_|.*(memory|heap|rss|requests|errors|latency|duration).*"
)


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save one file a metric, as range queries answer it."""
    address, selection = split_target(target)
    try:
        wanted = re.compile(selection or _DEFAULT)
    except re.error as error:
        raise UsageError(f"{selection!r} is no regular expression ({error})") from error
    client = out.client(address)
    span = {"start": f"{window.start.timestamp():.3f}", "end": f"{window.end.timestamp():.3f}"}
    names = client.get_json("/api/v1/label/__name__/values", span)["data"]
    span_s = (window.end - window.start).total_seconds()
    step_s = max(window.step_s, span_s / _MOST_POINTS)
    for name in names:
        if wanted.match(name):
            fields = {"query": f'{{__name__="{name}"}}', **span, "step": f"{step_s:g}"}
            out.save(
                f"metrics/{name}.json",
                lambda fields=fields: client.get("/api/v1/query_range", fields),  # type: ignore[misc]  # bound in the loop
            )
