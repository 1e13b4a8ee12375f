"""What the heap dumps hold: size, suspects and their holders, growth between dumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from forensics.errors import ForensicsError
from forensics.findings import AnyEntry, HeapFile, HeapGroup, HeapSuspect
from forensics.heap import HeapGraph, find_suspects, outline_heap
from forensics.progress import track

TITLE: Final = "What the heap holds"
NEEDS: Final = ("heaps",)

_MAX_SUSPECTS: Final = 8


class Dump(Protocol):
    """A heap dump of the case."""

    @property
    def name(self) -> str:
        """Its name in the evidence."""

    def open(self) -> HeapGraph:
        """Return its graph."""


@dataclass(frozen=True, slots=True)
class Result:
    """One entry a dump that could be read, oldest first, and why each other could not."""

    files: tuple[HeapFile, ...] = ()
    unread: tuple[str, ...] = ()


def run(*, heaps: Sequence[Dump]) -> Result:
    """Find what dominates each dump, and how it grew since the dump before.

    Dumps are put in order of the time they were written, as the format records it.
    """
    found: list[tuple[int, HeapFile]] = []
    unread: list[str] = []
    with track("heap dumps", len(heaps), unit="dumps") as task:
        for dump in heaps:
            try:
                found.append(_summarise(dump))
            except ForensicsError as error:
                unread.append(str(error))
            task.advance()
    found.sort(key=lambda item: (item[0], item[1].file))
    return Result(tuple(_with_growth([file for _, file in found])), tuple(unread))


def findings(result: Result) -> list[AnyEntry]:
    """Return one entry a dump."""
    return list(result.files)


def _summarise(dump: Dump) -> tuple[int, HeapFile]:
    graph = dump.open()
    suspects = find_suspects(graph)
    entry = HeapFile(
        file=dump.name,
        objects=graph.object_count,
        shallow_bytes=int(graph.total_bytes),
        suspects=[_suspect(row) for row in suspects.head(_MAX_SUSPECTS).iter_rows(named=True)],
        outline=[
            HeapGroup.model_validate(row) for row in outline_heap(graph).iter_rows(named=True)
        ],
    )
    return graph.facts.created_ms, entry


def _suspect(row: dict[str, Any]) -> HeapSuspect:
    """Name a suspect by what piles up in it."""
    return HeapSuspect.model_validate(
        {
            "class": row["piles_up"],
            "instances": int(row["piled"]),
            "retained_bytes": int(row["retained_bytes"]),
            "share": min(1.0, float(row["share"])),
            "held_by": list(row["held_by"]),
        }
    )


def _with_growth(files: Sequence[HeapFile]) -> list[HeapFile]:
    """Add to each suspect what the same class held in the dump before."""
    grown: list[HeapFile] = []
    for number, file in enumerate(files):
        before = files[number - 1] if number else None
        grown.append(file if before is None else _compare(file, before))
    return grown


def _compare(file: HeapFile, before: HeapFile) -> HeapFile:
    held: dict[str, int] = {}
    for suspect in before.suspects:
        held[suspect.class_] = held.get(suspect.class_, 0) + suspect.retained_bytes
    suspects = [
        suspect.model_copy(
            update={
                "growth_vs": before.file,
                "growth_bytes": suspect.retained_bytes - held.get(suspect.class_, 0),
            }
        )
        for suspect in file.suspects
    ]
    return file.model_copy(update={"suspects": suspects})
