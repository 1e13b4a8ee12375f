"""What logs of garbage collectors share: sizes, and whose log it is."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

import polars as pl

#: A heap size as collectors print it; old ones print fractions and decimal commas.
SIZE: Final = r"\d+(?:[.,]\d+)?[BKMGT]?"

_UNITS: Final = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SUFFIXES: Final = re.compile(r"(?:[._-](?:\d+|gc|log|txt|out|current|gz|zst))+$", re.IGNORECASE)


def size_bytes(column: str) -> pl.Expr:
    """Return a column of printed sizes in bytes; a number without unit is bytes."""
    number = pl.col(column).str.extract(r"^(\d+(?:[.,]\d+)?)").str.replace(",", ".", literal=True)
    unit = pl.col(column).str.extract(r"([BKMGT])$").fill_null("B")
    factor = unit.replace_strict(_UNITS, return_dtype=pl.Int64)
    return (number.cast(pl.Float64) * factor).round().cast(pl.Int64).alias(column)


def bytes_of(text: str) -> int:
    """Return one printed size in bytes."""
    unit = text[-1] if text[-1] in _UNITS else "B"
    return round(float(text.rstrip("BKMGT").replace(",", ".")) * _UNITS[unit])


def entity_of(name: str) -> str:
    """Return whose log a file is, by its name without folders, numbers and endings."""
    base = PurePosixPath(name.replace("\\", "/")).name
    entity = _SUFFIXES.sub("", base)
    entity = re.sub(r"^gc[._-]+(?=\w)", "", entity)
    return entity or base
