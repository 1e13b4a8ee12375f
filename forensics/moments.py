"""Moments as people and their tools write them: dates, clock times, zones, in many spellings.

Readers of change records and the analysis of declarations share it. Nothing is guessed from
the machine: a time without zone takes the zone that the caller names, UTC by default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["Moment", "find_day", "find_moments", "find_zone", "parse_moment"]

#: Minutes east of UTC by the abbreviations in daily use. Where one stands for several zones, it
#: is the one that on-call rosters mean: CST, IST and BST as Chicago, India and London summer time.
ZONES: Final = {
    **dict.fromkeys(("z", "utc", "gmt", "zulu", "wet"), 0),
    **dict.fromkeys(("bst", "west", "cet", "mez"), 60),
    **dict.fromkeys(("cest", "mesz", "eet", "sast"), 120),
    **dict.fromkeys(("eest", "msk", "trt"), 180),
    "gst": 240,
    "pkt": 300,
    "ist": 330,
    "ict": 420,
    "sgt": 480,
    "hkt": 480,
    "awst": 480,
    "jst": 540,
    "kst": 540,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
    "brt": -180,
    "edt": -240,
    "est": -300,
    "cdt": -300,
    "cst": -360,
    "mdt": -360,
    "mst": -420,
    "pdt": -420,
    "pst": -480,
    "akdt": -480,
    "akst": -540,
    "hst": -600,
}
#: Zones named without their season: the date decides.
_PLACES: Final = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
_NAMES: Final = "|".join(sorted([*ZONES, *_PLACES], key=len, reverse=True))
_WORD_ZONE: Final = rf"(?:UTC|GMT)[+-]\d\d?(?::?\d\d)?(?![\d:])|(?i:{_NAMES})(?![A-Za-z])"
#: With a date, a bare offset is one; after a clock time alone it is the end of a range.
_ZONE: Final = rf"(?P<zone>[+-]\d\d(?::?\d\d)?(?![\d:])|{_WORD_ZONE})"
_LONE_ZONE: Final = rf"(?P<zone>{_WORD_ZONE})"
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan",
            "feb",
            "mar mär mrz",
            "apr",
            "may mai",
            "jun",
            "jul",
            "aug",
            "sep",
            "oct okt",
            "nov",
            "dec dez",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH: Final = rf"(?:{'|'.join(_MONTHS)})[a-zä]*\.?"
_DATES: Final = (
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d\d(?!\d))",
    r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?[ -](?P<mon>{_MONTH}),?[ -](?P<y>\d{{4}})",
    rf"(?P<mon>{_MONTH})\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y>\d{{4}})",
)
_HALF: Final = r"(?P<half>[AaPp]\.?[Mm]\b\.?)"
_CLOCK: Final = (
    r"(?P<h>[012]?\d):(?P<min>[0-5]\d)(?::(?P<s>[0-5]\d)(?:[.,](?P<f>\d{1,9}))?)?(?![\d:])"
    rf"(?:\s?{_HALF})?"
)
_UHR: Final = r"(?:\s?(?:Uhr|hrs?|h)\b)?"
_TAIL: Final = rf"{_UHR}(?:\s?\(?{_ZONE}\)?)?"
_LONE_TAIL: Final = rf"{_UHR}(?:\s?\(?{_LONE_ZONE}\)?)?"
#: A clock time alone: with a colon, or written so that nothing else can be meant.
_BARE: Final = (
    rf"{_CLOCK}{_LONE_TAIL}",
    rf"(?P<h>[012]?\d)[.h](?P<min>[0-5]\d)\s?Uhr\b(?:\s?{_LONE_ZONE})?",
    rf"(?P<h>[01]?\d)\s?{_HALF}(?:\s?{_LONE_ZONE})?",
    r"(?P<h>[012]\d)(?P<min>[0-5]\d)(?P<zone>Z\b|\s(?:UTC|GMT|hrs)\b)",
    r"(?P<h>[012]\d)h(?P<min>[0-5]\d)\b",
)
_DATED: Final = tuple(
    re.compile(
        rf"(?<![\w.]){date}(?:T|,?\s+(?:(?:at|um|@)\s)?|\s?[-–]\s){_CLOCK}{_TAIL}", re.IGNORECASE
    )
    for date in _DATES
)
#: ``between 10:05 and 11:20 CEST``: the zone is of both.
_SHARED_ZONE: Final = re.compile(
    r"\s?(?:[-–—]|(?i:to|and|until|till|bis|und))\s?[012]?\d:[0-5]\d(?::[0-5]\d)?"
    rf"(?:\s?[AaPp]\.?[Mm]\b\.?)?\s?\(?{_LONE_ZONE}"
)
#: ``12:30 min`` is a span, ``5:1`` a ratio.
_NO_SPAN: Final = r"(?!\d?\s?(?:min(?:utes?|uten)?|hours|stunden)\b)"
_LONE: Final = tuple(
    re.compile(rf"(?<![\d:.,$€£/])(?:(?<!-)|(?<=:\d\d-)){clock}{_NO_SPAN}") for clock in _BARE
)
_DAY: Final = tuple(re.compile(rf"(?<![\w.]){date}(?!\d)", re.IGNORECASE) for date in _DATES)
_SAID: Final = re.compile(
    rf"(?i:times?(?:tamps?|zone)?\b|zeiten|uhrzeiten)[^.\n]{{0,24}}?[\s(:]{_ZONE}"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment in a text: its place, its time in UTC, and half the unit it is written to.

    ``has_date`` is false for a clock time that took its date from the caller.
    """

    start: int
    end: int
    at: datetime
    resolution_s: float
    has_date: bool


def parse_moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the first moment with a date in a text, in UTC; ``None`` without one.

    Examples
    --------
    >>> parse_moment("since 09.02.2026 15:23 CET").isoformat()
    '2026-02-09T14:23:00+00:00'
    >>> parse_moment("Feb 9, 2026 2:23 PM UTC").isoformat()
    '2026-02-09T14:23:00+00:00'
    """
    return next((m.at for m in find_moments(text, zone=zone) if m.has_date), None)


def find_moments(text: str, day: datetime | None = None, zone: tzinfo = UTC) -> list[Moment]:
    """Return the moments of a line in order.

    Parameters
    ----------
    text
        One line.
    day
        Date that a bare clock time belongs to; without it clock times are left out.
    zone
        Zone of a time that names none.
    """
    found: list[Moment] = []
    taken = bytearray(len(text))
    patterns = [(pattern, True) for pattern in _DATED]
    patterns += [(pattern, False) for pattern in _LONE] if day is not None else []
    for pattern, has_date in patterns:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            date = _date(match) if has_date else day
            shared = _SHARED_ZONE.match(text, end)
            at = _at(match, date, _zone(shared["zone"]) if shared else zone)
            if at is not None:
                resolution = 0.5 if match.groupdict().get("s") else 30.0
                found.append(Moment(start, end, at, resolution, has_date))
                taken[start:end] = b"\x01" * (end - start)
    return sorted(found, key=lambda moment: moment.start)


def find_day(text: str) -> datetime | None:
    """Return the first date that a text names, at midnight UTC, or ``None``."""
    first: tuple[int, datetime] | None = None
    for pattern in _DAY:
        for match in pattern.finditer(text):
            date = _date(match)
            if date is not None and (first is None or match.start() < first[0]):
                first = match.start(), date
            if date is not None:
                break
    return first[1] if first else None


def find_zone(text: str) -> tzinfo:
    """Return the zone that a text says its times are in (``all times CET``), else UTC."""
    said = _SAID.search(text)
    return _zone(said["zone"]) if said else UTC


def _date(match: re.Match[str]) -> datetime | None:
    groups = match.groupdict()
    year, day = int(groups["y"]), int(groups["d"])
    year += 2000 if len(groups["y"]) == 2 else 0  # two digits
    name = groups.get("mon")
    month = _MONTHS[name[:3].lower()] if name else int(groups["m"])
    if month > 12 >= day and "/" in match.group():  # months; day before month
        month, day = day, month
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _at(match: re.Match[str], date: datetime | None, zone: tzinfo) -> datetime | None:
    if date is None:
        return None
    groups = match.groupdict()
    hour = int(groups["h"])
    half = (groups.get("half") or "").lower()[:1]
    if half and not 1 <= hour <= 12:  # half of a day
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    said = (groups.get("zone") or "").strip()
    local = _zone(said) if said and said.lower() != "hrs" else zone
    fraction = int((groups.get("f") or "0")[:6].ljust(6, "0"))
    try:
        at = date.replace(
            hour=hour,
            minute=int(groups.get("min") or 0),
            second=int(groups.get("s") or 0),
            microsecond=fraction,
            tzinfo=local,
        )
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> tzinfo:
    """Return the zone of ``Z``, ``CET``, ``UTC+2``, ``-05:00``, ``+0530``."""
    if text.lower() in _PLACES:
        return ZoneInfo(_PLACES[text.lower()])
    known = ZONES.get(text.lower())
    if known is not None:
        return timezone(timedelta(minutes=known)) if known else UTC
    sign, digits = re.sub(r"(?i)utc|gmt", "", text)[:1], re.sub(r"\D", "", text)
    digits = (
        digits.rjust(2, "0").ljust(4, "0") if len(digits) <= 2 else digits.rjust(4, "0")
    )  # hours only
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=minutes if sign == "+" else -minutes))
