"""Output of ``promtool tsdb dump``: one sample a line, ``{__name__="up"} 1 1700000000000``.

References
----------
Prometheus, ``cmd/promtool/tsdb.go``: series, value, time in milliseconds.
"""

from __future__ import annotations

from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._exposition import parse_series_name
from forensics.readers.metrics._lines import Lines
from forensics.readers.metrics._series import SeriesTable

TITLE: Final = "Prometheus database dump (promtool tsdb dump)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "promtool_dump"


def sniff(head: Head) -> Match:
    """Claim text whose first line is a label set with a metric name."""
    first = head.data.lstrip().split(b"\n", 1)[0]
    if first.startswith(b"{") and b'__name__="' in first and b"} " in first[-64:]:
        return Match.MAGIC
    return Match.NO


def read(source: Source) -> Reading:
    """Read line by line; native histograms (``{count:...}``) are left out and counted."""
    table = SeriesTable(source)
    lines = Lines(source)
    known: dict[bytes, int] = {}
    histograms = 0
    for line in lines:
        if not line.strip():
            continue
        parts = line.rsplit(None, 2)
        if len(parts) != 3 or not parts[2].lstrip(b"-").isdigit():
            lines.hurt("no series, value and time")
            continue
        name, value, stamp = parts
        index = known.get(name)
        if index is None:
            parsed = parse_series_name(name.decode("utf-8", errors="replace"))
            if parsed is None:
                if b"} {count:" in line:
                    histograms += 1
                else:
                    lines.hurt("labels can't be read")
                continue
            index = known[name] = table.index_of(*parsed)
        try:
            table.append(index, int(stamp) * 1000, float(value))
        except (ValueError, OverflowError):
            lines.hurt("no number")
    notes = [f"{histograms} samples of native histograms are not read"] if histograms else []
    return table.reading(_NAME, damage=lines.rows(), notes=notes)
