"""The reader of inferred layouts: headers, folded traces, raw lines, hostile input."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.readers import Limits, Source, read_file
from forensics.readers.logs import _block, pattern
from forensics.readers.logs._infer import infer_templates

SAMPLE = Path(__file__).parents[2] / "samples" / "logs" / "pattern" / "app.log"


def read(path, text, **limits):
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(data)
    return pattern.read(Source(path, limits=Limits(**limits))).check()


def test_the_sample_gives_four_events_with_one_folded_trace() -> None:
    reading = read_file(SAMPLE)
    assert dict(reading.counts) == {"lines": 10, "events": 4, "continuations": 6, "raw": 0}
    rows = reading.table("logs").to_dicts()
    assert rows[0]["time"] == datetime(2026, 2, 9, 14, 23, 17, 123000, tzinfo=UTC)
    assert (rows[0]["level"], rows[0]["logger"]) == ("INFO", "s.pay.Handler")
    assert rows[0]["message"] == "payment accepted id=1"
    assert rows[2]["exception"].startswith("java.lang.IllegalStateException: pool closed\n\tat ")
    assert rows[2]["exception"].endswith("... 2 more")
    assert rows[3]["raw_ref"] == {"file": "app.log", "line": 10}
    assert reading.damage.is_empty()


def test_pool_figures_and_time_outs_are_told_by_messages() -> None:
    reading = read_file(SAMPLE)
    pool = {row["metric"]: row["value"] for row in reading.table("pool").to_dicts()}
    assert pool["hikaricp_connections_active"] == 10
    assert pool["hikaricp_connections_pending"] == 7
    assert reading.table("events")["reason"].to_list() == ["ConnectionTimeout"]


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("2026-02-09T14:23:17.123Z  INFO 1 --- [main] shop.Main : hi", "INFO", "hi"),
        ("2026-02-09 14:23:17,123 - app.db - WARNING - hi", "WARN", "hi"),
        ("09-Feb-2026 14:23:17.123 SEVERE [main] org.Foo.bar hi there", "ERROR", None),
        ("[2026-02-09 14:23:17] prod.ERROR: hi", None, None),
        ("26/02/09 14:23:17 INFO a.b.C: hi", "INFO", "hi"),
        ("INFO  2026-02-09 14:23:17,123 [main] a.b.C - hi", "INFO", "hi"),
        ("Mon Feb  9 14:23:17 2026 hello hi", None, "hello hi"),
    ],
)
def test_common_layouts_are_inferred(tmp_path, line, level, message) -> None:
    reading = read(tmp_path / "a.log", (line + "\n") * 5)
    row = reading.table("logs").row(0, named=True)
    assert reading.counts["events"] == 5
    assert row["time"].replace(microsecond=0) == datetime(2026, 2, 9, 14, 23, 17, tzinfo=UTC)
    assert row["level"] == level
    if message is not None:
        assert row["message"] == message


def test_offsets_become_utc_and_missing_zones_are_noted(tmp_path) -> None:
    zoned = read(tmp_path / "a.log", "2026-02-09T14:23:17+01:00 INFO x\n" * 3)
    assert zoned.table("logs")["time"][0] == datetime(2026, 2, 9, 13, 23, 17, tzinfo=UTC)
    assert zoned.notes == ()
    naive = read(tmp_path / "b.log", "2026-02-09 14:23:17 INFO x\n" * 3)
    assert "taken as UTC" in naive.notes[0]


def test_a_line_that_fits_nothing_is_kept_raw_in_its_place(tmp_path) -> None:
    text = "banner\n2026-02-09 14:23:17 INFO a\n%% odd line\n2026-02-09 14:23:18 INFO b\n"
    reading = read(tmp_path / "a.log", text)
    assert dict(reading.counts) == {"lines": 4, "events": 2, "continuations": 0, "raw": 2}
    rows = reading.table("logs")
    assert rows["message"].to_list() == ["banner", "a", "%% odd line", "b"]
    assert rows["time"].null_count() == 2


def test_colours_carriage_returns_and_broken_bytes_are_cleaned(tmp_path) -> None:
    text = b"\x1b[32m2026-02-09 14:23:17\x1b[0m INFO a\xff\r\n" * 3
    reading = read(tmp_path / "a.log", text)
    assert reading.table("logs")["message"][0] == "a\ufffd"
    assert reading.damage.height == 1


def test_utf_16_is_read(tmp_path) -> None:
    text = "2026-02-09 14:23:17 INFO grün\n" * 3
    reading = read(tmp_path / "a.log", b"\xff\xfe" + text.encode("utf-16-le"))
    assert reading.table("logs")["message"].to_list() == ["grün"] * 3


def test_a_line_longer_than_the_limit_is_cut_and_reported(tmp_path) -> None:
    text = "2026-02-09 14:23:17 INFO a\n" * 3 + "x" * 50_000 + "\n2026-02-09 14:23:18 INFO b\n"
    reading = read(tmp_path / "a.log", text, line_bytes=1000)
    assert reading.counts["lines"] == 5
    assert reading.damage["what"].to_list() == ["line of more than 1000 bytes"]


def test_times_beyond_two_centuries_survive(tmp_path) -> None:
    lines = [
        "1970-01-01 00:00:00 INFO a",
        "2262-04-12 00:00:00 INFO b",
        "9999-12-31 23:59:59 INFO c",
    ]
    years = read(tmp_path / "a.log", "\n".join(lines)).table("logs")["time"].dt.year().to_list()
    assert years == [1970, 2262, 9999]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_where_blocks_are_cut_changes_nothing(tmp_path_factory, data) -> None:
    line = st.sampled_from(
        [
            "2026-02-09 14:23:17,123 ERROR [m] a.b.C - é",
            "\tat a.b(C.java:1)",
            "a.b.CException: x",
            "??",
            "",
        ]
    )
    text = "\n".join(data.draw(st.lists(line, min_size=1, max_size=30)))
    size = data.draw(st.integers(1, 200))
    path = tmp_path_factory.mktemp("cut") / "a.log"
    path.write_text(text)
    source = Source(path)
    whole = pattern.read(source).check()
    templates = infer_templates(text.splitlines())
    blocks = list(_block.LineReader(source, block_bytes=size))
    assert sum(map(len, blocks)) == whole.counts["lines"]
    joined = [line for block in blocks for line in block.text()]
    assert joined == [line for block in _block.LineReader(source) for line in block.text()]
    assert isinstance(templates, list)
