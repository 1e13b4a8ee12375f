"""Logs inside logs: container runtimes and log shippers wrap each line of an application.

The wrapper is taken off, cut lines are joined again, and what is inside is read by the format
that it has: JSON of a known framework, a header of an inferred layout, or plain messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels.log_time import NO_TIME
from forensics.readers._contract import DamageRow, Head, Reading
from forensics.readers._source import Source
from forensics.readers.logs import (
    bunyan,
    ecs,
    json_lines,
    log4j2_json,
    logstash,
    pino,
    serilog,
    structlog,
    zap,
    zerolog,
)
from forensics.readers.logs._block import LineReader, TextBlock, block_of_lines
from forensics.readers.logs._collect import Collector
from forensics.readers.logs._events import Heads, fold
from forensics.readers.logs._infer import dated_share, find_by_templates, infer_templates
from forensics.readers.logs._json import Keys, dialect, find_clock, find_objects
from forensics.readers.logs._times import clock_for

_JSON: dict[str, Keys] = {
    module.__name__.rsplit(".", 1)[-1]: module.KEYS
    for module in (
        bunyan,
        ecs,
        json_lines,
        log4j2_json,
        logstash,
        pino,
        serilog,
        structlog,
        zap,
        zerolog,
    )
}


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What the wrapper of some lines held.

    Parameters
    ----------
    lines
        The application's lines, joined where the runtime cut them.
    numbers : array of int64, shape (n,)
        Line in the file where each begins.
    micros : array of int64, shape (n,)
        The wrapper's time.
    fields
        Columns that the wrapper gives, such as ``host``.
    swallowed
        Lines of the file that were joined to an earlier one.
    raw : list of (number, text)
        Lines that have no wrapper.
    """

    lines: list[bytes]
    numbers: NDArray[np.int64]
    micros: NDArray[np.int64]
    fields: dict[str, pl.Series]
    swallowed: int = 0
    raw: tuple[tuple[int, str], ...] = ()


Unwrap = Callable[[TextBlock], Unwrapped]
FindHeads = Callable[[TextBlock], Heads]


def read_wrapped(
    source: Source, reader: str, parts: Iterable[Unwrapped], damage: list[DamageRow]
) -> Reading:
    """Read what lies inside a wrapper; its times and fields fill what the inside leaves out."""
    collector = Collector(source)
    notes: tuple[str, ...] = ()
    find: FindHeads | None = None
    for part in parts:
        block = block_of_lines(part.lines, part.numbers)
        if find is None and part.lines:
            find, notes = _inner_format(source, block)
        _add(collector, part, block, find)
    collector.damage.extend(damage)
    return collector.reading(reader, notes=notes)


def unwrap_blocks(source: Source, unwrap: Unwrap, damage: list[DamageRow]) -> Iterator[Unwrapped]:
    """Yield the unwrapped blocks of a file of lines."""
    reader = LineReader(source)
    for block in reader:
        yield unwrap(block)
    damage.extend(reader.damage)


def _add(collector: Collector, part: Unwrapped, block: TextBlock, find: FindHeads | None) -> None:
    every = np.arange(len(block))
    heads = Heads(every, part.micros, {"message": block.text()}) if find is None else find(block)
    if len(heads.index) < len(block):
        heads = _with_loose(block, heads)
    taken = heads.index
    micros = np.where(heads.micros == NO_TIME, part.micros[taken], heads.micros)
    fields = dict(heads.fields)
    for name, column in part.fields.items():
        outer = column.gather(taken)
        fields[name] = outer if name not in fields else fields[name].fill_null(outer)
    folded = fold(block, Heads(taken, micros, fields), collector.source.name)
    collector.add(folded, int((block.ends - block.starts).sum()))
    for kind, count in (("continuations", part.swallowed), ("lines", part.swallowed)):
        collector.counts[kind] += count
    if part.raw:
        loose = block_of_lines(
            [text.encode() for _, text in part.raw], np.array([n for n, _ in part.raw])
        )
        empty = Heads(
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            {"message": pl.Series([], dtype=pl.String)},
        )
        collector.add(fold(loose, empty, collector.source.name), 0)


def _with_loose(block: TextBlock, heads: Heads) -> Heads:
    """Make lines inside the wrapper that begin no event and continue none events of their own.

    The runtime gives them a time, so they are no raw lines.
    """
    probe = fold(block, heads, "")
    owned = probe.rows.filter(pl.col("time").is_null() & pl.col("level").is_null())
    loose_numbers = owned["raw_ref"].struct.field("line").to_numpy()
    loose = np.flatnonzero(np.isin(block.numbers, loose_numbers))
    loose = np.setdiff1d(loose, heads.index)
    if not len(loose):
        return heads
    frames = [
        pl.DataFrame({"index": heads.index, "micros": heads.micros, **heads.fields}),
        pl.DataFrame(
            {
                "index": loose,
                "micros": np.full(len(loose), NO_TIME),
                "message": block.take(loose).text(),
            }
        ),
    ]
    merged = pl.concat(frames, how="diagonal").sort("index")
    fields = {name: merged[name] for name in merged.columns if name not in ("index", "micros")}
    return Heads(merged["index"].to_numpy(), merged["micros"].to_numpy(), fields)


def _json_format(
    source: Source, sample: TextBlock, keys: Keys
) -> tuple[FindHeads, tuple[str, ...]]:
    clock = find_clock(source, sample, keys)
    return (lambda block: find_objects(block, keys, clock)), clock.notes


def _inner_format(source: Source, block: TextBlock) -> tuple[FindHeads | None, tuple[str, ...]]:
    """Return what finds the heads of the application's own format, if it has one."""
    sample = block.take(slice(0, 1000))
    lines = sample.text().to_list()
    for line in lines[:20]:
        name = dialect(Head("", line.encode()))
        if name in _JSON:
            return _json_format(source, sample, _JSON[name])
    if dated_share(lines[:200]) < 0.3:  # traces may outnumber headers in a container's log
        return None, ()
    templates = infer_templates(lines)
    if not templates:
        return None, ()
    clock = clock_for(templates[-1].style, source, templates[-1].from_time(sample))
    return (lambda b: find_by_templates(b, templates, clock)), clock.notes
