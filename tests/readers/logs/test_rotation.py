"""Rotated sets are put back in the order in which they were written."""

from __future__ import annotations

import random

import polars as pl
import pytest

from forensics.errors import EvidenceError
from forensics.readers.logs._parse import parse_logs
from forensics.readers.logs._rotation import order_rotations


@pytest.mark.parametrize(
    "oldest_first",
    [
        pytest.param(["app.log.10.gz", "app.log.2.gz", "app.log.1", "app.log"], id="numbers"),
        pytest.param(["app.2026-02-08.log", "app.2026-02-09.log", "app.log"], id="days"),
        pytest.param(["a.2026-02-09T13.jsonl.gz", "a.2026-02-09T14.jsonl"], id="hours"),
        pytest.param(["a-2026-02-09.0.log", "a-2026-02-09.1.log", "a.log"], id="days with numbers"),
    ],
)
def test_a_shuffled_set_is_ordered_again(oldest_first) -> None:
    shuffled = oldest_first[:]
    random.Random(7).shuffle(shuffled)
    assert order_rotations(shuffled) == oldest_first


def test_parsed_files_follow_each_other_and_their_counts_add_up(tmp_path) -> None:
    for name, second in (("app.log", 18), ("app.log.1", 17)):
        text = f"2026-02-09 14:23:{second} INFO [m] a.b.C - x\n\tat a.b(C.java:1)\n"
        (tmp_path / name).write_text(text * 3)
    out = tmp_path / "out.parquet"
    parsed = parse_logs([tmp_path / "app.log", tmp_path / "app.log.1"], out)
    assert parsed.counts == {"lines": 12, "events": 6, "continuations": 6, "raw": 0}
    assert pl.read_parquet(out)["time"].is_sorted()


def test_text_of_no_format_is_kept_line_by_line(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("12 34\n56 78\n")
    parsed = parse_logs([tmp_path / "notes.txt"], tmp_path / "out.parquet")
    assert parsed.counts == {"lines": 2, "events": 0, "continuations": 0, "raw": 2}


def test_a_missing_file_is_an_evidence_error(tmp_path) -> None:
    with pytest.raises(EvidenceError, match="absent"):
        parse_logs([tmp_path / "absent.log"], tmp_path / "out.parquet")
