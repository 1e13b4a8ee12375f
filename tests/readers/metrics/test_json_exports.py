"""JSON answers of dashboards, clouds and collectors."""

from __future__ import annotations

import json

import pytest

from forensics.errors import CorruptEvidenceError
from forensics.readers import Head, Match
from forensics.readers.metrics import cloudwatch, datadog, grafana_json, otlp_metrics, sadf

MIB = 1048576.0


def test_panel_data_is_converted_by_the_unit_of_the_field(sample, rows) -> None:
    reading = sample("grafana_json/inspector_panel_data.json")
    assert rows(reading) == [
        ("heap used", "api-0", 0.0, 100 * MIB, "bytes"),
        ("heap used", "api-0", 15.0, 101.5 * MIB, "bytes"),
        ("heap used", "api-0", 30.0, None, "bytes"),
    ]


def test_a_query_answer_keeps_metric_and_labels(sample, rows) -> None:
    reading = sample("grafana_json/query_answer.json")
    assert rows(reading)[0][:4] == ("hikaricp_connections_active", "api-0", 0.0, 19.0)
    assert reading.counts == {"series": 1, "samples": 2, "not_finite": 0, "damaged": 0}


def test_targets_have_the_value_before_the_time(sample, rows) -> None:
    assert [row[1:4] for row in rows(sample("grafana_json/graphite_targets.json"))] == [
        ("api-0", 0.0, MIB),
        ("api-0", 60.0, None),
        ("api-0", 120.0, 3 * MIB),
    ]


def test_cloudwatch_labels_are_split_into_metric_and_instance(sample, rows) -> None:
    reading = sample("cloudwatch/get_metric_data.json")
    assert rows(reading)[0] == ("DatabaseConnections", "payments-primary", 0.0, 120.0, None)
    assert reading.counts["samples"] == 4
    assert "FreeableMemory: CloudWatch answered PartialData" in reading.notes


def test_cloudwatch_statistics_are_series_in_base_units(sample, rows) -> None:
    found = rows(sample("cloudwatch/get_metric_statistics.json"))
    assert [row[3] for row in found] == [500e6, 512e6, 510e6, 600e6]
    assert {row[4] for row in found} == {"bytes"}


def test_both_datadog_answers_are_read(sample, rows) -> None:
    assert [row[1:] for row in rows(sample("datadog/query_v1.json"))] == [
        ("api-0", 0.0, 100 * MIB, "bytes"),
        ("api-0", 20.0, None, "bytes"),
        ("api-0", 40.0, 120 * MIB, "bytes"),
    ]
    assert [row[3] for row in rows(sample("datadog/timeseries_v2.json"))] == [100 * MIB, 110 * MIB]


def test_otlp_lines_add_delta_sums_up(sample, rows) -> None:
    reading = sample("otlp_metrics/file_exporter.jsonl")
    found = {(row[0], row[2]): row[3] for row in rows(reading)}
    assert found["http.server.requests", 0.0] == 5.0
    assert found["http.server.requests", 60.0] == 12.0
    assert found["jvm.memory.used", 60.0] == MIB + 60
    assert found["http.server.request.duration_sum", 0.0] == 1.5
    assert found["http.server.request.duration_count", 0.0] == 3.0
    assert found["gone", 0.0] is None
    assert reading.notes == ("delta sums were added up to counters",)


def test_one_otlp_request_reads_as_one_of_its_lines(sample, rows) -> None:
    lines = rows(sample("otlp_metrics/file_exporter.jsonl"))
    assert rows(sample("otlp_metrics/one_request.json")) == [row for row in lines if row[2] == 0.0]


def test_sysstat_memory_is_in_bytes(sample, rows) -> None:
    found = rows(sample("sadf/sadf.json"))
    assert ("sadf_memory_memused", "node-1", 1.0, 2048 * 1024.0, "bytes") in found
    assert ("sadf_memory_memused_percent", "node-1", 1.0, 66.67, "percent") in found
    assert ("sadf_cpu_load_user", "node-1", 61.0, 13.5, None) in found


SAMPLES = (
    ("grafana_json", "inspector_panel_data.json", "101.5"),
    ("cloudwatch", "get_metric_data.json", "FreeableMemory"),
    ("datadog", "query_v1.json", '"unit"'),
    ("otlp_metrics", "one_request.json", "http.server.request.duration"),
    ("sadf", "sadf.json", "14:01:01"),
)


@pytest.mark.parametrize(("reader", "name", "cut_at"), SAMPLES, ids=[s[0] for s in SAMPLES])
def test_a_cut_document_is_read_up_to_the_cut(request, text, reader, name, cut_at) -> None:
    sample = request.getfixturevalue("sample")
    whole = sample(f"{reader}/{name}")
    path = request.path.parents[2] / "samples" / "metrics" / reader / name
    content = path.read_text()
    cut = text(reader, content[: content.index(cut_at)])
    assert 0 < cut.counts["samples"] <= whole.counts["samples"]
    assert cut.damage["what"][0] == "the document is damaged"
    rows = set(whole.table("metrics").select("time", "metric", "value").rows())
    assert set(cut.table("metrics").select("time", "metric", "value").rows()) <= rows


def test_no_json_at_all_is_an_error_with_a_way_out(text) -> None:
    with pytest.raises(CorruptEvidenceError, match="export it again"):
        text("cloudwatch", "plain words")


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "PodList", "items": []},
        {"snapshot": {"meta": {"node_fields": []}}},
        {"receiver": "x", "alerts": [{"labels": {}, "startsAt": "2026-02-09T14:00:00Z"}]},
        {"timestamp": "2026-02-09T14:00:00Z", "level": "INFO", "message": "series of values"},
        {"fields": ["a"], "series": "x"},
    ],
    ids=["kubectl", "heap snapshot", "alerts", "log line", "other"],
)
@pytest.mark.parametrize(
    "module",
    [grafana_json, cloudwatch, datadog, otlp_metrics, sadf],
    ids=lambda module: module.__name__.rsplit(".", 1)[-1],
)
def test_json_of_others_is_not_claimed(module, document) -> None:
    assert module.sniff(Head("x.json", json.dumps(document).encode())) is Match.NO
