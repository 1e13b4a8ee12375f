"""Text exposition of Prometheus and OpenMetrics: what an application's ``/metrics`` shows.

One file is one scrape, unless its samples carry times or lines that hold nothing but a time
part it into several (``while true; do date -Is; curl ...; done``).

References
----------
Prometheus documentation, "Exposition formats", text format 0.0.4; OpenMetrics 1.0.
"""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._exposition import parse_series_name
from forensics.readers.metrics._lines import Lines, capture_time
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import epoch_unit, find_time_in_text, to_us

TITLE: Final = "Prometheus text exposition or OpenMetrics (a scrape)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "openmetrics"
_META: Final = re.compile(r"^# (?:HELP|TYPE|UNIT) [a-zA-Z_:]", re.MULTILINE)
#: Series, value, optional time; an exemplar behind `` # `` is not read.
_SAMPLE: Final = re.compile(
    r'^([a-zA-Z_:][\w:.]*(?:\s*\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?|\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})'
    r"\s+([-+]?(?:[\d.]+(?:[eE][-+]?\d+)?|[Ii]nf|NaN))(?:\s+(-?[\d.]+(?:[eE][-+]?\d+)?))?"
    r"(?:\s+#.*)?\s*$"
)
#: A comment or line that is a time and nothing else.
_TIME_LINE: Final = re.compile(r"^#?\s*(?:\w+[:=]\s*)?([\dT:.,+Z/ -]{10,40})$")
_CGROUP: Final = re.compile(r"^(?:anon|cache|inactive_anon) \d+$", re.MULTILINE)


def sniff(head: Head) -> Match:
    """Claim text with metadata comments; lines of samples with labels look like it."""
    if head.is_binary:
        return Match.NO
    text = head.text
    if _META.search(text):
        lines = [line for line in text.split("\n")[:-1] if line and not line.startswith("#")]
        good = sum(_is_line(line) for line in lines)
        return Match.MAGIC if good >= 0.8 * len(lines) else Match.NO
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    if len(head.data) >= 4096:
        lines = lines[:-1]
    if not lines or _CGROUP.search(text) or text.startswith("{__name__="):
        return Match.NO
    samples = [match for line in lines[:20] if (match := _SAMPLE.match(line.strip()))]
    is_telling = any("{" in match[1] or "_" in match[1] for match in samples)
    return Match.SHAPE if is_telling and len(samples) == len(lines[:20]) else Match.NO


def read(source: Source) -> Reading:
    """Read all samples; those without a time get that of the file.

    The time of a file is the one in its name, else that of its last change on disk; a note
    says which. Times in samples may be milliseconds (text format) or seconds (OpenMetrics).
    """
    table = SeriesTable(source)
    lines = Lines(source)
    file_us, file_note = capture_time(source)
    scrape_us: int | None = None
    notes: list[str] = []
    known: dict[str, int] = {}
    for raw in lines:
        line = raw.decode("utf-8", errors="replace").strip()
        if not line:
            continue
        match = _SAMPLE.match(line) if not line.startswith("#") else None
        if match is None:
            moment = _time_of_line(line)
            scrape_us = scrape_us if moment is None else moment
            if moment is None and not line.startswith("#"):
                lines.hurt("no sample")
            continue
        name, value, stamp = match.groups()
        index = known.get(name)
        if index is None:
            parsed = parse_series_name(name)
            if parsed is None:
                lines.hurt("labels can't be read")
                continue
            index = known[name] = table.index_of(*parsed)
        time_us = _stamp_us(stamp) if stamp else scrape_us
        if time_us is None:
            time_us = file_us
            notes = [file_note]
        table.append(index, time_us, _number(value))
    return table.reading(_NAME, damage=lines.rows(), notes=notes)


def _is_line(line: str) -> bool:
    return _SAMPLE.match(line.strip()) is not None or _time_of_line(line.strip()) is not None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _stamp_us(text: str) -> int | None:
    number = _number(text)
    unit = epoch_unit(number)
    return None if unit is None else round(number * unit[1])


def _time_of_line(line: str) -> int | None:
    match = _TIME_LINE.match(line)
    moment = find_time_in_text(match[1]) if match else None
    return None if moment is None else to_us(moment)
