"""Log lines of a Loki.

References
----------
Grafana Loki HTTP API, "Query logs within a range of time".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from forensics.collect import Client, Snapshot, Window, split_target
from forensics.collect._lines import to_json_lines
from forensics.errors import EvidenceError, UsageError

TITLE: Final = 'Loki logs (ADDRESS#LOGQL, such as http://127.0.0.1:3100#{app="checkout"})'

_PAGE: Final = 5000
_MOST_PAGES: Final = 2000


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save the lines of the query as JSON lines, in the order of time."""
    address, query = split_target(target)
    if not query.startswith("{"):
        raise UsageError("loki needs a query after '#', such as '#{app=\"checkout\"}'")
    client = out.client(address)
    out.save("logs/loki.jsonl", lambda: to_json_lines(_iter_records(client, query, window)))


def _iter_records(client: Client, query: str, window: Window) -> Iterator[dict[str, Any]]:
    """Page by time: each page starts at the last time seen, and skips what it has given."""
    start_ns, end_ns = _ns(window.start), _ns(window.end)
    given: set[tuple[str, str, str]] = set()
    for _ in range(_MOST_PAGES):
        page = _read_page(client, query, start_ns, end_ns)
        fresh = [entry for entry in page if _identity(entry) not in given]
        for time_ns, labels, line in fresh:
            yield _record(time_ns, labels, line)
        if len(page) < _PAGE:
            return
        if not fresh:
            raise EvidenceError(
                "loki",
                f"holds more than {_PAGE} lines in one nanosecond",
                way_out="narrow the query",
            )
        start_ns = max(time_ns for time_ns, _, _ in page)
        given = {_identity(entry) for entry in page if entry[0] == start_ns}
    raise EvidenceError(
        "loki", f"holds more than {_PAGE * _MOST_PAGES:,} lines", way_out="choose a shorter window"
    )


Entry = tuple[int, dict[str, str], str]


def _read_page(client: Client, query: str, start_ns: int, end_ns: int) -> list[Entry]:
    fields = {
        "query": query,
        "start": str(start_ns),
        "end": str(end_ns),
        "limit": str(_PAGE),
        "direction": "forward",
    }
    streams = client.get_json("/loki/api/v1/query_range", fields)["data"]["result"]
    entries = [
        (int(value[0]), stream["stream"], value[1])
        for stream in streams
        for value in stream["values"]
    ]
    return sorted(entries, key=lambda entry: entry[0])


def _identity(entry: Entry) -> tuple[str, str, str]:
    return str(entry[0]), json.dumps(entry[1], sort_keys=True), entry[2]


def _record(time_ns: int, labels: dict[str, str], line: str) -> dict[str, Any]:
    """Return a record: the line's own object where it is one, else the line as message."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)
    head = {"time": time.isoformat(timespec="microseconds")}
    try:
        own = json.loads(line)
    except ValueError:
        own = None
    if isinstance(own, dict):
        return {**head, **labels, **own}
    return {**head, **labels, "message": line}


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
