r"""InfluxDB line protocol: ``measurement,tag=value field=1.5,other=2i 1700000000000000000``.

References
----------
InfluxData documentation, "Line protocol".
"""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._lines import Lines, capture_time
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import epoch_unit

TITLE: Final = "InfluxDB line protocol"
KIND: Final[Kind] = "metrics"

_NAME: Final = "influx_line"
_WORD: Final = r"(?:[^,= \\\t]|\\.)+"
_FIELD: Final = _WORD + r'=(?:"(?:[^"\\]|\\.)*"|[-+]?[\d.]+(?:[eE][-+]?\d+)?[iu]?|[tTfF]\w{0,4})'
_LINE: Final = re.compile(
    rf"^((?:[^, \\\t#]|\\.)(?:[^, \\\t]|\\.)*)((?:,{_WORD}={_WORD})*)"
    rf" +({_FIELD}(?:,{_FIELD})*)(?: +(-?\d+))?\s*$"
)
_PAIR: Final = re.compile(r'((?:[^,= \\]|\\.)+)=("(?:[^"\\]|\\.)*"|(?:[^,\\]|\\.)*)(?:,|$)')
_ESCAPE: Final = re.compile(r"\\([,= \\\"])")


def sniff(head: Head) -> Match:
    """Answer SHAPE if all of the first lines are in the protocol."""
    if head.is_binary:
        return Match.NO
    lines = [line for line in head.text.split("\n") if line.strip() and not line.startswith("#")]
    if len(head.data) >= 4096:
        lines = lines[:-1]
    lines = lines[:10]
    is_line = bool(lines) and all(_LINE.match(line) for line in lines)
    return Match.SHAPE if is_line else Match.NO


def read(source: Source) -> Reading:
    """Read numeric and boolean fields; text fields are counted and left out.

    A field of measurement ``m`` called ``f`` becomes the metric ``m_f``, one called ``value``
    becomes ``m``. Times are nanoseconds unless they are too small for that.
    """
    table = SeriesTable(source)
    lines = Lines(source)
    file_us, file_note = capture_time(source)
    notes: list[str] = []
    known: dict[tuple[str, str, str], int] = {}
    for raw in lines:
        line = raw.decode("utf-8", errors="replace").strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        unit = epoch_unit(float(match[4])) if match and match[4] else None
        if match is None or (match[4] and unit is None):
            lines.hurt("no line of the protocol")
            continue
        time_us = file_us if unit is None else round(int(match[4]) * unit[1])
        if unit is None:
            notes = [file_note]
        for field in _PAIR.finditer(match[3]):
            value = _number(field[2])
            if value is None:
                continue
            key = (match[1], match[2], field[1])
            if key not in known:
                known[key] = table.index_of(_metric(match[1], field[1]), _tags(match[2]))
            table.append(known[key], time_us, value)
    return table.reading(_NAME, damage=lines.rows(), notes=notes)


def _metric(measurement: str, field: str) -> str:
    measurement, field = _plain(measurement), _plain(field)
    return measurement if field == "value" else f"{measurement}_{field}"


def _tags(text: str) -> dict[str, str]:
    return {_plain(pair[1]): _plain(pair[2]) for pair in _PAIR.finditer(text.lstrip(","))}


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _number(text: str) -> float | None:
    if text.startswith('"'):
        return None
    if text[:1] in "tTfF":
        return float(text[:1] in "tT")
    try:
        return float(text.rstrip("iu"))
    except ValueError:
        return None
