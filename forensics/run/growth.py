"""Judge the memory growth in a few metrics files, without an incident around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from forensics.analysis import lifetimes, memory_growth, roles, what_if
from forensics.errors import UsageError
from forensics.evidence import open_case
from forensics.findings import Finding
from forensics.readers import read_file
from forensics.readers.metrics._merge import merge_metrics
from forensics.tables import SCHEMAS, empty_table

TABLES: Final = ("metrics", "events", "gc")


def judge_files(
    files: Sequence[Path],
    *,
    gc_logs: Sequence[Path] = (),
    limit_bytes: float | None = None,
    reader: str | None = None,
) -> memory_growth.Result:
    """Read metrics exports (or folders of evidence) and judge every memory series in them.

    Raises
    ------
    EvidenceError
        If a file can't be read at all.
    UsageError
        If there is no file.
    """
    if not files and not gc_logs:
        raise UsageError("growth: no file given; name a metrics export, a folder or --gc-log")
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in TABLES}
    for path in [*files, *gc_logs]:
        is_log = path in gc_logs and path not in files
        for name, frame in _read(path, None if is_log else reader).items():
            parts[name].append(frame)
    tables = {
        name: pl.concat(frames) if frames else empty_table(name) for name, frames in parts.items()
    }
    # A sample that two overlapping exports hold counts once.
    tables["metrics"] = merge_metrics(parts["metrics"])
    named = roles.run(metrics=tables["metrics"])
    lives = lifetimes.run(roles=named, events=tables["events"])
    return memory_growth.run(
        roles=named,
        lifetimes=lives,
        gc=tables["gc"],
        events=tables["events"],
        limit_bytes=limit_bytes,
    )


def _read(path: Path, reader: str | None) -> dict[str, pl.DataFrame]:
    if path.is_dir():
        case = open_case(path)
        return {name: case.table(name) for name in TABLES}
    reading = read_file(path, reader=reader)
    return {
        name: reading.table(name)
        for name in TABLES
        if name in reading.tables and reading.table(name).schema == SCHEMAS[name]
    }


def as_record(result: memory_growth.Result) -> dict[str, Any]:
    """Return the machine's answer: the verdict over all, one entry a lifetime, versions."""
    entries = memory_growth.findings(result)
    return {
        "leak": result.leak,
        "kind": result.kind,
        "probability": result.probability,
        "summary": memory_growth.summarise(result),
        "growth": [entry.model_dump(mode="json") for entry in entries],
        "versions": result.versions.to_dicts(),
        "what_if": [
            measure.model_dump(mode="json")
            for entry in what_if.findings(what_if.run(memory_growth=result))
            if isinstance(entry, Finding)
            for measure in entry.measures
        ],
    }


def as_table(result: memory_growth.Result) -> pl.DataFrame:
    """Return one row a lifetime for people: what grows, how fast, until when."""
    return pl.DataFrame(
        [
            {
                "process": entry.entity,
                "since": f"{entry.life_started_at:%m-%d %H:%M}" if entry.life_started_at else None,
                "leak": entry.leak,
                "kind": entry.kind,
                "model": entry.model,
                "MiB/min": _in_mib(entry.rate_bytes_per_min) if entry.leak != "no" else None,
                "onset": f"{entry.onset:%m-%d %H:%M}" if entry.onset else None,
                "min to limit": entry.time_to_limit_min,
                "or": entry.runner_up,
                "sure": entry.confidence,
            }
            for entry in memory_growth.findings(result)
        ],
        infer_schema_length=None,
    )


def _in_mib(rate_bytes: float | None) -> float | None:
    return None if rate_bytes is None else rate_bytes / 2**20


def what_if_table(record: dict[str, Any]) -> pl.DataFrame:
    """Return one row a scenario for people, from the machine's answer."""
    return pl.DataFrame(
        [
            {
                "what if": measure["name"],
                "min": measure["value"],
                "from": (measure["interval"] or {}).get("low"),
                "to": (measure["interval"] or {}).get("high"),
                "note": measure["why"],
            }
            for measure in record["what_if"]
        ],
        infer_schema_length=None,
    )
