"""How much each class retains in one dump after the other of the same process."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Panel
from forensics.charts._layout import fit_label
from forensics.charts._units import human
from forensics.findings import EvidenceRef, Findings, HeapFile, HeapSuspect

TITLE: Final = "Growth of each class from dump to dump"
NEEDS: Final = ("findings",)

_MOST_CLASSES: Final = 8
_ROLES: Final = ("faint", "s6", "s1", "cause")
#: Retained bytes of each class in each dump of a chain.
Sizes = dict[str, dict[str, float]]


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where no two dumps were compared."""
    chain = _chain(findings.heap)[-len(_ROLES) :]
    sizes = _sizes(chain)
    if not sizes:
        return None
    files = [heap.file for heap in chain]
    risen = {name: own.get(files[-1], 0.0) - min(own.values()) for name, own in sizes.items()}
    names = sorted(sizes, key=lambda name: (-abs(risen[name]), name))[:_MOST_CLASSES]
    largest = max(value for own in sizes.values() for value in own.values()) or 1.0
    thickness = 0.8 / len(files)
    title = _title(names[0], [sizes[names[0]].get(file, 0.0) for file in files])
    return Chart(
        id="heap-class-growth",
        title=title,
        subtitle=f"retained size by class in {len(files)} dumps, the oldest first",
        panels=(
            Panel(
                x=Axis(label="retained size", unit="bytes", low=0.0, high=1.15 * largest),
                y=Axis(scale="category", categories=tuple(map(short_class, names))),
                marks=tuple(
                    Bars(
                        name=f"{number + 1}: {fit_label(file.rsplit('/', maxsplit=1)[-1], 40)}",
                        role=role,
                        positions=[
                            row + (number - (len(files) - 1) / 2) * thickness
                            for row in range(len(names))
                        ],
                        starts=[0.0] * len(names),
                        ends=[sizes[name].get(file, 0.0) for name in names],
                        texts=[human(sizes[name].get(file, 0.0), "bytes") for name in names],
                        horizontal=True,
                        thickness=thickness * 0.9,
                    )
                    for number, (file, role) in enumerate(
                        zip(files, _ROLES[-len(files) :], strict=True)
                    )
                ),
            ),
        ),
        caption=(
            "Dumps of one process, in the order they were taken. A class that only grows is kept."
        ),
        alt=f"Bars of the retained size of {len(names)} classes in {len(files)} dumps. {title}.",
        table=pl.DataFrame(
            [
                {"class": name, "file": file, "retained_bytes": own[file]}
                for name, own in sizes.items()
                for file in files
                if file in own
            ]
        ),
        sources=tuple(EvidenceRef(path=file) for file in files),
        height_in=0.9 + (0.24 * len(files) + 0.12) * len(names),
    )


def short_class(name: str) -> str:
    """Return a class without its package, the array marks kept."""
    return name.rsplit(".", maxsplit=1)[-1]


def _chain(heaps: list[HeapFile]) -> list[HeapFile]:
    """Return the dumps that were compared one with the next, of the chain that grew most."""
    by_file = {heap.file: heap for heap in heaps}
    for heap in heaps:
        for name in {s.growth_vs for s in heap.suspects if s.growth_vs} - by_file.keys():
            # The earlier dump has no suspects of its own.
            by_file[name] = HeapFile(file=name, objects=0, shallow_bytes=0)
    heaps = list(by_file.values())
    before = {
        heap.file: next((s.growth_vs for s in heap.suspects if s.growth_vs in by_file), None)
        for heap in heaps
    }
    best: list[HeapFile] = []
    for heap in heaps:
        chain = [heap]
        while (earlier := before[chain[0].file]) is not None and by_file[earlier] not in chain:
            chain.insert(0, by_file[earlier])
        if len(chain) > 1 and _growth(chain) > _growth(best):
            best = chain
    return best


def _growth(chain: list[HeapFile]) -> int:
    return sum(abs(s.growth_bytes or 0) for heap in chain for s in heap.suspects)


def _sizes(chain: list[HeapFile]) -> Sizes:
    """Return what each class that was compared retains in each dump of the chain."""
    sizes: Sizes = {}
    for earlier, heap in pairwise(chain):
        for suspect in heap.suspects:
            if suspect.growth_bytes is not None:
                own = sizes.setdefault(suspect.class_, {})
                own[heap.file] = float(suspect.retained_bytes)
                own.setdefault(earlier.file, _before(earlier, suspect))
    return sizes


def _before(earlier: HeapFile, suspect: HeapSuspect) -> float:
    """Return what the class retained in the dump before, listed there or not."""
    known = [s.retained_bytes for s in earlier.suspects if s.class_ == suspect.class_]
    return float(known[0] if known else suspect.retained_bytes - (suspect.growth_bytes or 0))


def _title(name: str, values: list[float]) -> str:
    verb = "grew" if values[-1] > values[0] else "went"
    first, last = human(values[0], "bytes"), human(values[-1], "bytes")
    return f"{short_class(name)} {verb} from {first} to {last} over {len(values)} dumps"
