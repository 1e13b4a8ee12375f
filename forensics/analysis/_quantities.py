"""Quantities in prose: times, durations, shares, sizes, rates, money, versions, counts.

Patterns are tried from the most to the least specific; what one has taken, the next does
not see again. Nothing here knows what a quantity is about.
"""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from forensics.analysis._quantity_kinds import BUILD, PATTERNS, Quantity, tight_span
from forensics.analysis._spelling import scale_of, to_points
from forensics.moments import find_moments

__all__ = ["Quantity", "find_quantities"]

_VERSION: Final = re.compile(
    r"(?<![\w.-])[vV]\d+(?:\.\d+){1,3}(?:[-+][\w.]+)?|(?<![\w.,-])\d+\.\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?"
    r"(?![\w.]*[,€$%])|(?<![\w.-])[vV]\d+\b"
)
#: Names and addresses with digits in them measure nothing: 10.0.0.7:8080, m5.2xlarge, INC-42, #7,
#: p99, HTTP 503, Java 17.
_NO_QUANTITY: Final = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b|\b[a-z]\d[a-z]?\.\d*x?large\b|https?://\S+|"
    r"\b[A-Z]{2,10}-?\d{2,}\b|#\d+\b|\b[pP]\d{2}(?:\.\d+)?\b|\b(?:HTTP|status|code)[ /]?\d{3}s?\b|"
    r"\b[45]xx\b|\b(?:Java|JDK|OpenJDK|Python|Node(?:\.js)?|Go|PostgreSQL|Postgres|MySQL|Redis|"
    r"Oracle|Kafka|Spring Boot|Kubernetes|Debian|Ubuntu|PG|TLS|HTTP)[ /-]?v?\d+(?:\.\d+)*\b|"
    r"\b(?:SEV|Sev|sev|P|S)[- ]?[0-5]\b|\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-\d+[a-z]?\b(?!\s?%)"
)
_BARE_DATE: Final = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b(?![T ]\d{2}:\d{2})|\b\d{1,2}\.\d{1,2}\.\d{4}\b|\b\d{1,2}/\d{1,2}/\d{4}\b|"
    r"\b\d{1,2}(?:st|nd|rd|th)?\.? (?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|"
    r"dez)[a-z]*\.?,? \d{4}\b|\b(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? "
    r"\d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b"
)
_ARROW: Final = re.compile(
    r"[^\w%€$£]*(?:→|⇒|➜|➔|-+>|=+>|»|\bto\b|\bauf\b|\bup to\b|\bbis\b)"
    r"(?:[\s:(~]|now|current\w*|about)*"
)
_LABELLED_AFTER: Final = re.compile(
    r"(?i)\s*\(?(?:before|normal(?:ly)?|usual(?:ly)?|earlier|previously|vorher|baseline)\b"
)
_AGAINST: Final = re.compile(
    r"(?i)\W*(?:now\W+)?(?:vs\.?|versus|compared (?:to|with)|instead of|against|statt|gegenüber|"
    r"(?:up|down) from|where)\s(?:(?:the|our|a|usual|normal|baseline|of|is|about)\s|~)*"
)
_POINTS: Final = frozenset(["moment", "clock", "version"])
#: How far words may stand from the number that they speak of.
_LEAD: Final = 24
_DASH: Final = re.compile(r"\s?[-–]\s?")
_BETWEEN: Final = re.compile(r"(?i)(?:between|zwischen)\W*$")
_LABELLED: Final = re.compile(
    r"(?i)(?:normal(?:ly)?|usual(?:ly)?|baseline|before|typical(?:ly)?|was|vorher|sonst|from|von)\b"
    r"[\s:=(~]*(?:(?:is|at|of|about|around)\s)?$"
)


def find_quantities(
    text: str, day: datetime | None = None, zone: tzinfo = UTC, *, commas: bool = False
) -> list[Quantity]:
    """Return the quantities of one line in the order they stand.

    Parameters
    ----------
    text
        One line, markup removed.
    day
        Date that a bare clock time belongs to; without it clock times are left out.
    zone
        Zone of times that name none.
    commas
        Whether the text writes ``1.234,5``.
    """
    taken = bytearray(len(text))
    found = []
    for moment in find_moments(text, day, zone):
        found.append(
            Quantity(
                "moment" if moment.has_date else "clock",
                text[moment.start : moment.end],
                moment.start,
                moment.end,
                moment=moment.at,
                resolution=moment.resolution_s,
                unit="UTC",
            )
        )
        _take(taken, moment.start, moment.end)
    for nothing in (_BARE_DATE, _NO_QUANTITY):
        for match in nothing.finditer(text):
            _take(taken, *match.span())
    for match in _VERSION.finditer(text):
        if not any(taken[match.start() : match.end()]) and not (commas and _is_grouped(match[0])):
            found.append(Quantity("version", match[0], *match.span(), unit="version"))
            _take(taken, *match.span())
    points = to_points(text, commas=commas)
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(points):
            start, end = tight_span(match)
            if any(taken[start:end]):
                continue
            quantity = BUILD[kind](kind, match)
            found.append(replace(quantity, text=text[quantity.start : quantity.end].strip()))
            _take(taken, start, end)
    return _join_pairs(sorted(found, key=lambda quantity: quantity.start), points)


def _take(taken: bytearray, start: int, end: int) -> None:
    taken[start:end] = b"\x01" * (end - start)


def _is_grouped(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}(?:\.\d{3})+", text))


def _join_pairs(found: list[Quantity], text: str) -> list[Quantity]:
    """Make one of a range; give the ends of an arrow one unit, and say which end is which.

    ``200-300 MB`` is one quantity; ``5K -> 20K req/s``, ``from 2 to 7 GB`` and ``normal 5K, now
    20K rps`` are two of a kind.
    """
    joined: list[Quantity] = []
    for quantity in found:
        first, second = (joined[-1] if joined else None), quantity
        if first is not None and first.kind not in _POINTS and second.kind not in _POINTS:
            between = text[first.end : second.start]
            lead = text[max(0, first.start - _LEAD) : first.start]
            is_range = bool(_DASH.fullmatch(between)) or (
                between.strip() in {"and", "und"} and bool(_BETWEEN.search(lead))
            )
            if is_range and first.kind == "count":
                joined[-1] = _merged(_same_unit(first, second), second)
                continue
            is_reversed = bool(_AGAINST.fullmatch(between))
            if not first.side and (is_reversed or _is_arrow(lead, between)):
                first, second = _same_unit(first, second), _same_unit(second, first)
                if first.kind == second.kind:
                    joined[-1] = replace(first, side="after" if is_reversed else "before")
                    joined.append(replace(second, side="before" if is_reversed else "after"))
                    continue
        joined.append(second)
    return joined


def _is_arrow(lead: str, between: str) -> bool:
    """Say whether what stands before and between two numbers makes them before and after."""
    if len(between) > _LEAD or ";" in between:
        return False
    is_labelled = bool(_LABELLED.search(lead) or _LABELLED_AFTER.match(between))
    return is_labelled or bool(_ARROW.fullmatch(between))


def _merged(low: Quantity, high: Quantity) -> Quantity:
    half = abs(high.value - low.value) / 2.0
    middle = (high.value + low.value) / 2.0
    text = f"{low.text}-{high.text}"
    return replace(high, start=low.start, text=text, value=middle, resolution=half, bound="~")


def _same_unit(first: Quantity, second: Quantity) -> Quantity:
    """Lend a bare number the unit of the number that the arrow points at."""
    if first.kind != "count" or second.kind == "count" or not second.unit:
        return first
    factor = second.factor
    scale = scale_of("".join(re.findall(r"\d\s?([kKmMbB])\b", second.text)))
    if first.value * factor * scale <= second.value:
        factor *= scale if not re.search(r"[A-Za-z]", first.text) else 1.0
    return replace(
        first,
        kind=second.kind,
        value=first.value * factor,
        resolution=first.resolution * factor,
        unit=second.unit,
        factor=second.factor,
        noun="",
    )
