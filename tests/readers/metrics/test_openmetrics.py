"""Text exposition: times, escapes, several scrapes in one file."""

from __future__ import annotations

import os

import polars as pl
import pytest

from forensics.readers import Head, Match
from forensics.readers.metrics import openmetrics

T = 1770645600


def test_a_scrape_takes_its_time_from_the_file_name(sample) -> None:
    reading = sample("openmetrics/prometheus_2026-11-23T23-38-37Z.prom")
    table = reading.table("metrics")
    assert reading.damage.is_empty()
    assert table["time"].unique().dt.to_string().to_list() == ["2026-11-23 23:38:37.000000+00:00"]
    assert "file's name" in reading.notes[0]
    assert table.filter(pl.col("metric") == "process_resident_memory_bytes").height == 1


def test_an_openmetrics_scrape_is_read_whole(sample) -> None:
    reading = sample("openmetrics/openmetrics_1795477117.txt")
    assert reading.damage.is_empty()
    assert reading.counts["samples"] > 10


def test_without_a_time_the_file_time_is_used_and_noted(tmp_path) -> None:
    path = tmp_path / "metrics.prom"
    path.write_text("# TYPE up gauge\nup 1\n")
    os.utime(path, (T, T))
    reading = openmetrics.read(openmetrics.Source(path))
    assert reading.table("metrics")["time"][0].timestamp() == T
    assert "last changed" in reading.notes[0]


def test_times_of_samples_win_in_either_unit(text, rows) -> None:
    reading = text("openmetrics", f"a_b 1 {T}.5\nc_d 2 {T * 1000 + 500}\n")
    assert [row[2] for row in rows(reading)] == [0.5, 0.5]
    assert reading.notes == ()


def test_lines_with_a_time_part_a_file_into_scrapes(text, rows) -> None:
    content = "2026-02-09T14:00:00+00:00\nup_x 1\n# 2026-02-09T14:00:15Z\nup_x 2\n"
    assert [row[2:4] for row in rows(text("openmetrics", content))] == [(0.0, 1.0), (15.0, 2.0)]


def test_escapes_exemplars_and_special_values_are_read(text) -> None:
    content = (
        f'a{{p="x\\"}}\\\\\\n",q="1"}} +Inf {T}\n'
        f'b_bucket{{le="1"}} 5 {T} # {{trace="x"}} 0.6\n{{"odd name",r="2"}} 3 {T}\n'
    )
    reading = text("openmetrics", content)
    assert reading.damage.is_empty()
    table = reading.table("metrics")
    assert table["metric"].to_list() == ["a", "b_bucket", "odd name"]
    assert table["value"].to_list() == [None, 5.0, 3.0]
    assert table["labels"][0].to_list()[0] == {"name": "p", "value": 'x"}\\\n'}


def test_a_damaged_line_is_named_by_its_number(text) -> None:
    reading = text("openmetrics", f"up_x 1 {T}\nup_x one {T}\nup_y{{a=}} 1\nup_z 3 {T}\n")
    assert reading.damage["line"].to_list() == [2, 3]
    assert reading.counts["samples"] == 2


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param("# HELP up x\n# TYPE up gauge\nup 1\n", Match.MAGIC, id="typed"),
        pytest.param('up{job="a"} 1\nup{job="b"} 0\n', Match.SHAPE, id="bare"),
        pytest.param("anon 123\nfile 456\nkernel_stack 9\n", Match.NO, id="memory.stat"),
        pytest.param("# TYPE of change: deploy\nsome prose here\n", Match.NO, id="prose"),
        pytest.param("hello 1\n", Match.NO, id="word and number"),
        pytest.param('{"a": 1}\n', Match.NO, id="json"),
        pytest.param("2026-02-09 14:00:00 INFO up 1\n", Match.NO, id="log"),
    ],
)
def test_only_exposition_is_claimed(content, match) -> None:
    assert openmetrics.sniff(Head("x", content.encode())) is match
