"""Reads a scenario file: what runs, what happens when, what is dumped."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Happening:
    """One planned change; ``change_id`` is empty for what no calendar lists."""

    at_s: float
    do: str
    change_id: str
    title: str
    options: dict[str, str]


@dataclass(frozen=True)
class Workload:
    """One deployment: its first version, its pods and its share of the load."""

    name: str
    version: str
    count: int
    rps: float


@dataclass(frozen=True)
class Scenario:
    """A whole run. Times are seconds after the first pod is ready."""

    name: str
    title: str
    duration_s: float
    heap_mib: int
    limit_mib: int
    workloads: list[Workload]
    versions: dict[str, str]
    happenings: list[Happening]
    dumps_s: list[float]
    declared_s: float
    declaration: str
    cause: str | None
    kind: str
    properties: dict[str, str] = field(default_factory=dict)


def read_scenario(path: Path, *, speed: float = 1.0) -> Scenario:
    """Read a scenario; ``speed`` above 1 shortens its times and raises the load alike."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    happenings = [
        Happening(
            at_s=row.pop("at_s") / speed,
            do=row.pop("do"),
            change_id=row.pop("id", ""),
            title=row.pop("title", ""),
            options={key: str(value) for key, value in row.items()},
        )
        for row in raw.get("happenings", [])
    ]
    workloads = [
        Workload(row["name"], row["version"], row["pods"], row["rps"] * min(speed, 2.0))
        for row in raw["workloads"]
    ]
    return Scenario(
        name=path.stem,
        title=raw["title"],
        duration_s=raw["duration_s"] / speed,
        heap_mib=raw["heap_mib"],
        limit_mib=raw["limit_mib"],
        workloads=workloads,
        versions={key: ",".join(value) for key, value in raw["versions"].items()},
        happenings=sorted(happenings, key=lambda h: h.at_s),
        dumps_s=[at / speed for at in raw.get("dumps_s", [])],
        declared_s=raw["declared_s"] / speed,
        declaration=raw["declaration"],
        cause=raw.get("cause"),
        kind=raw["kind"],
        properties={key: str(value) for key, value in raw.get("properties", {}).items()},
    )
