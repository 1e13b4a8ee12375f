"""One value of a foreign type inside a sound document costs itself, not the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from forensics.readers import Source, find_reader
from forensics.readers._narrow import as_count

SAMPLES = Path(__file__).parents[1] / "samples"
ODD = (7, 2**70, 0.5, "x", "\x00", [[]], {"a": 1}, True)


def rows(path: Path, reader: str) -> int:
    reading = find_reader(Source(path), reader)[1].read(Source(path)).check()
    return sum(reading.table(name).height for name in reading.tables)


def put(document: object, place: Sequence[str | int], value: object) -> bytes:
    node = document
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("sample", "place", "kept"),
    [
        ("metrics/cloudwatch/get_metric_data.json", ("MetricDataResults", 0, "StatusCode"), 4),
        ("metrics/cloudwatch/get_metric_data.json", ("MetricDataResults", 0, "Timestamps"), 1),
        ("metrics/cloudwatch/get_metric_data.json", ("Messages",), 4),
        ("metrics/datadog/query_v1.json", ("series", 0, "tag_set"), 2),
        ("metrics/datadog/query_v1.json", ("data",), 2),
        ("metrics/grafana_json/graphite_targets.json", (0, "tags"), 1),
        ("logs/cloudwatch_logs/cloudwatch.json", ("events", 1, "logStreamName"), 2),
        ("logs/cloudwatch_logs/cloudwatch.json", ("events", 1, "timestamp"), 2),
        ("metrics/cloudwatch/get_metric_statistics.json", ("Datapoints", 0, "Average"), 3),
        ("changes/alerts/alertmanager.json", (0, "annotations"), 1),
        ("changes/helm_history/history.json", (0, "revision"), 2),
        ("changes/kubernetes/objects.json", ("items", 0, "count"), 1),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else None,
)
def test_the_rest_is_kept(sample, place, kept, tmp_path) -> None:
    path = tmp_path / Path(sample).name
    for odd in ODD:
        path.write_bytes(put(json.loads((SAMPLES / sample).read_bytes()), place, odd))
        assert rows(path, sample.split("/")[1]) >= kept, odd


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 3), ("12", 12), ("-1", -1), (True, 9), (None, 9), ("²", 9), (10**30, 9), ([1], 9)],
)
def test_a_count_is_a_short_whole_number(value, count) -> None:
    assert as_count(value, 9) == count
