"""``forensics logs parse``: the lines of logs as one table, and counts that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forensics.run.engine import ENGINE_HELP

HELP = """Read logs of any format into one table and count what became of their lines.

Every line is the start of an event, the continuation of one, or kept as raw:
lines = events + continuations + raw. Rotated files are read oldest first.

Examples:

  forensics logs parse app.log app.log.1.gz --out app.parquet

  forensics logs parse postgresql.log --out rows.parquet --json > counts.json

  forensics logs parse pods/*.log --out pods.parquet --engine dask:2
"""


def parse(
    files: Annotated[list[Path], typer.Argument(help="Logs; gzip and zstd are unpacked.")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    reader: Annotated[
        str | None, typer.Option(help="Name of the reader, whatever the content says.")
    ] = None,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "local",
) -> None:
    """Read, write, print."""
    from forensics.commands._output import print_json, print_text
    from forensics.readers.logs._parse import parse_logs
    from forensics.run.engine import open_engine

    with open_engine(engine) as opened:
        parsed = parse_logs(files, out, reader=reader, run_tasks=opened.run)
    if as_json:
        print_json(parsed.as_json())
        return
    for name, used in parsed.readers.items():
        print_text(f"{name}: {used}")
    counts = ", ".join(f"{count:,} {name}" for name, count in parsed.counts.items())
    print_text(f"{counts} -> {out}")
