"""Count the distinct shapes of many messages in one pass over their bytes.

Real logs repeat: a million lines have some hundred shapes. Everything that thinks
(masks, mining, types of variables) sees the shapes only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from forensics.kernels.shapes import hash_shapes, number_shapes

#: Bytes of a message that count; a longer one ends in a variable.
LONGEST_BYTES: Final = 2048
_RUN: Final = re.compile(r"[A-Za-z0-9]*[0-9][A-Za-z0-9]*")
_ORDINAL: Final = re.compile(r"([A-Za-z]{2,})[0-9]{1,2}\Z")
#: Mark of a message that was longer than LONGEST_BYTES, seen as one more variable.
_CUT: Final = " 0"

SHAPES: Final = pl.Schema(
    {"shape": pl.String(), "count": pl.Int64(), "sample": pl.String(), "rank": pl.UInt64()}
)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The distinct shapes of a set of messages.

    Attributes
    ----------
    table
        One row a shape: ``shape`` (text), ``count`` of messages, one ``sample`` message
        and its ``rank`` (hash by which samples are chosen, so that the choice doesn't
        depend on the order of messages or on how they were cut into parts).
    codes
        For each message the row of its shape in ``table``; empty for merged parts.
    """

    table: pl.DataFrame
    codes: NDArray[np.int64] | NDArray[np.int32]


def shape_of(message: str) -> str:
    """Return the shape of one message: runs with digits become ``0``, ``eth1`` ``eth0``.

    Examples
    --------
    >>> shape_of("Received block blk_-1608 of size 91178 from /10.250.10.6 via eth1")
    'Received block blk_-0 of size 0 from /0.0.0.0 via eth0'
    """
    return _shape_of_bytes(message.encode("utf-8", "surrogatepass"))


def _shape_of_bytes(message: bytes) -> str:
    """Cut an overlong message at the last blank that counts, broken UTF-8 replaced."""
    text = message[:LONGEST_BYTES].decode("utf-8", "replace")
    if len(message) > LONGEST_BYTES:
        text = text.rsplit(None, 1)[0] + _CUT
    return _RUN.sub(_keep_ordinal, text)


def _keep_ordinal(run: re.Match[str]) -> str:
    ordinal = _ORDINAL.match(run.group())
    return f"{ordinal[1]}0" if ordinal else "0"


def count_shapes(messages: pl.Series, counts: pl.Series | None = None) -> Shapes:
    """Count the shapes of ``messages``; null counts as the empty message.

    Parameters
    ----------
    messages
        Strings, shape (n,).
    counts
        How often each message was seen, where ``messages`` are already distinct; once by
        default.
    """
    buffer = messages.fill_null("").to_arrow()
    if not pa.types.is_large_string(buffer.type):
        buffer = buffer.cast(pa.large_string())
    _, offsets, data = buffer.buffers()
    bounds = np.frombuffer(offsets, np.int64)[buffer.offset : buffer.offset + len(buffer) + 1]
    raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    weights = None if counts is None else counts.cast(pl.Int64).to_numpy()
    return count_lines(raw, bounds[:-1], bounds[1:], weights)


def count_lines(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    weights: NDArray[np.int64] | None = None,
) -> Shapes:
    """Count the shapes of the lines ``data[starts[i]:ends[i]]``; broken UTF-8 is replaced.

    Memory is about 32 bytes a line beside ``data``.
    """
    shape_hash, text_hash = hash_shapes(data, starts, ends, LONGEST_BYTES)
    codes, chosen = number_shapes(shape_hash, text_hash)
    samples = [
        data[starts[line] : min(ends[line], starts[line] + LONGEST_BYTES + 1)].tobytes()
        for line in chosen.tolist()
    ]
    found = pl.DataFrame(
        {
            "shape": pl.Series(map(_shape_of_bytes, samples), dtype=pl.String),
            # bincount adds weights as floats: exact up to 2**53
            "count": np.bincount(codes, weights, chosen.size).astype(np.int64),
            "sample": pl.Series([s.decode("utf-8", "replace") for s in samples], dtype=pl.String),
            "rank": text_hash[chosen],
        }
    )
    table = _sum(found)
    rows = found.select("shape").join(
        table.select("shape").with_row_index("row"), on="shape", maintain_order="left"
    )["row"]
    return Shapes(table, rows.cast(pl.Int64).to_numpy()[codes])


def merge_shapes(parts: Sequence[Shapes]) -> Shapes:
    """Add up the shapes of several parts; the order of parts doesn't matter."""
    tables = [part.table for part in parts]
    return Shapes(_sum(pl.concat(tables)) if tables else pl.DataFrame(schema=SHAPES), _NO_CODES)


def replace_shapes(shapes: Shapes, new_shapes: pl.Series) -> Shapes:
    """Give each row of a merged table another shape (without header, say) and add up again."""
    table = shapes.table.with_columns(new_shapes.alias("shape"))
    return Shapes(_sum(table), _NO_CODES)


_NO_CODES: Final = np.zeros(0, np.int64)


def _sum(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a shape, sorted; the sample is that of the lowest rank."""
    return (
        frame.lazy()
        .group_by("shape")
        .agg(
            pl.col("count").sum(),
            pl.col("sample").sort_by("rank", "sample").first(),
            pl.col("rank").min(),
        )
        .sort("shape")
        .select(pl.col(name).cast(dtype) for name, dtype in SHAPES.items())
        .collect()
    )
