"""V8 heap snapshots: what Node.js, Chrome DevTools and Deno write."""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Match, Reading
from forensics.readers._source import Source

TITLE: Final = "V8 heap snapshot"
KIND: Final = "heap"
_MAGIC: Final = re.compile(rb'^\s*\{\s*"snapshot"\s*:\s*\{')


def sniff(head: Head) -> Match:
    """Recognise the first key and the description of nodes."""
    if not _MAGIC.match(head.data):
        return Match.NO
    return Match.MAGIC if b'"node_fields"' in head.data else Match.SHAPE


def read(source: Source) -> Reading:
    """Read the snapshot into a heap graph; the index goes to ``source.cache`` if that is set."""
    from forensics.readers.heap._v8_build import open_v8  # noqa: PLC0415  # numba loads late

    graph = open_v8(source, cache=source.cache)
    return Reading(
        reader="v8",
        kind="heap",
        graph=graph,
        damage=graph.damage,
        counts={"objects": len(graph), "classes": len(graph.classes), "roots": graph.roots.height},
        notes=graph.facts.notes,
        details={
            "format": graph.facts.format,
            "percent_read": f"{graph.facts.percent_read:.2f}",
        },
    )
