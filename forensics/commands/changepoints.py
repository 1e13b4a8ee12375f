"""``forensics changepoints``: when did a series change its level, slope or noise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Find the samples at which a series changes its level, slope or noise.

FILE is a JSON list of numbers (null = missing), CSV, Parquet, or a metrics export. All
numeric columns are searched together unless one is named.

Examples:

  forensics changepoints values.json --json

  forensics changepoints memory.csv --column used_bytes

  forensics changepoints range.json --column container_memory_working_set_bytes
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("changepoints", help=HELP)(changepoints)


def changepoints(
    file: Annotated[Path, typer.Argument(help="The series.")],
    column: Annotated[str | None, typer.Option(help="Column, or metric, to search.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Do not redact secrets.")] = False,
) -> None:
    """Parse, search, print."""
    from forensics.commands._output import print_json, print_table, print_text
    from forensics.growth import find_change_points
    from forensics.readers._numbers import read_numbers

    numbers = read_numbers(file, column=column)
    found = find_change_points(numbers.values)
    times = [numbers.time_at(index) for index in found.indices]
    if as_json:
        print_json({"columns": numbers.names, **found.as_record(times)}, reveal=reveal)
        return
    print_text(found.summary(), reveal=reveal)
    if found.changes:
        print_table(found.as_table(times), title=file.name, reveal=reveal)
