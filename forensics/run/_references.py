"""Name the file behind every reference that only says which metric or signal it means.

Analyses see tables, in which the samples of many files are one; a reader of the report wants
the file. A reference is resolved by what its query names: a metric, a role, or the memory of
an entity. One that names none of them keeps the path ``metrics``: no file is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from forensics.findings import EvidenceRef, Findings, Growth

#: The path of a reference into the merged table of metrics.
MERGED = "metrics"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where samples came from.

    ``series`` has ``metric, entity, role, source``, one row a series that plays a role or is
    in the table; ``memory`` maps an entity to the file of the signal its growth was judged by.
    """

    series: pl.DataFrame
    memory: dict[str, str]

    def find(self, query: str) -> str | None:
        """Return the file that a query leads to, or ``None`` where it leads to none."""
        subject, _, entity = query.partition(" of ")
        if subject == "memory":
            return self.memory.get(entity)
        words = re.findall(r"\w+", subject)
        named = (
            self.series.filter(
                pl.col("metric").is_in([query, subject, query.split(" ", maxsplit=1)[0]])
            ),
            *(self.series.filter(pl.col("role") == word) for word in words),
        )
        found = next((frame for frame in named if frame.height), None)
        if found is None:
            return None
        own = found.filter(pl.col("entity") == entity)
        return str((own if own.height else found)["source"][0])


def find_sources(metrics: pl.DataFrame, roles: pl.DataFrame, growth: Sequence[Growth]) -> Sources:
    """Learn from the metrics, their roles (``SERIES`` of the roles) and the growths.

    Parameters
    ----------
    metrics
        The merged table.
    roles
        ``metric, entity, role, use``; series in use come before spare ones.
    growth
        Entries whose own references name the file.
    """
    keys = ["metric", "entity"]
    files = metrics.select(*keys, "source").drop_nulls("source").unique(keys, keep="first")
    known = roles.select(*keys, "role", is_spare=~pl.col("use").is_in(["used", "part"])).unique()
    series = (
        files.join(known, on=keys, how="left", nulls_equal=True)
        .sort("is_spare", "metric", "entity", nulls_last=True)
        .select(*keys, "role", "source")
    )
    first = Sources(series, {})
    memory: dict[str, str] = {}
    for entry in growth:
        path = next(iter(_paths(entry.evidence, first)), None)
        if path is not None:
            memory.setdefault(entry.entity, path)
    return Sources(series, memory)


def name_files(findings: Findings, sources: Sources) -> Findings:
    """Return the findings with every reference resolved that can be."""
    document = findings.model_dump(by_alias=True)
    _name_files(document, sources)
    return Findings.model_validate(document)


def _paths(references: Iterable[EvidenceRef], sources: Sources) -> Iterable[str]:
    for reference in references:
        path = reference.path
        if path == MERGED:
            path = sources.find(reference.query or "") or ""
        if path:
            yield path


def _name_files(value: Any, sources: Sources) -> None:
    """Replace the path of merged references in place, wherever they stand in the document."""
    if isinstance(value, list):
        for item in value:
            _name_files(item, sources)
    elif isinstance(value, dict):
        if value.get("path") == MERGED and value.get("query"):
            value["path"] = sources.find(str(value["query"])) or MERGED
        for item in value.values():
            _name_files(item, sources)
