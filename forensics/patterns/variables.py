"""Say what kind of value stands in each place of a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

#: First that fits the whole value wins.
KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("uuid", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("card", r"(?:[0-9][ -]?){12,18}[0-9]"),
        ("ip", r"/?[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]{1,5})?"),
        ("ip", r"(?=.*::|(?:[0-9a-fA-F]*:){4})[0-9a-fA-F:]+(%\w+)?"),
        ("time", r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([ T][0-9:.,]+)?( ?[A-Z]{1,4}|[+-][0-9:]+)?"),
        (
            "time",
            r"([A-Z][a-z]{2,8},? )?[A-Z][a-z]{2,8} +[0-9]{1,2}[ ,0-9:]*( [A-Z]{2,4})?( [0-9]{4})?",
        ),
        ("time", r"[0-9]{1,2}(:[0-9]{2}){1,2}([.,][0-9]+)?( ?[A-Z]{2,4})?"),
        (
            "duration",
            r"[+-]?[0-9][0-9.,]* ?(ns|us|µs|ms|msecs?|s|secs?|seconds?|min|minutes?|h|hours?)",
        ),
        ("size", r"[0-9][0-9.,]* ?([kKMGT]i?B?|B|bytes)"),
        ("number", r"[+-]?[0-9][0-9,]*(\.[0-9]+)?([eE][+-]?[0-9]+)?%?"),
        ("id", r"0x[0-9a-fA-F]+"),
        ("url", r"[A-Za-z][A-Za-z0-9+.-]*://\S+"),
        ("path", r"(~|\.{1,2})?/\S*|[A-Za-z]:\\.*|\\\S+"),
        ("host", r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(:[0-9]+)?"),
        ("flag", r"(?i:true|false|null|none|nil)"),
        ("id", r"[\w.$@#:/+=-]*[0-9][\w.$@#:/+=-]*"),
        ("word", r"[\w.$@/-]+"),
    )
)
_ISSUER: Final = re.compile(r"(4|5[1-5]|2[2-7]|3[47]|6(?:011|5))")
#: Longest message that is taken apart for the kinds of its variables.
_LONGEST: Final = 2000


def classify_variables(template: str, samples: Sequence[str]) -> list[str]:
    """Return the kind of each ``<*>`` of ``template``, judged by ``samples`` of it.

    A place whose values differ in kind, or that can't be told, is ``"text"``.

    Examples
    --------
    >>> classify_variables("took <*> for <*>", ["took 3ms for 10.0.0.1:80"])
    ['duration', 'ip']
    """
    parts = template.split("<*>")
    if len(parts) == 1:
        return []
    kinds: list[set[str]] = [set() for _ in parts[1:]]
    constants = [part.strip() for part in parts]
    for sample in samples:
        for place, value in enumerate(_values(constants, " ".join(sample[:_LONGEST].split()))):
            kinds[place].add(kind_of(value))
    return [kind.pop() if len(kind) == 1 else "text" for kind in kinds]


def _values(constants: Sequence[str], sample: str) -> list[str]:
    """Cut a sample at the constants of its template; empty if they aren't all there."""
    bounds = []
    at = 0
    for constant in constants:
        start = sample.find(constant, at)
        if start < 0:
            return []
        at = start + len(constant)
        bounds.append((start, at))
    if not constants[-1]:
        bounds[-1] = (len(sample), len(sample))
    return [sample[end:start].strip() for (_, end), (start, _) in pairwise(bounds)]


def kind_of(value: str) -> str:
    """Name what ``value`` is: one of the names in ``KINDS``, ``"list"`` or ``"text"``."""
    for name, pattern in KINDS:
        if pattern.fullmatch(value) and (name != "card" or _is_card(value)):
            return name
    parts = [part for part in re.split(r"[\s,;#|]+", value) if part]
    if len(parts) > 1 and all(re.search(r"[0-9]", part) for part in parts):
        return "list"
    return "text"


def _is_card(value: str) -> bool:
    """Issuer prefix, length and check digit: the check digit alone flags epoch stamps."""
    digits = [int(c) for c in value if c.isdigit()]
    doubled = [
        d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(digits[::-1])
    ]
    return _ISSUER.match("".join(map(str, digits))) is not None and sum(doubled) % 10 == 0
