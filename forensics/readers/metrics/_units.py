"""Units: name them once, turn sizes into bytes and durations into seconds.

``bytes`` and ``seconds`` are the base units of the ``metrics`` table. A unit that a file
states is converted; a unit that only a column name hints at is converted and noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BYTES: Final = "bytes"
SECONDS: Final = "seconds"
PERCENT: Final = "percent"
RATIO: Final = "ratio"
COUNT: Final = "count"
BYTES_PER_S: Final = "bytes/s"

#: Base unit and factor by the unit's written form. Case decides between ``m`` (milli) and
#: ``M`` (mega); IEC prefixes are binary, SI prefixes decimal (IEC 80000-13).
_EXACT: Final[dict[str, tuple[str, float]]] = {
    "B": (BYTES, 1.0),
    "kB": (BYTES, 1e3),
    "KB": (BYTES, 1e3),
    "MB": (BYTES, 1e6),
    "GB": (BYTES, 1e9),
    "TB": (BYTES, 1e12),
    "PB": (BYTES, 1e15),
    "KiB": (BYTES, 2.0**10),
    "MiB": (BYTES, 2.0**20),
    "GiB": (BYTES, 2.0**30),
    "TiB": (BYTES, 2.0**40),
    "PiB": (BYTES, 2.0**50),
    "Ki": (BYTES, 2.0**10),
    "Mi": (BYTES, 2.0**20),
    "Gi": (BYTES, 2.0**30),
    "Ti": (BYTES, 2.0**40),
    "s": (SECONDS, 1.0),
    "ms": (SECONDS, 1e-3),
    "us": (SECONDS, 1e-6),
    "µs": (SECONDS, 1e-6),
    "μs": (SECONDS, 1e-6),
    "ns": (SECONDS, 1e-9),
    "min": (SECONDS, 60.0),
    "mins": (SECONDS, 60.0),
    "h": (SECONDS, 3600.0),
    "hour": (SECONDS, 3600.0),
    "hours": (SECONDS, 3600.0),
    "day": (SECONDS, 86400.0),
    "days": (SECONDS, 86400.0),
    "%": (PERCENT, 1.0),
    "K": (COUNT, 1e3),
    "k": (COUNT, 1e3),
    "Mil": (COUNT, 1e6),
    "Bil": (COUNT, 1e9),
    "B/s": (BYTES_PER_S, 1.0),
    "kB/s": (BYTES_PER_S, 1e3),
    "MB/s": (BYTES_PER_S, 1e6),
    "GB/s": (BYTES_PER_S, 1e9),
    "KiB/s": (BYTES_PER_S, 2.0**10),
    "MiB/s": (BYTES_PER_S, 2.0**20),
    "GiB/s": (BYTES_PER_S, 2.0**30),
    "req/s": ("1/s", 1.0),
    "reqps": ("1/s", 1.0),
    "ops/s": ("1/s", 1.0),
    "rps": ("1/s", 1.0),
}

#: The same by words, lower case: OTLP (UCUM), Datadog, CloudWatch and column names.
_WORDS: Final[dict[str, tuple[str, float]]] = {
    "by": (BYTES, 1.0),
    "byte": (BYTES, 1.0),
    "bytes": (BYTES, 1.0),
    "kby": (BYTES, 1e3),
    "kiby": (BYTES, 2.0**10),
    "miby": (BYTES, 2.0**20),
    "giby": (BYTES, 2.0**30),
    "kibibyte": (BYTES, 2.0**10),
    "mebibyte": (BYTES, 2.0**20),
    "gibibyte": (BYTES, 2.0**30),
    "kilobyte": (BYTES, 1e3),
    "megabyte": (BYTES, 1e6),
    "gigabyte": (BYTES, 1e9),
    "kibibytes": (BYTES, 2.0**10),
    "mebibytes": (BYTES, 2.0**20),
    "gibibytes": (BYTES, 2.0**30),
    "kilobytes": (BYTES, 1e3),
    "megabytes": (BYTES, 1e6),
    "gigabytes": (BYTES, 1e9),
    "second": (SECONDS, 1.0),
    "seconds": (SECONDS, 1.0),
    "sec": (SECONDS, 1.0),
    "millisecond": (SECONDS, 1e-3),
    "milliseconds": (SECONDS, 1e-3),
    "millis": (SECONDS, 1e-3),
    "microsecond": (SECONDS, 1e-6),
    "microseconds": (SECONDS, 1e-6),
    "micros": (SECONDS, 1e-6),
    "nanosecond": (SECONDS, 1e-9),
    "nanoseconds": (SECONDS, 1e-9),
    "nanos": (SECONDS, 1e-9),
    "minute": (SECONDS, 60.0),
    "minutes": (SECONDS, 60.0),
    "percent": (PERCENT, 1.0),
    "pct": (PERCENT, 1.0),
    "ratio": (RATIO, 1.0),
    "fraction": (RATIO, 1.0),
    "1": (RATIO, 1.0),
    "count": (COUNT, 1.0),
    "none": (COUNT, 1.0),
    "bytes/second": (BYTES_PER_S, 1.0),
    "kilobytes/second": (BYTES_PER_S, 1e3),
    "megabytes/second": (BYTES_PER_S, 1e6),
    "count/second": ("1/s", 1.0),
}

#: Last token of a metric or column name. Short size tokens are binary here: tools that print
#: ``used_mb`` divide by 1024 twice (procfs, ``free -m``, JVM consoles); readers note it.
_NAME_TOKENS: Final[dict[str, tuple[str, float]]] = {
    "bytes": (BYTES, 1.0),
    "byte": (BYTES, 1.0),
    "kb": (BYTES, 2.0**10),
    "kib": (BYTES, 2.0**10),
    "kbytes": (BYTES, 2.0**10),
    "mb": (BYTES, 2.0**20),
    "mib": (BYTES, 2.0**20),
    "mbytes": (BYTES, 2.0**20),
    "gb": (BYTES, 2.0**30),
    "gib": (BYTES, 2.0**30),
    "gbytes": (BYTES, 2.0**30),
    "mebibytes": (BYTES, 2.0**20),
    "gibibytes": (BYTES, 2.0**30),
    "kibibytes": (BYTES, 2.0**10),
    "seconds": (SECONDS, 1.0),
    "secs": (SECONDS, 1.0),
    "ms": (SECONDS, 1e-3),
    "millis": (SECONDS, 1e-3),
    "milliseconds": (SECONDS, 1e-3),
    "us": (SECONDS, 1e-6),
    "microseconds": (SECONDS, 1e-6),
    "nanoseconds": (SECONDS, 1e-9),
    "percent": (PERCENT, 1.0),
    "pct": (PERCENT, 1.0),
    "ratio": (RATIO, 1.0),
}
_AMBIGUOUS_TOKENS: Final = frozenset({"kb", "mb", "gb", "kbytes", "mbytes", "gbytes"})
#: Suffixes of the exposition format that stand behind the unit.
_NAME_TAILS: Final = frozenset({"total", "sum", "max", "min", "avg", "mean", "value"})
#: A bracketed unit at the end of a column name, or a value with its unit.
_BRACKETED: Final = re.compile(r"^(.*\S)\s*[\[(]\s*([^\])]{1,16}?)\s*[\])]\s*$")
_VALUE: Final = re.compile(
    r"^\s*([-+]?(?:\d[\d,  ]*)?\.?\d*(?:[eE][-+]?\d+)?)\s*([^\d\s].{0,15})?\s*$"
)
#: Of a long text without a number the expression tries every way to cut it.
_LONGEST: Final = 80
_SPLIT: Final = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Unit:
    """A base unit and the factor that leads to it.

    ``is_assumed`` is set where a name leaves open whether a prefix is binary or decimal.
    """

    base: str
    factor: float = 1.0
    is_assumed: bool = False


def parse_unit(text: str) -> Unit | None:
    """Return the unit that ``text`` spells out, or ``None``; ``{...}`` annotations are counts.

    Examples
    --------
    >>> parse_unit("MiB").factor
    1048576.0
    """
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        return Unit(COUNT)
    known = _EXACT.get(text) or _WORDS.get(text.lower())
    return None if known is None else Unit(*known)


def to_base(values: NDArray[np.float64], unit: Unit | None) -> NDArray[np.float64]:
    """Return values in the base unit; what exceeds float64 there is infinite, without a warning."""
    if unit is None:
        return values
    with np.errstate(over="ignore"):
        return values * unit.factor


def name_tokens(name: str) -> list[str]:
    """Split a metric name into lower-case words: at punctuation and at camel-case humps.

    Examples
    --------
    >>> name_tokens("jvm_memory_usedBytes")
    ['jvm', 'memory', 'used', 'bytes']
    """
    return [token.lower() for token in _SPLIT.split(name) if token]


def unit_of_name(name: str) -> Unit | None:
    """Return the unit that a metric or column name carries, or ``None``.

    A bracketed unit (``heap (MiB)``) is taken at its word; a last token (``heap_mb``) has
    binary prefixes and is marked as assumed where the token is decimal by the book.

    Examples
    --------
    >>> unit_of_name("rss__MiB_").factor
    1048576.0
    """
    bracketed = _BRACKETED.match(name)
    if bracketed is not None:
        unit = parse_unit(bracketed.group(2))
        if unit is not None:
            return unit
    tokens = name_tokens(name)
    while tokens and tokens[-1] in _NAME_TAILS:
        tokens.pop()
    if "".join(tokens[-2:]) in _NAME_TOKENS:
        # ``MiB`` and ``MBytes`` have a hump of their own.
        tokens[-2:] = ["".join(tokens[-2:])]
    if not tokens or tokens[-1] not in _NAME_TOKENS:
        return None
    base, factor = _NAME_TOKENS[tokens[-1]]
    if "per" in tokens[:-1] or (len(tokens) > 1 and tokens[-1] == "us" and tokens[-2] == "region"):
        return None
    return Unit(base, factor, is_assumed=tokens[-1] in _AMBIGUOUS_TOKENS)


def strip_unit(name: str) -> str:
    """Return the column name without a bracketed unit at its end."""
    bracketed = _BRACKETED.match(name)
    if bracketed is None or parse_unit(bracketed.group(2)) is None:
        return name
    return bracketed.group(1)


def parse_value(text: str) -> tuple[float, Unit | None] | None:
    """Read a number with an optional unit, as a person or Grafana writes it.

    Returns the number in base units and its unit, or ``None`` if the text is neither a
    number nor a number with a known unit. Thousands separators are commas or spaces.

    Examples
    --------
    >>> parse_value("7.5 GiB")[0]
    8053063680.0
    """
    if len(text) > _LONGEST:
        return None
    match = _VALUE.match(text)
    if match is None or not any(c.isdigit() for c in match.group(1)):
        return None
    digits, suffix = match.groups()
    try:
        number = float(re.sub(r"[,  ]", "", digits))
    except ValueError:
        return None
    if suffix is None:
        return number, None
    unit = parse_unit(suffix)
    return None if unit is None else (number * unit.factor, unit)
