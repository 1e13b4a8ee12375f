"""Every metrics reader against every pitfall of exports; docs/formats/metrics.md has the table."""

from __future__ import annotations

import math
import re
from pathlib import Path

import polars as pl
import pytest

from forensics.analysis.roles import counter_rate
from forensics.plugins import find_plugins
from forensics.readers import Source, read_file
from forensics.readers.metrics._merge import merge_metrics
from tests.readers.metrics._exports import START_S, WRITERS, How, Series

DOC = Path(__file__).parents[3] / "docs" / "formats" / "metrics.md"

#: Epoch units a second of formats that fix theirs (the rest are read by size).
FIXED = {"grafana_json": 10**3, "datadog": 10**3, "otlp_metrics": 10**9, "promtool_dump": 10**3}
#: Formats that write times as text only.
TEXT_TIMES = ("cloudwatch", "influx_csv", "sadf", "cgroup")

#: The unit that a file states, how it is written there, and the bytes of one.
STATED = {
    "grafana_json": ("kbytes", 1024),
    "cloudwatch": ("Kilobytes", 1000),
    "datadog": ("kibibyte", 1024),
    "otlp_metrics": ("KiBy", 1024),
    "table_csv": ("KiB", 1024),
    "table_parquet": ("KiB", 1024),
    "table_json": ("kib", 1024),
}

NO_UNIT = "the format states no unit: the name does, as for every reader"
NOT_APPLICABLE = {
    **{(name, "units"): NO_UNIT for name in ("prometheus_api", "openmetrics", "promtool_dump")},
    **{(name, "units"): NO_UNIT for name in ("victoriametrics", "influx_line", "influx_csv")},
    ("cgroup", "units"): "the kernel writes bytes",
    **{(name, "epoch"): "the format fixes its unit" for name in FIXED},
    **{(name, "epoch"): "times are text" for name in TEXT_TIMES},
    **{
        (name, "zones"): "epoch numbers have no zone"
        for name in WRITERS
        if name not in {*TEXT_TIMES, "table_csv", "table_parquet", "table_json"}
    },
    ("sadf", "zones"): "a record says UTC or local, with no offset (noted)",
    ("influx_line", "not finite"): "the format knows no NaN",
    ("sadf", "churn"): "a host has no labels",
    ("cgroup", "churn"): "a group has no labels but its path",
}
PITFALLS = (
    "resets",
    "not finite",
    "gaps",
    "mixed steps",
    "overlap",
    "epoch",
    "zones",
    "units",
    "churn",
)


def usual(name: str) -> How:
    return How(per_s=FIXED.get(name, 1))


def read(folder: Path, name: str, series: list[Series], how: How, file: str = "a") -> pl.DataFrame:
    suffix = ".parquet" if name == "table_parquet" else ".csv" if name.endswith("csv") else ".txt"
    path = folder / f"{file}{suffix}"
    content = WRITERS[name](series, how)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(Source(path), reader=name).check().table("metrics")


def samples(table: pl.DataFrame) -> list[tuple[float, float | None]]:
    """Return seconds since the start and values, in order of the table."""
    return [
        (time.timestamp() - START_S, value)
        for time, value in table.select("time", "value").iter_rows()
    ]


def scale(name: str) -> float:
    """Return the bytes of one as the format has it: sysstat counts KiB."""
    return 1024.0 if name == "sadf" else 1.0


def cases(pitfall: str) -> list[str]:
    return [name for name in WRITERS if (name, pitfall) not in NOT_APPLICABLE]


@pytest.mark.parametrize("name", cases("resets"))
def test_a_counter_that_starts_again_keeps_its_values_and_its_rate_is_never_negative(
    tmp_path, name
) -> None:
    values = [100.0, 160.0, 20.0, 80.0]
    metric = "http_requests_total"
    counted = Series("api-0", tuple(zip([0.0, 60.0, 120.0, 180.0], values, strict=True)), metric)
    table = read(tmp_path, name, [counted], usual(name))
    assert [value / scale(name) for _, value in samples(table)] == values
    rates = counter_rate(table.with_columns(series_id=pl.lit(0)))["value"].drop_nulls()
    assert (rates >= 0).all()
    assert rates.max() / scale(name) == pytest.approx(1.0)


@pytest.mark.parametrize("name", cases("not finite"))
def test_a_sample_that_is_no_number_is_null_or_left_out(tmp_path, name) -> None:
    found = samples(
        read(tmp_path, name, [Series("api-0", ((0, 5.0), (15, math.nan), (30, 7.0)))], usual(name))
    )
    assert [pair for pair in found if pair[1] is not None] == [
        (0, 5.0 * scale(name)),
        (30, 7.0 * scale(name)),
    ]
    assert len(found) <= 3


@pytest.mark.parametrize("name", cases("gaps"))
def test_nothing_is_put_into_a_gap(tmp_path, name) -> None:
    steps = (0.0, 15.0, 30.0, 3600.0, 3615.0)
    series = Series("api-0", tuple((t, 1.0 + t) for t in steps))
    assert [t for t, _ in samples(read(tmp_path, name, [series], usual(name)))] == list(steps)


@pytest.mark.parametrize("name", cases("mixed steps"))
def test_series_of_other_steps_keep_theirs(tmp_path, name) -> None:
    fast = Series("api-0", tuple((15.0 * k, 1.0 + k) for k in range(9)))
    slow = Series("api-1", tuple((60.0 * k, 5.0 + k) for k in range(3)))
    table = read(tmp_path, name, [fast, slow], usual(name))
    counts = dict(table.group_by("entity").len().iter_rows())
    assert sorted(counts.values()) == [3, 9]


@pytest.mark.parametrize("name", cases("overlap"))
def test_a_sample_of_two_overlapping_files_counts_once(tmp_path, name) -> None:
    whole = Series("api-0", tuple((15.0 * k, 1.0 + k) for k in range(8)))
    parts = [
        read(tmp_path, name, [Series("api-0", whole.samples[part])], usual(name), file)
        for file, part in (("first", slice(0, 5)), ("second", slice(3, 8)))
    ]
    if name == "sadf":
        parts = [part.filter(pl.col("metric") == "sadf_memory_memused") for part in parts]
    assert [t for t, _ in samples(merge_metrics(parts))] == [t for t, _ in whole.samples]


@pytest.mark.parametrize("per_s", [1, 10**3, 10**6, 10**9], ids=["s", "ms", "us", "ns"])
@pytest.mark.parametrize("name", cases("epoch"))
def test_epoch_numbers_are_read_in_any_unit(tmp_path, name, per_s) -> None:
    series = Series("api-0", ((0, 1.0), (15, 2.0), (30, 3.0)))
    table = read(tmp_path, name, [series], How(per_s=per_s))
    assert [t for t, _ in samples(table)] == [0, 15, 30]


@pytest.mark.parametrize("name", cases("zones"))
def test_times_with_an_offset_are_utc_in_the_table(tmp_path, name) -> None:
    series = Series("api-0", ((0, 1.0), (15, 2.0), (30, 3.0)))
    table = read(tmp_path, name, [series], How(zone_h=-5))
    assert [t for t, _ in samples(table)] == [0, 15, 30]


@pytest.mark.parametrize("name", cases("units"))
def test_sizes_are_bytes_in_the_table(tmp_path, name) -> None:
    series = Series("api-0", ((0, 100.0), (15, 200.0), (30, 300.0)))
    unit, size = STATED.get(name, (None, scale(name)))
    how = How(per_s=FIXED.get(name, 1), unit=unit)
    table = read(tmp_path, name, [series], how)
    assert [value for _, value in samples(table)] == [100 * size, 200 * size, 300 * size]
    assert set(table["unit"]) == {"bytes"}


@pytest.mark.parametrize("name", cases("churn"))
def test_labels_that_change_at_a_restart_are_two_series_of_their_pods(tmp_path, name) -> None:
    old = Series("api-7d4", ((0, 1.0), (15, 2.0)), version="v1")
    new = Series("api-9f1", ((30, 3.0), (45, 4.0)), version="v2")
    table = read(tmp_path, name, [old, new], usual(name))
    assert dict(table.group_by("entity").len().iter_rows()) == {"api-7d4": 2, "api-9f1": 2}


def test_every_reader_is_asked() -> None:
    readers = {
        p.name for p in find_plugins("forensics.readers.metrics", ("TITLE", "sniff", "read"))
    }
    assert readers == set(WRITERS)


def test_the_table_in_the_docs_says_what_is_tested() -> None:
    lines = DOC.read_text().split("## Pitfalls, reader by reader")[1].splitlines()
    rows = [re.split(r"\s*\|\s*", line.strip().strip("|").strip()) for line in lines if "|" in line]
    assert rows[0] == ["reader", *PITFALLS]
    expected = [
        [name, *("-" if (name, pitfall) in NOT_APPLICABLE else "tested" for pitfall in PITFALLS)]
        for name in WRITERS
    ]
    assert rows[2 : 2 + len(WRITERS)] == expected
    text = " ".join(" ".join(lines).split())
    assert all(reason in text for reason in NOT_APPLICABLE.values())
