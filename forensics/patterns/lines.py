"""Mine the lines of a file, block by block, and say which line has which template."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels.shapes import split_lines
from forensics.patterns.headers import infer_header
from forensics.patterns.mine import Patterns, mine_shapes
from forensics.patterns.shapes import (
    LONGEST_BYTES,
    Shapes,
    count_lines,
    merge_shapes,
    replace_shapes,
)
from forensics.redaction import redact

#: Shapes that the header is inferred from, and characters of each.
_HEADER_SAMPLE: Final = 2000
_HEADER_LENGTH: Final = 400
#: Terminal colours and cursor moves (ECMA-48, section 5.4).
_ESCAPES: Final = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


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
        Whether to take off a header (time, level, ...), inferred from the lines.
        Lines without it are taken whole.
    """
    return mine_parts(count_parts(blocks), has_header=has_header)


def count_parts(blocks: Iterable[bytes]) -> Iterator[Shapes]:
    """Yield the shapes of each block's lines, with the shape of each line in ``codes``.

    Parts of a file cut at ends of lines may be counted anywhere, and mined together.
    """
    for data in _whole_lines(blocks):
        part = count_lines(data, *split_lines(data))
        yield Shapes(part.table, part.codes.astype(np.int32))


def mine_parts(counted: Iterable[Shapes], *, has_header: bool) -> LinePatterns:
    """Find the templates of parts as ``count_parts`` yields them, in the order of the file."""
    parts = list(counted)
    merged = merge_shapes(parts)
    to_message = (
        _find_messages(merged) if has_header else merged.table.select("shape", message="shape")
    )
    patterns = mine_shapes(replace_shapes(merged, to_message["message"]))
    rows = patterns.templates.select("template_id").with_row_index("row")
    row_of_message = patterns.shapes.join(rows, on="template_id").select(message="shape", row="row")
    row_of_shape = to_message.join(row_of_message, on="message").select("shape", "row")
    lines = [
        part.table.select("shape")
        .join(row_of_shape, on="shape", how="left", maintain_order="left")["row"]
        .cast(pl.Int32)
        .to_numpy()[part.codes]
        for part in parts
    ]
    return LinePatterns(patterns, np.concatenate([np.zeros(0, np.int32), *lines]))


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[NDArray[np.uint8]]:
    """Cut the content at ends of lines; the rest of an overlong line is left out."""
    carried = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield _plain(carried + block[:cut])
            carried = b""
        carried += block[cut:]
        carried = carried[: LONGEST_BYTES + 1]
    if carried:
        yield _plain(carried)


def _plain(data: bytes) -> NDArray[np.uint8]:
    """Drop escape sequences."""
    return np.frombuffer(_ESCAPES.sub(b"", data) if b"\x1b" in data else data, np.uint8)


def _find_messages(lines: Shapes) -> pl.DataFrame:
    """Return ``shape`` of each line and ``message``, the same without its header.

    The header is inferred from the shapes of lines, each once: a statement that makes
    most of a log says no more about its header than one seen once.
    """
    table = lines.table
    step = max(1, table.height // _HEADER_SAMPLE)
    header = infer_header(table["shape"].gather_every(step).str.slice(0, _HEADER_LENGTH).to_list())
    message = pl.col("shape").str.replace(header, "") if header else pl.col("shape")
    return table.select("shape", message.alias("message"))
