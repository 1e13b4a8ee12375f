"""Frames are shown bounded, with units, and without anything that a page would run."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polars as pl
import pytest

from forensics.jupyter import human_frame
from forensics.jupyter._show import plain_frame, sparkline


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("used_bytes", 1_610_612_736, "1.5 GiB"),
        ("rate_bytes_per_min", 262144.0, "256 KiB/min"),
        ("share", 0.874, "87%"),
        ("pause_ms", 12.3456, "12.3 ms"),
        ("instances", 1234567, "1,234,567"),
        ("ratio", float("nan"), "unknown"),
    ],
)
def test_a_number_is_shown_in_the_unit_that_its_name_says(column, value, shown) -> None:
    assert f">{shown}</td>" in human_frame(pl.DataFrame({column: [value]}))


def test_a_value_takes_its_unit_from_the_column_beside_it() -> None:
    frame = pl.DataFrame({"value": [2048.0, 3.0], "unit": ["bytes", None]})
    html = human_frame(frame)
    assert ">2 KiB</td>" in html
    assert ">3</td>" in html


def test_the_exact_number_stays_at_hand() -> None:
    assert 'title="1,610,612,736 bytes"' in human_frame(pl.DataFrame({"bytes": [1610612736]}))


def test_a_long_frame_is_cut_and_says_so() -> None:
    html = human_frame(pl.DataFrame({"n": range(1000)}))
    assert html.count("<tr>") == 26
    assert "25 of 1,000 rows" in html


def test_an_empty_frame_says_that_there_are_no_rows() -> None:
    assert "no rows" in human_frame(pl.DataFrame(schema={"a": pl.String}))


def test_markup_in_evidence_stays_text_and_secrets_are_blanked() -> None:
    frame = pl.DataFrame(
        {"<b>": ["<script>x</script>"], "message": ["password=hunter2-hunter2 & more"]}
    )
    html = human_frame(frame)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<b>" not in html
    assert "hunter2" not in html


def test_a_secret_is_found_before_the_text_is_cut() -> None:
    text = "x" * 290 + " password=hunter2-hunter2"
    assert "hunter2" not in human_frame(pl.DataFrame({"message": [text]}))


def test_nested_values_and_times_are_written_out() -> None:
    frame = pl.DataFrame(
        {
            "time": [datetime(2026, 3, 1, 10, 0, tzinfo=UTC)],
            "labels": [[{"name": "pod", "value": "a"}]],
            "scope": [["a", "b"]],
        }
    )
    html = human_frame(frame)
    assert "2026-03-01 10:00:00 UTC" in html
    assert ">a, b<" in html
    assert "name: pod, value: a" in html


def test_a_list_of_numbers_becomes_a_line_with_its_extremes() -> None:
    html = human_frame(pl.DataFrame({"course_bytes": [[1024.0, None, 4096.0]]}))
    assert "1 KiB to 4 KiB" in html
    assert html.count("<svg") == 1


def test_a_gap_breaks_the_line_and_infinity_is_a_gap() -> None:
    path = re.search(r'd="([^"]+)"', sparkline([1.0, None, 2.0, float("inf"), 3.0]))
    assert path is not None
    assert path.group(1).count("M") == 3
    assert "no numbers" in sparkline([None, float("nan")])


def test_a_secret_is_blanked_before_a_column_of_text_cuts_it() -> None:
    card = "paid with the card that is called 4111 1111 1111 1111 at once"
    frame = pl.DataFrame({"said": [card] * 40, "n": range(40), "of": [[card]] * 40})
    shown = plain_frame(frame, rows=10)
    assert "4111" not in shown
    assert shown.endswith("10 of 40 rows")
    assert plain_frame(pl.DataFrame({"a": [1, None]})) == str(pl.DataFrame({"a": [1, None]}))
