"""Mine the lines of a file, block by block, and say which line has which template."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.patterns.headers import infer_header
from forensics.patterns.mine import Patterns, mine_shapes
from forensics.patterns.shapes import (
    LONGEST_BYTES,
    Shapes,
    count_lines,
    count_shapes,
    merge_shapes,
)
from forensics.redaction import redact

_NEWLINE: Final = 10
_RETURN: Final = 13
#: Lines of the first block that the header is inferred from.
_HEADER_SAMPLE: Final = 2000


@dataclass(frozen=True, slots=True)
class LinePatterns:
    """The templates of a file and the template of each of its lines.

    ``line_templates`` holds for each line, in order, a row of ``patterns.templates``.
    """

    patterns: Patterns
    line_templates: NDArray[np.int32]

    def redacted(self) -> LinePatterns:
        """Return the same with secrets blanked in templates and examples."""
        texts = pl.col("template", "example").map_elements(redact, return_dtype=pl.String)
        hidden = replace(self.patterns, templates=self.patterns.templates.with_columns(texts))
        return replace(self, patterns=hidden)

    def write_csv(self, path: str) -> None:
        """Write ``LineId`` (from 1), ``EventId``, ``EventTemplate`` of each line to ``path``.

        ``-`` is standard output.
        """
        events = self.patterns.templates.select(EventId="template_id", EventTemplate="template")
        line_ids = pl.DataFrame({"LineId": np.arange(1, self.line_templates.size + 1)})
        frame = line_ids.hstack(events[self.line_templates])
        if path == "-":
            sys.stdout.buffer.write(frame.write_csv().encode())
        else:
            frame.write_csv(path)


def mine_lines(blocks: Iterable[bytes], *, has_header: bool) -> LinePatterns:
    """Find the templates of the lines of a file; each line is one message.

    Lines end in LF or CRLF; the last needs no end. Memory is four bytes a line, one
    block, and the distinct shapes, however long lines are: of a line only the first
    ``LONGEST_BYTES`` count.

    Parameters
    ----------
    blocks
        The content, cut anywhere.
    has_header
        Whether to take off a header (time, level, ...), inferred from the first block.
        Lines without it are taken whole.
    """
    parts: list[Shapes] = []
    codes: list[NDArray[np.int32]] = []
    header = ""
    for i, data in enumerate(_whole_lines(blocks)):
        starts, ends = find_lines(data)
        if has_header and i == 0:
            header = _sample_header(data, starts, ends)
        if header:
            part = count_shapes(_to_text(data, ends).str.replace(header, ""))
        else:
            part = count_lines(data, starts, ends)
        parts.append(Shapes(part.table, part.codes[:0]))
        codes.append(part.codes.astype(np.int32))
    patterns = mine_shapes(merge_shapes(parts))
    rows = patterns.templates.select("template_id").with_row_index("row")
    row_of_shape = patterns.shapes.join(rows, on="template_id").select("shape", "row")
    lines = [
        part.table.select("shape")
        .join(row_of_shape, on="shape", how="left", maintain_order="left")["row"]
        .cast(pl.Int32)
        .to_numpy()[code]
        for part, code in zip(parts, codes, strict=True)
    ]
    return LinePatterns(patterns, np.concatenate([np.zeros(0, np.int32), *lines]))


def find_lines(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first byte and end of each line of ``data``, without LF or CRLF."""
    ends = np.flatnonzero(data == _NEWLINE)
    if data.size and (ends.size == 0 or ends[-1] != data.size - 1):
        ends = np.append(ends, data.size)
    starts = np.concatenate([np.zeros(min(1, ends.size), np.int64), ends[:-1] + 1])
    has_return = (ends > starts) & (data[ends - 1] == _RETURN)
    return starts, ends - has_return


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[NDArray[np.uint8]]:
    """Cut the content at ends of lines; the rest of an overlong line is left out."""
    carried = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield np.frombuffer(carried + block[:cut], np.uint8)
            carried = b""
        carried += block[cut:]
        carried = carried[: LONGEST_BYTES + 1]
    if carried:
        yield np.frombuffer(carried, np.uint8)


def _sample_header(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> str:
    """Infer the header from lines spread evenly over the block."""
    step = max(1, starts.size // _HEADER_SAMPLE)
    ends = np.minimum(ends, starts + LONGEST_BYTES)
    return infer_header(
        [
            data[start:end].tobytes().decode("utf-8", "replace")
            for start, end in zip(starts[::step], ends[::step], strict=True)
        ]
    )


def _to_text(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> pl.Series:
    """Return the lines as strings, broken UTF-8 replaced."""
    text = data.tobytes().decode("utf-8", "replace")
    lines = pl.Series("line", [text]).str.split("\n").explode().str.strip_suffix("\r")
    return lines.head(ends.size)
