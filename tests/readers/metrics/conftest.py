"""Read samples and odd texts of metrics formats into rows that are easy to compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.readers import Reading, Source, read_file

SAMPLES = Path(__file__).parents[2] / "samples" / "metrics"


def to_rows(reading: Reading) -> list[tuple]:
    """Return metric, entity, seconds since 2026-02-09T14:00:00Z, value, unit of every sample."""
    table = reading.check().table("metrics")
    return [
        (
            row["metric"],
            row["entity"],
            row["time"].timestamp() - 1770645600,
            row["value"],
            row["unit"],
        )
        for row in table.iter_rows(named=True)
    ]


@pytest.fixture
def sample() -> Callable[[str], Reading]:
    def read(name: str) -> Reading:
        return read_file(Source(SAMPLES / name), reader=Path(name).parts[0])

    return read


@pytest.fixture
def text(tmp_path) -> Callable[[str, str | bytes, str], Reading]:
    def read(reader: str, content: str | bytes, name: str = "heap_used.txt") -> Reading:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_file(Source(path), reader=reader)

    return read


@pytest.fixture
def rows() -> Callable[[Reading], list[tuple]]:
    return to_rows
