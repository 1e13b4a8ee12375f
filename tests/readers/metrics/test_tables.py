"""Tables: CSV in all its shapes, Parquet, and what they must not claim."""

from __future__ import annotations

import io

import polars as pl
import pytest

from forensics.errors import CorruptEvidenceError
from forensics.readers import Head, Match
from forensics.readers.metrics import table_csv

T = 1770645600
MIB = 1048576.0
GIB = 1024.0 * MIB


def test_a_wide_table_has_a_series_a_column(sample, rows) -> None:
    reading = sample("table_csv/wide.csv")
    assert rows(reading) == [
        ("heap_used_bytes", None, -3600.0, 100.0, "bytes"),
        ("heap_used_bytes", None, -3480.0, None, "bytes"),
        ("rss", None, -3600.0, 5 * MIB, "bytes"),
        ("rss", None, -3540.0, 6 * MIB, "bytes"),
        ("rss", None, -3480.0, 7 * MIB, "bytes"),
    ]
    assert reading.notes == ()


def test_grafana_units_are_converted_and_instances_recognised(sample, rows) -> None:
    reading = sample("table_csv/grafana_panel.csv")
    assert rows(reading) == [
        ("grafana_panel", "api-0", 0.0, 7.5 * GIB, "bytes"),
        ("grafana_panel", "api-0", 60.0, 7.75 * GIB, "bytes"),
        ("grafana_panel", "api-1", 0.0, 900 * MIB, "bytes"),
    ]
    assert any("UTC" in note for note in reading.notes)


def test_a_long_table_has_its_units_in_a_column(sample, rows) -> None:
    found = rows(sample("table_csv/long.csv"))
    assert ("heap_used", "api-1", 60.0, 513 * MIB, "bytes") in found
    assert ("pool_active", "api-0", 0.0, 20.0, "count") in found
    assert len(found) == 8


def test_a_decimal_comma_is_no_thousands_separator(sample, rows) -> None:
    reading = sample("table_csv/semicolon_and_decimal_comma.csv")
    heap = [row[2:] for row in rows(reading) if row[0] == "heap_mb"]
    assert heap == [(0.0, 1.5 * MIB, "bytes"), (60.0, 1.75 * MIB, "bytes")]
    assert "heap_mb: the name's unit is taken as 1,048,576 bytes" in reading.notes


def test_damaged_rows_are_named(sample, rows) -> None:
    reading = sample("table_csv/damaged_rows.csv")
    assert [row[2:4] for row in rows(reading)] == [(0.0, MIB), (3.0, 3 * MIB)]
    assert sorted(reading.damage["what"].to_list()) == [
        "a row of another length than the header",
        "column memory: 1 unreadable cells",
    ]
    assert 3 in reading.damage["line"].to_list()


def test_label_columns_beside_values_part_the_series(text, rows) -> None:
    content = f"time,pod,version,heap\n{T},api-0,v1,1\n{T},api-1,v2,2\n"
    reading = text("table_csv", content)
    assert [row[:4] for row in rows(reading)] == [
        ("heap", "api-0", 0.0, 1.0),
        ("heap", "api-1", 0.0, 2.0),
    ]


def test_columns_of_the_same_name_stay_apart(text) -> None:
    reading = text("table_csv", f"time,a,a , ,\n{T},1,2,3,4\n{T}0,5,6,7,8\n")
    names = reading.table("metrics")["metric"].unique().sort().to_list()
    assert names == ["a", "a_2", "index", "index_2"]


def test_a_legend_in_prometheus_notation_becomes_labels(text, rows) -> None:
    content = f'"Time","jvm_memory{{area=""heap"", pod=""p-0""}}"\n{T}000,5\n'
    assert rows(text("table_csv", content)) == [("jvm_memory", "p-0", 0.0, 5.0, None)]


@pytest.mark.parametrize(
    "cell",
    [
        str(T),
        f"{T}.000",
        f"{T}000",
        f"{T}000000",
        f"{T}000000000",
        "2026-02-09T14:00:00Z",
        "2026-02-09T15:00:00+01:00",
        "2026-02-09 14:00:00",
        "2026-02-09T14:00",
        "02/09/2026 14:00:00",
        "09.02.2026 14:00:00",
        '"Feb 9, 2026 14:00:00"',
        "02/09/2026 02:00:00 PM",
    ],
)
def test_a_time_is_read_in_every_usual_form(text, rows, cell) -> None:
    assert rows(text("table_csv", f"time,v\n{cell},1\n"))[0][2] == 0.0


def test_elapsed_seconds_are_placed_at_the_epoch_with_a_note(text) -> None:
    reading = text("table_csv", "t,memory\n0,5\n15,6\n")
    assert [t.timestamp() for t in reading.table("metrics")["time"]] == [0.0, 15.0]
    assert "unknown start" in reading.notes[0]


def test_a_table_without_times_is_refused(text) -> None:
    with pytest.raises(CorruptEvidenceError, match="no column of times"):
        text("table_csv", "a,b\nx,1\n")


def test_utf16_with_tabs_is_read(text, rows) -> None:
    content = f"time\tmemory\n{T}\t5\n".encode("utf-16")
    assert rows(text("table_csv", content))[0][3] == 5.0


def test_parquet_reads_as_the_same_csv(text, rows) -> None:
    frame = pl.DataFrame({"time": [T, T + 15], "pod": ["a", "b"], "heap_mb": [1.0, 2.0]})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    name = "heap.x"
    assert rows(text("table_parquet", buffer.getvalue(), name)) == rows(
        text("table_csv", frame.write_csv(), name)
    )


def test_our_own_table_is_taken_from_parquet_as_it_is(sample, text) -> None:
    table = sample("table_csv/long.csv").table("metrics")
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    assert text("table_parquet", buffer.getvalue()).table("metrics").equals(table)


def test_a_cut_parquet_file_is_refused(text) -> None:
    with pytest.raises(CorruptEvidenceError, match="index at the end"):
        text("table_parquet", b"PAR1" + b"\x00" * 50)


ACCESS = '10.0.0.1 - - [09/Feb/2026:14:00:00 +0000] "GET /" 200 5\n'
CSVLOG = (
    '2026-02-09 14:00:00.123 UTC,"app","db",123,"10.0.0.1:5000",65c,1,"SELECT",'
    '2026-02-09 13:00:00 UTC,3/4,0,LOG,00000,"duration: 1 ms",,,,,,,,,"psql"\n'
)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param("time,v\n2026-02-09 14:00:00,1\n", Match.SHAPE, id="plain"),
        pytest.param(f"{T},5\n{T + 1},6\n", Match.SHAPE, id="no header"),
        pytest.param("t,v\n0,1\n15,2\n", Match.SHAPE, id="elapsed"),
        pytest.param("i,v\n1,2\n2,3\n", Match.NO, id="index"),
        pytest.param("name,value\na,1\n", Match.NO, id="no time"),
        pytest.param("time,level,message\n2026-02-09 14:00:00,INFO,5\n", Match.NO, id="log"),
        pytest.param(
            "time,kind,what,service,replicas\n2026-02-09T14:00:00Z,deploy,release,pay,3\n",
            Match.NO,
            id="changes",
        ),
        pytest.param(CSVLOG * 3, Match.NO, id="csvlog"),
        pytest.param("2026-02-09 14:00:00,123 INFO main ok, 3\n" * 3, Match.NO, id="log4j"),
        pytest.param(ACCESS * 3, Match.NO, id="access"),
        pytest.param('{"time": 1, "v": 2}\n', Match.NO, id="json"),
        pytest.param("", Match.NO, id="empty"),
    ],
)  # fmt: skip
def test_only_tables_of_times_and_numbers_are_claimed(content, match) -> None:
    assert table_csv.sniff(Head("x.csv", content.encode()[:4096])) is match


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        pytest.param(("02/09/2026 14:00", "02/13/2026 14:00"), 0, id="month first, by a 13"),
        pytest.param(("09/02/2026 14:00", "13/02/2026 14:00"), 0, id="day first, by a 13"),
        pytest.param(("09/02/2026 14:00", "10/02/2026 14:00"), 0, id="day first, by the span"),
        pytest.param(("02/09/2026 14:00", "02/10/2026 14:00"), 0, id="month first, by the span"),
    ],
)
def test_day_and_month_are_told_apart_by_what_fits(text, rows, cells, day):
    first, last = cells
    found = rows(text("table_csv", f"date,mem\n{first},5\n{last},6\n", "a.csv"))
    assert found[0][2] == day
    assert len(found) == 2


def test_bytes_between_one_and_two_thousand_million_are_no_times(text, rows):
    # As a column of numbers they look like seconds since 1970.
    content = "".join(f"{60 * k},{1_700_000_000 + 4096 * k}\n" for k in range(5))
    found = rows(text("table_csv", f"elapsed_s,rss\n{content}", "a.csv"))
    assert {row[0] for row in found} == {"rss"}
    assert [row[3] for row in found] == [1_700_000_000 + 4096 * k for k in range(5)]


@pytest.mark.parametrize("name", ["sample_time", "collected_ts", "Measurement Date", "x"])
def test_a_column_of_epoch_numbers_is_the_time_under_other_names(text, rows, name):
    found = rows(text("table_csv", f"{name},mem\n1770645600,5\n1770645630,6\n", "a.csv"))
    assert [row[:4] for row in found] == [("mem", None, 0.0, 5.0), ("mem", None, 30.0, 6.0)]
