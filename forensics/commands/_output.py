"""What every verb prints with: JSON on stdout, tables for people, errors on stderr.

Everything passes redaction here, unless the caller asked to reveal, and loses what could
drive a terminal: escape sequences, control characters, changes of writing direction.
"""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any, Final, NoReturn

import orjson
import polars as pl

from forensics.errors import ForensicsError
from forensics.redaction import redact, redact_value

#: Columns of a table that goes into a pipe or file, where no terminal sets a width.
_PIPE_WIDTH: Final = 180
#: What drives a terminal or turns the order of letters (C0 but tab and newline, DEL, C1, bidi).
_CONTROLS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_INTERNAL_ERROR: Final = 70  #: EX_SOFTWARE of sysexits.h; 1 would say that a condition holds


def print_json(value: Any, *, reveal: bool = False) -> None:
    """Print ``value`` as indented JSON on stdout, secrets redacted unless ``reveal``."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    body = orjson.dumps(value, option=options, default=_plain)
    plain = orjson.loads(body)
    shown = plain if reveal else redact_value(plain)
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(_CONTROLS.sub(lambda m: _escaped(m.group()), text) + "\n")


def print_text(text: str, *, reveal: bool = False) -> None:
    """Print a line of text on stdout, secrets redacted unless ``reveal``."""
    sys.stdout.write(calm(text if reveal else redact(text)) + "\n")


def calm(text: str) -> str:
    """Return ``text`` with what could drive a terminal replaced by U+FFFD."""
    return _CONTROLS.sub("\ufffd", text)


def print_table(frame: pl.DataFrame, *, title: str = "", reveal: bool = False) -> None:
    """Print a frame as an aligned table for people, secrets redacted unless ``reveal``."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    caption = calm(title if reveal else redact(title))
    table = Table(title=Text(caption) if title else None, show_edge=False, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(
            Text(calm(name if reveal else redact(name))),
            justify="right" if dtype.is_numeric() else "left",
            overflow="fold",
        )
    for row in frame.iter_rows():
        table.add_row(*(Text("" if cell is None else _cell(cell, reveal=reveal)) for cell in row))
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(file=sys.stdout, highlight=False, soft_wrap=False, width=width).print(table)


def fail(error: ForensicsError) -> NoReturn:
    """Print the message of ``error``, redacted, on stderr and end with its exit code."""
    sys.stderr.write(f"forensics: {calm(redact(str(error)))}\n")
    sys.exit(error.exit_code)


def fail_unexpectedly(error: Exception, *, with_traceback: bool) -> NoReturn:
    """Say that the tool itself is at fault, redacted, and end with exit code 70."""
    if with_traceback:
        sys.stderr.write(calm(redact("".join(traceback.format_exception(error)))))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    sys.stderr.write(
        f"forensics: internal error ({calm(redact(what))[:500]}); this is a fault of the tool: "
        "please report it with the output of the same command after `forensics --debug`\n"
    )
    sys.exit(_INTERNAL_ERROR)


def _cell(value: object, *, reveal: bool) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value)
    shown = text if reveal else redact(text)  # line ends tell a secret's name from its value
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _plain(value: Any) -> Any:
    if isinstance(value, pl.DataFrame):
        return value.to_dicts()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"no JSON form for {type(value).__name__}")
