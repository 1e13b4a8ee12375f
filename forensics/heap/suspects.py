"""Leak suspects: where a large share of the heap piles up, and who holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from forensics.heap.graph import STRONG, HeapGraph
from forensics.heap.paths import RootPath, describe_holders, find_root_path
from forensics.kernels._types import Ints
from forensics.kernels.edges import gather_rows

#: A suspect holds at least this share of what GC roots hold.
SHARE: Final = 0.10
#: Descend into big children while together they hold at least this share of their parent.
_FOLLOW: Final = 0.5
#: So many objects of one class in a row, each dominating the next, are one list or tree.
_RUN: Final = 8
_MAX_SUSPECTS: Final = 10
_REPRESENTATIVES: Final = 3

SUSPECTS: Final = pl.Schema(
    {
        "kind": pl.String(),
        "class": pl.String(),
        "index": pl.Int32(),
        "address": pl.String(),
        "instances": pl.Int64(),
        "retained_bytes": pl.Int64(),
        "share": pl.Float64(),
        "held_by": pl.List(pl.String()),
        "contents": pl.List(
            pl.Struct(
                {
                    "class": pl.String(),
                    "instances": pl.Int64(),
                    "retained_bytes": pl.Int64(),
                }
            )
        ),
        "thread": pl.String(),
        "stack": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Objects of one class under one dominator that hold much together; one, if single."""

    members: Ints
    parent: int
    retained_bytes: int


def find_suspects(graph: HeapGraph, share: float = SHARE) -> pl.DataFrame:
    """Return where at least ``share`` of the held heap piles up, the largest first.

    From the virtual root downwards, the search follows children that hold at least
    ``share`` of the heap as long as they make up half of their parent. It stops at the
    accumulation point: an object whose memory is spread over many small children
    (``kind`` is ``single``). Small objects of one class under the virtual root that hold
    ``share`` together, because several owners share each of them, are one suspect
    (``group``); ``index`` is then the last object that the root paths of its largest members
    have in common, or the largest member.

    ``held_by`` is the kind of root, then ``class.field`` of each holder down to the
    accumulation point. ``contents`` follows the largest class among the children, level
    by level. ``thread`` and ``stack`` are given where a thread is on the way.
    """
    floor_bytes = max(int(share * graph.held_bytes), 1)
    found = sorted(_search(graph, floor_bytes), key=lambda c: -c.retained_bytes)
    rows = [_describe(graph, candidate) for candidate in found[:_MAX_SUSPECTS]]
    return pl.DataFrame(rows, schema=SUSPECTS, orient="row")


def _search(graph: HeapGraph, floor_bytes: int) -> list[_Candidate]:
    top = graph.dominated(-1)
    top = top[graph.reach[top] == STRONG]
    big, small = _split(graph, top, floor_bytes)
    found = _groups(graph, small, floor_bytes)
    waiting = [(child, child, 1) for child in big.tolist()]
    while waiting:
        ordinal, run_start, run = waiting.pop()
        if run >= _RUN:
            found.append(_single(graph, run_start))
            continue
        children, _ = _split(graph, graph.dominated(ordinal), floor_bytes)
        followed = int(graph.retained_bytes(children).sum())
        if followed < _FOLLOW * int(graph.retained_bytes(np.array([ordinal], np.int32))[0]):
            found.append(_single(graph, ordinal))
            continue
        for child in children.tolist():
            is_same = graph.class_index[child] == graph.class_index[ordinal]
            waiting.append((child, run_start if is_same else child, run + 1 if is_same else 1))
    return found


def _split(graph: HeapGraph, ordinals: Ints, floor_bytes: int) -> tuple[Ints, Ints]:
    is_big = graph.retained_bytes(ordinals) >= floor_bytes
    return ordinals[is_big], ordinals[~is_big]


def _single(graph: HeapGraph, ordinal: int) -> _Candidate:
    members = np.array([ordinal], np.int32)
    return _Candidate(members, int(graph.dominator[ordinal]), int(graph.retained_bytes(members)[0]))


def _groups(graph: HeapGraph, ordinals: Ints, floor_bytes: int) -> list[_Candidate]:
    ordinals = ordinals[ordinals >= graph.classes.object_count]
    classes = graph.class_index[ordinals]
    sums = np.bincount(classes, graph.retained_bytes(ordinals), len(graph.classes))
    return [
        _Candidate(ordinals[classes == index], -1, int(sums[index]))
        for index in np.flatnonzero(sums >= floor_bytes).tolist()
    ]


def _describe(graph: HeapGraph, candidate: _Candidate) -> dict[str, object]:
    members = candidate.members
    is_single = members.size == 1
    largest = members[np.argsort(-graph.retained_bytes(members), kind="stable")]
    paths = [find_root_path(graph, int(o)) for o in largest[:_REPRESENTATIVES]]
    path = paths[0] if is_single else _common(paths)
    point = path.ordinals[-1] if path.ordinals else int(largest[0])
    thread, stack = _thread_on(graph, path)
    return {
        "kind": "single" if is_single else "group",
        "class": graph.label(int(largest[0])),
        "index": point,
        "address": f"0x{int(graph.addresses[point]):x}",
        "instances": int(members.size),
        "retained_bytes": candidate.retained_bytes,
        "share": candidate.retained_bytes / max(graph.held_bytes, 1),
        "held_by": describe_holders(graph, path),
        "contents": _contents(graph, members, candidate.retained_bytes),
        "thread": thread,
        "stack": stack,
    }


def _common(paths: list[RootPath]) -> RootPath:
    """Return the part that all paths share; the first path's fields lead on from there."""
    first = paths[0]
    shared = 0
    for steps in zip(*(path.ordinals for path in paths), strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    return RootPath(first.ordinals[:shared], first.fields[:shared], first.root_kind)


def _contents(graph: HeapGraph, members: Ints, retained_bytes: int) -> list[dict[str, object]]:
    """Follow the class that holds most, level by level, while it holds half of the suspect."""
    levels: list[dict[str, object]] = []
    level = members
    while len(levels) < _RUN:
        below = gather_rows(*graph.dominated_rows, level + 1)
        if below.size == 0:
            break
        sums = np.bincount(graph.class_index[below], graph.retained_bytes(below))
        best = int(np.argmax(sums))
        if sums[best] < _FOLLOW * retained_bytes:
            break
        level = below[graph.class_index[below] == best]
        levels.append(
            {
                "class": graph.classes.names[best],
                "instances": int(level.size),
                "retained_bytes": int(sums[best]),
            }
        )
    return levels


def _thread_on(graph: HeapGraph, path: RootPath) -> tuple[str | None, list[str] | None]:
    """Return name and stack of the first thread on a path."""
    rows = graph.threads.filter(pl.col("object").is_in(list(path.ordinals)))
    if rows.is_empty():
        return None, None
    row = rows.row(0, named=True)
    frames = graph.frames.filter(pl.col("stack") == row["stack"]).sort("depth")
    return row["name"], frames["method"].to_list()
