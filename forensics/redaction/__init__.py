"""Blank secrets in text that leaves the tool: card numbers, tokens, passwords, keys.

One engine serves the report, the command line and error messages. A secret becomes a
pseudonym such as ``[card#5f0c1e]``: the same secret gives the same pseudonym, so a
payment can still be followed over services. Precision counts as much as recall: hashes,
ids, amounts and epoch stamps stay as they are.

The shapes of secrets are in ``_shapes`` and ``_cards``, the key of pseudonyms is in
``_pseudonyms``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from forensics.redaction import _cards as cards
from forensics.redaction import _shapes as shapes
from forensics.redaction._cards import is_card_number
from forensics.redaction._pseudonyms import pseudonym

__all__ = [
    "Redactor",
    "current_redactor",
    "is_card_number",
    "pseudonym",
    "redact",
    "redact_value",
    "redacting",
]

#: Keys that hold a name beside the key that holds its value, as Kubernetes and OTLP write it.
_NAMES: Final = ("name", "key", "Name", "Key")
_VALUES: Final = ("value", "val", "Value", "stringValue")


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
        low = text.lower()
        for shape in shapes.PAIRS:
            if any(clue in low for clue in shape.clues):
                text = shape.pattern.sub(_part(shape.kind), text)
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, text: str) -> str:
        """Redact one line: most lines hold no clue to a secret, and cost next to nothing."""
        low = text.lower()
        for shape in shapes.LINES:
            if any(clue in low for clue in shape.clues):
                text = shape.pattern.sub(_part(shape.kind), text)
        if "cookie" in low:
            text = shapes.COOKIES.sub(_cookies, text)
        if any(clue in low for clue in shapes.HEADER_CLUES):
            text = shapes.HEADER.sub(_header, text)
        if any(clue in low for clue in shapes.NAME_CLUES):
            text = shapes.KEYED.sub(_keyed, text)
        text = cards.CARD.sub(_card, text)
        text = cards.CARD_GROUPS.sub(_card, text)
        if self.emails and "@" in text:
            text = shapes.EMAIL.sub(_part("email"), text)
        if self.ip_addresses:
            text = shapes.IPV4.sub(_part("ip"), text)
            text = shapes.IPV6.sub(_address, text)
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON-like value with its texts, keys included, redacted.

        Here a secret's name may stand in another text than the secret: as the key of a
        mapping, or in a ``name`` beside a ``value``.
        """
        if self.reveal:
            return value
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        named = next((value[n] for n in _NAMES if isinstance(value.get(n), str)), "")
        hidden = set(_VALUES) if shapes.is_secret_name(named) else set()
        done = {}
        for key, item in value.items():
            if isinstance(item, str) and (key in hidden or shapes.is_secret_name(str(key))):
                shown: Any = _blank("secret", item)
            else:
                shown = self.value(item)
            done[self(key) if isinstance(key, str) else key] = shown
        return done


_current: ContextVar[Redactor] = ContextVar("forensics_redactor", default=Redactor())  # noqa: B039  # frozen


def redact(text: str) -> str:
    """Return ``text`` with every recognised secret replaced, by the redactor in force."""
    return _current.get()(text)


def redact_value(value: Any) -> Any:
    """Return a JSON-like value with every text in it redacted, by the redactor in force."""
    return _current.get().value(value)


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


def _part(kind: str) -> Callable[[re.Match[str]], str]:
    """Return what blanks the group ``value``, or all where there is none."""

    def replace(match: re.Match[str]) -> str:
        if "value" not in match.re.groupindex:
            return pseudonym(kind, match.group())
        begin, end = (place - match.start() for place in match.span("value"))
        text = match.group()
        return f"{text[:begin]}{_blank(kind, match['value'])}{text[end:]}"

    return replace


def _blank(kind: str, secret: str) -> str:
    return secret if shapes.PLAIN_VALUES.fullmatch(secret) else pseudonym(kind, secret)


def _card(match: re.Match[str]) -> str:
    """Blank those groups of a run of digits that make up a card number."""
    before = match.string[max(0, match.start() - cards.NAME_LENGTH) : match.start()]
    if len(match.group()) < cards.SHORTEST or cards.TRACE_NAME.search(before):
        return match.group()
    is_named = bool(cards.CARD_NAME.search(before))
    parts = cards.SEPARATORS.split(match.group())  # digits, separator, digits, ...
    done = []
    at = 0
    while at < len(parts):
        count = cards.count_card_groups(parts, at, is_named=is_named)
        if count:
            done.append(pseudonym("card", "".join(parts[at : at + 2 * count - 1 : 2])))
            at += 2 * count - 1
        else:
            done.append(parts[at])
            at += 1
        if at < len(parts):
            done.append(parts[at])
            at += 1
    return "".join(done)


def _header(match: re.Match[str]) -> str:
    """Blank a credential after its scheme; a plain word ("basic authentication") is none."""
    value = match["value"]
    if shapes.WORD.fullmatch(value) and len(value) < shapes.LONGEST_WORD:
        return match.group()
    return f"{match['scheme']}{pseudonym('token', value)}"


def _cookies(match: re.Match[str]) -> str:
    """Blank the value of each cookie, keep the names."""
    crumbs = shapes.COOKIE.sub(_part("secret"), match["value"])
    return f"{match['key']}{crumbs}"


def _keyed(match: re.Match[str]) -> str:
    value = match["quoted"] if match["quote"] is not None else match["bare"]
    if shapes.PLAIN_VALUES.fullmatch(value) or shapes.is_harmless(match["key"], value):
        return match.group()
    quote, close = match["quote"] or "", match["close"] or ""
    kind = "password" if match["key"].lower().startswith(("pass", "pwd")) else "secret"
    return f"{match['key']}{match['link']}{quote}{pseudonym(kind, value)}{close}"


def _address(match: re.Match[str]) -> str:
    try:
        ipaddress.IPv6Address(match.group())
    except ValueError:
        return match.group()
    return pseudonym("ip", match.group())
