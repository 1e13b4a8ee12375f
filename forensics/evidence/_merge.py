"""Merge the readings of many files into one set of tables.

Overlapping exports repeat samples, calendars repeat what ReplicaSets say, log files don't
name their pod. Each merge rule is stated here, and none throws away what two sources say
differently.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Final

import polars as pl

from forensics.readers import Reading
from forensics.readers.metrics._merge import merge_metrics
from forensics.tables import SCHEMAS, empty_table

_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "changes": ("time", "kind", "what"),
    "events": ("time", "entity", "kind"),
    "gc": ("entity", "time", "uptime_s"),
}


def merge_tables(readings: Sequence[Reading]) -> Mapping[str, pl.DataFrame]:
    """Concatenate tables of one name, drop repeated rows, name entities by file where needed."""
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for reading in readings:
        frames["damage"].append(reading.damage)
        for name in reading.tables:
            if name != "logs":
                frames[name].append(reading.table(name))
    merged = {name: _concat(name, parts) for name, parts in frames.items()}
    if "gc" in merged:
        entities = known_entities(merged)
        merged["gc"] = name_by_file(merged["gc"], "entity", entities)
    return merged


def merge_logs(readings: Sequence[Reading], tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Concatenate all log tables lazily; a null ``host`` is named by its file where one fits."""
    frames = [
        frame.lazy()
        for reading in readings
        for name, frame in reading.tables.items()
        if name == "logs"
    ]
    if not frames:
        return empty_table("logs").lazy()
    logs = pl.concat(frames, how="vertical")
    entities = known_entities(tables)
    sources = logs.select(pl.col("source").unique()).collect()["source"].drop_nulls()
    names = {source: entity_of_file(source, entities) for source in sources}
    known = {source: entity for source, entity in names.items() if entity}
    if known:
        logs = logs.with_columns(
            pl.coalesce("host", pl.col("source").replace_strict(known, default=None)).alias("host")
        )
    return logs


def known_entities(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return the pods and processes that metrics and events name, longest first."""
    found: set[str] = set()
    for name in ("metrics", "events"):
        if name in tables:
            found.update(tables[name]["entity"].drop_nulls().unique().to_list())
    return sorted(found - {""}, key=lambda text: (-len(text), text))


def name_by_file(frame: pl.DataFrame, column: str, entities: Sequence[str]) -> pl.DataFrame:
    """Set ``column`` to the entity that the row's file is named after, if there is one.

    A collector log knows no pod; an operator who saved it as ``gc-POD.log`` does. A file
    named after no known entity keeps what its reader said.
    """
    names = {
        source: entity_of_file(source, entities)
        for source in frame["source"].drop_nulls().unique().to_list()
    }
    known = {source: entity for source, entity in names.items() if entity}
    if not known:
        return frame
    return frame.with_columns(
        pl.coalesce(pl.col("source").replace_strict(known, default=None), column).alias(column)
    )


def entity_of_file(source: str, entities: Sequence[str]) -> str | None:
    """Return the longest known entity that a file's path contains as whole words."""
    text = str(PurePath(source))
    for entity in entities:
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(entity)}(?![A-Za-z0-9])", text):
            return entity
    return None


def _concat(name: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if name not in SCHEMAS:
        return pl.concat(parts, how="diagonal_relaxed")
    if name == "metrics":
        return merge_metrics(parts)
    frame = pl.concat(parts, how="vertical")
    if name != "damage":
        frame = frame.unique(maintain_order=True)
    order = _ORDER.get(name)
    return frame.sort(order, maintain_order=True) if order else frame
