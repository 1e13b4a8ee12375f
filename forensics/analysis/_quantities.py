"""Quantities in prose: times, durations, shares, sizes, rates, money, versions, counts.

Patterns are tried from the most to the least specific; what one has taken, the next does
not see again. Nothing here knows what a quantity is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

QuantityKind = Literal[
    "moment",
    "clock",
    "duration",
    "percent",
    "bytes",
    "bytes_rate",
    "bytes_ratio",
    "money",
    "money_rate",
    "rate",
    "ratio",
    "multiple",
    "version",
    "count",
]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity as written.

    ``value`` is in base units: seconds, bytes, bytes a minute, money units (a hour for
    ``money_rate``), events a second, a share of 0 to 1 for ``percent`` (signed), else a
    plain number. ``other`` is the second number of a ratio. ``resolution`` is half a unit
    of the last digit written, in the same unit: what rounding alone explains. ``bound`` is
    ``>``, ``<`` or ``~`` where the text says so.
    """

    kind: QuantityKind
    text: str
    start: int
    end: int
    value: float = 0.0
    other: float | None = None
    resolution: float = 0.0
    bound: str = ""
    moment: datetime | None = None
    unit: str = ""
    noun: str = ""


_NUMBER: Final = r"(?P<n>[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-+]?\d+(?:\.\d+)?)"
_SCALE: Final = r"(?P<scale>\s?(?:thousand|million|billion|mn|bn)\b|[kKmMbB](?![A-Za-z]))?"
_SIZE: Final = r"(?P<size>[kKMGTP]i?[bB]|bytes|[KMGT]i(?![A-Za-z]))"
_PER: Final = (
    r"\s?(?:/|(?i:per |a |an |each ))\s?"
    r"(?P<per>(?i:ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?))\b"
)
_SPAN: Final = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)"
_BOUND: Final = (
    r"(?P<bound>(?:(?<![-=])>=?|<=?(?!-)|~|≈|±|(?i:over|above|more than|below|under|less than|"
    r"about|around|up to|nearly|almost|approximately|roughly)\s)\s?)?"
)

_UNIT_S: Final = {"ms": 1e-3, "milli": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SCALES: Final = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
}
_EVENTS: Final = (
    r"(?:req(?:uest)?s?|transactions?|tx|calls?|events?|messages?|queries|orders?|payments?|ops)"
)
_NOUNS: Final = r"(?P<noun>(?:[A-Za-z][\w-]*)(?:\s+[A-Za-z][\w-]*){0,2})"

_PATTERNS: Final[tuple[tuple[QuantityKind, re.Pattern[str]], ...]] = (
    (
        "moment",
        re.compile(
            r"\b(?P<date>\d{4}-\d{2}-\d{2})[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)"
            r"\s?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
        ),
    ),
    (
        "clock",
        re.compile(
            r"\b(?P<time>[012]?\d:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)\s?(?P<zone>Z\b|UTC\b)?(?!\d)"
        ),
    ),
    ("version", re.compile(r"\b[vV]\d+(?:\.\d+){1,3}(?:-[\w.]+)?|\b\d+\.\d+\.\d+(?:-[\w.]+)?\b")),
    (
        "money_rate",
        re.compile(
            rf"{_BOUND}(?P<sign>[-+])?(?P<cur>[$€£¥]|\b(?:USD|EUR|GBP)\s)\s?{_NUMBER}{_SCALE}{_PER}"
        ),
    ),
    (
        "money",
        re.compile(
            rf"{_BOUND}(?P<sign>[-+])?(?P<cur>[$€£¥]|\b(?:USD|EUR|GBP)\s)\s?{_NUMBER}{_SCALE}"
        ),
    ),
    ("bytes_rate", re.compile(rf"{_BOUND}{_NUMBER}\s?{_SIZE}{_PER}")),
    (
        "bytes_ratio",
        re.compile(
            rf"{_NUMBER}\s?{_SIZE}\s?(?:/|(?:out )?of(?: an?| the| its)?)\s?"
            r"(?P<n2>\d+(?:\.\d+)?)\s?(?P<size2>[KMGT]i?[bB]?)"
        ),
    ),
    ("bytes", re.compile(rf"{_BOUND}{_NUMBER}\s?{_SIZE}\b")),
    ("percent", re.compile(rf"{_BOUND}{_NUMBER}\s?(?:%|percent\b|per cent\b)")),
    (
        "rate",
        re.compile(
            rf"{_BOUND}{_NUMBER}{_SCALE}\s?(?:(?:{_EVENTS}){_PER}"
            r"|(?P<abbr>rps|tps|qps|req/s|r/s|/\s?s(?:ec(?:ond)?)?)\b)"
        ),
    ),
    (
        "duration",
        re.compile(
            rf"{_BOUND}(?<![\w.])"
            rf"(?P<span>\d+(?:\.\d+)?\s?{_SPAN}\b(?:[\s,]*(?:and )?\d+\s?{_SPAN}\b)*)"
        ),
    ),
    (
        "ratio",
        re.compile(r"(?<![\w./])(?P<n>\d[\d,]*)\s?(?:/|of|out of)\s?(?P<n2>\d[\d,]*)(?![\w/])"),
    ),
    (
        "multiple",
        re.compile(
            r"(?<![\w.])(?P<n>\d+(?:\.\d+)?)\s?[x×](?![\w])|(?<!\w)[x×](?P<m>\d+(?:\.\d+)?)\b"
        ),
    ),
    ("count", re.compile(rf"{_BOUND}(?<![\w.#/-]){_NUMBER}{_SCALE}(?![\w%])(?:\s+{_NOUNS})?")),
)


#: A date without a time of day dates the text; it measures nothing.
_BARE_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b(?![T ]\d{2}:\d{2})")


def find_quantities(text: str, day: datetime | None = None) -> list[Quantity]:
    """Return the quantities of one line in the order they stand.

    Parameters
    ----------
    text
        One line, markup removed.
    day
        Date that a bare clock time belongs to; without it clock times are left out.
    """
    taken = bytearray(len(text))
    for date in _BARE_DATE.finditer(text):
        taken[date.start() : date.end()] = b"\x01" * (date.end() - date.start())
    found = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = _tight(match)
            if any(taken[start:end]):
                continue
            quantity = _BUILD[kind](kind, match, day)
            if quantity is not None:
                found.append(quantity)
            taken[start:end] = b"\x01" * (end - start)
    return sorted(found, key=lambda quantity: quantity.start)


def _tight(match: re.Match[str]) -> tuple[int, int]:
    """Return the span of a match without the noun that only names a count."""
    groups = match.groupdict()
    end = match.start("noun") if groups.get("noun") else match.end()
    return match.start(), end


def parse_span(text: str) -> float:
    """Return seconds for a written span such as ``5 min 28 sec``."""
    return sum(
        float(number) * seconds_in(unit)
        for number, unit in re.findall(rf"(\d+(?:\.\d+)?)\s?({_SPAN})\b", text)
    )


def seconds_in(unit: str) -> float:
    """Return the length of a written time unit in seconds."""
    unit = unit.lower()
    return _UNIT_S["ms"] if unit.startswith(("ms", "milli")) else _UNIT_S[unit[0]]


def _number(text: str) -> tuple[float, float]:
    """Return value and half a unit of the last digit; trailing zeros may be rounding."""
    plain = text.replace(",", "")
    _, point, decimals = plain.partition(".")
    if point:
        return float(plain), 0.5 * 10.0 ** -len(decimals)
    zeros = len(plain) - len(plain.rstrip("0"))
    return float(plain), 0.5 * 10.0 ** min(zeros, len(plain.lstrip("+-")) - 1)


def _scaled(match: re.Match[str]) -> tuple[float, float]:
    value, resolution = _number(match["n"])
    scale = _SCALES.get((match["scale"] or "").strip().lower(), 1.0)
    return value * scale, resolution * scale


def _bytes(size: str) -> float:
    size = size.lower()
    if size == "bytes":
        return 1.0
    # People write GB and mean GiB when they speak of memory: Kubernetes and the JVM count so.
    return float(1024 ** _BYTES[size[0]])


def _bound(match: re.Match[str]) -> str:
    word = (match.groupdict().get("bound") or "").strip().lower()
    if word in {">", ">=", "over", "above", "more than"}:
        return ">"
    if word in {"<", "<=", "below", "under", "less than", "up to"}:
        return "<"
    return "~" if word else ""


def _make(kind: QuantityKind, match: re.Match[str], **values: object) -> Quantity:
    start, end = _tight(match)
    return Quantity(
        kind=kind,
        text=match.string[start:end].strip(),
        start=start,
        end=end,
        bound=_bound(match),
        **values,  # type: ignore[arg-type]  # keyword values are typed where they are built
    )


def _moment(kind: QuantityKind, match: re.Match[str], day: datetime | None) -> Quantity | None:
    zone = match["zone"] or ""
    if zone in {"", "Z", "UTC"}:
        zone = "+00:00"
    if kind == "moment":
        date = match["date"]
    elif day is not None:
        date = day.date().isoformat()
    else:
        return None
    clock = match["time"].replace(",", ".")
    try:
        moment = datetime.fromisoformat(f"{date}T{clock.rjust(5, '0')}{zone}").astimezone(UTC)
    except ValueError:
        return None
    resolution = 0.5 if clock.count(":") > 1 else 30.0
    return _make(kind, match, moment=moment, resolution=resolution, unit="UTC")


def _version(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    return _make(kind, match, unit="version")


def _money(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _scaled(match)
    unit = match["cur"].strip()
    if kind == "money_rate":
        factor = 3600.0 / seconds_in(match["per"])
        return _make(
            kind, match, value=value * factor, resolution=resolution * factor, unit=f"{unit}/hour"
        )
    return _make(kind, match, value=value, resolution=resolution, unit=unit)


def _size(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _number(match["n"])
    factor = _bytes(match["size"])
    if kind == "bytes_rate":
        factor *= 60.0 / seconds_in(match["per"])
        return _make(
            kind, match, value=value * factor, resolution=resolution * factor, unit="bytes/min"
        )
    other = float(match["n2"]) * _bytes(match["size2"]) if kind == "bytes_ratio" else None
    return _make(
        kind, match, value=value * factor, resolution=resolution * factor, other=other, unit="bytes"
    )


def _percent(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _number(match["n"])
    return _make(
        kind, match, value=value / 100, resolution=min(resolution, 0.5) / 100, unit="share"
    )


def _rate(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _scaled(match)
    factor = 1.0 if match["abbr"] else 1.0 / seconds_in(match["per"])
    return _make(kind, match, value=value * factor, resolution=resolution * factor, unit="1/s")


def _duration(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    parts = re.findall(rf"(\d+(?:\.\d+)?)\s?({_SPAN})\b", match["span"])
    number, unit = parts[-1]
    return _make(
        kind,
        match,
        value=parse_span(match["span"]),
        resolution=0.5 * seconds_in(unit) * (10.0 ** -len(number.partition(".")[2])),
        unit="s",
    )


def _ratio(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _number(match["n"])
    other = _number(match["n2"])[0]
    return _make(kind, match, value=value, other=other, resolution=min(resolution, 0.5))


def _multiple(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _number(match["n"] or match["m"])
    return _make(kind, match, value=value, resolution=resolution, unit="times")


def _count(kind: QuantityKind, match: re.Match[str], _day: datetime | None) -> Quantity:
    value, resolution = _scaled(match)
    noun = (match["noun"] or "").lower()
    return _make(kind, match, value=value, resolution=resolution, noun=noun)


_BUILD: Final = {
    "moment": _moment,
    "clock": _moment,
    "version": _version,
    "money": _money,
    "money_rate": _money,
    "bytes": _size,
    "bytes_rate": _size,
    "bytes_ratio": _size,
    "percent": _percent,
    "rate": _rate,
    "duration": _duration,
    "ratio": _ratio,
    "multiple": _multiple,
    "count": _count,
}
