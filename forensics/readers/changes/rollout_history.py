"""``kubectl rollout history``: revisions and their causes; the command states no times."""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._document import Row, table_reading

TITLE: Final = "kubectl rollout history"
KIND: Final[Kind] = "changes"

_HEADER: Final = re.compile(r"(?m)^REVISION\s+CHANGE-CAUSE\s*$")
_OWNER: Final = re.compile(r"^(?:\w+\.apps|deployment|statefulset|daemonset)[/ ]\"?([\w.-]+)")
_REVISION: Final = re.compile(r"^(\d+)\s+(.*)$")
_VERSION: Final = re.compile(r"\bv?\d+\.\d+(?:\.\d+)*(?:[-+][\w.]+)?\b|(?<=:)[\w][\w.-]*$")


def sniff(head: Head) -> Match:
    """Claim text with the header of the command's table."""
    return Match.MAGIC if not head.is_binary and _HEADER.search(head.text) else Match.NO


def read(source: Source) -> Reading:
    """Read one deploy a revision, without time."""
    owner, before = None, None
    rows: list[Row] = []
    for line in source.read_document().decode("utf-8", errors="replace").splitlines():
        named = _OWNER.match(line)
        if named:
            owner, before = named[1], None
        match = _REVISION.match(line)
        if match is None:
            continue
        cause = None if match[2].strip() == "<none>" else match[2].strip()
        versions = _VERSION.findall(cause or "")
        version = versions[-1] if versions else None
        rows.append(
            {
                "kind": "deploy",
                "what": f"Rollout of {owner or 'a deployment'}, revision {match[1]}",
                "scope": [owner] if owner else [],
                "from_version": before,
                "to_version": version,
                "details": cause,
            }
        )
        before = version
    note = (
        f"{source.name}: kubectl rollout history states no times; export the ReplicaSets for them"
    )
    return table_reading("rollout_history", source, {"changes": rows}, notes=(note,))
