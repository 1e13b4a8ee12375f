"""Values that people can read: texts, numbers, dates and collections out of their fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import islice
from typing import Final
from uuid import UUID

from forensics.errors import UsageError
from forensics.heap.containers import is_map, iter_elements, iter_entries
from forensics.heap.graph import HeapGraph
from forensics.redaction import redact

_BOXED: Final = ("Boolean", "Character", "Float", "Double", "Byte", "Short", "Integer", "Long")
_SHOWN: Final = 200
Fields = dict[str, int | float | bool | str]


def decode_value(graph: HeapGraph, ordinal: int, *, items: int = 10, depth: int = 2) -> object:
    """Return what an object means: text, number, date, list or dict; its label if nothing else.

    Strings, boxed and atomic numbers, enums, optionals, UUIDs, ``java.util.Date`` and
    ``java.time``, big numbers, arrays, and the collections of ``forensics.heap.containers`` to
    ``depth`` levels and ``items`` elements each. Keys of dicts are text. None is null. Texts
    are not redacted; ``show_value`` is what may be shown.
    """
    if ordinal < 0:
        return None
    text = graph.content.text(ordinal)
    if text is not None:
        return text
    if graph.content.array_length(ordinal) >= 0:
        return _decode_array(graph, ordinal, items, depth)
    name = graph.class_name(ordinal)
    is_mirror = ordinal < graph.classes.object_count
    simple = None if is_mirror else _decode_simple(graph, name, _fields(graph, ordinal))
    if simple is None and depth > 0 and not is_mirror and name.startswith("java.util."):
        return _decode_collection(graph, ordinal, items, depth - 1)
    return _label(graph, ordinal) if simple is None else simple


def _label(graph: HeapGraph, ordinal: int) -> str:
    return f"{graph.label(ordinal)}@0x{int(graph.addresses[ordinal]):x}"


def _decode_collection(graph: HeapGraph, ordinal: int, items: int, depth: int) -> object:
    if is_map(graph, ordinal):
        return {
            str(decode_value(graph, k, items=items, depth=depth)): decode_value(
                graph, v, items=items, depth=depth
            )
            for k, v in islice(iter_entries(graph, ordinal), items)
        }
    elements = islice(iter_elements(graph, ordinal), items)
    return [decode_value(graph, o, items=items, depth=depth) for o in elements]


def show_value(graph: HeapGraph, ordinal: int) -> str:
    """Return a value in at most 200 characters, secrets redacted."""
    value = decode_value(graph, ordinal)
    return redact("null" if value is None else str(value))[:_SHOWN]


def _decode_array(graph: HeapGraph, ordinal: int, items: int, depth: int) -> object:
    name = graph.class_name(ordinal)
    content = graph.content.array(ordinal)
    if name == "char[]":
        return content.astype("<u2").tobytes().decode("utf-16-le", "replace")
    if name[:-2] in ("boolean", "float", "double", "byte", "short", "int", "long"):
        return content[:items].tolist()
    if depth <= 0:
        return f"{name[:-1]}{content.size}]"
    return [decode_value(graph, o, items=items, depth=depth - 1) for o in content[:items].tolist()]


def _decode_simple(graph: HeapGraph, name: str, fields: Fields) -> object:
    package, _, simple = name.rpartition(".")
    if package == "java.lang" and simple in _BOXED:
        return fields.get("value")
    decode = _DECODERS.get(name)
    try:
        if decode is not None:
            return decode(graph, fields)
        if "fastTime" in fields:  # Date and its subclasses
            return _date(graph, fields)
    except (KeyError, ValueError, OverflowError, TypeError):
        return None
    is_enum = {"name", "ordinal"} <= fields.keys() and "$VALUES" not in fields
    return graph.content.text(int(fields["name"])) if is_enum else None


def _fields(graph: HeapGraph, ordinal: int) -> Fields:
    try:
        return {f.name: f.value for f in reversed(graph.fields(ordinal))}
    except UsageError:
        return {}


def _inner(graph: HeapGraph, fields: Fields, name: str) -> Fields:
    return _fields(graph, int(fields[name]))


def _date(_: HeapGraph, fields: Fields) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(fields["fastTime"]))


def _instant(_: HeapGraph, fields: Fields) -> datetime:
    since = timedelta(seconds=int(fields["seconds"]), microseconds=int(fields["nanos"]) // 1000)
    return datetime(1970, 1, 1, tzinfo=UTC) + since


def _duration(_: HeapGraph, fields: Fields) -> timedelta:
    return timedelta(seconds=int(fields["seconds"]), microseconds=int(fields["nanos"]) // 1000)


def _local_date(_: HeapGraph, fields: Fields) -> date:
    return date(int(fields["year"]), int(fields["month"]), int(fields["day"]))


def _local_time(_: HeapGraph, fields: Fields) -> time:
    hour, minute, second = (int(fields[n]) for n in ("hour", "minute", "second"))
    return time(hour, minute, second, int(fields["nano"]) // 1000)


def _local_date_time(graph: HeapGraph, fields: Fields) -> datetime:
    day = _local_date(graph, _inner(graph, fields, "date"))
    return datetime.combine(day, _local_time(graph, _inner(graph, fields, "time")))


def _zoned(graph: HeapGraph, fields: Fields) -> datetime:
    local = _local_date_time(graph, _inner(graph, fields, "dateTime"))
    seconds = int(_inner(graph, fields, "offset")["totalSeconds"])
    return local.replace(tzinfo=timezone(timedelta(seconds=seconds)))


def _uuid(_: HeapGraph, fields: Fields) -> UUID:
    high, low = (int(fields[n]) & (2**64 - 1) for n in ("mostSigBits", "leastSigBits"))
    return UUID(int=high << 64 | low)


def _big_integer(graph: HeapGraph, fields: Fields) -> int:
    value = 0
    for part in graph.content.array(int(fields["mag"])).tolist():
        value = value << 32 | (part & 0xFFFFFFFF)
    return value * int(fields["signum"])


def _big_decimal(graph: HeapGraph, fields: Fields) -> Decimal:
    whole = int(fields["intCompact"])
    if whole == -(2**63):
        whole = _big_integer(graph, _inner(graph, fields, "intVal"))
    return Decimal(whole).scaleb(-int(fields["scale"]))


def _number(_: HeapGraph, fields: Fields) -> object:
    return fields["value"]


def _boolean(_: HeapGraph, fields: Fields) -> bool:
    return bool(fields["value"])


def _referent(graph: HeapGraph, fields: Fields) -> object:
    return decode_value(graph, int(fields["value"]))


_DECODERS: Final[dict[str, Callable[[HeapGraph, Fields], object]]] = {
    "java.time.Instant": _instant,
    "java.time.Duration": _duration,
    "java.time.LocalDate": _local_date,
    "java.time.LocalTime": _local_time,
    "java.time.LocalDateTime": _local_date_time,
    "java.time.OffsetDateTime": _zoned,
    "java.time.ZonedDateTime": _zoned,
    "java.util.UUID": _uuid,
    "java.math.BigInteger": _big_integer,
    "java.math.BigDecimal": _big_decimal,
    "java.util.concurrent.atomic.AtomicInteger": _number,
    "java.util.concurrent.atomic.AtomicLong": _number,
    "java.util.concurrent.atomic.AtomicBoolean": _boolean,
    "java.util.concurrent.atomic.AtomicReference": _referent,
    "java.util.Optional": _referent,
}
