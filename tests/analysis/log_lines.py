"""Logs of a few lines, written down by tests as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from forensics.tables import fit_table

START = datetime(2026, 2, 9, 14, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the moment some seconds after the start."""
    return START + timedelta(seconds=seconds)


def make_logs(rows: Sequence[dict[str, Any]]) -> pl.LazyFrame:
    """Return a ``logs`` table; ``s`` gives the seconds after the start, lines are counted."""
    full = [
        {
            "time": None if row.get("s") is None else at(row["s"]),
            "raw_ref": {"file": row.get("source", "app.log"), "line": number},
            "source": row.get("source", "app.log"),
            **{key: value for key, value in row.items() if key not in ("s", "source")},
        }
        for number, row in enumerate(rows, start=1)
    ]
    frame = pl.DataFrame(full, infer_schema_length=None)
    if not rows:
        frame = pl.DataFrame(schema={"message": pl.String})
    return fit_table("logs", frame).lazy()
