"""Formats of one record a line: promtool, VictoriaMetrics, InfluxDB, control groups."""

from __future__ import annotations

import pytest

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError
from forensics.readers import Head, Limits, Match, Source
from forensics.readers.metrics import (
    cgroup,
    influx_csv,
    influx_line,
    promtool_dump,
    victoriametrics,
)

T = 1770645600
MIB = 1048576.0


def test_a_database_dump_is_read_in_milliseconds(sample, rows) -> None:
    reading = sample("promtool_dump/prometheus.txt")
    assert reading.damage.is_empty()
    assert reading.counts["series"] == 3
    found = rows(reading)
    assert {row[0] for row in found} == {
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "up",
    }
    assert found[1][2] - found[0][2] == pytest.approx(1.0, abs=0.1)


def test_a_dump_says_which_lines_are_damaged_and_counts_histograms(text) -> None:
    content = (
        f'{{__name__="a"}} 1 {T}000\n{{__name__="a"}} x {T}000\nrubbish\n'
        f'{{__name__="h"}} {{count:3, sum:4, [0,1]:3}} {T}000\n'
    )
    reading = text("promtool_dump", content)
    assert reading.damage["line"].to_list() == [2, 3]
    assert reading.notes == ("1 samples of native histograms are not read",)


def test_an_export_line_is_a_series(sample, rows) -> None:
    reading = sample("victoriametrics/export.jsonl")
    assert rows(reading)[:4] == [
        ("process_resident_memory_bytes", "api-0", 0.0, MIB, "bytes"),
        ("process_resident_memory_bytes", "api-0", 15.0, 2 * MIB, "bytes"),
        ("process_resident_memory_bytes", "api-0", 30.0, None, "bytes"),
        ("process_resident_memory_bytes", "api-0", 45.0, 3 * MIB, "bytes"),
    ]
    assert reading.damage.is_empty()


def test_a_cut_export_line_is_damage(text) -> None:
    line = f'{{"metric":{{"__name__":"a"}},"values":[1],"timestamps":[{T}000]}}\n'
    reading = text("victoriametrics", line + line[:30])
    assert reading.counts["samples"] == 1
    assert reading.damage["line"].to_list() == [2]


def test_a_series_whose_times_are_lists_of_lists_is_damage(text) -> None:
    good = f'{{"metric":{{"__name__":"up"}},"values":[1,2],"timestamps":[{T}000,{T}010]}}\n'
    reading = text(
        "victoriametrics", good.replace(f"[{T}000,{T}010]", f"[[{T}000],[{T}010]]") + good
    )
    assert reading.counts["samples"] == 2
    assert reading.damage["line"].to_list() == [1]


def test_a_line_longer_than_the_bound_is_refused(tmp_path) -> None:
    path = tmp_path / "x.txt"
    path.write_text('{__name__="' + "a" * 3_000_000)
    with pytest.raises(EvidenceTooLargeError, match="line"):
        promtool_dump.read(Source(path, limits=Limits(line_bytes=1 << 20)))


def test_line_protocol_has_escapes_integers_booleans_and_texts(sample, rows) -> None:
    reading = sample("influx_line/line_protocol.txt")
    found = rows(reading)
    assert ("cpu load", "node,1", 0.0, 0.64, None) in found
    assert ("cpu load_ok", "node,1", 0.0, 1.0, None) in found
    assert ("jvm_memory_used", "api-0", 30.0, 3 * MIB, None) in found
    assert reading.counts["samples"] == 8
    assert reading.damage.is_empty()


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9], ids=["s", "ms", "us", "ns"])
def test_line_protocol_times_are_read_in_any_unit(text, rows, factor) -> None:
    assert rows(text("influx_line", f"m,host=a value=1 {T * factor}\n"))[0][2] == 0.0


def test_annotated_csv_has_tables_of_different_width(sample, rows) -> None:
    reading = sample("influx_csv/annotated.csv")
    assert rows(reading) == [
        ("jvm_memory_used", "api-0", 0.0, MIB, None),
        ("jvm_memory_used", "api-0", 15.0, 2 * MIB, None),
        ("restarts", "api-1", 0.5, 3.0, None),
        ("value", None, 0.0, 7.0, None),
    ]
    assert reading.damage.is_empty()


def test_an_error_table_is_no_evidence(text) -> None:
    with pytest.raises(CorruptEvidenceError, match="error answer"):
        text("influx_csv", ",result,table,error,reference\n,,0,failed to parse,897\n")


def test_captures_of_a_group_keep_their_times(sample, rows) -> None:
    reading = sample("cgroup/captures_with_times.txt")
    current = [row[2:] for row in rows(reading) if row[0] == "memory.current"]
    assert current == [(0.0, MIB, "bytes"), (60.0, 2 * MIB, "bytes")]
    by_name = {row[0]: row[3] for row in rows(reading)}
    assert by_name["memory.max"] is None
    assert by_name["memory.events.oom_kill"] == 2.0
    assert reading.damage.is_empty()


def test_a_real_group_is_read_in_both_captures(sample) -> None:
    for name in ("grep_of_a_v1_group.txt", "memory_stat_v1_2026-02-09T14-00-00Z.txt"):
        reading = sample(f"cgroup/{name}")
        assert reading.damage.is_empty()
        assert "memory.stat.rss" in reading.table("metrics")["metric"].to_list()


@pytest.mark.parametrize(
    ("module", "text", "match"),
    [
        pytest.param(promtool_dump, '{__name__="a"} 1 1700000000000\n', Match.MAGIC, id="dump"),
        pytest.param(promtool_dump, '{"a":1}\n', Match.NO, id="no dump"),
        pytest.param(victoriametrics, '{"metric":{"a":"b"},"values":[1]', Match.MAGIC, id="vm"),
        pytest.param(
            victoriametrics, '{"metric":{"a":"b"},"values":[[1,"2"]]', Match.NO, id="prom"
        ),
        pytest.param(influx_line, "m,host=a value=1 1700000000\n", Match.SHAPE, id="influx"),
        pytest.param(influx_line, "level=info msg=hello n=3\n", Match.NO, id="logfmt"),
        pytest.param(influx_line, "time=2026-01-01 level=info\n", Match.NO, id="logfmt with time"),
        pytest.param(influx_csv, "#datatype,string,long\n", Match.MAGIC, id="annotated"),
        pytest.param(cgroup, "memory.current:123\nmemory.max:max\n", Match.SHAPE, id="cgroup"),
        pytest.param(cgroup, "total 12\nfile 3\n", Match.NO, id="words"),
    ],
)
def test_each_format_claims_its_own(module, text, match) -> None:
    assert module.sniff(Head("x", text.encode())) is match
