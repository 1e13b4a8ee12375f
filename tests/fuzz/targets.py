"""What is fuzzed: every reader that discovery finds, and the three parsers beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from forensics.analysis.claims import read_declared
from forensics.config import Declaration, read_config
from forensics.findings import read_findings
from forensics.readers import Source, find_reader, list_readers, sniff_file
from tests import heap_writer, v8_writer

SAMPLES = Path(__file__).parents[1] / "samples"
_CONFIG = b"""id: INC-1
title: it broke
severity: SEV-1
started_at: 2026-02-09T14:23:00Z
memory_limit_bytes: 8GiB
ignore: ['*.tmp']
roles: {memory: 'jvm_memory_used_bytes'}
limits: {expanded_bytes: 1GiB, ratio: 100}
slo: {objective: 0.999, window_days: 30}
money: {per_hour: 1000000, currency: EUR}
redact: {emails: true}
"""


@dataclass(frozen=True)
class Target:
    """One parser, the names its inputs get, and sound inputs to start from."""

    name: str
    parse: Callable[[Path], None]
    seeds: tuple[bytes, ...]
    file_name: str


def find_targets() -> dict[str, Target]:
    """Return all targets by name."""
    found = {}
    for plugin in list_readers():
        if plugin.module is not None:
            folder = SAMPLES / plugin.module.KIND / plugin.name
            paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "ORIGIN.md")
            seeds = tuple(p.read_bytes() for p in paths) or _heaps()
            if plugin.name == "hprof":
                seeds += _heaps()
            if plugin.name == "v8":
                seeds += (v8_writer.write(v8_writer.NODES, v8_writer.EDGES, [(2, 9, 4, 2)]),) * 9
            name = paths[0].name if paths else "heap.hprof"
            found[plugin.name] = Target(plugin.name, _reading(plugin.name), seeds, name)
    declared = found["declaration"].seeds
    texts = tuple(p.read_bytes() for p in sorted(SAMPLES.parents[1].glob("data/incidents/*/*.md")))
    cases = tuple(p.read_bytes() for p in sorted((SAMPLES / "case").glob("findings.json")))
    found["declaration-claims"] = Target(
        "declaration-claims", _claims, declared + texts, "declaration.md"
    )
    found["incident-yaml"] = Target("incident-yaml", _config, (_CONFIG,), "incident.yaml")
    found["findings"] = Target("findings", _findings, cases, "findings.json")
    return found


def _reading(name: str) -> Callable[[Path], None]:
    def parse(path: Path) -> None:
        source = Source(path)
        sniff_file(source)
        reading = find_reader(source, name)[1].read(source).check()
        for frame in reading.tables.values():
            if isinstance(frame, pl.LazyFrame):
                frame.collect()

    return parse


def _claims(path: Path) -> None:
    read_declared(Declaration(path.name, path.read_text(encoding="utf-8", errors="replace")))


def _config(path: Path) -> None:
    read_config(path)


def _findings(path: Path) -> None:
    read_findings(path)


def _heaps() -> tuple[bytes, ...]:
    """Return small dumps of both id sizes and all framings."""
    made = []
    for id_bytes in (4, 8):
        for framing in ("segment", "dump", "open"):
            writer = heap_writer.HeapWriter(id_bytes, framing=framing)
            heap_writer.write_basics(writer)
            for i in range(20):
                heap_writer.add_node(writer, 0x1000 + i, 0x1000 + i + 1, 0x1000, i)
            writer.add_object_array(0x5000, heap_writer.ARRAY, [0x1000 + i for i in range(10)])
            writer.add_array(0x6000, "char", [104, 105])
            writer.add_root(0x05, 0x5000)
            made.append(bytes(writer))
    return tuple(made)
