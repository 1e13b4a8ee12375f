"""Captures of a control group's memory files, versions 1 and 2.

Read are a bare ``memory.stat``, ``grep . memory.*`` (``memory.current:123``), and
``tail -n +1 memory.*`` (``==> memory.current <==``), also repeated with times between.

References
----------
Linux kernel documentation, "Control Group v2", section Memory; "Memory Resource Controller".
"""

from __future__ import annotations

import re
from typing import Final

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._lines import Lines, capture_time
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import find_time_in_text, to_us

TITLE: Final = "Control group memory files"
KIND: Final[Kind] = "metrics"

_NAME: Final = "cgroup"
_HEADER: Final = re.compile(r"^==> (.*?)((?:memory|pids|cpu)\.[\w.]+) <==$")
_GREP: Final = re.compile(r"^(\S*?)((?:memory|pids|cpu)\.[\w.]+)[:=]\s*(.+)$")
_PAIR: Final = re.compile(r"^([a-z][\w.]*)[ =](\d+|max)$")
_NUMBER: Final = re.compile(r"^(\d+|max)$")
_STAT: Final = re.compile(r"^(?:anon|cache|inactive_anon) \d+$")
_TIME: Final = re.compile(r"^#?\s*[\dT:.,+Z/ -]{10,40}$")
#: Files and keys that count events or pages, not bytes.
_COUNTS: Final = re.compile(
    r"events|failcnt|pids|cpu|pg(fault|majfault|refill|scan|steal|activate|deactivate|lazy)|workingset_|thp_"
)


def sniff(head: Head) -> Match:
    """Answer SHAPE for lines that name memory files, or a bare ``memory.stat``."""
    if head.is_binary:
        return Match.NO
    lines = [line.strip() for line in head.text.split("\n") if line.strip()][:12]
    lines = [line for line in lines if not _TIME.match(line)]
    if not lines:
        return Match.NO
    is_named = bool(_HEADER.match(lines[0])) or all(_GREP.match(line) for line in lines[:3])
    is_stat = bool(_STAT.match(lines[0])) and all(_PAIR.match(line) for line in lines[:-1])
    return Match.SHAPE if is_named or is_stat else Match.NO


def read(source: Source) -> Reading:
    """Read the numbers as ``memory.current``, ``memory.stat.anon`` and so on, in bytes.

    ``max`` (no limit) becomes null. The label ``cgroup`` holds the folder, where one is named.
    """
    table = SeriesTable(source)
    lines = Lines(source)
    file_us, file_note = capture_time(source)
    time_us: int | None = None
    notes: list[str] = []
    folder, name = "", "memory.stat"
    for raw in lines:
        line = raw.decode("utf-8", errors="replace").strip()
        if not line:
            continue
        moment = find_time_in_text(line) if _TIME.match(line) and not line.isdigit() else None
        header = _HEADER.match(line)
        if moment is not None:
            time_us = to_us(moment)
        elif header is not None:
            folder, name = header.groups()
        else:
            found = _GREP.match(line)
            place = (found[1], found[2]) if found else (folder, name)
            sample = _sample(place[1], found[3] if found else line)
            if sample is None:
                lines.hurt("no number")
                continue
            notes = notes or ([file_note] if time_us is None else [])
            metric, value = sample
            labels = {"cgroup": place[0].rstrip("/")} if place[0].strip("/") else {}
            unit = "count" if _COUNTS.search(metric) else "bytes"
            table.append(table.index_of(metric, labels, unit), time_us or file_us, value)
    return table.reading(_NAME, damage=lines.rows(), notes=notes)


def _sample(name: str, text: str) -> tuple[str, float] | None:
    pair = _PAIR.match(text)
    if pair is not None:
        return f"{name}.{pair[1]}", _value(pair[2])
    return (name, _value(text)) if _NUMBER.match(text) else None


def _value(text: str) -> float:
    return float("nan") if text == "max" else float(text)
