"""Container logs of Docker's ``json-file`` driver.

References
----------
Docker documentation, "JSON File logging driver": ``log``, ``stream``, ``time``.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import TextBlock
from forensics.readers.logs._json import match_dialect
from forensics.readers.logs._times import parse_strings
from forensics.readers.logs._wrapped import Unwrapped, read_wrapped, unwrap_blocks

TITLE: Final = "Docker container log (json-file)"
KIND: Final[Kind] = "logs"


def sniff(head: Head) -> Match:
    """Claim objects of ``log``, ``stream`` and ``time``."""
    return match_dialect(head, "docker_json")


def read(source: Source) -> Reading:
    """Read the application's own lines; those that Docker cut at 16 KiB are joined."""
    damage: list[DamageRow] = []
    return read_wrapped(source, "docker_json", unwrap_blocks(source, _unwrap, damage), damage)


def _unwrap(block: TextBlock) -> Unwrapped:
    lines: list[str] = []
    numbers: list[int] = []
    times: list[str | None] = []
    raw: list[tuple[int, str]] = []
    swallowed = 0
    is_open = False
    for number, text in zip(block.numbers.tolist(), block.text(), strict=True):
        item = _item(text)
        if item is None:
            raw.append((number, text))
            continue
        content = str(item["log"])
        if is_open:
            lines[-1] += content
            swallowed += 1
        else:
            lines.append(content)
            numbers.append(number)
            times.append(item.get("time") if isinstance(item.get("time"), str) else None)
        is_open = not content.endswith("\n")
    return Unwrapped(
        lines=[line.rstrip("\r\n").encode("utf-8", errors="replace") for line in lines],
        numbers=np.array(numbers, np.int64),
        micros=parse_strings(pl.Series(times, dtype=pl.String), log_time.ISO, 1970),
        fields={},
        swallowed=swallowed,
        raw=tuple(raw),
    )


def _item(text: str) -> dict[str, Any] | None:
    try:
        item = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return item if isinstance(item, dict) and "log" in item else None
