"""logfmt: ``key=value`` pairs, as Go's logrus, go-kit, Grafana and Heroku write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import LineReader
from forensics.readers.logs._collect import collect
from forensics.readers.logs._identifiers import find_identifiers
from forensics.readers.logs._text import match_lines, regex_heads
from forensics.readers.logs._times import Clock, clock_for, find_style, text_block
from forensics.tables import attributes

TITLE: Final = "logfmt (key=value pairs)"
KIND: Final[Kind] = "logs"

#: Lines whose keys are looked at for attributes.
_SAMPLE_LINES: Final = 500
_PAIR: Final = r'[\w.@/-]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)'
_LINE: Final = rf"^\s*(?P<pairs>(?:{_PAIR}\s*)(?:{_PAIR}\s*|[\w.-]+\s+)*)$"
_KEYS: Final = {
    "time": ("time", "ts", "t", "timestamp", "at"),
    "level": ("level", "lvl", "severity"),
    "message": ("msg", "message", "event"),
    "logger": ("logger", "caller", "component", "module"),
    "service": ("service", "app", "job"),
    "host": ("pod", "host", "hostname", "instance"),
    "exception": ("stack", "stacktrace", "exception", "error", "err"),
    "trace_id": ("trace_id", "traceID", "traceId", "request_id", "correlation_id"),
}


def sniff(head: Head) -> Match:
    """Claim lines that are pairs throughout, a level or a message among them."""
    return match_lines(head, r"^\s*[\w.@/-]+=\S.*\b(?:level|lvl|msg|message|severity)=")


def read(source: Source) -> Reading:
    """Read one event a line; the message is that of ``msg``, or the whole line."""
    sample = next(iter(LineReader(source, block_bytes=1 << 18)), None)
    clock = Clock(log_time.ISO)
    told: list[str] = []
    if sample is not None:
        lines = sample.text()
        told = _find_attributes(lines.head(_SAMPLE_LINES))
        times = _value(lines.to_frame("text"), "time", _KEYS["time"]).drop_nulls()
        style = find_style(times.head(200).to_list())
        clock = clock if style is None else clock_for(style, source, text_block(times))
    refine = partial(_refine, names=told)
    found = collect(source, lambda block: regex_heads(block, _LINE, clock, refine))
    return found.reading("logfmt", notes=clock.notes)


def _find_attributes(lines: pl.Series) -> list[str]:
    """Return which keys of some lines name what an event is about."""
    # By the engine of polars: that of Python takes time with the square of a long word.
    found = lines.str.extract_all(_PAIR)
    pairs = (dict(pair.split("=", 1) for pair in line) for line in found)
    return find_identifiers(pairs, {key for keys in _KEYS.values() for key in keys})


def _refine(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    values = {column: _value(frame, column, _KEYS[column]) for column in _KEYS}
    told = pl.DataFrame({name: column for name, column in values.items() if column.count()})
    if "message" not in told.columns:
        told = pl.DataFrame({**told.to_dict(), "message": frame["text"]})
    told = told.with_columns(pl.col("message").fill_null(frame["text"]))
    if not names:
        return told
    own = {name: pl.lit(_value(frame, name, (re.escape(name),))) for name in names}
    return told.with_columns(attributes(**own))


def _value(frame: pl.DataFrame, column: str, keys: Sequence[str]) -> pl.Series:
    """Return the first of some keys' values that a line has, quotes and escapes resolved."""
    found = [
        pl.col("text").str.extract(rf'(?:^|\s){key}=("(?:[^"\\]|\\.)*"|[^\s"]+)') for key in keys
    ]
    value = pl.coalesce(found)
    plain = (
        value.str.replace(r'(?s)^"(.*)"$', "$1")
        .str.replace_all(r'\\(["\\])', "$1")
        .str.replace_all(r"\\n", "\n")
    )
    return frame.select(plain.str.replace_all(r"\\t", "\t").alias(column))[column]
