"""Blank secrets in text that leaves the tool: card numbers, tokens, passwords, keys.

One engine serves the report, the command line and error messages. A secret becomes a
pseudonym such as ``[card#5f0c1e]``: the same secret gives the same pseudonym, so a
payment can still be followed over services. Precision counts as much as recall: hashes,
ids, amounts and epoch stamps stay as they are.

Card numbers need issuer prefix, length (ISO/IEC 7812) and the Luhn check digit together:
Luhn alone flags one in ten millisecond stamps.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

_KEY_VARIABLE: Final = "FORENSICS_PSEUDONYM_KEY"
_DIGITS: Final = 6

_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)")

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

_KEY_NAME: Final = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|"
    r"(?:api|access|secret|private|signing|encryption|account|shared)[_-]?key|"
    r"client[_-]?secret|(?:access|refresh|auth|id|session|bearer|csrf|xsrf)[_-]?token|"
    r"session[_-]?(?:id|key)|jsessionid|cvv2?|cvc2?|"
    r"(?:aws_)?secret_access_key|secretaccesskey|sslpassword|keystorepassword)"
)

#: key=value, key: value, "key": "value", \"key\":\"value\"; the key may have a prefix
#: (db.password). A quote that a torn line never closes ends with the line.
_KEYED: Final = re.compile(
    rf"""(?imx)(?P<key>(?<![a-z0-9]){_KEY_NAME}|(?<=[a-z0-9][_.-]){_KEY_NAME}
    |(?<=[a-z])(?:Password|Secret|Token|ApiKey|AccessKey))
    (?P<link>(?:\\*["'])?\s*(?:=>|[:=])\s*)
    (?:(?P<quote>\\*["'])(?P<quoted>.{{0,4096}}?)(?P<close>(?<!\\)(?P=quote)|$)
    |(?P<bare>[^\s"'\\,;&<>(){{}}\[\]]+))"""
)
_PLAIN_VALUES: Final = re.compile(
    r"(?i)(?:null|none|nil|true|false|yes|no|undefined|n/?a|missing|invalid|expired|valid|"
    r"unset|empty|required|redacted|string|-?\d{1,3}|\*+|x+|\.+|<.*>|\[[a-z-]+#[0-9a-f]{6}\].*|"
    r"\$\{.*|%s|\?)?"
)
_HEADER: Final = re.compile(
    r"(?i)(?P<scheme>\b(?:bearer|basic|digest|token)\s+)(?P<value>[A-Za-z0-9._~+/-]{8,}=*)"
)
_USERINFO: Final = re.compile(
    r"(?P<lead>\b[a-z][a-z0-9+.-]*://[^\s/:@\"'<>]*:)(?P<value>[^\s/@\"'<>]+)(?P<tail>@)",
    re.IGNORECASE,
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?P<what>[A-Z ]*PRIVATE KEY)-----.*?(?:-----END (?P=what)-----|\Z)", re.DOTALL
)

#: Tokens that say themselves what they are, by their issuers' published prefixes.
_SHAPES: Final = (
    ("jwt", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")),
    ("aws-key", re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b")),
    ("gcp-key", re.compile(r"\bAIza[\w-]{35}|\bya29\.[\w.-]{20,}")),
    ("token", re.compile(r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{16,})")),
    ("token", re.compile(r"\bxox[abeoprs]-[\w-]{10,}|\bnpm_\w{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}")),
    ("token", re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w{10,}|\bwhsec_\w{16,}")),
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE
)
_IPV4: Final = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"
)


def pseudonym(kind: str, secret: str) -> str:
    """Return ``[kind#xxxxxx]``: stable for one secret, and too short to lead back to it.

    24 bits of a keyed hash; set ``FORENSICS_PSEUDONYM_KEY`` to make them differ from
    those of other people's reports.
    """
    key = os.environ.get(_KEY_VARIABLE, "forensics").encode()
    digest = hmac.new(key, f"{kind}:{secret}".encode(), hashlib.sha256).hexdigest()
    return f"[{kind}#{digest[:_DIGITS]}]"


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


@dataclass(frozen=True, slots=True)
class Redactor:
    """What to blank. Secrets always are, unless ``reveal``; personal data by choice."""

    emails: bool = True
    ip_addresses: bool = False
    reveal: bool = False

    def __call__(self, text: str) -> str:
        """Return ``text`` with secrets replaced; running it again changes nothing."""
        if self.reveal or not text:
            return text
        text = _PRIVATE_KEY.sub(_whole("private-key"), text)
        for kind, shape in _SHAPES:
            text = shape.sub(_whole(kind), text)
        text = _USERINFO.sub(_userinfo, text)
        text = _HEADER.sub(_header, text)
        text = _KEYED.sub(_keyed, text)
        text = _CARD.sub(_card, text)
        if self.emails:
            text = _EMAIL.sub(_whole("email"), text)
        if self.ip_addresses:
            text = _IPV4.sub(_whole("ip"), text)
        return text


_current: ContextVar[Redactor] = ContextVar("forensics_redactor", default=Redactor())  # noqa: B039  # frozen


def redact(text: str) -> str:
    """Return ``text`` with every recognised secret replaced, by the redactor in force."""
    return _current.get()(text)


def current_redactor() -> Redactor:
    """Return the redactor in force, to hand it to another process."""
    return _current.get()


@contextmanager
def redacting(redactor: Redactor) -> Iterator[None]:
    """Use ``redactor`` for every ``redact`` inside the block (and its context)."""
    token = _current.set(redactor)
    try:
        yield
    finally:
        _current.reset(token)


def _whole(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda match: pseudonym(kind, match.group())


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", match.group())
    return pseudonym("card", digits) if is_card_number(digits) else match.group()


def _userinfo(match: re.Match[str]) -> str:
    if _PLAIN_VALUES.fullmatch(match["value"]):
        return match.group()
    return f"{match['lead']}{pseudonym('password', match['value'])}{match['tail']}"


def _header(match: re.Match[str]) -> str:
    """Blank a credential after its scheme; a plain word ("basic authentication") is none."""
    value = match["value"]
    is_word = re.fullmatch(r"[A-Z]?[a-z]+(?:[._/-][a-z]+)*|[A-Z]+", value)
    if is_word and len(value) < 24:
        return match.group()
    return f"{match['scheme']}{pseudonym('token', value)}"


def _keyed(match: re.Match[str]) -> str:
    value = match["quoted"] if match["quote"] is not None else match["bare"]
    if _PLAIN_VALUES.fullmatch(value):
        return match.group()
    quote, close = match["quote"] or "", match["close"] or ""
    kind = "password" if match["key"].lower().startswith(("pass", "pwd")) else "secret"
    return f"{match['key']}{match['link']}{quote}{pseudonym(kind, value)}{close}"
