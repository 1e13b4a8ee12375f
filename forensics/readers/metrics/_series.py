"""Collect samples series by series, and lay them out as one ``metrics`` table."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.readers._contract import DamageRow, Reading, damage_table
from forensics.readers._source import Source
from forensics.readers.metrics import _spill
from forensics.readers.metrics._entity import entity_of
from forensics.readers.metrics._spill import Block, BlockOnDisk, Spill
from forensics.readers.metrics._time import YEAR_9999_US
from forensics.readers.metrics._units import Unit, unit_of_name
from forensics.tables import METRICS, TIME, empty_table, label_pairs

_Labels = tuple[tuple[str, str], ...]
#: Single samples of a series from which they become a block.
_MANY_SINGLES: Final = 1 << 16
_TOO_FAR: Final = "samples timed past the year 9999 were left out"


@dataclass(slots=True)
class _Samples:
    """Samples of one series: whole blocks from columnar formats, single ones from lines."""

    blocks: list[Block | BlockOnDisk] = field(default_factory=list)
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    factor: float = 1.0

    @property
    def size(self) -> int:
        """Number of samples, repeated ones included."""
        return len(self.times) + sum(block.size for block in self.blocks)

    def close_block(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the single samples as a block of their own and start anew."""
        block = np.array(self.times, np.int64), np.array(self.values, np.float64)
        self.times, self.values = array("q"), array("d")
        return block

    def merged(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times and values of all samples, in time order, repeated samples once."""
        blocks = [block.load() for block in self.blocks]
        if self.times:
            blocks.append(Block(np.array(self.times, np.int64), np.array(self.values, np.float64)))
        time_us = np.concatenate([block.times for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        with np.errstate(over="ignore"):
            values *= self.factor
        steps = np.diff(time_us)
        if (steps < 0).any():
            order = np.argsort(time_us, kind="stable")
            time_us, values = time_us[order], values[order]
            steps = np.diff(time_us)
        if not (steps == 0).any():
            return time_us, values
        is_repeated = np.zeros(time_us.size, bool)
        same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
        is_repeated[1:] = (steps == 0) & same
        return time_us[~is_repeated], values[~is_repeated]


class SeriesTable:
    """Samples on their way from one file to a ``metrics`` table.

    Memory is 16 bytes a sample until ``build``; series are held once. A repeated sample
    (same series, time and value) counts once; values that are not finite become null.

    A source with a cache folder bounds the memory: beyond ``_spill.HELD_SAMPLES`` samples wait on
    disk, and ``reading`` lays a table of ``_spill.TABLE_SAMPLES`` or more out as Parquet, so that
    the largest series decides.

    Parameters
    ----------
    source
        The file, or what reports call it.
    """

    def __init__(self, source: Source | str) -> None:
        self.source = source if isinstance(source, str) else source.name
        self._spill = None if isinstance(source, str) else Spill(source)
        self._keys: dict[tuple[str, _Labels], int] = {}
        self._units: list[str | None] = []
        self._samples: list[_Samples] = []
        self.not_finite = 0
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self._keys)

    def index_of(self, metric: str, labels: Mapping[str, str], unit: str | None = None) -> int:
        """Return the dense index of a series, made on first sight.

        ``unit`` is the base unit the values are in already. Without one, the name decides:
        values of ``heap_mb`` or ``pause_milliseconds`` are turned into bytes and seconds by
        ``build``, and ``notes`` says so where the prefix is ambiguous.
        """
        key = (metric, tuple(sorted(labels.items())))
        index = self._keys.get(key)
        if index is None:
            index = self._keys[key] = len(self._units)
            named = None if unit else unit_of_name(metric)
            self._units.append(unit or (named.base if named else None))
            self._samples.append(_Samples(factor=named.factor if named else 1.0))
            if named is not None and named.is_assumed:
                self.notes.append(unit_note(metric, named))
        return index

    def append(self, index: int, time_us: int, value: float) -> None:
        """Add one sample; one timed past the year 9999 is left out and noted."""
        if abs(time_us) >= YEAR_9999_US:
            if _TOO_FAR not in self.notes:
                self.notes.append(_TOO_FAR)
            return
        samples = self._samples[index]
        samples.times.append(time_us)
        samples.values.append(value)
        if len(samples.times) >= _MANY_SINGLES:
            self.extend(index, *samples.close_block())

    def extend(self, index: int, time_us: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add samples, arrays of shape (n,) of UTC microseconds and values."""
        if time_us.size:
            block = Block(time_us, values)
            kept = block if self._spill is None else self._spill.keep(block)
            self._samples[index].blocks.append(kept)

    def build(self) -> pl.DataFrame:
        """Return the samples as a ``metrics`` table, sorted by metric, entity, labels, time."""
        self.not_finite = 0
        order = self._order()
        return self._lay_out(order) if order else empty_table("metrics")

    def _order(self) -> list[int]:
        """Return the series that have samples, in order of the table."""
        keys = list(self._keys)
        entities = [entity_of(dict(labels)) for _, labels in keys]
        return sorted(
            (i for i, samples in enumerate(self._samples) if samples.blocks or samples.times),
            key=lambda i: (keys[i][0], entities[i] or "", keys[i][1]),
        )

    def _parts(self) -> Iterator[pl.DataFrame]:
        """Yield the table in parts of some series each, at least one."""
        part: list[int] = []
        size = 0
        for i in self._order():
            part.append(i)
            size += self._samples[i].size
            if size >= _spill.PART_SAMPLES:
                yield self._lay_out(part)
                part, size = [], 0
        if part:
            yield self._lay_out(part)

    def _lay_out(self, order: list[int]) -> pl.DataFrame:
        """Return the table of some series."""
        keys = list(self._keys)
        entities = {i: entity_of(dict(keys[i][1])) for i in order}
        merged = [self._samples[i].merged() for i in order]
        series = pl.DataFrame(
            {
                "metric": [keys[i][0] for i in order],
                "entity": [entities[i] for i in order],
                "labels": [label_pairs(dict(keys[i][1])) for i in order],
                "unit": [self._units[i] for i in order],
            },
            schema={name: METRICS[name] for name in ("metric", "entity", "labels", "unit")},
        )
        row = np.repeat(np.arange(len(order), dtype=np.uint32), [t.size for t, _ in merged])
        values = np.concatenate([values for _, values in merged])
        finite = np.isfinite(values)
        self.not_finite += int(values.size - finite.sum())
        value = pl.Series("value", np.where(finite, values, np.nan), nan_to_null=True)
        time = pl.Series("time", np.concatenate([times for times, _ in merged])).cast(TIME)
        return (
            series[row]
            .with_columns(time, value, pl.lit(self.source).alias("source"))
            .select(METRICS.names())
        )

    def reading(
        self,
        reader: str,
        *,
        damage: Iterable[DamageRow] = (),
        notes: Sequence[str] = (),
        details: Mapping[str, str] | None = None,
    ) -> Reading:
        """Return the reading of a metrics file: table, damage, counts, notes."""
        rows = list(damage)
        held = sum(samples.size for samples in self._samples)
        cached = self._spill.source if self._spill and self._spill.source.cache else None
        table: pl.DataFrame | pl.LazyFrame
        if cached is not None and held >= _spill.TABLE_SAMPLES:
            table, height = _spill.write_parts(self._parts(), cached)
        else:
            table = self.build()
            height = table.height
        return Reading(
            reader=reader,
            kind="metrics",
            tables={"metrics": table},
            damage=damage_table(rows),
            counts={
                "series": len(self._keys),
                "samples": height,
                "not_finite": self.not_finite,
                "damaged": len(rows),
            },
            notes=tuple(dict.fromkeys([*notes, *self.notes])),
            details=dict(details or {}),
        )


def to_floats(values: Iterable[object]) -> NDArray[np.float64]:
    """Return one float a value, shape (n,); what is no number becomes NaN."""
    return np.array([_float(value) for value in values], np.float64)


def _float(value: object) -> float:
    if not isinstance(value, int | float | str):
        return np.nan
    try:
        return float(value)
    except (ValueError, OverflowError):  # a whole number beyond 1e308 overflows
        return np.nan


def unit_note(column: str, unit: Unit) -> str:
    """Say how an ambiguous prefix in a name was taken."""
    return f"{column}: the name's unit is taken as {unit.factor:,.0f} bytes"
