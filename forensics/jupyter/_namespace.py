"""What a notebook has at hand: its case, the tables in it, its heap dumps and open heaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from forensics.tables import empty_table

if TYPE_CHECKING:
    from forensics.evidence import Case
    from forensics.evidence.case import HeapEvidence
    from forensics.heap.graph import HeapGraph

_ALWAYS = ("metrics", "logs", "changes", "events", "gc", "damage")


def find_case(names: Mapping[str, Any]) -> Case | None:
    """Return the case that a notebook's names hold: the last one opened, a study's too."""
    from forensics.evidence import Case  # noqa: PLC0415  # a notebook may never open one

    found = None
    for _, value in _own(names):
        if isinstance(value, Case):
            found = value
        elif isinstance(getattr(value, "case", None), Case):
            found = value.case
    return found


def tables_of(names: Mapping[str, Any]) -> dict[str, pl.LazyFrame]:
    """Return every table by name: those of the case, then the notebook's own frames."""
    case = find_case(names)
    tables: dict[str, pl.LazyFrame] = {}
    if case is not None:
        tables = {name: frame.lazy() for name, frame in case.tables.items()}
        tables["logs"] = case.logs
        for name in _ALWAYS:
            tables.setdefault(name, empty_table(name).lazy())
    for name, value in _own(names):
        if isinstance(value, pl.DataFrame | pl.LazyFrame):
            tables[name] = value.lazy()
    return tables


def list_tables(names: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables, in alphabetical order."""
    return sorted(tables_of(names))


def list_dumps(names: Mapping[str, Any]) -> dict[str, HeapEvidence]:
    """Return the heap dumps of the case by path and by file name."""
    case = find_case(names)
    if case is None:
        return {}
    dumps = {dump.name: dump for dump in case.heaps}
    short = {dump.name.rsplit("/", 1)[-1]: dump for dump in case.heaps}
    return {**short, **dumps}


def iter_heaps(names: Mapping[str, Any]) -> Iterator[HeapGraph]:
    """Yield every open heap graph, those of explorers too."""
    from forensics.heap.graph import HeapGraph  # noqa: PLC0415  # loads numba

    for _, value in _own(names):
        graph = getattr(value, "graph", value)
        if isinstance(graph, HeapGraph):
            yield graph


def _own(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what the user named; a name with an underscore in front is IPython's."""
    yield from [(name, value) for name, value in names.items() if not name.startswith("_")]
