"""Duplicate strings: the same text in several ``java.lang.String`` objects."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import UNREACHABLE, HeapGraph
from forensics.redaction import redact

DUPLICATES: Final = pl.Schema(
    {"text": pl.String(), "copies": pl.Int64(), "bytes": pl.Int64(), "wasted_bytes": pl.Int64()}
)
_SHOWN: Final = 120


def find_duplicate_strings(graph: HeapGraph, count: int = 100) -> pl.DataFrame:
    """Return texts that several strings hold in arrays of their own, most wasted bytes first.

    ``bytes`` is what all copies take, strings and arrays; ``wasted_bytes`` what would be
    saved by keeping one array. Arrays that strings share (deduplicated by the collector)
    count once. Texts are redacted and cut to 120 characters. Reads every array of a string
    once.
    """
    strings = graph.instances(graph.find_class("java.lang.String"))
    strings = strings[graph.reach[strings] < UNREACHABLE]
    strings = strings[strings >= graph.classes.object_count]
    if strings.size == 0:
        return pl.DataFrame(schema=DUPLICATES)
    holders = np.asarray(graph.content.column(strings, "value")).astype(np.int32)
    known = holders >= 0
    arrays, first = np.unique(holders[known], return_index=True)
    users = np.bincount(holders[known])[arrays]
    owners, sizes = strings[known][first], graph.shallow_bytes(arrays)
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for at, array in enumerate(arrays.tolist()):
        content = graph.content.array(array)
        found[content.dtype.char.encode() + content.tobytes()].append(at)
    string_bytes = graph.shallow_bytes(owners)
    rows = []
    for places in found.values():
        if len(places) > 1:
            arrays_bytes = int(sizes[places].sum())
            own = int((string_bytes[places] * users[places]).sum())
            wasted = arrays_bytes - int(sizes[places[0]])
            rows.append((wasted, int(users[places].sum()), arrays_bytes + own, places[0]))
    rows.sort(key=lambda row: (-row[0], row[3]))
    return pl.DataFrame(
        {
            "text": [_shown(graph, int(owners[row[3]])) for row in rows[:count]],
            "copies": [row[1] for row in rows[:count]],
            "bytes": [row[2] for row in rows[:count]],
            "wasted_bytes": [row[0] for row in rows[:count]],
        },
        schema=DUPLICATES,
    )


def _shown(graph: HeapGraph, ordinal: int) -> str:
    return redact(graph.content.text(ordinal) or "")[:_SHOWN]
