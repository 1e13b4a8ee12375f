"""Partitions give the same answer wherever they are worked on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from distributed import KilledWorker, LocalCluster
from distributed.scheduler import WorkerState

from forensics.errors import UnsupportedError, UsageError
from forensics.readers.logs._parse import parse_logs
from forensics.run.dumps import survey_dumps
from forensics.run.engine import DaskEngine, Engine, LocalEngine, open_engine
from forensics.run.patterns import mine_file, split_file
from tests import heap_writer


@pytest.fixture(scope="module")
def workers() -> Iterator[Engine]:
    """Two real worker processes behind a scheduler that is reached by its address."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        with open_engine(f"dask://{address}") as engine:
            yield engine


class Deadly:
    """An engine whose worker is killed, as by the kernel, in the middle of one partition."""

    def __init__(self, workers: Engine, victim: int, marker: Path) -> None:
        self.workers, self.victim, self.marker = workers, victim, marker

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        victim, marker = self.victim, self.marker

        def work(numbered: tuple[int, Any]) -> Any:
            number, item = numbered
            answer = function(item)
            if number == victim and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return self.workers.run(work, list(enumerate(items)))


@pytest.fixture
def dumps(tmp_path: Path) -> list[Path]:
    """Six dumps of one leak at several ages, one without it, one that is none."""
    made = []
    for number, nodes in enumerate((200, 400, 600, 800, 1000, 1200, 0)):
        writer = heap_writer.HeapWriter()
        heap_writer.write_basics(writer)
        addresses = [0x10000 + 0x1000 * i for i in range(nodes)]
        writer.add_class(
            0x900, "app/Holder", parent=heap_writer.OBJECT, statics=(("TABLE", "object", 0x1000),)
        )
        writer.add_root(0x05, 0x900)
        writer.add_object_array(0x1000, heap_writer.ARRAY, addresses)
        for address in addresses:
            heap_writer.add_node(writer, address, address + 0x20)
            writer.add_array(address + 0x20, "long", range(100))
        made.append(tmp_path / f"pod-{number}.hprof")
        made[-1].write_bytes(bytes(writer))
    made.append(tmp_path / "broken.hprof")
    made[-1].write_bytes(b"JAVA PROFILE 1.0.2\0")
    return made


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


def test_a_worker_killed_amid_logs_changes_no_row(
    workers: Engine, logs: list[Path], tmp_path: Path
) -> None:
    deadly = Deadly(workers, 1, tmp_path / "died")
    here = parse_logs(logs, tmp_path / "here.parquet")
    there = parse_logs(logs, tmp_path / "there.parquet", run_tasks=deadly.run)
    assert deadly.marker.exists()
    assert here.as_json() == there.as_json()
    assert (tmp_path / "here.parquet").read_bytes() == (tmp_path / "there.parquet").read_bytes()


def test_a_worker_killed_amid_dumps_changes_no_answer(
    workers: Engine, dumps: list[Path], tmp_path: Path
) -> None:
    deadly = Deadly(workers, 3, tmp_path / "died")
    here = survey_dumps(dumps, cache=tmp_path / "one")
    there = survey_dumps(dumps, engine=deadly, cache=tmp_path / "two")
    assert deadly.marker.exists()
    for name in ("dumps", "suspects", "classes"):
        assert getattr(here, name).equals(getattr(there, name)), name
    assert here.dumps["file"].to_list() == [path.name for path in dumps]
    assert here.dumps["why_not"].is_not_null().to_list() == [False] * 7 + [True]
    first = here.suspects.row(0, named=True)
    assert (first["dumps"], first["owner"]) == (6, "app.Holder.TABLE")
    nodes = here.classes.row(by_predicate=pl.col("class") == "app.Node", named=True)
    assert (nodes["dumps"], nodes["instances"], nodes["largest_in"]) == (6, 4200, "pod-5.hprof")


class DyingClient:
    """Stands for a scheduler that gave a partition up, which a real one does after minutes."""

    def map(self, _function, items, **_):
        return [self] * len(items)

    def result(self):
        raise KilledWorker("partition-1", WorkerState.__new__(WorkerState), 3)

    def cancel(self, _futures) -> None:
        """Take notice."""


def test_a_partition_that_kills_every_worker_is_an_error_of_ours() -> None:
    with pytest.raises(UnsupportedError, match="workers die"):
        list(DaskEngine(DyingClient()).run(abs, [1, 2, 3]))


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
