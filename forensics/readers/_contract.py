"""What a reader module defines and what it returns.

A reader is a module in one of the plug-in folders. It defines ``TITLE`` (what a person
calls the format), ``KIND`` (the folder's name), ``sniff(head) -> Match`` and
``read(source) -> Reading``. It never prints, logs per record, or keeps state between calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

import polars as pl

from forensics.errors import PluginError
from forensics.tables import DAMAGE, SCHEMAS, check_table

if TYPE_CHECKING:
    from forensics.heap.graph import HeapGraph
    from forensics.readers._source import Source

Kind = Literal["heap", "metrics", "logs", "changes"]

#: What a reader module must define.
REQUIRED = ("TITLE", "KIND", "sniff", "read")


class Match(IntEnum):
    """How sure a reader is that a file is its own."""

    NO = 0
    SHAPE = 1  #: looks like it
    MAGIC = 2  #: says so itself


@dataclass(frozen=True, slots=True)
class Head:
    """What ``sniff`` sees: the name and the first 4 KiB, already decompressed."""

    name: str
    data: bytes

    @property
    def text(self) -> str:
        """The first 4 KiB as text; broken bytes become U+FFFD, a byte-order mark is dropped."""
        return self.data.decode("utf-8", errors="replace").lstrip("\ufeff")

    @property
    def is_binary(self) -> bool:
        """True when a NUL byte shows that this is no text (UTF-16 excepted)."""
        return b"\x00" in self.data and not self.data.startswith((b"\xff\xfe", b"\xfe\xff"))


@dataclass(frozen=True, slots=True)
class DamageRow:
    """One place where a file could not be read as its format says."""

    path: str
    what: str
    action: str
    offset: int | None = None
    line: int | None = None


def damage_table(rows: Iterable[DamageRow]) -> pl.DataFrame:
    """Return the rows as a frame that meets the ``damage`` schema."""
    return pl.DataFrame(
        [{name: getattr(row, name) for name in DAMAGE} for row in rows], schema=DAMAGE
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader made of one file.

    Parameters
    ----------
    reader
        Public name of the reader, that is its file name.
    kind
        Folder of the reader.
    tables
        Frames by name. Names in ``forensics.tables.SCHEMAS`` must meet that schema; others
        (such as ``gc`` or ``threads``) are documented by the reader that makes them. A
        ``LazyFrame`` is allowed where the file is too large to hold.
    graph
        The heap graph, for heap readers.
    damage
        Frame of the ``damage`` schema: zero rows for a sound file.
    counts
        Records by sort. Log readers count ``lines``, ``events``, ``continuations`` and ``raw``
        and lines == events + continuations + raw.
    notes
        Sentences for the report on what a person must know: assumptions such as a time zone.
    details
        Values of the whole file, such as a start time or a format version.
    """

    reader: str
    kind: Kind
    tables: Mapping[str, pl.DataFrame | pl.LazyFrame] = field(default_factory=dict)
    graph: HeapGraph | None = None
    damage: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DAMAGE))
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """Return one table, collected into memory.

        Raises
        ------
        KeyError
            If the reader made no table of that name.
        """
        frame = self.tables[name]
        return frame.collect() if isinstance(frame, pl.LazyFrame) else frame

    def check(self) -> Reading:
        """Return itself if all tables meet their schemas.

        Raises
        ------
        PluginError
            If a table or a count breaks the contract.
        """
        check_table("damage", self.damage)
        for name, frame in self.tables.items():
            if name in SCHEMAS and isinstance(frame, pl.DataFrame):
                check_table(name, frame)
        if "lines" in self.counts:
            parts = sum(self.counts.get(part, 0) for part in ("events", "continuations", "raw"))
            if parts != self.counts["lines"]:
                raise PluginError(
                    f"reader {self.reader}: {self.counts['lines']} lines but {parts} accounted for"
                )
        return self


class Reader(Protocol):
    """The shape of a reader module."""

    TITLE: str
    KIND: Kind

    def sniff(self, head: Head) -> Match:
        """Say how sure this reader is that the file is its own."""

    def read(self, source: Source) -> Reading:
        """Read the file as far as it goes."""


def as_reader(module: Any) -> Reader:
    """Narrow a discovered module to the reader contract."""
    reader: Reader = module
    return reader
