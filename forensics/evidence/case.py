"""A case: the tables of all evidence of one incident, merged, with what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.config import FILE_NAME, IncidentConfig, read_config
from forensics.errors import EvidenceError
from forensics.evidence._intake import Taken, take_in
from forensics.evidence._walk import Found, stamp_of, walk_evidence
from forensics.findings import EvidenceFile
from forensics.places import default_cache
from forensics.readers import Limits
from forensics.tables import SCHEMAS, empty_table

if TYPE_CHECKING:
    from forensics.heap.graph import HeapGraph

_LAZY_TABLES: Final = ("logs",)


@dataclass(frozen=True, slots=True)
class HeapEvidence:
    """One heap dump of the case; ``open`` does the work, once an index exists it is instant."""

    name: str
    path: Path
    cache: Path

    def open(self) -> HeapGraph:
        """Return the heap graph (reads the dump, or maps its index).

        Raises
        ------
        EvidenceError
            If nothing of the dump can be read.
        """
        from forensics.readers.heap import open_heap  # noqa: PLC0415  # numba loads here, not in --help

        return open_heap(self.path, cache=self.cache)


@dataclass(frozen=True)
class Case:
    """All evidence of one incident, merged into the tables every analysis takes.

    ``metrics``, ``changes``, ``events`` and ``gc`` are frames in memory; ``logs`` stays
    lazy, since logs may be larger than memory. Sources that reported the same sample twice
    are counted once.
    """

    root: Path
    config: IncidentConfig
    files: tuple[EvidenceFile, ...]
    tables: Mapping[str, pl.DataFrame]
    logs: pl.LazyFrame
    heaps: tuple[HeapEvidence, ...]
    declaration: Path | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cache: Path = field(default_factory=default_cache)
    stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict, repr=False)

    def changed_files(self) -> list[str]:
        """Return the files that are no longer as they were taken in (size, time of change)."""
        names = {self.root / file.path: file.path for file in self.files}
        return [
            names.get(path, path.name)
            for path, stamp in self.stamps.items()
            if stamp_of(path) != stamp
        ]

    def __repr__(self) -> str:
        read = sum(file.status in {"read", "partly"} for file in self.files)
        return f"Case({self.root.name!r}, {read} of {len(self.files)} files read)"

    @property
    def metrics(self) -> pl.DataFrame:
        """Samples of all metrics files."""
        return self.table("metrics")

    @property
    def changes(self) -> pl.DataFrame:
        """Everything that was changed, by whoever told of it."""
        return self.table("changes")

    @property
    def events(self) -> pl.DataFrame:
        """What happened to pods and nodes, and which alerts fired."""
        return self.table("events")

    @property
    def gc(self) -> pl.DataFrame:
        """Garbage collections."""
        return self.table("gc")

    def table(self, name: str) -> pl.DataFrame:
        """Return a table by name; one that no file gave is empty, of its schema where known."""
        if name in self.tables:
            return self.tables[name]
        return empty_table(name) if name in SCHEMAS else pl.DataFrame()

    @cached_property
    def damage(self) -> pl.DataFrame:
        """Every place where a file could not be read as its format says."""
        return self.table("damage")


def open_case(evidence: str | Path, *, cache: Path | None = None) -> Case:
    """Take in a folder of evidence and merge what its files say.

    Reads every file once; readings are kept by content in the cache folder, so a second
    call costs only the hashing. Nothing is written into the evidence folder.

    Parameters
    ----------
    evidence
        The folder, or one file.
    cache
        Folder for derived files; by default ``FORENSICS_CACHE`` or the user's cache folder.

    Raises
    ------
    EvidenceError
        If the folder does not exist, holds nothing, or not one of its files can be read.
    """
    root = Path(evidence)
    cache = cache or default_cache()
    listed = list_evidence(root)
    config = listed.config
    taken = take_in(listed.found, cache=cache, limits=listed.limits, readers=config.readers)
    if not any(item.file.status in {"read", "partly"} for item in taken):
        first = taken[0].file
        raise EvidenceError(
            root,
            f"none of its {len(taken)} files can be read (first: {first.path}: {first.why})",
            way_out="run `forensics inspect FILE` on the file you expected to be read",
        )
    return _build_case(root, config, taken, cache)


@dataclass(frozen=True, slots=True)
class Listed:
    """What lies in an evidence folder, before any of it is read."""

    config: IncidentConfig
    limits: Limits
    found: tuple[Found, ...]


def list_evidence(root: Path) -> Listed:
    """List the files of an evidence folder that ``incident.yaml`` does not leave out.

    Raises
    ------
    EvidenceError
        If the folder does not exist or holds nothing.
    """
    path = root / FILE_NAME
    config = read_config(path) if path.is_file() else IncidentConfig()
    limits = _limits(config)
    return Listed(config, limits, tuple(walk_evidence(root, config.ignore, limits)))


def _limits(config: IncidentConfig) -> Limits:
    given = config.limits.model_dump(exclude_none=True)
    names = Limits.__dataclass_fields__
    return Limits(
        **{
            key: int(value) if key != "ratio" else value
            for key, value in given.items()
            if key in names
        }
    )


def _build_case(root: Path, config: IncidentConfig, taken: list[Taken], cache: Path) -> Case:
    from forensics.evidence._merge import merge_logs, merge_tables  # noqa: PLC0415  # numba-free start

    readings = [(item, item.reading) for item in taken if item.reading is not None]
    notes = [f"{item.file.path}: {note}" for item, reading in readings for note in reading.notes]
    if config.unknown_keys:
        notes.append(f"{FILE_NAME}: unknown keys ignored: {', '.join(config.unknown_keys)}")
    tables = merge_tables([reading for _, reading in readings])
    return Case(
        root=root,
        config=config,
        files=tuple(item.file for item in taken),
        tables=tables,
        logs=merge_logs([reading for _, reading in readings], tables),
        heaps=tuple(
            HeapEvidence(item.file.path, item.path, cache)
            for item in taken
            if item.file.kind == "heap" and item.file.status in {"read", "partly"}
        ),
        declaration=_find_declaration(root, config, taken),
        notes=tuple(notes),
        details={item.file.path: reading.details for item, reading in readings},
        cache=cache,
        stamps={item.path: item.stamp for item in taken if item.file.sha256},
    )


def _find_declaration(root: Path, config: IncidentConfig, taken: Iterable[Taken]) -> Path | None:
    if config.declaration:
        wanted = (root / config.declaration).resolve()
        return wanted if wanted.is_relative_to(root.resolve()) and wanted.is_file() else None
    candidates = [item for item in taken if item.file.reader == "declaration"]
    named = [item for item in candidates if "declar" in item.file.path.lower()]
    incident = [item for item in candidates if "incident" in item.file.path.lower()]
    for group in (named, incident):
        if group:
            return group[0].path
    return candidates[0].path if len(candidates) == 1 else None
