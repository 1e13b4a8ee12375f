"""Put the files of a rotated log back in the order in which they were written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

_PACKED: Final = re.compile(r"\.(?:gz|zst|zip|bz2|xz)$")
_DATE: Final = re.compile(r"(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)(?:[T_-]?(\d\d)(?:[-_:.]?(\d\d))?)?")
_NUMBER: Final = re.compile(r"[._-](\d{1,4})(?=$|\.(?:log|txt|jsonl?|out|gc)\b)")


def order_rotations(names: Iterable[str]) -> list[str]:
    """Return file names with each rotated set oldest first.

    Numbered files of logrotate count down (``app.log.2`` is older than ``app.log.1``, both
    older than ``app.log``); dated ones go by their date, then by a number that counts up
    within the date, the undated last. Sets follow each other by name.

    Parameters
    ----------
    names
        Paths or names; each is returned once, unchanged.

    Examples
    --------
    >>> order_rotations(["app.log", "app.log.1", "app.log.2.gz"])
    ['app.log.2.gz', 'app.log.1', 'app.log']
    """
    keyed = sorted((_key(name), name) for name in set(names))
    ordered: list[str] = []
    for _, members in groupby(keyed, key=lambda item: item[0][0]):
        ordered += [name for _, name in members]
    return ordered


def _key(name: str) -> tuple[str, int, str, int]:
    """Return the set, then what orders files within it."""
    plain = _PACKED.sub("", name)
    folder, _, base = plain.rpartition("/")
    date = _DATE.search(base)
    stem = _DATE.sub("", base)
    number = _NUMBER.search(stem)
    stem = _NUMBER.sub("", stem)
    whole = f"{folder}/{re.sub(r'[._-]+(?=$|[.])', '', stem)}"
    if date is not None:
        stamp = "".join(part or "00" for part in date.groups())
        return whole, 0, stamp, int(number[1]) if number else 0
    return whole, 1, "", -int(number[1]) if number else 1
