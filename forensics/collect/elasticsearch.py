"""Log documents of an Elasticsearch or OpenSearch.

References
----------
Elasticsearch guide, "Paginate search results" (``search_after`` with a point in time is
replaced by a sort on time and ``_doc``, which OpenSearch and old versions know too).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from forensics.collect import Client, Snapshot, Window, split_target
from forensics.collect._lines import to_json_lines

TITLE: Final = "Elasticsearch or OpenSearch logs (ADDRESS#INDEX, such as #logs-*)"

_PAGE: Final = 1000


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save the documents of the index whose ``@timestamp`` lies in the window, as JSON lines."""
    address, index = split_target(target)
    client = out.client(address)
    out.save(
        "logs/elasticsearch.jsonl",
        lambda: to_json_lines(_iter_documents(client, index or "*", window)),
    )


def _iter_documents(client: Client, index: str, window: Window) -> Iterator[dict[str, Any]]:
    path = f"/{quote(index, safe='*,-_.')}/_search"
    body: dict[str, Any] = {
        "size": _PAGE,
        "track_total_hits": False,
        "query": {"range": {"@timestamp": {"gte": _text(window.start), "lte": _text(window.end)}}},
        "sort": [{"@timestamp": "asc"}, {"_doc": "asc"}],
    }
    while True:
        hits = client.post_json(path, body)["hits"]["hits"]
        for hit in hits:
            yield hit["_source"]
        if len(hits) < _PAGE:
            return
        body = {**body, "search_after": hits[-1]["sort"]}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
