"""Prometheus query results: values, damage, bounds."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError
from forensics.readers import Head, Limits, Match, Source
from forensics.readers.metrics import prometheus_api
from forensics.readers.metrics._json_scan import Window, parse_pairs

T = 1770645600


def answer(*series, kind: str = "matrix", **more) -> str:
    body = {"status": "success", "data": {"resultType": kind, "result": list(series)}}
    return json.dumps(body | more)


def matrix(labels: dict, values: list) -> dict:
    return {"metric": labels, "values": values}


def test_a_recorded_range_is_read_whole(sample) -> None:
    reading = sample("prometheus_api/range_of_a_prometheus.json")
    assert reading.damage.is_empty()
    assert reading.counts["series"] == 8
    table = reading.table("metrics")
    assert table["entity"].unique().to_list() == ["127.0.0.1:39090"]
    rss = table.filter(pl.col("metric") == "process_resident_memory_bytes")
    assert rss["unit"].unique().to_list() == ["bytes"]
    assert rss["time"].is_sorted()
    assert rss["value"].min() > 1e7


def test_stale_and_infinite_samples_are_null(sample, rows) -> None:
    reading = sample("prometheus_api/pretty_printed_with_stale_and_infinite.json")
    assert [row[2:4] for row in rows(reading)] == [
        (0.0, 1048576.0),
        (15.5, None),
        (31.0, None),
        (46.5, 2097152.0),
    ]
    assert reading.counts["not_finite"] == 2
    assert reading.damage.is_empty()


def test_native_histograms_become_classic_series_and_warnings_notes(sample, rows) -> None:
    reading = sample("prometheus_api/native_histogram_and_warnings.json")
    assert reading.notes == ("the server warned: PromQL warning: partial response",)
    by_metric = {row[0]: row[3] for row in rows(reading)}
    assert by_metric == {
        "rpc_duration_seconds_bucket": 6.0,
        "rpc_duration_seconds_count": 6.0,
        "rpc_duration_seconds_sum": 2.5,
    }


def test_an_expression_without_name_is_named_after_its_file(sample) -> None:
    table = sample("prometheus_api/expression_without_name.json").table("metrics")
    assert table["metric"].unique().to_list() == ["expression_without_name"]


def test_a_scalar_and_an_instant_vector_give_one_sample_each(sample) -> None:
    assert sample("prometheus_api/scalar.json").counts["samples"] == 1
    assert sample("prometheus_api/instant_vector.json").counts["samples"] == 1


def test_counter_resets_are_kept(text, rows) -> None:
    reading = text("prometheus_api", answer(matrix({}, [[T, "9"], [T + 1, "2"], [T + 2, "3"]])))
    assert [row[3] for row in rows(reading)] == [9.0, 2.0, 3.0]


def test_labels_full_of_syntax_stay_whole(text) -> None:
    labels = {"__name__": "m", "pod": 'a"}],[{\\', "values": "[[1]]", "metric": '{"values":[['}
    reading = text("prometheus_api", answer(matrix(labels, [[T, "1"]])))
    found = {pair["name"]: pair["value"] for pair in reading.table("metrics")["labels"][0]}
    assert found == {k: v for k, v in labels.items() if k != "__name__"}
    assert reading.damage.is_empty()


def test_values_before_labels_are_read_too(text, rows) -> None:
    first = {"values": [[T, "1"]], "metric": {"__name__": "a"}}
    second = {"values": [[T, "2"]], "metric": {"__name__": "b"}}
    assert [(r[0], r[3]) for r in rows(text("prometheus_api", answer(first, second)))] == [
        ("a", 1.0),
        ("b", 2.0),
    ]


def test_a_cut_number_is_not_taken_for_a_whole_one(text, rows) -> None:
    whole = answer(matrix({"__name__": "m"}, [[T, "123"], [T + 1, "456"]]))
    reading = text("prometheus_api", whole[: whole.index('"456"') + 3])
    assert [row[3] for row in rows(reading)] == [123.0]
    assert reading.damage["what"].to_list() == [
        "an array of samples is damaged",
        "the document ends early",
    ]


def test_garbage_in_one_series_spares_the_others(text, rows) -> None:
    whole = answer(
        matrix({"__name__": "a"}, [[T, "1"], [T + 1, "2"]]), matrix({"__name__": "b"}, [[T, "3"]])
    )
    reading = text("prometheus_api", whole.replace('"2"', '"?!"'))
    assert [(r[0], r[3]) for r in rows(reading)] == [("a", 1.0), ("b", 3.0)]
    assert reading.damage.height == 1


def test_an_error_answer_says_what_the_server_said(text) -> None:
    body = '{"status":"error","errorType":"bad_data","error":"parse error"}'
    with pytest.raises(CorruptEvidenceError, match="bad_data; parse error"):
        text("prometheus_api", body)


def test_milliseconds_are_recognised(text, rows) -> None:
    reading = text("prometheus_api", answer(matrix({}, [[T * 1000, "1"], [T * 1000 + 500, "2"]])))
    assert [row[2] for row in rows(reading)] == [0.0, 0.5]


def test_a_series_larger_than_the_bound_is_refused(tmp_path) -> None:
    path = tmp_path / "large.json"
    values = [[T + i, str(i)] for i in range(600_000)]
    path.write_text(answer(matrix({}, values)))
    with pytest.raises(EvidenceTooLargeError, match="document_bytes"):
        prometheus_api.read(Source(path, limits=Limits(document_bytes=1 << 20)))


def test_large_and_small_arrays_are_read_alike(tmp_path, rows) -> None:
    values = [[T + 15 * i, repr(i * 1.5e9)] for i in range(5000)]
    path = tmp_path / "m.json"
    path.write_text(answer(matrix({}, values)))
    compact = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
    wide = rows(prometheus_api.read(Source(path)))
    path.write_text(compact)
    assert rows(prometheus_api.read(Source(path))) == wide
    assert [row[3] for row in wide] == [i * 1.5e9 for i in range(5000)]


@given(
    st.lists(
        st.tuples(
            st.integers(1_000_000_000_000, 4_000_000_000_000),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=20,
    ),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
@settings(max_examples=50, deadline=None)
def test_pairs_are_read_as_the_json_library_reads_them(pairs, separators) -> None:
    text = json.dumps([[ms / 1000, repr(value)] for ms, value in pairs], separators=separators)
    times, values, is_sound = parse_pairs(text.encode())
    assert is_sound
    np.testing.assert_array_equal(times, [ms / 1000 for ms, _ in pairs])
    np.testing.assert_array_equal(values, [value for _, value in pairs])


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=9), max_size=6),
    st.sampled_from([7, 64, 1000]),
)
@settings(max_examples=50, deadline=None)
def test_the_size_of_blocks_changes_nothing(tmp_path_factory, series, block_bytes) -> None:
    path = tmp_path_factory.mktemp("blocks") / "m.json"
    arrays = [[[T + t, str(v)] for t, v in values] for values in series]
    path.write_text(answer(*(matrix({"__name__": "m"}, values) for values in arrays)))
    window = Window(Source(path), block_bytes)
    found = []
    while (match := window.find(prometheus_api._TOKEN)) is not None:
        window.position = match.end()
        if match.lastgroup == "samples":
            part, is_whole = window.take_pairs()
            assert is_whole
            found.append(json.loads(part))
    assert found == arrays


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param('{"status":"success","data":{"resultType":"matrix"', Match.MAGIC, id="range"),
        pytest.param('{"status":"error","errorType":"x"', Match.MAGIC, id="error"),
        pytest.param('[{"metric":{"a":"b"},"values":[[1,"2"]]}]', Match.SHAPE, id="bare result"),
        pytest.param('{"kind":"List","items":[{"metadata":{}}]}', Match.NO, id="kubectl"),
        pytest.param('{"status":"success","data":{"alerts":[]}}', Match.NO, id="alerts"),
        pytest.param('{"time":"2026","level":"info","msg":"metric"}', Match.NO, id="log"),
        pytest.param('{"snapshot":{"meta":{"node_fields":[]}}}', Match.NO, id="heap snapshot"),
        pytest.param("metric,value\na,1\n", Match.NO, id="csv"),
    ],
)
def test_only_query_results_are_claimed(text, match) -> None:
    assert prometheus_api.sniff(Head("x.json", text.encode())) is match
