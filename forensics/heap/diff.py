"""Growth over two or more dumps of one process: by class, by holder, and what survived.

Dumps are put in the order of their time stamps; those with equal stamps stay as given.
Classes are matched by name, holders by the class names on the way down the dominator tree,
because addresses move when a collector compacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypedDict

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.heap.graph import STRONG, HeapGraph
from forensics.heap.histogram import count_classes
from forensics.heap.paths import describe_holders, find_root_path
from forensics.kernels._types import Ints
from forensics.kernels.edges import gather_rows

#: Follow a group of children while it makes up this share of what its parent grew.
_FOLLOW: Final = 0.5
#: Fan out into every group that has at least this share of all growth.
_SHARE: Final = 0.05
_MAX_DEPTH: Final = 64
#: A level whose instances grew by less than this share stays; what piles up is below it.
_STEADY: Final = 0.10
#: With fewer objects at their old address than this, a collector has moved the heap.
_UNMOVED: Final = 0.10

CLASS_GROWTH: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.List(pl.Int64()),
        "shallow_bytes": pl.List(pl.Int64()),
        "retained_bytes": pl.List(pl.Int64()),
        "growth_instances": pl.Int64(),
        "growth_shallow_bytes": pl.Int64(),
        "growth_retained_bytes": pl.Int64(),
        "is_steady": pl.Boolean(),
    }
)
HOLDER_GROWTH: Final = pl.Schema(
    {
        "class": pl.String(),
        "index": pl.Int32(),
        "address": pl.String(),
        "retained_bytes": pl.List(pl.Int64()),
        "growth_bytes": pl.Int64(),
        "share": pl.Float64(),
        "path": pl.List(pl.String()),
        "contents": pl.List(
            pl.Struct({"class": pl.String(), "instances": pl.List(pl.Int64())}),
        ),
        "held_by": pl.List(pl.String()),
    }
)
SURVIVORS: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.Int64(),
        "survivors": pl.Int64(),
        "survivor_bytes": pl.Int64(),
    }
)


def sort_by_time(graphs: Sequence[HeapGraph]) -> list[HeapGraph]:
    """Return the dumps oldest first, by the time stamps in their headers.

    Raises
    ------
    UsageError
        If there are fewer than two.
    """
    if len(graphs) < 2:
        raise UsageError(f"growth needs two dumps or more, not {len(graphs)}")
    return sorted(graphs, key=lambda graph: graph.facts.created_ms)


def compare_classes(graphs: Sequence[HeapGraph]) -> pl.DataFrame:
    """Return growth by class from the oldest dump to the newest, largest first.

    ``instances``, ``shallow_bytes`` and ``retained_bytes`` are lists, one number a dump,
    of objects that are not garbage. ``is_steady`` says that instances fell in none of the
    steps and grew in the whole. Rows are sorted by growth of shallow bytes: retained bytes
    of classes overlap.
    """
    ordered = sort_by_time(graphs)
    sums = ("instances", "shallow_bytes", "retained_bytes")
    tables = [
        count_classes(graph, with_unreachable=False)
        .group_by("class")
        .agg(pl.col(*sums).sum())
        .with_columns(pl.lit(number).alias("dump"))
        for number, graph in enumerate(ordered)
    ]
    names = pl.concat(tables).select("class").unique()
    dumps = pl.DataFrame({"dump": range(len(tables))}, schema={"dump": pl.Int32})
    grid = names.join(dumps, how="cross")
    lists = (
        grid.join(pl.concat(tables), on=["class", "dump"], how="left")
        .with_columns(pl.col(*sums).fill_null(0))
        .sort("class", "dump")
        .group_by("class", maintain_order=True)
        .agg(*sums)
    )
    grown = [
        (pl.col(name).list.last() - pl.col(name).list.first()).alias(f"growth_{name}")
        for name in sums
    ]
    falls = pl.col("instances").list.diff(null_behavior="drop").list.min() < 0
    return (
        lists.with_columns(*grown)
        .with_columns((~falls & (pl.col("growth_instances") > 0)).alias("is_steady"))
        .sort(["growth_shallow_bytes", "growth_instances", "class"], descending=[True, True, False])
        .select(CLASS_GROWTH.names())
        .cast(CLASS_GROWTH)
    )


@dataclass(frozen=True, slots=True)
class _Level:
    """Objects of one class under one path of classes, in each dump."""

    name: str
    members: tuple[Ints, ...]
    retained_bytes: tuple[int, ...]

    @property
    def growth_bytes(self) -> int:
        return self.retained_bytes[-1] - self.retained_bytes[0]

    @property
    def counts(self) -> list[int]:
        return [int(part.size) for part in self.members]

    @property
    def stays(self) -> bool:
        """True where the number of objects hardly grew: they hold, they don't pile up."""
        first, last = self.counts[0], self.counts[-1]
        return 0 < last <= max(first * (1 + _STEADY), 1)


def compare_holders(graphs: Sequence[HeapGraph], share: float = _SHARE) -> pl.DataFrame:
    """Return where the growth piles up and who holds it, largest first.

    The dominator trees of all dumps are walked together from the virtual root, children
    grouped by class. The walk fans out into groups with at least ``share`` of all growth
    while the number of objects stays, then follows the largest group while it makes up half
    of what its parent grew. A row names the accumulation point: the last level on the way
    whose number of objects stayed; ``contents`` is what piles up below it, level by level,
    with its instances in each dump. Without such a level, several owners share the objects:
    the row is about the objects themselves. ``held_by`` is the shortest path from a root to
    the largest of them in the newest dump, with field names.
    """
    ordered = sort_by_time(graphs)
    newest_bytes = ordered[-1].held_bytes
    growth = max(newest_bytes - ordered[0].held_bytes, int(share * newest_bytes), 1)
    floor_bytes = max(int(share * growth), 1)
    root = _Level("", tuple(np.array([-1], np.int32) for _ in ordered), _held(ordered))
    rows = []
    waiting: list[tuple[_Level, ...]] = [(root,)]
    while waiting:
        path = waiting.pop()
        followed = _followed(ordered, path, floor_bytes)
        if followed and len(path) < _MAX_DEPTH:
            waiting.extend((*path, child) for child in followed)
        elif len(path) > 1:
            rows.append(_describe(ordered, path[1:], growth))
    frame = pl.DataFrame(rows, schema=HOLDER_GROWTH, orient="row")
    return frame.sort(["growth_bytes", "class"], descending=[True, False])


def _followed(
    graphs: Sequence[HeapGraph], path: tuple[_Level, ...], floor_bytes: int
) -> list[_Level]:
    """Return the groups of children in which the growth of a level goes on."""
    level = path[-1]
    below = [c for c in _children(graphs, level) if c.growth_bytes >= floor_bytes]
    if len(path) == 1:
        return below
    if not all(step.stays for step in path[1:]):
        below = sorted(below, key=lambda child: -child.growth_bytes)[:1]
    total = sum(child.growth_bytes for child in below)
    return below if total >= _FOLLOW * level.growth_bytes else []


def _held(graphs: Sequence[HeapGraph]) -> tuple[int, ...]:
    return tuple(graph.held_bytes for graph in graphs)


def _children(graphs: Sequence[HeapGraph], level: _Level) -> list[_Level]:
    """Return the dominated objects by class; a run of one class (a list) stays one level."""
    parts: dict[str, list[Ints]] = {}
    for number, graph in enumerate(graphs):
        for name, members in _by_class(graph, level.members[number]).items():
            empty = [np.empty(0, np.int32) for _ in graphs]
            parts.setdefault(name, empty)[number] = members
    levels = []
    for name, found in sorted(parts.items()):
        pairs = list(zip(graphs, found, strict=True))
        retained = tuple(int(graph.retained_bytes(part).sum()) for graph, part in pairs)
        levels.append(_Level(name, tuple(_run(graph, part) for graph, part in pairs), retained))
    return levels


def _run(graph: HeapGraph, members: Ints) -> Ints:
    """Add what ``members`` dominate and is of their class: nodes of a list or of a bucket."""
    found, last = [members], members
    for _ in range(_MAX_DEPTH):
        if last.size == 0 or bool((last < graph.classes.object_count).any()):
            break
        below = gather_rows(*graph.dominated_rows, last + 1)
        last = below[graph.class_index[below] == graph.class_index[members[0]]]
        found.append(last)
    return np.concatenate(found)


def _by_class(graph: HeapGraph, parents: Ints) -> dict[str, Ints]:
    """Group what ``parents`` dominate by class; class objects by the class they stand for."""
    below = gather_rows(*graph.dominated_rows, parents + 1)
    below = below[graph.reach[below] == STRONG]
    is_mirror = below < graph.classes.object_count
    keys = np.where(is_mirror, -1 - below, graph.class_index[below])
    order = np.argsort(keys, kind="stable")
    values, starts = np.unique(keys[order], return_index=True)
    names = graph.classes.names
    found: dict[str, list[Ints]] = {}
    for key, members in zip(values.tolist(), np.split(below[order], starts[1:]), strict=False):
        name = f"class {names[-1 - key]}" if key < 0 else names[key]
        found.setdefault(name, []).append(members)
    return {name: np.concatenate(members) for name, members in found.items()}


def _describe(
    graphs: Sequence[HeapGraph], path: tuple[_Level, ...], growth_bytes: int
) -> dict[str, object]:
    steady = [number for number, level in enumerate(path) if level.stays]
    point = steady[-1] if steady else 0
    below = path[point + 1 :] if steady else path
    level, newest = path[point], graphs[-1]
    members = level.members[-1]
    largest = int(members[np.argmax(newest.retained_bytes(members))])
    return {
        "class": level.name,
        "index": largest,
        "address": f"0x{int(newest.addresses[largest]):x}",
        "retained_bytes": list(level.retained_bytes),
        "growth_bytes": level.growth_bytes,
        "share": level.growth_bytes / growth_bytes,
        "path": [step.name for step in path],
        "contents": [{"class": step.name, "instances": step.counts} for step in below],
        "held_by": describe_holders(newest, find_root_path(newest, largest)),
    }


def find_survivors(graphs: Sequence[HeapGraph]) -> pl.DataFrame:
    """Return by class how many objects are in every dump at one address, most bytes first.

    An object counts if class name and size agree, too. A compacting collector moves
    objects, so survivors are a lower bound; no rows if fewer than a tenth of the objects
    of the oldest dump are found again, because the heap has moved then.
    """
    ordered = sort_by_time(graphs)
    oldest, newest = ordered[0], ordered[-1]
    kept = _addresses(oldest)
    counted = kept.height
    for graph in ordered[1:]:
        kept = kept.join(_addresses(graph), on=kept.columns, how="semi")
    if kept.height < _UNMOVED * max(counted, 1):
        return pl.DataFrame(schema=SURVIVORS)
    totals = _addresses(newest).group_by("class").agg(pl.len().cast(pl.Int64).alias("instances"))
    return (
        kept.group_by("class")
        .agg(
            pl.len().cast(pl.Int64).alias("survivors"),
            pl.col("bytes").sum().alias("survivor_bytes"),
        )
        .join(totals, on="class")
        .sort(["survivor_bytes", "class"], descending=[True, False])
        .select(SURVIVORS.names())
    )


def _addresses(graph: HeapGraph) -> pl.DataFrame:
    names = pl.Series(graph.classes.names, dtype=pl.String)
    return pl.DataFrame(
        {
            "address": np.asarray(graph.addresses),
            "class": names.gather(graph.class_index),
            "bytes": graph.shallow_bytes(),
        }
    ).filter(pl.Series(graph.reach == STRONG))


def _created_at(graph: HeapGraph) -> datetime | None:
    """Return when a dump was taken; formats without a time stamp leave it at zero."""
    stamp_ms = graph.facts.created_ms
    return datetime.fromtimestamp(stamp_ms / 1000, UTC) if stamp_ms else None


class GrowthSummary(TypedDict):
    """What ``forensics heap diff --json`` prints; frames become lists of rows."""

    files: list[dict[str, object]]
    classes: pl.DataFrame
    holders: pl.DataFrame
    survivors: pl.DataFrame
    notes: list[str]


def summarise_growth(graphs: Sequence[HeapGraph]) -> GrowthSummary:
    """Return growth by class and by holder, survivors, and what must be known of them."""
    ordered = sort_by_time(graphs)
    survivors = find_survivors(ordered)
    notes = [f"{graph.facts.name}: {note}" for graph in ordered for note in graph.facts.notes]
    if len({graph.facts.created_ms for graph in ordered}) < len(ordered):
        notes.append("Some dumps have one time stamp: those were taken in the order given.")
    elif ordered != list(graphs):
        notes.append("The dumps were put in the order of their time stamps.")
    if survivors.is_empty():
        notes.append("Addresses changed between the dumps: survivors can't be told.")
    return {
        "files": [
            {
                "file": graph.facts.name,
                "created_at": _created_at(graph),
                "objects": len(graph),
                "held_bytes": graph.held_bytes,
                "percent_read": graph.facts.percent_read,
            }
            for graph in ordered
        ],
        "classes": compare_classes(ordered),
        "holders": compare_holders(ordered),
        "survivors": survivors,
        "notes": notes,
    }
