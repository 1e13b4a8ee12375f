"""What every verb prints with: JSON on stdout, tables for people, errors on stderr.

Everything passes redaction here, unless the caller asked to reveal.
"""

from __future__ import annotations

import sys
from typing import Any, Final, NoReturn

import orjson
import polars as pl

from forensics.errors import ForensicsError
from forensics.redaction import redact

#: Columns of a table that goes into a pipe or file, where no terminal sets a width.
_PIPE_WIDTH: Final = 180


def print_json(value: Any, *, reveal: bool = False) -> None:
    """Print ``value`` as indented JSON on stdout, secrets redacted unless ``reveal``."""
    text = orjson.dumps(
        value,
        option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z,
        default=_plain,
    ).decode()
    sys.stdout.write((text if reveal else redact(text)) + "\n")


def print_text(text: str, *, reveal: bool = False) -> None:
    """Print a line of text on stdout, secrets redacted unless ``reveal``."""
    sys.stdout.write((text if reveal else redact(text)) + "\n")


def print_table(frame: pl.DataFrame, *, title: str = "", reveal: bool = False) -> None:
    """Print a frame as an aligned table for people, secrets redacted unless ``reveal``."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, show_edge=False, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        cells = ("" if cell is None else _cell(cell) for cell in row)
        table.add_row(*(Text(cell if reveal else redact(cell)) for cell in cells))
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(file=sys.stdout, highlight=False, soft_wrap=False, width=width).print(table)


def fail(error: ForensicsError) -> NoReturn:
    """Print the message of ``error``, redacted, on stderr and end with its exit code."""
    sys.stderr.write(f"forensics: {redact(str(error))}\n")
    sys.exit(error.exit_code)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = value if isinstance(value, str) else str(value)
    return "".join(c if c.isprintable() else "�" for c in text)


def _plain(value: Any) -> Any:
    if isinstance(value, pl.DataFrame):
        return value.to_dicts()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"no JSON form for {type(value).__name__}")
