"""The sync history of Argo CD applications (``argocd app get -o json``, ``-o yaml``).

References
----------
Argo CD, ``Application`` resource: ``status.history`` (``RevisionHistory``).
"""

from __future__ import annotations

from typing import Any, Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._narrow import iter_mappings
from forensics.readers._source import Source
from forensics.readers.changes._document import (
    Row,
    load_json,
    load_yaml,
    parse_moment,
    table_reading,
    text_of,
    walk,
)

TITLE: Final = "Argo CD application history"
KIND: Final[Kind] = "changes"


def sniff(head: Head) -> Match:
    """Claim documents of Argo's API group, and bare histories with ``deployedAt``."""
    text = head.text
    has_group = "argoproj.io/" in text and "Application" in text
    is_history = '"deployedAt"' in text and '"revision"' in text
    return Match.MAGIC if not head.is_binary and (has_group or is_history) else Match.NO


def read(source: Source) -> Reading:
    """Read one deploy for each sync in the history."""
    is_json = source.head().text.lstrip()[:1] in ("{", "[")
    documents = [load_json(source)] if is_json else load_yaml(source)
    rows: list[Row] = []
    for document in documents:
        for app in iter_mappings(walk(document, "items") or document):
            name = text_of(walk(app, "metadata", "name"))
            history = walk(app, "status", "history") or ([app] if "deployedAt" in app else [])
            rows += _history(list(iter_mappings(history)), name)
    return table_reading("argo_cd", source, {"changes": rows})


def _history(items: list[dict[str, Any]], name: str | None) -> list[Row]:
    rows: list[Row] = []
    before: str | None = None
    for item in sorted(items, key=lambda item: str(item.get("deployedAt"))):
        revision = text_of(item.get("revision"))
        repository = text_of(walk(item, "source", "repoURL"))
        target = text_of(walk(item, "source", "targetRevision"))
        version = target if target and target not in ("HEAD", "main", "master") else revision
        rows.append(
            {
                "time": parse_moment(item.get("deployStartedAt") or item.get("deployedAt")),
                "end_time": parse_moment(item.get("deployedAt")),
                "kind": "deploy",
                "what": f"Argo CD sync of {name or 'an application'}",
                "scope": [name] if name else [],
                "from_version": before,
                "to_version": version,
                "details": "; ".join(part for part in (f"revision {revision}", repository) if part),
            }
        )
        before = version
    return rows
