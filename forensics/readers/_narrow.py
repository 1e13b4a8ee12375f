"""Take values of a foreign document for what they should be, or for nothing.

A document of someone else's system may hold anything anywhere. What has another type than the
format says counts as not there, so that one odd value costs no more than itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any


def as_mapping(value: object) -> dict[str, Any]:
    """Return ``value`` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return ``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_count(value: object, default: int = 0) -> int:
    """Return ``value`` if it is a whole number of at most 18 digits, as text or not."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else default


def as_scalars(values: Iterable[object]) -> list[int | float | str | None]:
    """Return numbers and texts as they are and ``None`` for lists, mappings, truth values."""
    return [
        v if isinstance(v, (int, float, str)) and not isinstance(v, bool) else None for v in values
    ]


def iter_mappings(value: object) -> Iterator[dict[str, Any]]:
    """Yield the mappings of a list, or the one given."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
