"""Recorded incidents with their truth, analysed one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from forensics.evidence import open_case
from forensics.run.pipeline import Pipeline


def iter_recorded() -> Iterator[tuple[Path, Pipeline, dict[str, Any]]]:
    """Yield ``(evidence, pipeline, truth)`` of ``data/incidents`` and of ``FORENSICS_LAB_RUNS``."""
    folders = [Path(__file__).parents[2] / "data" / "incidents"]
    folders += [Path(name) for name in os.environ.get("FORENSICS_LAB_RUNS", "").split(":") if name]
    for folder in folders:
        for path in sorted(folder.glob("*.truth.yaml")):
            evidence = folder / path.name.removesuffix(".truth.yaml")
            if evidence.is_dir():
                truth = yaml.safe_load(path.read_text(encoding="utf-8"))
                yield evidence, Pipeline(open_case(evidence)), truth
