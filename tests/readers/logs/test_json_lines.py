"""Logs of one JSON object a line: the located values agree with a full parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.readers import Source, read_file
from forensics.readers.logs import json_lines, logstash

SAMPLES = Path(__file__).parents[2] / "samples" / "logs"
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
VALUE = st.one_of(
    TEXT, st.integers(), st.booleans(), st.none(), st.dictionaries(TEXT, TEXT, max_size=2)
)


@pytest.mark.parametrize(
    ("reader", "level", "exception"),
    [
        ("logstash", "ERROR", "java.lang.IllegalStateException: pool closed"),
        ("ecs", "ERROR", "java.lang.IllegalStateException: pool closed"),
        ("log4j2_json", "ERROR", "java.lang.IllegalStateException: pool closed"),
        ("zap", "ERROR", "main.run"),
        ("zerolog", "ERROR", "timeout"),
        ("pino", "ERROR", "Error: boom"),
        ("bunyan", "ERROR", "Error: boom"),
        ("structlog", "ERROR", "Traceback"),
        ("serilog", "ERROR", "System.InvalidOperationException: x"),
    ],
)
def test_a_framework_s_last_sample_line_is_its_error(reader, level, exception) -> None:
    path = next(p for p in (SAMPLES / reader).iterdir() if p.name != "ORIGIN.md")
    reading = read_file(path)
    row = reading.table("logs").row(-1, named=True)
    assert reading.reader == reader
    assert row["level"] == level
    assert row["exception"].startswith(exception)
    assert row["time"].isoformat().startswith("2026-02-09T14:23:18")
    assert reading.counts["raw"] == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"message": TEXT, "extra": VALUE, "level": TEXT}), max_size=8)
)
def test_messages_agree_with_a_full_parser(tmp_path_factory, objects) -> None:
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    lines = [json.dumps({"@timestamp": "2026-02-09T14:23:17Z", **item}) for item in objects]
    path.write_text("\n".join(lines))
    found = logstash.read(Source(path)).check().table("logs")["message"].to_list()
    assert found == [item["message"] for item in objects]


def test_broken_lines_are_kept_and_counted(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    good = '{"time":"2026-02-09T14:23:17Z","message":"a"}'
    path.write_text(f'{good}\n{{"time":\nplain\n{good}\n{{"a":1}} tail')
    reading = json_lines.read(Source(path)).check()
    assert dict(reading.counts) == {"lines": 5, "events": 2, "continuations": 0, "raw": 3}
    assert reading.table("logs")["raw_ref"].struct.field("line").to_list() == [1, 2, 3, 4, 5]
