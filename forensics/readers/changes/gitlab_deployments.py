"""Deployments as GitLab's API lists them.

References
----------
GitLab REST API, "Deployments": iid, ref, sha, environment, deployable, status.
"""

from __future__ import annotations

from typing import Final

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

TITLE: Final = "GitLab deployments"
KIND: Final[Kind] = "changes"


def sniff(head: Head) -> Match:
    """Claim JSON with the keys of a GitLab deployment."""
    return (
        Match.MAGIC
        if {"iid", "ref", "sha", "environment", "created_at"} <= head_keys(head)
        else Match.NO
    )


def read(source: Source) -> Reading:
    """Read one deploy an entry; the version before is that of the last entry of the same place."""
    items = sorted(iter_mappings(load_json(source)), key=lambda item: str(item.get("created_at")))
    before: dict[str, str | None] = {}
    rows: list[Row] = []
    for item in items:
        place = text_of(walk(item, "environment", "name")) or "an environment"
        version = text_of(item.get("ref")) or text_of(item.get("sha"))
        started = walk(item, "deployable", "started_at") or item.get("created_at")
        said = [text_of(item.get(key)) for key in ("status", "sha")]
        title = text_of(walk(item, "deployable", "commit", "title"))
        rows.append(
            {
                "time": parse_moment(started),
                "end_time": parse_moment(walk(item, "deployable", "finished_at")),
                "kind": "deploy",
                "what": f"Deployment {item.get('iid')} of {version} to {place}",
                "scope": [place],
                "from_version": before.get(place),
                "to_version": version,
                "details": "; ".join(part for part in (title, *said) if part),
            }
        )
        before[place] = version
    return table_reading("gitlab_deployments", source, {"changes": rows})
