"""Class histograms of the JVM (``jcmd GC.class_histogram``, ``jmap -histo``).

The table ``histogram`` has a row a class: rank, class, instances, shallow_bytes, module.

References
----------
``jmap`` and ``jcmd`` manuals; HotSpot ``heapInspection.cpp``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import read_text

TITLE: Final = "JVM class histogram"
KIND: Final[Kind] = "logs"

_ROW: Final = r"^\s*(\d+):\s+(\d+)\s+(\d+)\s+(\S+)(?:\s+\(([^)]*)\))?\s*$"
_LINE: Final = (
    r"^(?P<message>\s*(?:\d+:\s+\d+\s+\d+\s+\S.*|"
    r"num\s+#instances.*|-{10,}|Total\s+\d+\s+\d+|\d+:))$"
)


def sniff(head: Head) -> Match:
    """Claim text with the histogram's header."""
    has_header = "#instances" in head.text and "#bytes" in head.text
    return Match.MAGIC if has_header and not head.is_binary else Match.NO


def read(source: Source) -> Reading:
    """Read all rows of all histograms in the file; ``histogram`` counts them from 0."""
    reading = read_text(source, "class_histogram", _LINE, joins=False)
    lines = reading.table("logs")["message"]
    groups = lines.str.extract_groups(_ROW).struct.rename_fields(
        ["rank", "count", "bytes", "class", "module"]
    )
    number = lines.str.contains("#instances").cum_sum().cast(pl.Int64) - 1
    histogram = (
        groups.struct.unnest()
        .with_columns(number.alias("histogram"))
        .drop_nulls("class")
        .select(
            "histogram",
            pl.col("rank").cast(pl.Int64, strict=False),
            "class",
            pl.col("count").cast(pl.Int64, strict=False).alias("instances"),
            pl.col("bytes").cast(pl.Int64, strict=False).alias("shallow_bytes"),
            "module",
            pl.lit(source.name).alias("source"),
        )
    )
    return Reading(
        reader="class_histogram",
        kind="logs",
        tables={**reading.tables, "histogram": histogram},
        damage=reading.damage,
        counts={**reading.counts, "classes": histogram.height},
    )
