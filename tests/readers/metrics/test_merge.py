"""Overlapping exports are joined without counting a sample twice."""

from __future__ import annotations

import gc

import numpy as np
import polars as pl
import pytest

from forensics.readers import Source, read_file
from forensics.readers.metrics import _spill
from forensics.readers.metrics._merge import merge_metrics
from forensics.readers.metrics._series import SeriesTable
from forensics.tables import METRICS, check_table
from tests.readers.metrics._exports import PLAIN, WRITERS, Series

T_US = 1_770_645_600_000_000


def table(name: str, steps, values, labels=None) -> pl.DataFrame:
    series = SeriesTable(name)
    index = series.index_of("heap_used_bytes", labels or {"pod": "a"})
    series.extend(index, T_US + np.array(steps) * 1_000_000, np.array(values, float))
    return series.build()


def test_a_sample_of_two_files_is_kept_once_from_the_first() -> None:
    merged = merge_metrics(
        [table("a", [0, 15, 30], [1, 2, 3]), table("b", [15, 30, 45], [2, 9, 4])]
    )
    assert merged["value"].to_list() == [1, 2, 3, 4]
    assert merged["source"].to_list() == ["a", "a", "a", "b"]
    check_table("metrics", merged)


def test_a_value_beats_a_stale_marker() -> None:
    merged = merge_metrics([table("a", [0, 15], [np.nan, 1]), table("b", [0], [7])])
    assert merged["value"].to_list() == [7, 1]


def test_mixed_steps_give_the_union_of_times() -> None:
    merged = merge_metrics([table("a", [0, 60], [1, 2]), table("b", [0, 15, 30], [1, 5, 6])])
    assert merged["value"].to_list() == [1, 5, 6, 2]
    assert merged["time"].is_sorted()


def test_other_labels_are_other_series() -> None:
    first, second = table("a", [0], [1], {"pod": "a", "v": "1"}), table("b", [0], [2])
    assert merge_metrics([first, second]).height == 2


def test_nothing_merges_to_nothing() -> None:
    assert merge_metrics([]).schema == METRICS


@pytest.mark.parametrize("name", ["prometheus_api", "victoriametrics", "influx_line"])
def test_a_large_export_is_laid_out_on_disk_with_the_same_rows(tmp_path, monkeypatch, name) -> None:
    chance = np.random.default_rng(1)
    series = [
        Series(f"api-{k}", tuple((15.0 * i, float(v)) for i, v in enumerate(chance.random(50))))
        for k in range(6)
    ]
    path = tmp_path / "export.txt"
    path.write_text(WRITERS[name](series, PLAIN))
    whole = read_file(Source(path), reader=name)
    monkeypatch.setattr(_spill, "HELD_SAMPLES", 60)
    monkeypatch.setattr(_spill, "TABLE_SAMPLES", 100)
    monkeypatch.setattr(_spill, "PART_SAMPLES", 120)
    cache = tmp_path / "cache"
    spilled = read_file(Source(path, cache=cache), reader=name)
    assert isinstance(spilled.tables["metrics"], pl.LazyFrame)
    assert len(list(cache.glob("metrics-*/*.parquet"))) == 2
    assert spilled.counts == whole.counts
    assert spilled.table("metrics").equals(whole.table("metrics"))
    gc.collect()
    assert not list(cache.glob("samples-*"))
