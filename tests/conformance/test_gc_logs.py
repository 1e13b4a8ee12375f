r"""GC logs of others, against figures counted with grep.

Pauses of unified logs: ``grep -cE 'GC\([0-9]+\) Pause WHAT.* [0-9.,]+ms'``; of JDK 8: lines
with ``(young)``, ``(mixed)``, ``Full GC``, ``GC remark|GC cleanup`` (G1), ``[GC [PSYoungGen``
and ``Full GC`` (Parallel), ``ParNew``, ``CMS-initial-mark`` and ``CMS-remark`` (CMS).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from forensics.readers import read_file

FOLDER = Path(__file__).parents[2].parent / "shared" / "corpora" / "gclogs"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpus of GC logs is absent")


@pytest.mark.parametrize(
    ("name", "collector", "kinds"),
    [
        ("jdk8-g1-details.log", "G1", {"young": 163, "mixed": 2, "full": 22, "pause": 34}),
        ("jdk8-parallel-leak.log", "Parallel", {"young": 855, "full": 8}),
        ("jdk8-parnew-cms.log", "CMS", {"young": 713, "pause": 2}),
        ("unified-serial.log", "Serial", {"young": 13, "full": 4}),
        ("unified-cms-trace.log", "CMS", {"young": 592, "full": 3, "pause": 17}),
        ("unified-g1-rolled.log.2", "G1", {"full": 3}),
        ("unified-g1-jdk17.log", "G1", {"young": 6, "pause": 4}),
        ("unified-zgc.txt", "ZGC", {"pause": 3}),
        ("unified-shenandoah.log.0", "Shenandoah", {"pause": 62}),
    ],
)
def test_pauses_are_those_that_grep_counts(name, collector, kinds) -> None:
    gc = read_file(FOLDER / name).table("gc")
    found = dict(gc.filter(pl.col("pause_ms").is_not_null()).group_by("kind").len().rows())
    assert found == kinds
    assert gc["collector"].unique().to_list() == [collector]


def test_all_lines_of_a_log_whose_clock_steps_back_are_kept() -> None:
    reading = read_file(FOLDER / "jdk8-clock-back.log")
    assert reading.counts["lines"] == reading.counts["events"] == 6


def test_sizes_and_pause_of_one_collection_are_exact() -> None:
    row = read_file(FOLDER / "jdk8-parallel-leak.log").table("gc").row(0, named=True)
    assert row["heap_before_bytes"] == 2_621_312 * 1024
    assert row["heap_after_bytes"] == 2_125_296 * 1024
    assert row["heap_capacity_bytes"] == 20_971_456 * 1024
    assert row["pause_ms"] == pytest.approx(58.781)
    assert row["uptime_s"] == 10.362


def test_brackets_of_phases_are_no_causes() -> None:
    causes = read_file(FOLDER / "unified-shenandoah.log.0").table("gc")["cause"].drop_nulls()
    assert "Handle Allocation Failure" in causes.to_list()
    assert not causes.str.contains("weakrefs|classes|^Mark$").any()
