"""Which fields of structured logs are kept as ``attributes``: what names a thing or its state."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

#: Ids by the ends of their names (``order_id``, ``orderId``, ``payment.ref``), amounts, states.
_NAMES_ONE: Final = re.compile(
    r"(?:^|[_.\-]|(?<=[a-z])(?=[A-Z]))"
    r"(?:id|uuid|ref|reference|number|amount|total|currency|state|status|attempt)$",
    re.IGNORECASE,
)
#: The things that business ids are of; their bare names hold the id itself.
_THING: Final = re.compile(
    r"(?:transaction|txn|trx|payment|charge|transfer|payout|order|checkout|invoice|booking|"
    r"purchase|cart|refund)$",
    re.IGNORECASE,
)
_MOST_KEYS: Final = 12
_LONGEST: Final = 64


def find_identifiers(records: Iterable[Mapping[str, object]], taken: Iterable[str]) -> list[str]:
    """Return the keys of a sample whose values name a thing, its amount or its state.

    Parameters
    ----------
    records
        Some objects of a log, their fields as parsed.
    taken
        Keys that have a column of the ``logs`` table already.

    Returns
    -------
    list of str
        The most frequent first, twelve at most. Numbers under the name of a state are none:
        they are answers of a protocol.
    """
    left_out = set(taken)
    seen: Counter[str] = Counter()
    for record in records:
        seen.update(
            key
            for key, value in record.items()
            if key not in left_out and _is_identifier(key, value)
        )
    return sorted(sorted(seen), key=lambda key: -seen[key])[:_MOST_KEYS]


def _is_identifier(key: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if len(key) > _LONGEST or len(str(value)) > _LONGEST:
        return False
    if key.lower().endswith(("state", "status")) and not isinstance(value, str):
        return False
    return bool(_NAMES_ONE.search(key) or _THING.search(key))
