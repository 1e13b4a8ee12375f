"""Deployments and releases as GitHub's REST API lists them.

References
----------
GitHub REST API: "List deployments", "List releases".
"""

from __future__ import annotations

from typing import Any, Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import iter_mappings
from forensics.readers._source import Source
from forensics.readers.changes._document import (
    Row,
    head_keys,
    load_json,
    parse_moment,
    table_reading,
    text_of,
    walk,
)

TITLE: Final = "GitHub deployments and releases"
KIND: Final[Kind] = "changes"


def sniff(head: Head) -> Match:
    """Claim JSON with the keys of a deployment or a release."""
    keys = head_keys(head)
    is_deployment = {"sha", "ref", "environment", "created_at"} <= keys and bool(
        keys & {"statuses_url", "node_id", "task", "creator"}
    )
    is_release = {"tag_name", "published_at"} <= keys
    return Match.MAGIC if is_deployment or is_release else Match.NO


def read(source: Source) -> Reading:
    """Read one deploy an entry; the version before is that of the last entry of the same place."""
    items = sorted(iter_mappings(load_json(source)), key=lambda item: str(item.get("created_at")))
    before: dict[str, str | None] = {}
    rows: list[Row] = []
    for item in items:
        place = text_of(item.get("environment")) or ""
        version = (
            text_of(item.get("tag_name")) or text_of(item.get("ref")) or text_of(item.get("sha"))
        )
        rows.append(_row(item, place, before.get(place), version))
        before[place] = version
    return table_reading("github_deployments", source, {"changes": rows})


def _row(item: dict[str, Any], place: str, before: str | None, version: str | None) -> Row:
    repository = text_of(item.get("repository_url")) or text_of(item.get("url")) or ""
    parts = repository.split("/repos/")[-1].split("/")
    name = parts[1] if len(parts) > 1 and "/repos/" in repository else None
    said = [text_of(item.get(key)) for key in ("description", "body", "sha")]
    return {
        "time": parse_moment(item.get("published_at") or item.get("created_at")),
        "kind": "deploy",
        "what": " ".join(
            part
            for part in ("Deployment of", name or "a repository", version, place and f"to {place}")
            if part
        ),
        "scope": [part for part in (name, text_of(walk(item, "payload", "service"))) if part],
        "from_version": before,
        "to_version": version,
        "details": "; ".join(part for part in said if part) or None,
    }
