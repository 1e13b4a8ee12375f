"""Payment card numbers: issuer ranges, lengths, check digit, and how they are printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

#: Groups of digits, each pair separated by one space or dash (or by one of the exotic marks
#: that only count between four groups of four).
CARD: Final = re.compile(
    r"(?:(?<![\w.-])|(?<=card[_-])|(?<=pan[_-])|(?<=number[_-])|(?<=[a-z]_)(?=\d{13,16}_[a-z]))"
    r"\d++(?:[ \u00a0\u2009\u202f-]\d++)*+"
    r"(?![0-9A-Za-z]|[.]\d)",
    re.IGNORECASE,
)
CARD_GROUPS: Final = re.compile(
    r"(?<![0-9A-Za-z.])(?P<first>\d{4})(?P<mark>[.+_/]|%20|&nbsp;)\d{4}(?P=mark)\d{4}(?P=mark)"
    r"\d{4}(?![0-9A-Za-z]|[.+_/]\d)"
)
SEPARATORS: Final = re.compile(r"([ \u00a0\u2009\u202f.+_/-]|%20|&nbsp;)")
#: How card numbers are printed on cards and forms: sizes of groups of digits.
_GROUPINGS: Final = (
    (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4),
    (6, 13), (6, 10), (4, 4, 5), (8, 8),
)  # fmt: skip

#: (issuer prefix as regular expression, allowed lengths); ISO/IEC 7812 ranges in use.
_ISSUERS: Final = (
    (re.compile(r"4"), (13, 16, 19)),  # Visa
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"6011|64[4-9]|65"), (16, 17, 18, 19)),  # Discover
    (re.compile(r"30[0-5]|3095|36|3[89]"), (14, 16)),  # Diners Club
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),  # JCB
    (re.compile(r"62"), (16, 17, 18, 19)),  # UnionPay
    (re.compile(r"5018|5020|5038|5893|6304|6759|676[1-3]"), (12, 13, 14, 15, 16, 17, 18, 19)),
)
#: Decimal trace and span ids (64 bits) are as long as card numbers; their names say so.
TRACE_NAME: Final = re.compile(r"(?i)(?:trace|span|parent)[_.-]?id\\*[\"']?\s*[:=]\s*\\*[\"']?$")
#: Card numbers of 17 to 19 digits without gaps are rare, and 64-bit ids are not: such a one
#: counts only where the text before it speaks of a card.
_LONG_DIGITS: Final = 17
CARD_NAME: Final = re.compile(r"(?i)card|pan\b|pan[_-]?num|visa|maestro|unionpay|\bcc|acc(?:oun)?t")
NAME_LENGTH: Final = 40
#: A match shorter than this holds no card number.
SHORTEST: Final = 12


def is_card_number(digits: str) -> bool:
    """Say whether a string of digits is a payment card number (prefix, length, Luhn)."""
    for prefix, lengths in _ISSUERS:
        if len(digits) in lengths and prefix.match(digits):
            return _luhn(digits)
    return False


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def count_card_groups(parts: Sequence[str], at: int, *, is_named: bool) -> int:
    """Return how many groups from ``parts[at]`` on make a card number; 0 if none.

    ``parts`` alternates digits and separators. The groups must have the sizes that card
    numbers are printed in, and one separator throughout. ``is_named`` says that the text
    speaks of a card.
    """
    if (len(parts[at]) < _LONG_DIGITS or is_named) and is_card_number(parts[at]):
        return 1
    for sizes in _GROUPINGS if len(parts[at]) in {4, 6, 8} else ():
        groups = parts[at : at + 2 * len(sizes) - 1 : 2]
        marks = set(parts[at + 1 : at + 2 * len(sizes) - 2 : 2])
        is_printed_so = tuple(map(len, groups)) == sizes and len(marks) == 1
        if is_printed_so and is_card_number("".join(groups)):
            return len(sizes)
    return 0
