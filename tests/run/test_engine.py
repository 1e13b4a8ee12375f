"""Partitions give the same answer wherever they are worked on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from distributed import LocalCluster

from forensics.errors import UnsupportedError, UsageError
from forensics.readers.logs._parse import parse_logs
from forensics.run.engine import Engine, LocalEngine, open_engine
from forensics.run.patterns import mine_file, split_file


@pytest.fixture(scope="module")
def workers() -> Iterator[Engine]:
    """Two real worker processes behind a scheduler that is reached by its address."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        with open_engine(f"dask://{address}") as engine:
            yield engine


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    """Three logs of several formats, the last one unreadable."""
    plain, objects, broken = (tmp_path / name for name in ("a.log", "b.jsonl", "c.log.gz"))
    plain.write_text(
        "".join(
            f"2026-02-09 14:{i // 60:02d}:{i % 60:02d},123 ERROR [main] o.a.Main - job {i} failed\n"
            "java.io.IOException: gone\n\tat o.a.Main.run(Main.java:3)\n"
            for i in range(600)
        )
    )
    objects.write_text(
        "".join(
            f'{{"time":"2026-02-09T14:00:{i:02d}Z","level":"info","msg":"user {i}"}}\n'
            for i in range(60)
        )
    )
    broken.write_bytes(b"\x1f\x8b broken")
    return [plain, objects, broken]


def test_logs_parsed_by_two_workers_are_those_parsed_here(
    workers: Engine, logs: list[Path], tmp_path: Path
) -> None:
    here = parse_logs(logs, tmp_path / "here.parquet")
    there = parse_logs(logs, tmp_path / "there.parquet", run_tasks=workers.run)
    assert here.as_json() == there.as_json()
    assert here.counts == {"lines": 1860, "events": 660, "continuations": 1200, "raw": 0}
    assert pl.read_parquet(tmp_path / "here.parquet").equals(
        pl.read_parquet(tmp_path / "there.parquet")
    )


def test_patterns_counted_by_two_workers_are_those_counted_here(
    workers: Engine, logs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_file, "__defaults__", (10_000,))
    assert len(split_file(logs[0])) > 5
    here = mine_file(logs[0], are_messages=False, engine=LocalEngine())
    there = mine_file(logs[0], are_messages=False, engine=workers)
    assert here.patterns.templates.equals(there.patterns.templates)
    assert np.array_equal(here.line_templates, there.line_templates)
    assert here.line_templates.size == 1800


def test_a_file_without_ends_of_line_is_one_range(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_bytes(b"x" * 5000)
    assert [(one.start, one.end) for one in split_file(path, 100)] == [(0, 5000)]


def test_an_error_on_a_worker_is_raised_here(workers: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        list(workers.run(lambda x: 1 // x, [1, 0]))


@pytest.mark.parametrize("name", ["spark", "dask:x", "dask://", "dask://host:99999999"])
def test_an_unknown_engine_names_those_known(name: str) -> None:
    with pytest.raises(UsageError, match="dask://HOST:PORT"), open_engine(name):
        pass


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.run.engine._CONNECT_S", 1)
    with (
        pytest.raises(UnsupportedError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"),
        open_engine("dask://127.0.0.1:1"),
    ):
        pass
