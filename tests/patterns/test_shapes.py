"""Shapes are counted alike by the kernel and by the plain rule."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels.shapes import hash_shapes, split_lines
from forensics.patterns.shapes import (
    LONGEST_BYTES,
    count_lines,
    count_shapes,
    merge_shapes,
    shape_of,
)

MESSAGES = st.lists(
    st.one_of(
        st.text(st.sampled_from("ab1 0:x.é-"), max_size=30),
        st.sampled_from(
            ["eth0 up", "eth12 up", "eth123 up", "e0 up", "SOCKS5 ok", "blk_-12 a1b2c3"]
        ),
    ),
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(MESSAGES)
def test_the_kernel_groups_as_the_plain_rule_does(messages: list[str]) -> None:
    shapes = count_shapes(pl.Series(messages, dtype=pl.String))
    assert [shapes.table["shape"][int(code)] for code in shapes.codes] == [
        shape_of(message) for message in messages
    ]
    assert shapes.table["count"].sum() == len(messages)


@settings(max_examples=20, deadline=None)
@given(MESSAGES)
def test_the_compiled_kernels_equal_the_plain_ones(messages: list[str]) -> None:
    data = np.frombuffer("\n".join(messages).encode() or b"\n", np.uint8)
    plain_split = getattr(split_lines, "py_func", split_lines)
    plain_hash = getattr(hash_shapes, "py_func", hash_shapes)
    starts, ends = split_lines(data)
    assert np.array_equal(np.stack([starts, ends]), np.stack(plain_split(data)))
    with np.errstate(over="ignore"):
        plain = plain_hash(data, starts, ends, 100)
    assert np.array_equal(np.stack(hash_shapes(data, starts, ends, 100)), np.stack(plain))


@settings(max_examples=50, deadline=None)
@given(MESSAGES, st.integers(0, 40))
def test_parts_add_up_to_the_whole(messages: list[str], cut: int) -> None:
    whole = count_shapes(pl.Series(messages, dtype=pl.String)).table
    parts = [
        count_shapes(pl.Series(part, dtype=pl.String)) for part in (messages[cut:], messages[:cut])
    ]
    assert merge_shapes(parts).table.equals(whole)


def test_counts_of_distinct_messages_add_up() -> None:
    shapes = count_shapes(pl.Series(["a 1", "a 2", "b"]), pl.Series([5, 7, 1]))
    assert shapes.table.select("shape", "count").rows() == [("a 0", 12), ("b", 1)]


def test_null_is_an_empty_message() -> None:
    assert count_shapes(pl.Series([None, ""], dtype=pl.String)).table["shape"].to_list() == [""]


def test_an_overlong_message_ends_in_a_variable() -> None:
    shapes = count_shapes(pl.Series(["word " * 10_000, "word " * 20_000]))
    assert shapes.table.height == 1
    assert shapes.table["shape"][0].endswith("word 0")
    assert len(shapes.table["shape"][0]) <= LONGEST_BYTES + 2


def test_broken_utf8_is_replaced() -> None:
    data = np.frombuffer(b"caf\xe9 1", np.uint8)
    shapes = count_lines(data, np.array([0]), np.array([data.size]))
    assert shapes.table["shape"].to_list() == ["caf\ufffd 0"]


def test_lines_end_in_lf_or_crlf_and_the_last_needs_no_end() -> None:
    data = np.frombuffer(b"a\r\n\nbc\n\r\nd", np.uint8)
    starts, ends = split_lines(data)
    lines = [data[a:b].tobytes() for a, b in zip(starts, ends, strict=True)]
    assert lines == [b"a", b"", b"bc", b"", b"d"]
