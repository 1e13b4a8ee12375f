"""How numbers, units and spans of time are spelled: English, German, with words or digits.

Facts of spelling only; ``_quantities.py`` looks for them in text.
"""

from __future__ import annotations

import re
from typing import Final

#: A number once ``to_points`` has made decimal commas into points; thousands by commas.
NUMBER: Final = r"(?P<n>(?:(?<![\w.])[-+−])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?))"
PLAIN: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SCALE: Final = (
    r"(?P<scale>\s?(?i:thousand|million|billion|millions|mn|bn|mio\.?|mrd\.?|tsd\.?|tausend|"
    r"millionen|milliarden)(?![A-Za-z])|\s?(?:mm|MM)(?![A-Za-z])|[kKmMbB](?![A-Za-z]))?"
)
SIZE: Final = (
    r"(?P<size>[kKMGTP]i?[bB](?![A-Za-z])|(?i:(?:kilo|mega|giga|kibi|mebi|gibi|tera)?bytes?)"
    r"(?![A-Za-z])|[KMGT]i(?![A-Za-z])|[kKMGT]o(?![A-Za-z])|(?i:gigs?|megs?)\b|[GM](?=\s?/\s?(?:\d|min|m\b|h\b|s\b)))"
)
_UNIT_OF_TIME: Final = (
    r"(?:(?i:minuten?|sekunden?|stunden?|tage?n?|minutes?|seconds?|hours?)|milliseconds?|millis|msecs?|ms|µs|seconds?|secs?|sekunden?|sek\.?|s|minutes?|minuten?|"
    r"mins?|m|hours?|hrs?|hr|stunden?|std\.?|h|days?|tage?n?|d)"
)
PER: Final = (
    rf"\s?(?:/|(?i:per|an?|each|every|pro|je|p\.)\s)\s?(?P<per>(?i:{_UNIT_OF_TIME}))(?![A-Za-z])"
)
#: A count of time units may stand in words.
_PLAIN_WORDS: Final = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "eleven": 11,
    "sixteen": 16,
    "eighteen": 18,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "acht": 8,
    "zehn": 10,
    "a dozen": 12,
    "zwanzig": 20,
    "dreißig": 30,
    "a couple of": 2,
}
WORDS: Final = _PLAIN_WORDS | {
    f"{tens}{mark}{ones}": _PLAIN_WORDS[tens] + _PLAIN_WORDS[ones]
    for tens in ("twenty", "thirty", "forty", "fifty")
    for ones in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    for mark in ("-", " ")
}
WORD: Final = rf"(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})"
#: Shares in words, and how far off such a word may be.
SHARES: Final = {
    "half": 0.5,
    "a third": 1 / 3,
    "one third": 1 / 3,
    "two thirds": 2 / 3,
    "a quarter": 0.25,
    "one quarter": 0.25,
    "three quarters": 0.75,
    "a fifth": 0.2,
    "a tenth": 0.1,
}
SHARE_WORD: Final = rf"(?:{'|'.join(sorted(SHARES, key=len, reverse=True)).replace(' ', '[ -]')})"
SHARE_SLACK: Final = 0.05
SPAN: Final = rf"(?:{PLAIN})\s?-?{_UNIT_OF_TIME}(?![A-Za-z])"
BOUND: Final = (
    r"(?P<bound>(?:(?<![-=])>=?|<=?(?!-)|[~≈±≥≤]|(?i:over|above|more than|at least|no less than|"
    r"below|under|less than|fewer than|at most|no more than|about|around|up to|nearly|almost|"
    r"approximately|approx\.?|roughly|circa|ca\.|some|mindestens|mehr als|über|unter|höchstens|"
    r"rund|etwa|knapp|fast|bis zu)\s)\s?)?"
)
CURRENCY: Final = r"(?:[$€£¥]|US\$|\b(?:USD|EUR|GBP|CHF|JPY)\s?)"
CURRENCY_AFTER: Final = r"(?:[$€£¥]|(?i:USD|EUR|GBP|CHF|euros?|dollars?|pounds?)(?![A-Za-z]))"
#: Things that come one by one, for rates.
EVENTS: Final = (
    r"(?i:req(?:uest)?s?|transactions?|txns?|tx|calls?|events?|messages?|msgs?|queries|orders?|"
    r"payments?|hits?|ops|operations?|checkouts?|logins?|anfragen|aufrufe|bestellungen|jobs?)"
)
UP: Final = frozenset([">", ">=", "≥", "over", "above", "more than", "at least", "no less than"])
UP_GERMAN: Final = frozenset(["mindestens", "mehr als", "über"])
DOWN: Final = frozenset(["<", "<=", "≤", "below", "under", "less than", "fewer than", "at most"])
DOWN_ALSO: Final = frozenset(["no more than", "up to", "unter", "höchstens", "bis zu"])

_TIMES: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_POWERS: Final = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SCALES: Final = {"k": 1e3, "t": 1e3, "m": 1e6, "b": 1e9}
_FULL: Final = {"milliarden": 1e9, "mrd": 1e9, "mm": 1e6}
_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.,]*\d)")
_COMMA: Final = re.compile(r"(?<![\d.,])\d+,\d{1,2}(?![\d,])(?!\.\d)")
_POINT: Final = re.compile(r"(?<![\d.,vV])\d+\.\d{1,2}(?![\d.])")
_ENGLISH: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_TOKEN: Final = re.compile(r"(?<![\w.,])[-+]?\d[\d.,]*\d(?!\w*[.,]\d)")
_SPACED: Final = re.compile(r"(?<=\d)['’\u202f\u00a0\u2009](?=\d{3}(?!\d))")
#: Nobody writes thousandths of a euro.
_EUROS: Final = re.compile(
    r"(?<=€)\s?\d{1,3}(?:\.\d{3})+(?![\d.])|(?<![\d.,])\d{1,3}(?:\.\d{3})+(?=\s?(?:€|EUR|CHF))"
)
#: One blank before three digits may part two numbers; not so with a unit, or with two blanks.
_BLANKS: Final = re.compile(
    r"(?<![\d.,])\d{1,3}(?: \d{3}){2,}(?![\d.,]*\d)|"
    rf"(?<![\d.,:])\d{{1,3}} \d{{3}}(?=\s?(?:{CURRENCY_AFTER}|{EVENTS}\b))|"
    r"(?<=[$€£])\d{1,3} \d{3}\b(?![.,]\d)"
)
_SWAP: Final = str.maketrans(".,", ",.")


def has_decimal_commas(text: str) -> bool:
    """Say whether a text writes its numbers as ``1.234,5``."""
    german = len(_COMMA.findall(text)) + sum("," in m or m.count(".") > 1 for m in _grouped(text))
    return german > len(_POINT.findall(text)) + len(_ENGLISH.findall(text))


def _grouped(text: str) -> list[str]:
    return [match.group() for match in _GROUPED.finditer(text)]


def to_points(line: str, *, commas: bool) -> str:
    """Return a line of the same length with numbers written as ``1,234.5``.

    ``commas`` says that the text has decimal commas. Without it only what can't be anything
    else is changed: two groups of three (``1.250.000``) and one or two digits after a comma.
    """
    mark = "." if commas else ","
    line = _SPACED.sub(mark, line)
    if not commas:
        line = _EUROS.sub(lambda match: match.group().translate(_SWAP), line)
    line = _BLANKS.sub(lambda match: match.group().replace(" ", mark), line)
    return _TOKEN.sub(lambda match: _swap(match.group(), commas=commas), line)


def _swap(number: str, *, commas: bool) -> str:
    bare = number.lstrip("+-")
    is_grouped = bool(re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", bare))
    if is_grouped and (commas or bare.count(".") > 1 or "," in bare):
        return number.translate(_SWAP)
    if re.fullmatch(r"\d+,\d+" if commas else r"\d+,\d{1,2}", bare):
        return number.translate(_SWAP)
    return number


def parse_number(text: str) -> tuple[float, float]:
    """Return value and half a unit of the last digit; trailing zeros may be rounding."""
    plain = text.replace(",", "").replace("−", "-")
    _, point, decimals = plain.partition(".")
    if point:
        return float(plain), 0.5 * 10.0 ** -len(decimals)
    zeros = len(plain) - len(plain.rstrip("0"))
    return float(plain), 0.5 * 10.0 ** min(zeros, max(len(plain.lstrip("+-")) - 1, 0))


def scale_of(text: str | None) -> float:
    """Return the factor of ``k``, ``million``, ``Mio.``; 1 without one."""
    word = (text or "").strip().lower().rstrip(".")
    return _FULL.get(word) or (_SCALES[word[0]] if word else 1.0)


def bytes_of(size: str) -> float:
    """Return the bytes of a unit.

    People write GB and mean GiB when they speak of memory: Kubernetes and the JVM count so.
    """
    size = size.lower()
    return 1.0 if size.startswith("byte") else float(1024 ** _POWERS[size[0]])


def seconds_of(unit: str) -> float:
    """Return the length of a written unit of time in seconds."""
    unit = unit.lower()
    if unit.startswith("µ"):
        return 1e-6
    if unit.startswith(("st", "t")):
        return _TIMES["h" if unit[0] == "s" else "d"]
    return _TIMES["ms"] if re.match(r"ms|milli", unit) else _TIMES[unit[0]]


def parse_span(text: str) -> float:
    """Return seconds for a written span such as ``5 min 28 sec``, ``1h30``, ``PT5M``."""
    pairs = re.findall(
        rf"({PLAIN})\s?-?({_UNIT_OF_TIME})(?![A-Za-z])|({PLAIN})$", text.strip(), re.IGNORECASE
    )
    total, last = 0.0, 3600.0
    for number, unit, rest in pairs:
        last = seconds_of(unit) if unit else last / 60.0
        total += parse_number(number or rest)[0] * last
    return total


def bound_of(word: str) -> str:
    """Return ``>``, ``<`` or ``~`` for a word that limits a number, else nothing."""
    word = word.strip().lower()
    if word in UP or word in UP_GERMAN:
        return ">"
    if word in DOWN or word in DOWN_ALSO:
        return "<"
    return "~" if word else ""
