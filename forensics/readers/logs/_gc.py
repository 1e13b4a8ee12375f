"""What logs of garbage collectors share: sizes, and whose log it is."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

import polars as pl

#: A heap size as collectors print it; old ones print fractions and decimal commas.
#: Digits are bounded: a line of digits only would cost its length squared.
SIZE: Final = r"\d{1,15}(?:[.,]\d{1,9})?[BKMGT]?"

_NO_SIZE: Final = 1 << 63
_UNITS: Final = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SUFFIXES: Final = re.compile(r"(?:[._-](?:\d+|gc|log|txt|out|current|gz|zst))+$", re.IGNORECASE)


def size_bytes(column: str) -> pl.Expr:
    """Return a column of printed sizes in bytes; a number without unit is bytes."""
    number = pl.col(column).str.extract(r"^(\d+(?:[.,]\d+)?)").str.replace(",", ".", literal=True)
    unit = pl.col(column).str.extract(r"([BKMGT])$").fill_null("B")
    factor = unit.replace_strict(_UNITS, return_dtype=pl.Int64)
    return (number.cast(pl.Float64) * factor).round().cast(pl.Int64, strict=False).alias(column)


def uptime_of(attributes: pl.Expr) -> pl.Expr:
    """Return the uptime in seconds that rows of a collector's log have as only attribute."""
    text = attributes.list.first().struct.field("value")
    return text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)


def bytes_of(text: str) -> int | None:
    """Return one printed size in bytes; ``None`` if no address space could hold it."""
    unit = text[-1] if text[-1] in _UNITS else "B"
    size = round(float(text.rstrip("BKMGT").replace(",", ".")) * _UNITS[unit])
    return size if size < _NO_SIZE else None


def entity_of(name: str) -> str:
    """Return whose log a file is, by its name without folders, numbers and endings."""
    base = PurePosixPath(name.replace("\\", "/")).name
    entity = _SUFFIXES.sub("", base)
    entity = re.sub(r"^gc[._-]+(?=\w)", "", entity)
    return entity or base
