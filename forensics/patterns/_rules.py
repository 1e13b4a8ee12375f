"""What one message alone shows to be a value, as rules on its shape.

In a shape each run of letters and digits that holds a digit is ``0``. Rules are used in
order; what one has masked, the later ones see as ``V``.
"""

from __future__ import annotations

import re
from typing import Final

#: Stands for a variable while text is still text; no shape holds it (control characters go).
V: Final = "\x00"

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_ZONE = r"(?:AM|PM|am|pm|UTC|GMT|Z|[A-Z]{1,3}[SD]T)"
_CLOCK = r"0(?::0)+(?:[.,]0)?"
_DATE = (
    rf"\b(?:{_DAY},? )?(?:{_MONTH}[ -]+0(?:[ ,]+0(?=[ ,:]|$))?|0[ -]{_MONTH}[ -]0)"
    rf"[ T,]*(?:{_CLOCK})?(?: {_ZONE}\b)?(?: 0\b(?!:))?"
)
_STOP = r"\s'\"<>()\[\]{},;"
_PATH = rf"(?<![\w)\]>/.:])(?:~|\.{{1,2}})?/[A-Za-z0-9_.$][^{_STOP}=|:]*"
_OBJECT = r"[\w.$]*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})+\}"
_NULLS = ("null", "NULL", "None", "nil")
_FLAGS = ("true", "false", "True", "False", "TRUE", "FALSE")
#: Text in quotes is what the program was given, and quoted now this way, now that, now not
#: at all; a request line is kept, for its method.
_REQUEST = r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT) "
_DOUBLE = rf'(?<![\w"])"(?!{_REQUEST})[^"]{{0,300}}"(?![\w"])'
_SINGLE = r"(?<![\w'])'[^']{0,300}'(?![\w'])"
_ITEM = r"[^\s,\[\]]+"
#: A class with its package; before a colon it says who speaks, as exceptions do.
_CLASS = r"(?<![\w.])[a-z]\w*(?:\.[a-z]\w*)+\.[A-Z][\w$]*[a-z][\w$]*(?![\w.(:])"
_ROLE = r"\b((?i:for|invalid|by|of|illegal|unknown|from|to) user) [A-Za-z_][\w.-]*"

#: A rule is tried only on a text that holds one of its marks.
RULES: Final = tuple(
    (marks, re.compile(pattern), replacement)
    for marks, pattern, replacement in (
        (("",), r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " "),
        (("://",), r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>\])}]+", V),
        (_MONTHS, _DATE, V),
        (_DAYS, rf"\b{_DAY},? (?=[0\x00])", ""),
        (("0:0",), rf"\b{_CLOCK} ?{_ZONE}\b", V),
        (("@",), r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", V),  # mail
        ((":",), r"\b(?:[0-9a-f]{2}|0)(?::(?:[0-9a-f]{2}|0)){5}\b", V),  # hardware address
        ((":",), r"(?<![\w:])(?=[a-f:]*0)(?:[0a-f]{0,4}:){2,7}[0a-f]{0,4}(?![\w:])", V),  # IPv6
        ((":\\",), r"\b[A-Za-z]:\\[^\s'\",;()\[\]]+", V),  # C:\path
        (("\\",), r"(?<![\w\\])\\[\w?.\\][^\s'\",;()\[\]]*", V),  # \Registry\path, \\host\share
        (("/",), _PATH, V),
        ((":0",), r"\b[\w-]+(?:\.[\w-]+)+:0\b", V),  # host.name:port
        (("[0",), r"[\w-]*-\[0(?:[-, ]*0)*\]|[\w-]+\[0(?:[-, ]+0)+\]", V),  # node-[1-3,7]
        (('"',), _DOUBLE, V),
        (("'",), _SINGLE, V),
        (("{}",), r"(?<![\w$])\{\}", V),
        (("[]",), r"\[\]", f"[{V}]"),
        (("[", ", "), rf"\[{_ITEM}(?:, ?{_ITEM})+\]", f"[{V}]"),  # a list of anything
        (("<",), r"<[A-Za-z][\w.]*[ =:][^<>]*(?:<[^<>]*>[^<>]*)*>", V),  # <Task name=...>
        (("[Errno",), r"\[Errno 0\] [\w ]+", V),
        (("{",), _OBJECT, V),  # what an object prints of itself: Name{...}, three levels deep
        (("@",), r"\b[\w.$]+@[0-9a-f]+\b", V),  # Name@identity
        (_FLAGS, r"\b(?:true|false|True|False|TRUE|FALSE)\b", V),
        (_NULLS, r"([=:] ?)(?:null|NULL|None|nil)\b", rf"\1{V}"),
        (("<",), r"<(\s?[0\x00](?![^<]*>))", r"\1"),  # "< 1 s" is one value
        (("",), r"\b[a-f]{8,}\b", V),
        # the role, then the name that fills it; before "=" or ":" it is a name of a field
        ((".",), _CLASS, V),
        (("user ",), _ROLE, rf"\1 {V}"),
    )
)


def mask_text(shape: str) -> str:
    """Return a shape with what the rules find replaced by ``V``."""
    text = shape
    for marks, pattern, replacement in RULES:
        if any(mark in text for mark in marks):
            text = pattern.sub(replacement, text)
    return text
