"""JSON that follows no published format: records, pairs, columns, maps, lines, wrappers."""

from __future__ import annotations

import json

import pytest

from forensics.errors import CorruptEvidenceError
from forensics.readers import Head, Match
from forensics.readers.metrics import table_json

T0 = 1770645600
TWO = [("mem", None, 0.0, 5.0, None), ("mem", None, 30.0, 6.0, None)]
BOTH = [
    ("mem", "api-0", 0.0, 5.0, None),
    ("mem", "api-0", 30.0, 6.0, None),
    ("rps", "api-0", 0.0, 1.5, None),
    ("rps", "api-0", 30.0, 2.5, None),
]


def test_lines_of_a_node_server_give_a_series_a_field(sample):
    reading = sample("table_json/node_memory_usage.jsonl")
    table = reading.table("metrics")
    assert reading.counts == {"series": 6, "samples": 360, "not_finite": 0, "damaged": 0}
    assert table["metric"].unique().sort().to_list() == [
        "hits",
        "memory.arrayBuffers",
        "memory.external",
        "memory.heapTotal",
        "memory.heapUsed",
        "memory.rss",
    ]
    first = table.filter(table["metric"] == "memory.heapUsed").row(0, named=True)
    assert first["value"] == 8012800.0
    assert first["time"].isoformat() == "2026-11-25T23:02:40.494000+00:00"
    assert reading.damage.height == 0


@pytest.mark.parametrize(
    ("name", "metric", "entity"),
    [
        ("pairs.json", "value", None),
        ("columns.json", "rss_kb", "worker-1"),
        ("wrapped.json", "rss", "worker-0"),
        ("pandas_to_json.json", "rss_bytes", None),
        ("pandas_split.json", "rss_bytes", None),
    ],
)
def test_one_series_reads_the_same_from_each_shape(sample, rows, name, metric, entity):
    reading = sample(f"table_json/{name}")
    found = rows(reading)
    assert {row[:2] for row in found} == {(metric, entity)}
    assert len(found) == 40
    assert found[-1][3] == 35721216.0
    assert reading.damage.height == 0


def test_a_document_cut_off_in_a_record_is_read_up_to_there(sample, rows):
    reading = sample("table_json/truncated_in_a_record.json")
    assert len(rows(reading)) == 26
    assert reading.damage["what"].to_list() == ["the document is damaged"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([[T0, 5], [T0 + 30, 6]], None, id="pairs, time first"),
        pytest.param([[5, T0 * 1000], [6, T0 * 1000 + 30000]], None, id="pairs, time last"),
        pytest.param([["time", "mem"], [T0, 5], [T0 + 30, 6]], TWO, id="rows with a header"),
        pytest.param({"mem": [[T0, 5], [T0 + 30, 6]]}, TWO, id="pairs under a name"),
        pytest.param({"time": [T0, T0 + 30], "mem": [5, 6]}, TWO, id="columns"),
        pytest.param([{"ts": T0, "mem": 5}, {"ts": T0 + 30, "mem": "6"}], TWO, id="records"),
        pytest.param({"mem": {str(T0): 5, str(T0 + 30): 6}}, TWO, id="map from time to value"),
        pytest.param(
            {
                "pod": "api-0",
                "samples": [
                    {"t": T0, "mem": 5, "rps": 1.5},
                    {"t": T0 + 30, "mem": 6, "rps": 2.5},
                ],
            },
            BOTH,
            id="records under a label",
        ),
        pytest.param(
            [
                {"name": "mem", "tags": {"pod": "api-0"}, "values": [[T0, 5], [T0 + 30, 6]]},
                {"name": "rps", "tags": {"pod": "api-0"}, "values": [[T0, 1.5], [T0 + 30, 2.5]]},
            ],
            BOTH,
            id="a list of named series",
        ),
        pytest.param(
            [
                {"time": T0, "metric": "mem", "value": 5, "pod": "api-0"},
                {"time": T0 + 30, "metric": "mem", "value": 6, "pod": "api-0"},
                {"time": T0, "metric": "rps", "value": 1.5, "pod": "api-0"},
                {"time": T0 + 30, "metric": "rps", "value": 2.5, "pod": "api-0"},
            ],
            BOTH,
            id="long records",
        ),
    ],
)  # fmt: skip
def test_the_shapes_that_scripts_write_are_read(text, rows, content, expected):
    expected = expected or [("value", None, 0.0, 5.0, None), ("value", None, 30.0, 6.0, None)]
    assert rows(text("table_json", json.dumps(content))) == expected


def test_null_and_text_that_is_no_number_are_no_samples(text, rows):
    content = [{"time": T0, "mem": None}, {"time": T0 + 30, "mem": 6}, {"time": T0 + 60, "mem": 7}]
    assert [row[2:4] for row in rows(text("table_json", json.dumps(content)))] == [
        (30.0, 6.0),
        (60.0, 7.0),
    ]


def test_a_broken_line_is_damage_and_the_others_are_read(text, rows):
    reading = text(
        "table_json",
        f'{{"time": {T0}, "mem": 5}}\n{{"time": {T0 + 10}, "m\n{{"time": {T0 + 30}, "mem": 6}}\n',
    )
    assert rows(reading) == TWO
    assert reading.damage["line"].to_list() == [2]


def test_a_document_without_times_says_what_it_lacks(text):
    with pytest.raises(CorruptEvidenceError, match="numbers beside times"):
        text("table_json", '[{"a": 1}, {"a": 2}]')


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"time": 1770645600, "level": "info", "msg": "x", "n": 1}\n' * 3, id="log"),
        pytest.param(b'[{"time": 1770645600, "what": "deploy", "n": 1}]', id="calendar"),
        pytest.param(b'{"snapshot": {"meta": {}}, "nodes": [1, 2, 3]}', id="heap snapshot"),
        pytest.param(b'{"timeout": 30, "retries": [1, 2, 3]}', id="settings"),
        pytest.param(b"[1, 2, 3, 4, 5]", id="numbers without times"),
        pytest.param(b"time,mem\n1770645600,5\n", id="csv"),
    ],
)
def test_what_is_something_else_is_not_claimed(content):
    assert table_json.sniff(Head("x.json", content)) is Match.NO
