"""``sadf -j``: what sysstat's collector recorded of a host, as JSON.

References
----------
sysstat, ``sadf(1)`` and ``xml/sysstat.xsd`` (the JSON has the same names): memory in KiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._json_document import load_document
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import to_us

TITLE: Final = "sysstat records (sadf -j)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "sadf"
_KIB: Final = 1024.0
#: Sections whose plain numbers are KiB.
_KIB_SECTIONS: Final = frozenset({"memory", "hugepages"})


def sniff(head: Head) -> Match:
    """Claim JSON of sysstat."""
    data = head.data.lstrip()
    is_own = data.startswith(b"{") and b'"sysstat"' in data[:64] and b'"hosts"' in data
    return Match.MAGIC if is_own else Match.NO


def read(source: Source) -> Reading:
    """Read every number of every interval, named ``sadf_SECTION_FIELD``.

    Raises
    ------
    CorruptEvidenceError
        If the file is no JSON of sysstat.
    """
    document, damage = load_document(source)
    try:
        hosts = document["sysstat"]["hosts"]
    except (KeyError, TypeError) as error:
        raise CorruptEvidenceError(source.name, "has no hosts", expected="sadf -j") from error
    table = SeriesTable(source)
    notes: list[str] = []
    for host in hosts if isinstance(hosts, list) else ():
        if not isinstance(host, dict):
            continue
        labels = {"nodename": str(host.get("nodename") or "")}
        records = host.get("statistics")
        for record in records if isinstance(records, list) else ():
            if not isinstance(record, dict):
                continue
            time_us = _time(record.get("timestamp"), notes)
            if time_us is None:
                damage.append(DamageRow(source.name, "an interval without a time", "left out"))
                continue
            for section, content in record.items():
                if section != "timestamp":
                    _add_section(table, (section, labels, time_us), content)
    return table.reading(_NAME, damage=damage, notes=notes)


def _add_section(table: SeriesTable, place: tuple[str, dict[str, str], int], content: Any) -> None:
    section, labels, time_us = place
    for path, extra, value in _iter_numbers(content, (section,), {}):
        is_size = section in _KIB_SECTIONS and "percent" not in path[-1]
        index = table.index_of(
            "sadf_" + "_".join(path).replace("-", "_"),
            {**labels, **extra},
            "bytes" if is_size else None,
        )
        table.append(index, time_us, value * (_KIB if is_size else 1.0))


def _iter_numbers(
    node: Any, path: tuple[str, ...], labels: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, str], float]]:
    """Yield path, labels and value of all numbers; texts beside them are labels."""
    if isinstance(node, list):
        for item in node:
            yield from _iter_numbers(item, path, labels)
    elif isinstance(node, dict):
        texts = {str(k): v for k, v in node.items() if isinstance(v, str)}
        for name, value in node.items():
            yield from _iter_numbers(value, (*path, str(name)), {**labels, **texts})
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, labels, float(node)


def _time(stamp: Any, notes: list[str]) -> int | None:
    if not isinstance(stamp, dict):
        return None
    try:
        moment = datetime.fromisoformat(f"{stamp['date']}T{stamp['time']}")
    except (KeyError, ValueError):
        return None
    if not stamp.get("utc"):
        notes.append("the records are in the host's local time and are taken as UTC")
    return to_us(moment.replace(tzinfo=UTC))
