"""Whether memory and the connection pool run out by one mechanism or by two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from forensics.analysis._context import show_class
from forensics.analysis.heap_summary import Result as HeapSummary
from forensics.analysis.held_connections import Result as HeldConnections
from forensics.analysis.memory_growth import Result as Growths
from forensics.analysis.saturation import Driver
from forensics.analysis.saturation import Result as Saturation
from forensics.findings import AnyEntry, Confidence, EvidenceRef, Finding

TITLE: Final = "One mechanism or two"
NEEDS: Final = ("memory_growth", "saturation", "heap_summary?", "held_connections?")

Count = Literal["one", "two", "unknown", "none"]
_COUNTS: Final[dict[Driver, Count]] = {
    "demand": "two",
    "hold time": "two",
    "size": "two",
    "unreleased": "one",
}
_TEXTS: Final[dict[Driver, str]] = {
    "demand": "Two mechanisms: memory leaks, and apart from that more requests arrived than the "
    "connection pool was sized for; mending one leaves the other.",
    "hold time": "Two mechanisms, as far as seen: memory leaks, and requests held connections "
    "for longer because what they wait on became slow. Long collections of a full heap would join "
    "the two.",
    "unreleased": "Probably one mechanism: memory leaks and connections are not given back in the "
    "same processes; a heap dump would show whether the same objects hold both.",
    "size": "Two mechanisms: memory leaks, and the connection pool had become smaller.",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How many mechanisms, and why; nothing where memory doesn't leak or no pool was full."""

    count: Count = "none"
    text: str = ""
    confidence: Confidence = "low"
    evidence: tuple[EvidenceRef, ...] = ()


def run(
    *,
    memory_growth: Growths,
    saturation: Saturation,
    heap_summary: HeapSummary | None,
    held_connections: HeldConnections | None,
) -> Result:
    """Join what fills memory with what empties the pool.

    Objects that pile up in the heap and hold connections are one mechanism for both; else what
    filled the pool decides.
    """
    full = [pool for pool in saturation.pools if pool.is_saturated]
    if memory_growth.leak != "yes" or not full:
        return Result()
    held = held_connections.last if held_connections is not None else None
    files = heap_summary.files if heap_summary is not None else ()
    suspects = [suspect for file in files[-1:] for suspect in file.suspects]
    if held is not None and any(held.holder in (s.class_, *s.held_by) for s in suspects):
        text = (
            f"One mechanism: the {show_class(held.holder)} objects that fill the heap hold the "
            f"connections too ({held.count:,} in {held.file}), so memory and pool run out together."
        )
        refs = (EvidenceRef(path=held.file, query=held.holder),)
        return Result("one", text, "high", refs)
    drivers = sorted(pool.driver for pool in full)
    driver = max(set(drivers), key=drivers.count)
    refs = (EvidenceRef(path="metrics", query="pool_active"),)
    if driver not in _COUNTS:
        return Result("unknown", "", "low", refs)
    return Result(_COUNTS[driver], _TEXTS[driver], "medium", refs)


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement, where there is one to make."""
    if not result.text:
        return []
    return [
        Finding(
            topic="pool",
            text=result.text,
            confidence=result.confidence,
            evidence=list(result.evidence),
        )
    ]
