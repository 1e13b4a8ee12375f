"""Logs of one JSON object a line: which framework wrote them, and what its keys mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from forensics.kernels import log_json, log_time
from forensics.kernels.log_time import NO_TIME, parse_times
from forensics.readers._contract import Head, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import LineReader, TextBlock
from forensics.readers.logs._collect import collect
from forensics.readers.logs._events import Heads
from forensics.readers.logs._identifiers import find_identifiers
from forensics.readers.logs._times import Clock, clock_for, find_style
from forensics.tables import attributes

_TRACE_KEYS: Final = (
    "traceId",
    "trace_id",
    "trace.id",
    "mdc.traceId",
    "contextMap.traceId",
    "context.traceId",
    "dd.trace_id",
    "X-B3-TraceId",
    "correlationId",
    "correlation_id",
    "requestId",
    "request_id",
    "TraceId",
)
_SERVICE_KEYS: Final = (
    "service.name",
    "service",
    "serviceName",
    "app",
    "application",
    "app_name",
    "service_name",
    "appName",
    "resource.service.name",
)
_HOST_KEYS: Final = (
    "pod",
    "pod_name",
    "podName",
    "host.name",
    "hostname",
    "HOSTNAME",
    "host",
    "kubernetes.pod_name",
    "kubernetes.pod.name",
    "instance",
)

#: Before the names of attributes, until they become one column.
_ATTRIBUTE: Final = "@"
#: Objects whose keys are looked at for attributes.
_SAMPLE_OBJECTS: Final = 500


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys of a framework hold which column; the first present counts.

    A dot in a key means the key as written, or a path into nested objects.
    """

    time: tuple[str, ...]
    level: tuple[str, ...]
    message: tuple[str, ...]
    logger: tuple[str, ...] = ()
    exception: tuple[str, ...] = ()
    service: tuple[str, ...] = _SERVICE_KEYS
    host: tuple[str, ...] = _HOST_KEYS
    trace_id: tuple[str, ...] = _TRACE_KEYS
    attributes: tuple[str, ...] = ()

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return the keys by column of the ``logs`` table, each attribute under its own name."""
        names = [name for name in Keys.__dataclass_fields__ if name != "attributes"]
        own = {f"{_ATTRIBUTE}{key}": (key,) for key in self.attributes}
        return {**{name: getattr(self, name) for name in names}, **own}


@dataclass(frozen=True, slots=True)
class _Places:
    """Where one column's values stand in a block: bounds and sorts, shape (n,)."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sorts: NDArray[np.uint8]


#: Framework by keys of the first object: all of them must be there. The first rule that holds wins.
_DIALECTS: Final = (
    ("journald", ("__REALTIME_TIMESTAMP",)),
    ("postgres_jsonlog", ("timestamp", "error_severity", "message")),
    ("docker_json", ("log", "stream", "time")),
    ("ecs", ("@timestamp", "ecs.version")),
    ("ecs", ("@timestamp", "ecs")),
    ("logstash", ("@timestamp", "@version")),
    ("logstash", ("@timestamp", "logger_name")),
    ("log4j2_json", ("instant", "loggerName")),
    ("log4j2_json", ("timeMillis", "loggerName")),
    ("log4j2_json", ("instant", "loggerFqcn")),
    ("serilog", ("@t", "@mt")),
    ("serilog", ("@t", "@m")),
    ("serilog", ("Timestamp", "MessageTemplate")),
    ("bunyan", ("v", "level", "name", "hostname", "pid", "msg", "time")),
    ("pino", ("level", "time", "pid", "hostname")),
    ("structlog", ("event", "timestamp")),
    ("structlog", ("event", "level")),
    ("zap", ("ts", "level", "msg")),
    ("zerolog", ("level", "time", "message")),
)
#: The end of the year 9999: beyond it no calendar of ours can show a time.
_LAST_SECOND: Final = 253_402_300_799

_TIME_LIKE: Final = re.compile(
    r'"(?:@?timestamp|time|ts|date|datetime|eventTime|@t|t|timeUnixNano)"\s*:', re.IGNORECASE
)
_TEXT_LIKE: Final = re.compile(r'"(?:message|msg|event|log|text|body|@m)"\s*:', re.IGNORECASE)


def dialect(head: Head) -> str | None:
    """Return the framework that wrote the first object, ``"json_lines"`` if unknown, or ``None``.

    ``None`` means that the file isn't made of one log object a line.
    """
    lines = [line for line in head.text.splitlines() if line.strip()]
    if head.is_binary or not lines or not re.match(r'\s*\{\s*"', lines[0]):
        return None
    is_cut = len(lines) == 1 and len(head.data) >= 4096  # the length of a head
    if not is_cut and not lines[0].rstrip().endswith("}"):
        return None
    keys = _first_keys(lines[0])
    for name, wanted in _DIALECTS:
        if keys.issuperset(wanted):
            return name
    return "json_lines" if _TIME_LIKE.search(lines[0]) and _TEXT_LIKE.search(lines[0]) else None


def _first_keys(line: str) -> set[str]:
    """Return the top-level keys of an object, of a cut one as far as it goes."""
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return set(re.findall(r'[{,]\s*"((?:[^"\\]|\\.){1,60})"\s*:', line))
    return set(parsed) if isinstance(parsed, dict) else set()


def match_dialect(head: Head, name: str) -> Match:
    """Say whether a file is of the dialect called ``name``."""
    found = dialect(head)
    if found != name:
        return Match.NO
    return Match.SHAPE if name == "json_lines" else Match.MAGIC


def read_json(source: Source, reader: str, keys: Keys) -> Reading:
    """Read a log of one JSON object a line; other lines are kept as raw or folded."""
    sample = next(iter(LineReader(source, block_bytes=1 << 18)), None)
    clock = Clock(log_time.ISO) if sample is None else find_clock(source, sample, keys)
    if sample is not None:
        keys = replace(keys, attributes=_find_attributes(sample, keys))
    found = collect(source, lambda block: find_objects(block, keys, clock))
    return found.reading(reader, notes=clock.notes)


def _find_attributes(sample: TextBlock, keys: Keys) -> tuple[str, ...]:
    """Return which keys, at the top of the objects of a sample, name what an event is about."""
    taken = {key for column in keys.columns().values() for key in column}
    lines = sample.take(slice(0, _SAMPLE_OBJECTS)).text()
    return tuple(find_identifiers(_parse_objects(lines), taken))


def _parse_objects(lines: pl.Series) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            parsed = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(parsed, dict):
            yield parsed


def find_clock(source: Source, sample: TextBlock, keys: Keys) -> Clock:
    """Return how the objects of a sample write their times."""
    _, places = _locate(sample, keys)
    times = places["time"]
    present = times.sorts != log_json.ABSENT
    texts = sample.slices(times.starts[present], times.ends[present])
    style = find_style(texts.head(200).to_list())
    if style is None:
        return Clock(log_time.ISO)
    numbers = sample.numbers[present]
    timed = TextBlock(sample.data, times.starts[present], times.ends[present], numbers)
    return clock_for(style, source, timed)


def find_objects(block: TextBlock, keys: Keys, clock: Clock) -> Heads:
    """Return the lines of a block that are objects, and the columns they hold."""
    is_object, places = _locate(block, keys)
    index = np.flatnonzero(is_object)
    times = places.pop("time")
    micros, _, _ = parse_times(block.data, times.starts, times.ends, clock.style, clock.year)
    odd = (micros == NO_TIME) & (times.sorts != log_json.ABSENT)
    if odd.any():
        _repair_times(block, times, np.flatnonzero(odd), micros)
    fields = {}
    for name, where in places.items():
        if name == "message" or where.sorts.any():
            fields[name] = _values(block, where).gather(index)
    told = {name: fields.pop(name) for name in list(fields) if name.startswith(_ATTRIBUTE)}
    if told:
        values = {name.removeprefix(_ATTRIBUTE): pl.col(name) for name in told}
        fields["attributes"] = pl.DataFrame(told).select(attributes(**values))["attributes"]
    if fields["message"].null_count():  # an object without a message is its own
        whole = block.take(index).text()
        fields["message"] = fields["message"].zip_with(fields["message"].is_not_null(), whole)
    return Heads(index, clock.place(micros[index]), fields)


def _locate(block: TextBlock, keys: Keys) -> tuple[NDArray[np.bool_], dict[str, _Places]]:
    """Scan all lines once for all keys, then the nested objects that paths ask for."""
    columns = keys.columns()
    names = tuple(dict.fromkeys(key for column in columns.values() for key in column))
    tops = sorted({*names, *(key.split(".")[0] for key in names)}, key=_encoded_length)
    marks = log_json.find_quotes(block.data)
    is_object, found = _scan(block, marks, tops)
    for name in names:
        path = name.split(".")
        if len(path) > 1 and name not in found and path[0] in found:
            inner = _descend(block, marks, found[path[0]], path[1:])
            if inner is not None:
                found[name] = inner
    located = {
        column: _first_present([found[key] for key in wanted if key in found], len(block))
        for column, wanted in columns.items()
        if wanted
    }
    return is_object, located


_Marks = tuple[NDArray[np.int64], NDArray[np.int64]]


def _scan(
    block: TextBlock, marks: _Marks, names: Sequence[str]
) -> tuple[NDArray[np.bool_], dict[str, _Places]]:
    """Return which lines are objects, and of the keys (shortest first) those that are there."""
    encoded = [name.encode() for name in names]
    bounds = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    keys = np.frombuffer(b"".join(encoded), np.uint8)
    is_object, found = log_json.scan_objects(
        block.data, block.starts, block.ends, marks, (keys, bounds)
    )
    present = np.flatnonzero(np.bincount(found[:, 1], minlength=len(names)))
    column_of_key = np.zeros(len(names), np.int64)
    column_of_key[present] = np.arange(len(present))
    places, sorts = log_json.spread(found, column_of_key, len(present), len(block))
    return is_object, {
        names[key]: _Places(places[i, 0], places[i, 1], sorts[i])
        for i, key in enumerate(present.tolist())
        if sorts[i].any()
    }


def _encoded_length(name: str) -> int:
    return len(name.encode())


def _descend(
    block: TextBlock, marks: _Marks, parent: _Places, path: Sequence[str]
) -> _Places | None:
    """Follow a path into nested objects; a dotted rest may also be one key."""
    index = np.flatnonzero(parent.sorts == log_json.NESTED)
    inner = TextBlock(block.data, parent.starts[index], parent.ends[index], block.numbers[index])
    rest = ".".join(path)
    _, below = _scan(inner, marks, (path[0], rest) if len(path) > 1 else (path[0],))
    found = below.get(rest)
    if found is None and path[0] in below and len(path) > 1:
        found = _descend(inner, marks, below[path[0]], path[1:])
    if found is None:
        return None
    n = len(block)
    starts, ends, sorts = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.uint8)
    starts[index], ends[index], sorts[index] = found.starts, found.ends, found.sorts
    return _Places(starts, ends, sorts)


def _first_present(candidates: Sequence[_Places], n: int) -> _Places:
    if not candidates:
        return _Places(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.uint8))
    chosen = candidates[0]
    for other in candidates[1:]:
        is_missing = (chosen.sorts == log_json.ABSENT) & (other.sorts != log_json.ABSENT)
        if is_missing.any():
            chosen = _Places(
                np.where(is_missing, other.starts, chosen.starts),
                np.where(is_missing, other.ends, chosen.ends),
                np.where(is_missing, other.sorts, chosen.sorts),
            )
    return chosen


def _values(block: TextBlock, places: _Places) -> pl.Series:
    """Return values as strings; escapes are resolved, nested values stay JSON."""
    values = block.slices(places.starts, places.ends, places.sorts != log_json.ABSENT)
    escaped = np.flatnonzero(places.sorts == log_json.ESCAPED)
    if not len(escaped):
        return values
    bounds = zip(places.starts[escaped].tolist(), places.ends[escaped].tolist(), strict=True)
    data = memoryview(block.data)  # type: ignore[arg-type]  # an array has a buffer
    quoted = [bytes(data[start - 1 : end + 1]) for start, end in bounds]
    return values.scatter(escaped, _unescape_all(quoted))


def _unescape_all(quoted: list[bytes]) -> list[str]:
    """Resolve the escapes of JSON strings, all at once if all are sound."""
    try:
        texts: list[str] = orjson.loads(b"[" + b",".join(quoted) + b"]")
    except orjson.JSONDecodeError:
        return [_unescape(one) for one in quoted]
    return texts


def _unescape(quoted: bytes) -> str:
    try:
        text: str = orjson.loads(quoted)
    except orjson.JSONDecodeError:  # a lone surrogate or an unknown escape: keep it as written
        return quoted[1:-1].decode("utf-8", errors="replace")
    return text


def _repair_times(
    block: TextBlock, times: _Places, odd: NDArray[np.int64], micros: NDArray[np.int64]
) -> None:
    """Read times of another style than the file's: nested instants, epochs among ISO times."""
    for i in odd[:100_000]:
        text = block.data[times.starts[i] : times.ends[i]].tobytes()
        if times.sorts[i] == log_json.NESTED:
            micros[i] = _instant(text)
            continue
        data = np.frombuffer(text, np.uint8)
        for style in (log_time.ISO, log_time.EPOCH):
            micros[i] = log_time.parse_time(data, 0, len(data), style, 1970)[0]
            if micros[i] != NO_TIME:
                break


def _instant(text: bytes) -> int:
    """Return microseconds of ``{"epochSecond": …, "nanoOfSecond": …}`` or ``{"$date": …}``."""
    try:
        parsed = orjson.loads(text)
        if "$date" in parsed:  # MongoDB
            date = np.frombuffer(str(parsed["$date"]).encode(), np.uint8)
            return int(log_time.parse_time(date, 0, len(date), log_time.ISO, 1970)[0])
        seconds, nanos = int(parsed["epochSecond"]), int(parsed.get("nanoOfSecond", 0))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, OverflowError):
        return NO_TIME
    is_in_range = abs(seconds) <= _LAST_SECOND and 0 <= nanos < 1_000_000_000
    return seconds * 1_000_000 + nanos // 1000 if is_in_range else NO_TIME
