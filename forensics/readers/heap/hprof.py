"""HPROF: what ``jmap``, ``jcmd GC.heap_dump`` and Android write."""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Match, Reading
from forensics.readers._source import Source

TITLE: Final = "Java heap dump (HPROF)"
KIND: Final = "heap"
_MAGIC: Final = b"JAVA PROFILE 1.0."


def sniff(head: Head) -> Match:
    """Recognise the magic of the format."""
    return Match.MAGIC if head.data.startswith(_MAGIC) else Match.NO


def read(source: Source) -> Reading:
    """Read the dump into a heap graph; the index goes to ``source.cache`` if that is set."""
    from forensics.readers.heap._open import open_hprof  # noqa: PLC0415  # numba loads late

    graph = open_hprof(source, cache=source.cache)
    return Reading(
        reader="hprof",
        kind="heap",
        graph=graph,
        damage=graph.damage,
        counts={
            "objects": len(graph),
            "classes": graph.classes.object_count,
            "roots": graph.roots.height,
        },
        notes=graph.facts.notes,
        details={
            "format": graph.facts.format,
            "layout": graph.facts.layout,
            "percent_read": f"{graph.facts.percent_read:.2f}",
        },
    )
