"""Thread dumps of the JVM (``jstack``, ``jcmd Thread.print``, ``kill -3``).

Each thread is an event whose ``exception`` is its stack; the table ``threads`` has a row for
each: dump (0 for the first in the file), name, state, frames, waiting_on, locked.

References
----------
``jstack`` and ``jcmd`` manuals; HotSpot ``threads.cpp`` (``print_on``).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import collect_text

TITLE: Final = "JVM thread dump"
KIND: Final[Kind] = "logs"

_LINE: Final = (
    r"^(?:(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$|(?P<message>Full thread dump .*|"
    r'"(?P<logger>(?:[^"\\]|\\.)*)".*|JNI global re.*|Found \w+ (?:Java-level )?deadlock.*))'
)


def sniff(head: Head) -> Match:
    """Claim text with the dump's own first line."""
    says_so = not head.is_binary and "Full thread dump " in head.text
    return Match.MAGIC if says_so else Match.NO


def read(source: Source) -> Reading:
    """Read all dumps of a file; threads get the time that stands before their dump."""
    found, clock = collect_text(source, _LINE, refine=_refine)
    reading = found.reading("thread_dump", notes=clock.notes)
    rows = reading.table("logs").with_columns(pl.col("time").forward_fill())
    threads = _threads(rows)
    return Reading(
        reader="thread_dump",
        kind="logs",
        tables={**reading.tables, "logs": rows, "threads": threads},
        damage=reading.damage,
        counts={**reading.counts, "threads": threads.height},
        notes=reading.notes,
    )


def _refine(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("message").fill_null(pl.col("text")))


def _threads(rows: pl.DataFrame) -> pl.DataFrame:
    dump = rows["message"].str.starts_with("Full thread dump").cum_sum().cast(pl.Int64) - 1
    body = pl.concat_str(["message", "exception"], separator="\n", ignore_nulls=True)
    return (
        rows.with_columns(dump.alias("dump"), body.alias("body"))
        .filter(pl.col("logger").is_not_null())
        .select(
            "time",
            "dump",
            pl.col("logger").alias("name"),
            pl.col("body").str.extract(r"java\.lang\.Thread\.State: (\w+)").alias("state"),
            pl.col("body")
            .str.extract_all(r"(?m)^\s+at .*$")
            .list.eval(pl.element().str.strip_chars())
            .alias("frames"),
            pl.col("body")
            .str.extract(r"- (?:waiting (?:on|to lock)|parking to wait for)\s+<(0x[0-9a-f]+)>")
            .alias("waiting_on"),
            pl.col("body")
            .str.extract_all(r"- locked <0x[0-9a-f]+>")
            .list.eval(pl.element().str.extract(r"(0x[0-9a-f]+)"))
            .alias("locked"),
            "source",
        )
    )
