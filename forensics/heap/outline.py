"""The dominator tree in broad strokes: groups of one class, from the roots down, for pictures."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.heap.graph import HeapGraph
from forensics.heap.levels import Level, LevelTree

#: Groups that hold less than this share can't be seen in a picture.
SHARE: Final = 0.01
_MOST: Final = 60
OUTLINE: Final = pl.Schema(
    {
        "class": pl.String(),
        "instances": pl.Int64(),
        "retained_bytes": pl.Int64(),
        "parent": pl.Int64(),
    }
)


def outline_heap(graph: HeapGraph, share: float = SHARE) -> pl.DataFrame:
    """Return the groups of the dominator tree that hold at least ``share`` of the heap.

    A group is what one group above dominates immediately, of one class (``class NAME`` for
    the class object itself); nodes of a list or tree are one group. Schema ``OUTLINE``:
    ``parent`` is the row of the group above, null for what only the roots hold. A group
    follows its parent; what several hold together belongs to none of them. The largest 60
    are kept. One walk down the tree, linear in the children it looks at.
    """
    tree = LevelTree(graph)
    floor_units = max(int(share * max(graph.held_bytes, 1)) // graph.unit_bytes, 1)
    numbers: dict[Level, int] = {}  # keeps the levels, so that each is known again
    rows: list[tuple[str, int, int, int | None]] = []
    for path in tree.walk(floor_units):
        above: int | None = None
        for level in path[1:]:
            if level not in numbers:
                numbers[level] = len(rows)
                size = level.units * graph.unit_bytes
                rows.append((tree.name(level.kind), level.count, size, above))
            above = numbers[level]
    return _keep_largest(pl.DataFrame(rows, schema=OUTLINE, orient="row"))


def _keep_largest(table: pl.DataFrame) -> pl.DataFrame:
    """Keep the largest groups; a parent holds more than its children, so none is orphaned."""
    if table.height <= _MOST:
        return table
    kept = (
        table.with_row_index("row")
        .sort("retained_bytes", "row", descending=[True, False])
        .head(_MOST)
        .sort("row")
        .with_columns(parent=pl.col("parent").cast(pl.UInt32))
    )
    places = kept.select(parent="row").with_row_index("place")
    return kept.join(places, on="parent", how="left", maintain_order="left").select(
        "class", "instances", "retained_bytes", parent=pl.col("place").cast(pl.Int64)
    )
