"""Garbage-collection logs of JDK 8 and older (``-XX:+PrintGC``, ``-XX:+PrintGCDetails``).

A record may go on over many lines; all are one event. The table ``gc`` has a row for each
collection and each phase of CMS and G1 that states a pause.

References
----------
HotSpot sources of JDK 8: ``g1CollectedHeap.cpp``, ``concurrentMarkSweepGeneration.cpp``,
``psScavenge.cpp``, ``gcTraceTime.cpp``.
"""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._gc import SIZE, bytes_of, entity_of, uptime_of
from forensics.readers.logs._text import collect_text, match_lines
from forensics.tables import GC

TITLE: Final = "JVM GC log of JDK 8 and older"
KIND: Final[Kind] = "logs"

_STAMP: Final = (
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{1,9}[+-]\d{4}: ?)?(?:\d{1,12}[.,]\d{1,9}: ?)"
)
_LINE: Final = (
    r"^(?:(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d+[+-]\d{4}): ?)?"
    r"(?P<uptime_s>\d+[.,]\d+): (?P<message>.*)$"
)
_INNER: Final = re.compile(r"\[(?!(?:Full )?GC\b)[^\[\]]*\]")
_STAMP_INSIDE: Final = re.compile(_STAMP)
_SECONDS: Final = re.compile(r"(?<!\d)(\d{1,12}[.,]\d{1,9}) secs\]?")
_HEAP: Final = re.compile(rf"({SIZE})->({SIZE})\s*\(({SIZE})\)")
_G1_HEAP: Final = re.compile(rf"Heap: ({SIZE})\({SIZE}\)->({SIZE})\(({SIZE})\)")
_OCCUPANCY: Final = re.compile(rf"(?<![>\d.,])({SIZE})\(({SIZE})\)")
_CAUSE: Final = re.compile(r"GC (?:pause )?\(((?:[^()]|\(\))*)\)")
_CONCURRENT: Final = re.compile(r"\[(?:GC )?(?:CMS-)?concurrent-[\w-]+")
_COLLECTION: Final = re.compile(r"\[(?:Full )?GC\b")


def sniff(head: Head) -> Match:
    """Claim lines of an uptime, maybe a date before it, and a word of the collector."""
    words = r"(?:\[(?:Full )?GC\b|\[CMS-|\[ParNew|\[Full|Application time|\{Heap before)"
    preamble = r"^\s|^OpenJDK|^Java HotSpot|^Memory:|^CommandLine flags|^[{}]|^Heap|^ *\["
    return match_lines(head, rf"^{_STAMP}.*(?:{words}|threads were stopped)", skips=preamble)


def read(source: Source) -> Reading:
    """Read all records into ``logs`` and all collections into ``gc``."""
    found, clock = collect_text(source, _LINE)
    reading = found.reading("gc_jdk8", notes=clock.notes)
    entity = entity_of(source.name)
    told = (
        reading.tables["logs"].lazy().filter(pl.col("message").str.contains(r"GC|CMS-concurrent"))
    )
    rows = []
    uptimes = uptime_of(pl.col("attributes"))
    columns = ("time", "uptime_s", "message")
    for time, uptime_s, message in (
        told.with_columns(uptime_s=uptimes).select(columns).collect().iter_rows()
    ):
        row = parse_record(message)
        if row is not None:
            rows.append(
                {**row, "time": time, "uptime_s": uptime_s, "entity": entity, "source": source.name}
            )
    collector = next((row["collector"] for row in rows if row["collector"]), None)
    complete = [
        {**dict.fromkeys(GC), **row, "collector": row["collector"] or collector} for row in rows
    ]
    notes = reading.notes
    if rows and all(row["time"] is None for row in rows):
        notes = (f"{source.name}: has uptimes only; it can't be placed in time by itself",)
    return Reading(
        reader="gc_jdk8",
        kind="logs",
        tables={**reading.tables, "gc": pl.DataFrame(complete, schema=GC)},
        damage=reading.damage,
        counts={**reading.counts, "collections": len(rows)},
        notes=notes,
        details={"collector": collector} if collector else {},
    )


def parse_record(text: str) -> dict[str, Any] | None:
    """Return what one record says of a collection, or ``None`` if it is about something else."""
    if _CONCURRENT.match(text):
        return _concurrent(text)
    heap = _G1_HEAP.search(text)
    flat = _flatten(text)
    seconds = _SECONDS.findall(flat) or _SECONDS.findall(text)
    if not seconds or not _COLLECTION.search(text):
        return None
    if heap is None:
        found = _HEAP.search(flat)
        sizes = tuple(bytes_of(size) for size in found.groups()) if found else _occupancy(flat)
    else:
        sizes = tuple(bytes_of(size) for size in heap.groups())
    cause = _CAUSE.search(text)
    return {
        "collector": _collector(text),
        "kind": _kind(text),
        "cause": cause[1] if cause and not _PHASE.fullmatch(cause[1]) else None,
        "pause_ms": round(float(seconds[-1].replace(",", ".")) * 1000, 6),
        "heap_before_bytes": sizes[0],
        "heap_after_bytes": sizes[1],
        "heap_capacity_bytes": sizes[2],
    }


_PHASE: Final = re.compile(r"young|mixed|CMS Initial Mark|CMS Final Remark|initial-mark")


def _flatten(text: str) -> str:
    """Return the outermost bracket of a record without the brackets inside it."""
    start = re.search(r"\[(?:Full )?GC\b", text)
    flat = text[start.start() :] if start else text
    flat = _STAMP_INSIDE.sub("", flat.split("\n   [", 1)[0])
    for _ in range(8):
        shorter = _INNER.sub("", flat)
        if shorter == flat:
            break
        flat = shorter
    return flat


def _occupancy(flat: str) -> tuple[int | None, int | None, int | None]:
    """Return sizes of a CMS mark, which states use and capacity but frees nothing."""
    found = _OCCUPANCY.search(flat)
    return (None, None, None) if found is None else (None, bytes_of(found[1]), bytes_of(found[2]))


def _kind(text: str) -> str:
    if re.search(r"\[Full GC", text):
        return "full"
    if re.search(r"CMS-initial-mark|CMS-remark|GC remark|GC cleanup", text):
        return "pause"
    return "mixed" if "(mixed)" in text[:200] else "young"


def _collector(text: str) -> str | None:
    for pattern, name in (
        (r"GC pause|GC remark|GC cleanup|Eden: ", "G1"),
        (r"ParNew|CMS", "CMS"),
        (r"PSYoungGen|ParOldGen|PSOldGen", "Parallel"),
        (r"DefNew|Tenured", "Serial"),
    ):
        if re.search(pattern, text):
            return name
    return None


def _concurrent(text: str) -> dict[str, Any] | None:
    """Return the row of a concurrent phase that has ended."""
    if not re.search(r"\d/\d|-end|secs", text):
        return None
    return {
        "collector": "CMS" if "CMS" in text else "G1",
        "kind": "concurrent",
        "cause": None,
        "pause_ms": None,
        "heap_before_bytes": None,
        "heap_after_bytes": None,
        "heap_capacity_bytes": None,
    }
