"""JVM unified garbage-collection logs (JDK 9 and later), all collectors.

The table ``gc`` has a row for each pause, each concurrent cycle or phase that states heap
figures or a duration, and each ZGC collection.

References
----------
JEP 158 (unified JVM logging), JEP 271 (unified GC logging); ``-Xlog`` in the ``java`` manual.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._gc import SIZE, entity_of, size_bytes, uptime_of
from forensics.readers.logs._text import collect_text, match_lines
from forensics.tables import empty_table, fit_table

TITLE: Final = "JVM unified GC log (JDK 9 and later)"
KIND: Final[Kind] = "logs"

_DECORATIONS: Final = r"(?:\[[^\[\]]*\])"
_LINE: Final = rf"^(?P<deco>{_DECORATIONS}+)\s?(?P<message>.*)$"
#: ``-Xlog:gc:file=gc.log:none``
_BARE: Final = rf"^(?P<deco>{_DECORATIONS}*)\s?(?P<message>.*)$"
_STAMP: Final = r"\[(?:\d{4}-\d\d-\d\dT[\d:.,]+[+-]\d{4}|\d+[.,]\d+s|\d+(?:ms|ns))\s*\]"
_TAGS: Final = r"\[(?:gc|safepoint|metaspace|heap|cds|ergo|task|phases|age)[\w,+]*\s*\]"

#: What no other program writes: numbered collections, and which collector began.
_NUMBERED: Final = r"(?:GC\(\d+\) (?:[YyOo]: )?[A-Z][a-z]|(?:Alloc|Reloc)ation Stall \()"
_BEGINS: Final = (
    r"(?:Using (?:Serial|Parallel|G1|Shenandoah|Epsilon|Concurrent Mark Sweep|The Z Garbage "
    r"Collector)|Initializing The Z Garbage Collector)\s*$"
)
#: An uptime and a second decoration, whatever its tags: ``-Xlog:all``.
_UPTIME: Final = r"\[\d+[.,]\d{3}s\s*\]"
_PLAIN: Final = r"\[[\w+, ]+\]"

# The end of the line that closes a pause, a concurrent phase or a collection.
_RECORD: Final = (
    r"^GC\((?P<gc_id>\d+)\) (?:[YyOo]: )?(?P<what>"
    r"(?:Pause|Concurrent|Garbage Collection|Minor Collection|"
    r"Major Collection|Young Collection|Old Collection)\b.*?)"
    rf"(?: (?P<before>{SIZE})(?:\(\d+%\))?->"
    rf"(?P<after>{SIZE})(?:\(\d+%\)|\((?P<capacity>{SIZE})\)))?"
    r"(?: (?P<duration>\d+[.,]\d+)(?P<unit>ms|s))?\s*$"
)
_USING: Final = r"^Using (?:The )?(\w+)|^Initializing The (Z) Garbage"
#: Whole collections state their cause in the last bracket but that of a failure.
_CAUSE: Final = (
    r"^(?:Pause (?:Young|Full|Initial Mark|Mixed)|Garbage Collection|Minor Collection|"
    r"Major Collection|Young Collection|Old Collection)\b.*?"
    r"\(([^()]*(?:\(\))?[^()]*)\)\s*(?:\(Evacuation Failure[^()]*\)\s*)?$"
)
#: Shenandoah says before a cycle why it begins; its figures are left out.
_FIGURES: Final = r"\s*\([^)]*\)|\s+\d+ of \d+\b"
#: Decorations ``timemillis`` and ``uptimemillis`` look alike: what would be an uptime of
#: three years or more is a time.
_FIRST_MILLIS: Final = 100_000_000_000
_WRITTEN: Final = "%Y-%m-%dT%H:%M:%S%.3f+0000"
_COLLECTORS: Final = {"Concurrent": "CMS", "Z": "ZGC"}


def sniff(head: Head) -> Match:
    """Claim lines with a collector's tags, numbered collections, or a JVM's decorations."""
    for pattern in (
        rf"^{_DECORATIONS}*?{_STAMP}{_DECORATIONS}*?{_TAGS}",
        rf"^{_DECORATIONS}*\s?{_NUMBERED}",
        rf"^(?:{_UPTIME}{_PLAIN}|{_PLAIN}{_UPTIME})",
    ):
        if match_lines(head, pattern) is not Match.NO:
            return Match.MAGIC
    if re.search(rf"(?m)^{_DECORATIONS}+\s?{_BEGINS}", head.text) is None:
        return Match.NO
    return match_lines(head, rf"^{_DECORATIONS}+\s?")


def read(source: Source) -> Reading:
    """Read all lines into ``logs`` and all collections into ``gc``."""
    is_bare = match_lines(source.head(), rf"^\s?{_NUMBERED}") is not Match.NO
    found, clock = collect_text(source, _BARE if is_bare else _LINE, refine=_refine, joins=False)
    reading = found.reading("gc_unified", notes=clock.notes)
    logs = reading.tables["logs"]
    gc = find_collections(logs.lazy(), entity_of(source.name), source.name)
    notes = reading.notes
    if gc.height and gc["time"].null_count() == gc.height:
        notes = (f"{source.name}: has uptimes only; it can't be placed in time by itself",)
    details = {"collector": gc["collector"][0] or "unknown"} if gc.height else {}
    return Reading(
        reader="gc_unified",
        kind="logs",
        tables={**reading.tables, "gc": gc},
        damage=reading.damage,
        counts={**reading.counts, "collections": gc.height},
        notes=notes,
        details=details,
    )


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    deco = pl.col("deco")
    millis = deco.str.extract_all(r"\[\d{1,15}ms\s*\]").list.eval(_number(pl.element()))
    nanos = deco.str.extract_all(r"\[\d{1,18}ns\s*\]").list.eval(_number(pl.element()))
    uptime = pl.coalesce(
        deco.str.extract(r"\[(\d+[.,]\d+)s\s*\]")
        .str.replace(",", ".", literal=True)
        .cast(pl.Float64),
        _first(millis, pl.element() < _FIRST_MILLIS) / 1e3,
        # timenanos count from any moment: nothing says which of two is the uptime
        nanos.list.min() / 1e9,
    )
    since_1970 = _first(millis, pl.element() >= _FIRST_MILLIS)
    written = deco.str.extract(r"\[(\d{4}-\d\d-\d\dT[\d:.,]+(?:[+-]\d{4}|Z)?)\s*\]")
    return frame.with_columns(
        time=pl.coalesce(written, pl.from_epoch(since_1970, "ms").dt.strftime(_WRITTEN)),
        level=deco.str.extract(r"\[(error|warning|info|debug|trace)\s*\]"),
        logger=deco.str.extract_all(r"\[[a-z0-9]+(?:,[a-z0-9]+)*\s*\]")
        .list.last()
        .str.strip_chars("[] "),
        uptime_s=uptime,
    ).drop("deco")


def _number(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"(\d+)").cast(pl.Int64)


def _first(numbers: pl.Expr, condition: pl.Expr) -> pl.Expr:
    return numbers.list.eval(pl.element().filter(condition)).list.first()


def find_collections(logs: pl.LazyFrame, entity: str, source: str) -> pl.DataFrame:
    """Return the ``gc`` table of decorated log rows whose one attribute is the uptime."""
    texts = logs.select(
        "time",
        "message",
        uptime_s=uptime_of(pl.col("attributes")),
        trigger=pl.col("message")
        .str.extract(r"^Trigger: (.*)$")
        .str.replace_all(_FIGURES, "")
        .forward_fill(),
    )
    closing = texts.filter(pl.col("message").str.starts_with("GC(")).collect()
    named = logs.filter(pl.col("message").str.contains(_USING)).select("message").head(1).collect()
    groups = closing.with_columns(closing["message"].str.extract_groups(_RECORD).alias("g")).unnest(
        "g"
    )
    groups = groups.drop_nulls("what")
    groups = groups.filter(pl.col("duration").is_not_null() | pl.col("before").is_not_null())
    if not groups.height:
        return empty_table("gc")
    first = named["message"].str.extract_groups(_USING)[0] if named.height else None
    stated = next((value for value in (first or {}).values() if value), None)
    collector = _COLLECTORS.get(stated, stated) if stated else _guess(closing["message"])
    what = pl.col("what")
    duration = pl.col("duration").str.replace(",", ".", literal=True).cast(pl.Float64)
    duration = duration * pl.when(pl.col("unit") == "s").then(1e3).otherwise(1.0)
    is_pause = what.str.starts_with("Pause")
    table = groups.with_columns(
        gc_id=pl.col("gc_id").cast(pl.Int64, strict=False),
        entity=pl.lit(entity),
        collector=pl.lit(collector),
        kind=_kind(what),
        cause=_cause(what),
        pause_ms=pl.when(is_pause).then(duration),
        heap_before_bytes=size_bytes("before"),
        heap_after_bytes=size_bytes("after"),
        heap_capacity_bytes=size_bytes("capacity"),
        source=pl.lit(source),
    )
    return fit_table("gc", table)


def _cause(what: pl.Expr) -> pl.Expr:
    """Return why a collection ran: its last bracket, or what triggered Shenandoah's cycle.

    Phases have brackets of their own (times, what they do besides), which are no causes.
    """
    stated = what.str.extract(_CAUSE)
    failed = what.str.extract(r"(\(Evacuation Failure[^()]*\))\s*$")
    return (
        pl.when(failed.is_not_null())
        .then(pl.format("{} {}", stated, failed))
        .when(what.str.contains(r"^Pause (?:Init Mark|Degenerated)"))
        .then(pl.col("trigger"))
        .otherwise(stated)
    )


def _kind(what: pl.Expr) -> pl.Expr:
    return (
        pl.when(what.str.starts_with("Pause Full"))
        .then(pl.lit("full"))
        .when(what.str.contains(r"^Pause (?:Young \((?:Prepare )?Mixed\)|Mixed)"))
        .then(
            pl.when(what.str.contains("Prepare")).then(pl.lit("young")).otherwise(pl.lit("mixed"))
        )
        .when(
            what.str.contains(
                r"^Pause (?:Young|Initial Mark \()|^Minor Collection|^Young Collection"
            )
        )
        .then(pl.lit("young"))
        .when(what.str.starts_with("Pause"))
        .then(pl.lit("pause"))
        .when(what.str.contains(r"^(?:Concurrent|Garbage|Major|Old)"))
        .then(pl.lit("concurrent"))
        .otherwise(pl.lit("other"))
    )


def _guess(messages: pl.Series) -> str | None:
    """Return the collector that the words of a log without its first lines betray."""
    for pattern, name in (
        (r"Pause Mark Start|Relocat", "ZGC"),
        (r"Pause Init Mark|Update Refs", "Shenandoah"),
        (r"G1 |Eden regions|Pause Young \((?:Normal|Mixed|Concurrent Start)\)", "G1"),
        (r"ParNew|CMS", "CMS"),
        (r"PSYoungGen|ParOldGen", "Parallel"),
        (r"DefNew|Tenured", "Serial"),
    ):
        if messages.str.contains(pattern).any():
            return name
    return None
