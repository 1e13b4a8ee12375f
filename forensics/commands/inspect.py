"""``forensics inspect``: what is this file, and what does it say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Say what a file is, by its content, and what can be read from it.

Examples:

  forensics inspect metrics.json

  forensics inspect unknown.bin --json

  forensics inspect odd.csv --reader csv
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("inspect", help=HELP)(inspect)


def inspect(
    file: Annotated[Path, typer.Argument(help="The file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    reader: Annotated[str | None, typer.Option(help="Reader to use instead of sniffing.")] = None,
    rows: Annotated[int, typer.Option(help="First rows of each table to show.")] = 5,
    reveal: Annotated[bool, typer.Option("--reveal", help="Do not redact secrets.")] = False,
) -> None:
    """Parse, inspect, print."""
    from forensics.commands._output import print_json, print_table
    from forensics.evidence.inspect import inspect_file

    seen = inspect_file(file, reader=reader)
    if as_json:
        print_json(seen.as_record(), reveal=reveal)
        return
    print_table(seen.as_table(), title=file.name, reveal=reveal)
    for name, frame in seen.samples(rows).items():
        print_table(frame, title=f"\n{name}: first rows", reveal=reveal)
