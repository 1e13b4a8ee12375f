"""What evidence would decide between two suspects that the evidence so far does not tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from forensics.analysis._arguments import Scene
from forensics.analysis._candidates import NONE_ID, Candidate
from forensics.analysis._exposure import exposed_from
from forensics.findings import Suspect

_MOST: Final = 2


def find_wanted(suspects: Sequence[Suspect], scene: Scene) -> tuple[str, ...]:
    """Return at most two exports or trials, the most telling first."""
    by_id = {candidate.change_id: candidate for candidate in scene.candidates}
    known = [by_id[s.change_id] for s in suspects if s.change_id != NONE_ID]
    known.sort(key=lambda c: c.kind != "deploy")  # a flag is undone more easily than a release
    wanted = []
    if any(c.kind == "deploy" for c in known) and not any(x.version for x in scene.lives):
        wanted.append(
            "which version each process ran (pods or ReplicaSets as JSON, or a version label)"
        )
    if len(known) > 1 and scene.lives and _are_alike(known, scene):
        wanted.append(
            f"one process with {known[0].what} but without {known[1].what}, watched for ten minutes"
        )
    if len(known) < len(suspects):
        wanted.append("metrics from before the first change, and the changes before that")
    if scene.lives and not scene.mechanism_words:
        wanted.append("a heap dump of a process that grows: what piles up names the code behind it")
    if scene.roles.role("requests").is_empty():
        wanted.append("requests a second by process, to tell load from leak")
    if scene.roles.role("pool_active").is_empty():
        wanted.append("connections in use and awaited by process")
    return tuple(wanted[:_MOST])


def _are_alike(known: Sequence[Candidate], scene: Scene) -> bool:
    """Say whether the same lifetimes were exposed to both."""
    exposed = [
        {i for i, x in enumerate(scene.lives) if exposed_from(c, x, scene.panel.changes)[1]}
        for c in known
    ]
    return exposed[0] == exposed[1]
