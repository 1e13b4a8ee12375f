"""Answers of Prometheus' HTTP API: ``/api/v1/query_range`` and ``/api/v1/query``.

Thanos, Mimir, Cortex and VictoriaMetrics answer in the same form. The file is scanned, not
loaded: memory follows the largest single series.

References
----------
Prometheus documentation, "HTTP API", section "Expression query result formats".
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

import numpy as np
import orjson

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._json_scan import Window, parse_pairs
from forensics.readers.metrics._native_histogram import add_histogram
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import epoch_us, is_time, seconds_to_us

TITLE: Final = "Prometheus query result (JSON)"
KIND: Final[Kind] = "metrics"

_NAME: Final = "prometheus_api"
#: A metric object or a message longer than this is damage, not data.
_SMALL_PART_BYTES: Final = 1 << 20
_RESULT_TYPE: Final = re.compile(rb'"resultType"\s*:\s*"(?:matrix|vector|scalar|string)"')
_ERROR_BODY: Final = re.compile(rb'^\s*\{\s*"status"\s*:\s*"error"\s*,\s*"errorType"\s*:')
_SERIES: Final = re.compile(
    rb'"metric"\s*:\s*\{[^{}]{0,3500}\}\s*,\s*"(?:values?|histograms?)"\s*:\s*\[\s*[\[\d]'
)
_TOKEN: Final = re.compile(
    rb'"(?:(?P<metric>metric)"\s*:\s*(?=\{)'
    rb'|(?P<samples>values?)"\s*:\s*(?=\[)'
    rb'|(?P<histograms>histograms?)"\s*:\s*(?=\[)'
    rb'|(?P<messages>warnings|infos)"\s*:\s*(?=\[)'
    rb'|(?P<bare>result)"\s*:\s*(?=\[\s*-?\d)'
    rb'|(?P<text>query|expr|status|errorType|error)"\s*:\s*(?="))'
)
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def sniff(head: Head) -> Match:
    """Claim JSON that names a Prometheus result type, or shows a series of its form."""
    data = head.data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.startswith((b"{", b"[")) or head.is_binary:
        return Match.NO
    if _RESULT_TYPE.search(data) or _ERROR_BODY.match(data):
        return Match.MAGIC
    return Match.SHAPE if _SERIES.search(data) else Match.NO


def read(source: Source) -> Reading:
    """Read every series of every answer in the file, as far as it goes.

    An instant vector gives one sample a series; a scalar is a series named after the file.
    A series without ``__name__`` (the result of an expression) is named by the expression
    if the file states one, else after the file.

    Raises
    ------
    CorruptEvidenceError
        If the file is an error answer of the server; the message repeats its error type.
    """
    return _Scan(source).run()


class _Scan:
    """State of one pass: the labels last seen, the samples that wait for labels."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.window = Window(source)
        self.table = SeriesTable(source)
        self.damage: list[DamageRow] = []
        self.notes: list[str] = []
        self.errors: list[str] = []
        self.fallback_name = PurePath(source.name).name.split(".")[0] or "value"
        self.labels: dict[str, str] | None = None
        self.waiting: list[tuple[str, bytes, bool]] = []
        self.is_values_first: bool | None = None

    def run(self) -> Reading:
        while (match := self.window.find(_TOKEN)) is not None:
            self.window.position = match.end()
            kind = match.lastgroup or ""
            if kind == "metric":
                self._take_metric()
            elif kind in {"samples", "histograms"}:
                self._take_samples(kind, is_many=match[kind].endswith(b"s"))
            elif kind == "bare":
                self._take_scalar()
            elif kind == "messages":
                self._take_messages()
            else:
                self._take_text(match["text"].decode())
        if self.waiting:
            self._hurt("samples without labels at the end", "dropped")
        if self.window.damage:
            self._hurt(self.window.damage, "read up to here")
        elif not self.window.data.rstrip().endswith((b"}", b"]")):
            self._hurt("the document ends early", "read up to here")
        if self.errors and not len(self.table):
            raise CorruptEvidenceError(
                self.source.name,
                f"is an error answer of the server ({'; '.join(self.errors)[:200]})",
                expected="a query result",
                way_out="repeat the query",
            )
        notes = [*self.notes, *(f"the server reported: {error[:200]}" for error in self.errors)]
        return self.table.reading(_NAME, damage=self.damage, notes=notes)

    def _take_metric(self) -> None:
        part, is_whole = self.window.take_value(_SMALL_PART_BYTES)
        labels = _parse_labels(part) if is_whole else None
        if labels is None:
            self._hurt("labels are no flat JSON object", "series dropped")
        if self.is_values_first is None:
            self.is_values_first = bool(self.waiting)
        if self.is_values_first:
            for kind, samples, is_sound in self.waiting:
                self._store(kind, samples, labels, is_whole=is_sound)
            self.waiting.clear()
        else:
            self.labels = labels

    def _take_samples(self, kind: str, *, is_many: bool) -> None:
        if kind == "samples" and is_many:
            part, is_whole = self.window.take_pairs()
        else:
            part, is_whole = self.window.take_value(self.source.limits.document_bytes)
        if not is_many:
            part = b"[" + part + b"]"
        if self.is_values_first is False:
            self._store(kind, part, self.labels, is_whole=is_whole)
        else:
            self.waiting.append((kind, part, is_whole))

    def _take_scalar(self) -> None:
        part, is_whole = self.window.take_value(_SMALL_PART_BYTES)
        self._store("samples", b"[" + part + b"]", {}, is_whole=is_whole)

    def _take_messages(self) -> None:
        part, _ = self.window.take_value(_SMALL_PART_BYTES)
        try:
            messages = orjson.loads(part)
        except orjson.JSONDecodeError:
            return
        self.notes += [f"the server warned: {text[:200]}" for text in map(str, messages)]

    def _take_text(self, key: str) -> None:
        match = _STRING.match(self.window.data, self.window.position)
        if match is None:
            return
        self.window.position = match.end()
        try:
            text = str(orjson.loads(match.group()))
        except orjson.JSONDecodeError:
            return
        if key in {"query", "expr"} and text:
            self.fallback_name = text
        elif key in {"errorType", "error"}:
            self.errors.append(text)

    def _store(
        self, kind: str, part: bytes, labels: dict[str, str] | None, *, is_whole: bool
    ) -> None:
        if labels is None:
            self._hurt("samples without labels", "dropped")
            return
        named = {name: value for name, value in labels.items() if name != "__name__"}
        metric = labels.get("__name__") or self.fallback_name
        if kind == "histograms":
            is_sound = add_histogram(self.table, metric, named, part)
        else:
            times, values, is_sound = parse_pairs(part)
            near = is_time(times)
            is_sound = is_sound and bool(near.all())
            times, numbers = times[near], np.asarray(values, np.float64)[near]
            # The interface speaks seconds; exports that were post-processed may not.
            time_us = epoch_us(times)
            time_us = seconds_to_us(times) if time_us is None else time_us
            self.table.extend(self.table.index_of(metric, named), time_us, numbers)
        if not (is_sound and is_whole):
            self._hurt("an array of samples is damaged", "kept its readable samples")

    def _hurt(self, what: str, action: str) -> None:
        self.damage.append(DamageRow(self.source.name, what, action, offset=self.window.offset))


def _parse_labels(part: bytes) -> dict[str, str] | None:
    try:
        labels = orjson.loads(part)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(labels, dict):
        return None
    if any(isinstance(value, dict | list) for value in labels.values()):
        return None
    return {name: "" if value is None else str(value) for name, value in labels.items()}
