"""Which objects hold connections in the heap dumps: who doesn't give them back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.errors import ForensicsError
from forensics.findings import AnyEntry, EvidenceRef, Finding, Measure
from forensics.heap.resources import find_resources

if TYPE_CHECKING:
    from forensics.analysis.heap_summary import Dump

TITLE: Final = "Who holds connections"
NEEDS: Final = ("heaps",)

_FEWEST: Final = 3
#: What is meant to hold connections: pools, drivers, and what no object holds.
_MEANT_TO: Final = re.compile(
    r"pool|driver|datasource|data_source|^GC root$|HttpConnection|HttpServer", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Held:
    """Connections of one class that objects of one class hold which is no pool."""

    file: str
    class_name: str
    holder: str
    count: int
    longest_unused_s: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What holds connections, dump by dump, oldest first, most first within one."""

    held: tuple[Held, ...] = ()

    @property
    def last(self) -> Held | None:
        """What holds most in the last dump where anything does."""
        files = [one.file for one in self.held]
        return next((one for one in self.held if one.file == files[-1]), None) if files else None


def run(*, heaps: Sequence[Dump]) -> Result:
    """Look in every dump for connections that something other than a pool or driver keeps."""
    found: list[tuple[int, tuple[Held, ...]]] = []
    for dump in heaps:
        try:
            graph = dump.open()
            each = find_resources(graph, kinds=("connection",))
        except ForensicsError:
            continue  # the heap summary says why
        found.append((graph.facts.created_ms, tuple(_group(dump.name, each))))
    found.sort(key=lambda pair: pair[0])
    return Result(tuple(one for _, some in found for one in some))


def _group(file: str, each: pl.DataFrame) -> list[Held]:
    groups = (
        each.drop_nulls("holder_class")
        .group_by("class", "holder_class")
        .agg(pl.len(), pl.col("unused_s").max())
        .sort(["len", "class", "holder_class"], descending=[True, False, False])
    )
    return [
        Held(file, name, holder, count, unused_s)
        for name, holder, count, unused_s in groups.iter_rows()
        if count >= _FEWEST and not _MEANT_TO.search(holder) and holder != name
    ]


def describe(held: Held) -> str:
    """Say in one sentence who holds how many connections."""
    unused = f", some unused for {held.longest_unused_s:.0f} s" if held.longest_unused_s else ""
    return (
        f"In {held.file} {held.count:,} connections ({held.class_name}) are held by objects of "
        f"{held.holder}{unused}"
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement for the last dump in which something holds connections."""
    held = result.last
    if held is None:
        return []
    return [
        Finding(
            topic="pool",
            text=f"{describe(held)}: a pool gets them back only when those are gone.",
            confidence="high",
            measures=[Measure(name="connections held", value=held.count, unit="connections")],
            evidence=[EvidenceRef(path=held.file, query=held.holder)],
        )
    ]
