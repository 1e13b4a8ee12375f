"""Tables of what can be collected from live systems and of what was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from forensics.collect import Collected, find_sources


def describe_sources() -> pl.DataFrame:
    """Return one row a live source: ``source, target, unavailable``."""
    rows = [
        (plugin.name, plugin.module.TITLE if plugin.module else "", plugin.unavailable)
        for plugin in find_sources()
    ]
    columns = ["source", "target", "unavailable"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def describe_collected(files: Sequence[Collected]) -> pl.DataFrame:
    """Return one row a file: ``name, status, bytes, sha256, fetched_at, why``."""
    schema = {
        "name": pl.String,
        "status": pl.String,
        "bytes": pl.Int64,
        "sha256": pl.String,
        "fetched_at": pl.String,
        "why": pl.String,
    }
    return pl.DataFrame([asdict(file) for file in files], schema=schema)
