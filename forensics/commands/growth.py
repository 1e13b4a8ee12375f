"""``forensics growth``: does memory leak, how fast, since when, until when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Say for each process lifetime whether memory leaks, how fast, and when it runs out.

METRICS are exports of any kind the tool reads (Prometheus JSON, CSV, Parquet, ...) or folders.
The rate holds at the end of the lifetime; the time to the limit counts from its last sample.

Examples:

  forensics growth metrics.json --limit 8GiB

  forensics growth memory.csv --json

  forensics growth metrics.json --gc-log gc.log
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("growth", help=HELP)(growth)


def growth(
    metrics: Annotated[list[Path] | None, typer.Argument(help="Metrics exports.")] = None,
    gc_log: Annotated[list[Path] | None, typer.Option(help="Garbage-collection log.")] = None,
    limit: Annotated[str | None, typer.Option(help="Memory limit, such as 8GiB.")] = None,
    reader: Annotated[str | None, typer.Option(help="Reader to use instead of sniffing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
) -> None:
    """Parse, judge, print."""
    from forensics.commands._output import print_json, print_table, print_text
    from forensics.config import parse_size
    from forensics.errors import UsageError
    from forensics.run.growth import as_record, as_table, judge_files, what_if_table

    try:
        limit_bytes = None if limit is None else parse_size(limit)
    except ValueError as error:
        raise UsageError(f"--limit: {error}") from error
    result = judge_files(
        metrics or [], gc_logs=gc_log or [], limit_bytes=limit_bytes, reader=reader
    )
    record = as_record(result)
    if as_json:
        print_json(record)
        return
    print_text(record["summary"])
    if record["growth"]:
        print_table(as_table(result))
    if record["what_if"]:
        print_table(what_if_table(record))
