"""The kinds of quantity: how each is written, and what it is worth in base units."""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from forensics.analysis._spelling import (
    BOUND,
    CURRENCY,
    CURRENCY_AFTER,
    EVENTS,
    NUMBER,
    PER,
    PLAIN,
    SCALE,
    SHARE_SLACK,
    SHARE_WORD,
    SHARES,
    SIZE,
    SPAN,
    WORD,
    WORDS,
    bound_of,
    bytes_of,
    parse_number,
    parse_span,
    scale_of,
    seconds_of,
)

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
    ``>``, ``<`` or ``~`` where the text says so. ``factor`` is how many base units
    one of the written unit is. ``side`` is ``before`` or ``after`` for the two ends of an arrow.
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
    factor: float = 1.0
    side: Literal["", "before", "after"] = ""


_NOUNS: Final = r"(?P<noun>(?:[^\W\d_][\w-]*)(?:\s+[^\W\d_][\w-]*){0,2})"
_FOLD: Final = {
    "doubl": 2.0,
    "verdoppel": 2.0,
    "twofold": 2.0,
    "twice": 2.0,
    "halv": 0.5,
    "halbier": 0.5,
    "tripl": 3.0,
    "verdreifach": 3.0,
    "threefold": 3.0,
    "quadrupl": 4.0,
    "vervierfach": 4.0,
    "fourfold": 4.0,
    "fivefold": 5.0,
    "quintupl": 5.0,
    "tenfold": 10.0,
    "verzehnfach": 10.0,
}
PATTERNS: Final[tuple[tuple[QuantityKind, re.Pattern[str]], ...]] = (
    ("money_rate", re.compile(rf"{BOUND}(?P<cur>{CURRENCY})\s?{NUMBER}{SCALE}{PER}")),
    ("money_rate", re.compile(rf"{BOUND}{NUMBER}{SCALE}\s?(?P<cur>{CURRENCY_AFTER}){PER}")),
    ("money", re.compile(rf"{BOUND}(?P<cur>{CURRENCY})\s?{NUMBER}{SCALE}")),
    ("money", re.compile(rf"{BOUND}{NUMBER}{SCALE}\s?(?P<cur>{CURRENCY_AFTER})")),
    ("bytes_rate", re.compile(rf"{BOUND}{NUMBER}\s?{SIZE}{PER}")),
    (
        "bytes_ratio",
        re.compile(
            rf"{NUMBER}\s?(?:{SIZE})?\s?(?:/|(?i:(?:out )?of|von)(?i: an?| the| its)?)\s?"
            rf"(?P<n2>{PLAIN})\s?{SIZE.replace('<size>', '<size2>')}(?!\s?/)"
        ),
    ),
    ("bytes", re.compile(rf"{BOUND}{NUMBER}\s?-?{SIZE}")),
    ("percent", re.compile(rf"{BOUND}{NUMBER}\s?(?:%|(?i:percent|per cent|prozent|pct)\b)")),
    ("percent", re.compile(rf"{BOUND}\b(?P<share>(?i:{SHARE_WORD}))(?= of (?!an hour))")),
    (
        "ratio",
        re.compile(
            rf"(?<![\w./])(?P<n>{PLAIN})\s?(?i:(?:out )?of)(?i: the| our| all)?\s(?P<n2>{PLAIN})"
            rf"\s?(?:(?P<noun>(?i:{EVENTS}))?{PER}|(?i:rps|tps|qps|req/s)\b)"
        ),
    ),
    (
        "ratio",
        re.compile(
            rf"(?<![\w./])(?P<n>{PLAIN}){SCALE}\s?(?i:(?:out )?of)(?i: the| our| all)?\s"
            rf"(?P<n2>{PLAIN}){SCALE.replace('<scale>', '<scale2>').replace(')?', ')')}"
            rf"(?:\s+{_NOUNS})?"
        ),
    ),
    (
        "rate",
        re.compile(
            rf"{BOUND}{NUMBER}{SCALE}\s?(?:(?:[a-z]+ )?(?:{EVENTS}){PER}"
            r"|(?P<abbr>(?i:rps|tps|qps|req/s|r/s)|/\s?s(?:ec(?:ond)?)?)\b|"
            rf"{PER.replace('<per>', '<per2>')})"
        ),
    ),
    (
        "duration",
        re.compile(
            rf"{BOUND}(?<![\w.])(?P<span>PT(?:\d+[HMS])+\b|\d+:[0-5]\d(?::[0-5]\d)?\s?"
            r"(?:min(?:utes)?|hours?|hrs?|h)\b|(?:[Hh]alf an hour|a quarter of an hour|an hour and a half)|"
            rf"(?i:an|{WORD})[ -](?i:hours?)(?:,? (?i:and) |, | )(?:(?i:{WORD})|\d+)[ -](?i:minutes?|mins?)\b|"
            rf"\d+h\d\d\b|{SPAN}(?:\s?(?:(?:and|und) )?(?:{SPAN}))*|"
            rf"(?i:{WORD})[ -](?i:seconds?|minutes?|hours?|days?|minuten|stunden|sekunden)\b)"
        ),
    ),
    (
        "ratio",
        re.compile(
            rf"(?<![\w./])(?P<n>{PLAIN})\s?(?:/|(?i:out )?(?i:of|von)(?i: the| our| all)?(?=\s))\s?"
            rf"(?P<n2>{PLAIN})(?![\w/%.]|\s?%)(?:\s+{_NOUNS})?"
        ),
    ),
    (
        "multiple",
        re.compile(
            r"(?<![\w.])(?P<n>\d+(?:\.\d+)?)\s?(?:[x×](?![\w])|-?fold\b|(?i:times|mal)\b(?= |,|\.|$))|"
            r"(?<!\w)[x×](?P<m>\d+(?:\.\d+)?)\b|(?i:factor|faktor)(?: of| von)? (?P<k>\d+(?:\.\d+)?)|"
            rf"\b(?i:(?P<fold>{'|'.join(_FOLD)})\w*)\b(?! (?:every|alle|each))|\b(?i:(?P<word>{WORD})[ -]?(?:times|fold))\b"
        ),
    ),
    ("count", re.compile(rf"{BOUND}(?<![\w.#/-]){NUMBER}{SCALE}(?![\w%])(?:\s+{_NOUNS})?")),
    (
        "count",
        re.compile(
            rf"{BOUND}\b(?P<count>(?i:{WORD}|both))\s+(?i:of (?:the |our )?)?"
            r"(?P<noun>(?i:pods?|replicas?|instances?|nodes?|servers?|restarts?|kills?|times)\b)"
        ),
    ),
)


def tight_span(match: re.Match[str]) -> tuple[int, int]:
    """Return the span of a match without the noun that only names a count."""
    groups = match.groupdict()
    end = match.start("noun") if groups.get("noun") else match.end()
    return match.start(), end


def _make(kind: QuantityKind, match: re.Match[str], **values: object) -> Quantity:
    start, end = tight_span(match)
    return Quantity(
        kind=kind,
        text="",
        start=start + len(match.string[start:end]) - len(match.string[start:end].lstrip()),
        end=end,
        bound=bound_of(match.groupdict().get("bound") or ""),
        **values,  # type: ignore[arg-type]  # keyword values are typed where they are built
    )


def _scaled(match: re.Match[str]) -> tuple[float, float]:
    value, resolution = parse_number(match["n"])
    factor = scale_of(match["scale"])
    return value * factor, resolution * factor


def _money(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    value, resolution = _scaled(match)
    unit = _SIGNS.get(match["cur"].strip().lower(), match["cur"].strip())
    if kind == "money_rate":
        factor = 3600.0 / seconds_of(match["per"])
        return _make(
            kind,
            match,
            value=value * factor,
            resolution=resolution * factor,
            unit=f"{unit}/hour",
            factor=factor,
        )
    return _make(kind, match, value=value, resolution=resolution, unit=unit)


_SIGNS: Final = {
    **dict.fromkeys(("us$", "usd", "dollar", "dollars"), "$"),
    **dict.fromkeys(("eur", "euro", "euros"), "€"),
    **dict.fromkeys(("gbp", "pound", "pounds"), "£"),
}


def _size(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    value, resolution = parse_number(match["n"])
    factor = bytes_of(match["size"] or match["size2"])
    other = None
    if kind == "bytes_rate":
        factor *= 60.0 / seconds_of(match["per"])
    elif kind == "bytes_ratio":
        other = parse_number(match["n2"])[0] * bytes_of(match["size2"])
    unit = "bytes/min" if kind == "bytes_rate" else "bytes"
    return _make(
        kind,
        match,
        value=value * factor,
        resolution=resolution * factor,
        other=other,
        unit=unit,
        factor=factor,
    )


def _percent(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    spoken = match.groupdict().get("share")
    if spoken:
        share = SHARES[spoken.lower().replace("-", " ")]
        slack = SHARE_SLACK
        return _make(kind, match, value=share, resolution=slack, unit="share", factor=0.01)
    value, resolution = parse_number(match["n"])
    return _make(
        kind,
        match,
        value=value / 100,
        resolution=min(resolution, 0.5) / 100,
        unit="share",
        factor=0.01,
    )


def _rate(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    value, resolution = _scaled(match)
    per = match["per"] or match.groupdict().get("per2")
    factor = 1.0 / seconds_of(per) if per else 1.0
    return _make(
        kind, match, value=value * factor, resolution=resolution * factor, unit="1/s", factor=factor
    )


def _duration(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    value, resolution = _span_of(match["span"])
    return _make(kind, match, value=value, resolution=resolution, unit="s")


_ONES: Final = {"an": 1, "a": 1}
_SPOKEN: Final = {
    "half an hour": 1800.0,
    "a quarter of an hour": 900.0,
    "an hour and a half": 5400.0,
}


def _span_of(span: str) -> tuple[float, float]:
    """Return the seconds of a span and half of its last unit."""
    lower = span.lower()
    if lower in _SPOKEN:
        return _SPOKEN[lower], 150.0
    clock = re.match(r"(\d+):(\d\d)(?::(\d\d))?\s?([mh])", lower)
    if clock:
        parts = [int(part) for part in clock.groups()[:3] if part is not None]
        unit = 60.0 if clock[4] == "m" else 3600.0
        unit = 3600.0 if len(parts) > 2 else unit  # hours, minutes, seconds
        seconds = sum(part * unit / 60.0**place for place, part in enumerate(parts))
        return seconds, 0.5 * unit / 60.0 ** (len(parts) - 1)
    spoken = re.match(rf"(an|{WORD})[ -]hours?(?:,? and |, | )({WORD}|\d+)[ -]min", lower)
    if spoken:
        hours, minutes = (
            float(_ONES.get(word) or WORDS.get(word) or word) for word in spoken.groups()
        )
        return 3600.0 * hours + 60.0 * minutes, 30.0
    word = re.match(rf"({WORD})[ -](\w+)", lower)
    if word:
        unit = seconds_of(word[2])
        return WORDS[word[1]] * unit, 0.5 * unit
    plain = re.sub(r"(\d)([hms])(?=\d|$)", r"\1 \2 ", lower.removeprefix("pt"))
    seconds = parse_span(plain)
    number, unit_text = re.findall(rf"({PLAIN})\s?-?([a-zµ]*)", plain.strip())[-1]
    unit = seconds_of(unit_text) if unit_text else 60.0
    return seconds, 0.5 * unit * 10.0 ** -len(number.partition(".")[2])


def _ratio(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    value, resolution = parse_number(match["n"])
    other = parse_number(match["n2"])[0]
    noun = (match["noun"] or "").lower()
    of = scale_of(match.groupdict().get("scale2"))
    own = scale_of(match.groupdict().get("scale")) if match.groupdict().get("scale") else of
    slack = min(resolution, 0.5) * own
    return _make(kind, match, value=value * own, other=other * of, resolution=slack, noun=noun)


def _multiple(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    fold = next((v for stem, v in _FOLD.items() if (match["fold"] or "").lower() == stem), None)
    if fold is None and match["word"]:
        fold = float(WORDS[match["word"].lower()])
    if fold is not None:
        return _make(kind, match, value=fold, resolution=0.1 * fold, unit="times")
    value, resolution = parse_number(match["n"] or match["m"] or match["k"])
    return _make(kind, match, value=value, resolution=resolution, unit="times")


def _count(kind: QuantityKind, match: re.Match[str]) -> Quantity:
    noun = (match["noun"] or "").lower()
    word = match.groupdict().get("count")
    if word is not None:
        known = float(WORDS.get(word.lower(), 2.0 if word.lower() == "both" else 0.0))
        return _make(kind, match, value=known, noun=noun)
    value, resolution = _scaled(match)
    return _make(kind, match, value=value, resolution=resolution, noun=noun)


BUILD: Final = {
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
