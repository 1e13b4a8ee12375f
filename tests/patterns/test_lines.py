"""Files are mined block by block, however they are cut."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from synthetic import make_log

from forensics.patterns.lines import mine_lines
from forensics.patterns.shapes import LONGEST_BYTES


def blocks_of(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.mark.parametrize("size", [7, 1000, 10**6])
def test_blocks_make_no_difference(size: int) -> None:
    messages, _ = make_log("web", seed=1, lines=200)
    data = "\n".join(messages).encode()
    whole = mine_lines([data], has_header=False)
    cut = mine_lines(blocks_of(data, size), has_header=False)
    assert cut.patterns.templates.equals(whole.patterns.templates)
    assert cut.line_templates.tolist() == whole.line_templates.tolist()


def test_every_line_has_a_row_and_its_own_template(tmp_path: Path) -> None:
    found = mine_lines([b"took 1 ms\r\n\r\ngave up\r\ntook 2 ms"], has_header=False)
    found.write_csv(str(tmp_path / "out.csv"))
    rows = pl.read_csv(tmp_path / "out.csv").fill_null("")
    assert rows.columns == ["LineId", "EventId", "EventTemplate"]
    assert rows["LineId"].to_list() == [1, 2, 3, 4]
    assert rows["EventTemplate"].to_list() == ["took <*>", "", "gave up", "took <*>"]
    assert rows["EventId"][0] == rows["EventId"][3] != rows["EventId"][2]


def test_headers_are_taken_off_before_mining() -> None:
    messages, _ = make_log("cloud", seed=1, lines=500)
    lines = [
        f"2026-02-09 08:{i % 60:02d}:00,{i:03d} INFO [w-{i % 7}] a.B: {m}"
        for i, m in enumerate(messages)
    ]
    bare = mine_lines(["\n".join(messages).encode()], has_header=False)
    headed = mine_lines(["\n".join(lines).encode()], has_header=True)
    ids = [
        found.patterns.templates["template_id"].gather(pl.Series(found.line_templates)).to_list()
        for found in (bare, headed)
    ]
    assert ids[0] == ids[1]


def test_a_huge_line_without_end_costs_little() -> None:
    found = mine_lines([b"word " * 200_000] * 20, has_header=True)
    assert found.line_templates.size == 1
    assert len(found.patterns.templates["template"].item()) < LONGEST_BYTES


def test_binary_garbage_is_mined_without_control_characters() -> None:
    found = mine_lines([bytes(range(256)) * 20], has_header=True)
    texts = "".join(found.patterns.templates["template"])
    assert texts.isprintable()


def test_terminal_colours_are_no_part_of_a_message() -> None:
    found = mine_lines([b"\x1b[31mred\x1b[0m alert\nred alert"], has_header=False)
    assert found.patterns.templates["template"].to_list() == ["red alert"]


def test_an_empty_file_has_no_lines() -> None:
    assert mine_lines([], has_header=True).line_templates.size == 0
    assert mine_lines([b""], has_header=False).patterns.templates.is_empty()
