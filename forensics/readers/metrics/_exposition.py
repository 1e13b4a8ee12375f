"""The notation ``name{label="value"}`` that exposition, dumps and legends share."""

from __future__ import annotations

import re
from typing import Final

#: One label pair; values escape backslash, quote and line feed (exposition format 0.0.4).
#: UTF-8 names of Prometheus 3 are quoted.
_LABEL: Final = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|[a-zA-Z_][\w.:-]*)\s*(?:=\s*"((?:[^"\\]|\\.)*)")?\s*(,|$)'
)
_ESCAPE: Final = re.compile(r"\\(.)")
_UNESCAPED: Final = {"n": "\n", "\\": "\\", '"': '"'}


def parse_series_name(text: str) -> tuple[str, dict[str, str]] | None:
    r"""Take ``name{label="value",...}`` apart; ``None`` if it is not of that form.

    The name may be missing (then it is the label ``__name__``, or empty), or stand quoted
    inside the braces as in Prometheus 3.

    Examples
    --------
    >>> parse_series_name('up{job="a\\"b"}')
    ('up', {'job': 'a"b'})
    """
    name, brace, rest = text.strip().partition("{")
    name = name.strip()
    if not brace:
        return (name, {}) if name else None
    if not rest.endswith("}"):
        return None
    body = rest[:-1]
    labels: dict[str, str] = {}
    position = 0
    while position < len(body) and body[position:].strip():
        match = _LABEL.match(body, position)
        if match is None:
            return None
        key, value, _ = match.groups()
        key = _unescape(key[1:-1]) if key.startswith('"') else key
        if value is None:
            if name:
                return None
            name = key
        else:
            labels[key] = _unescape(value)
        position = match.end()
    return labels.pop("__name__", "") or name, labels


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _UNESCAPED.get(match[1], match[0]), text)
