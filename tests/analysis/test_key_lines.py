"""Severe, new and exhausted lines are shown; what is merely rare isn't."""

from __future__ import annotations

from typing import Any

import polars as pl

from forensics.analysis import log_patterns
from forensics.analysis.key_lines import findings, run
from tests.analysis.log_lines import at


def mined(*rows: dict[str, Any], shifts: list[dict[str, Any]] | None = None) -> log_patterns.Result:
    full = [
        {
            "template_id": f"t{i}",
            "template": row["example"],
            "count": 10,
            "first_at": at(i),
            "level": "INFO",
            "file": "app.log",
            "line": i + 1,
            **row,
        }
        for i, row in enumerate(rows)
    ]
    table = pl.DataFrame(shifts or [], schema=log_patterns.SHIFTS)
    return log_patterns.Result(patterns=pl.DataFrame(full), shifts=table)


def test_severe_lines_come_before_mild_ones() -> None:
    lines = run(
        log_patterns=mined(
            *({"example": f"step {i}", "level": "WARN"} for i in range(12)),
            {"example": "database is gone", "level": "FATAL"},
        )
    ).lines
    assert lines.height == 10
    assert "database is gone" in lines["text"].to_list()


def test_a_mild_line_that_began_with_a_change_is_shown_with_the_reason() -> None:
    shift = {"template_id": "t1", "kind": "first seen", "change": "deploy v2"}
    result = run(log_patterns=mined({"example": "a"}, {"example": "new path"}, shifts=[shift]))
    assert result.lines.select("text", "why", "line").rows() == [
        ("new path", "first seen with deploy v2, 10 times", 2)
    ]


def test_a_mild_line_stands_back_where_severe_ones_tell_more() -> None:
    shift = {"template_id": "t0", "kind": "first seen", "change": "deploy v2"}
    rows = ({"example": "table size: 512"}, {"example": "no route", "level": "ERROR"})
    result = run(log_patterns=mined(*rows, shifts=[shift]))
    assert result.lines["text"].to_list() == ["no route"]


def test_exhaustion_counts_whatever_the_level() -> None:
    result = run(log_patterns=mined({"example": "java.lang.OutOfMemoryError: Java heap space"}))
    assert result.lines["why"].to_list() == ["tells of exhaustion, 10 times"]


def test_rare_alone_is_no_reason() -> None:
    result = run(log_patterns=mined({"example": "a", "count": 9999}, {"example": "b", "count": 1}))
    assert result.lines.is_empty()


def test_lines_are_redacted_and_point_at_their_place() -> None:
    result = run(log_patterns=mined({"example": "card 4111 1111 1111 1111", "level": "ERROR"}))
    (found,) = findings(result)
    assert "4111" not in found.text
    assert (found.evidence[0].path, found.evidence[0].line) == ("app.log", 1)


def test_no_patterns_give_nothing() -> None:
    assert findings(run(log_patterns=log_patterns.Result())) == []
