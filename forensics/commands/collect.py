"""``forensics collect``: a live system becomes a folder of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Take a snapshot of a live system into a folder of evidence.

Several sources may go into one folder; a second run fetches only what is missing (give the
same --since and --until). Nothing is asked but TARGET. Credentials come from the environment
alone: FORENSICS_COLLECT_TOKEN, or FORENSICS_COLLECT_USER and FORENSICS_COLLECT_PASSWORD;
PGPASSWORD or PGPASSFILE for PostgreSQL.

Exit codes: 0 all collected; 1 some files failed; 2 wrong usage; 3 nothing collected.

Examples:

  forensics collect --list

  forensics collect prometheus http://127.0.0.1:9090 --out evidence/ --since 6h

  forensics collect 'kubernetes' 'http://127.0.0.1:8001#payments' --out evidence/

  forensics collect jvm 4711#dump --out evidence/ --timeout 300
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("collect", help=HELP)(collect)


def collect(
    source: Annotated[str, typer.Argument(help="Kind of system; see --list.")] = "",
    target: Annotated[str, typer.Argument(help="Its address, as --list says.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder of evidence.")] = None,
    since: Annotated[str, typer.Option(help="Start: a time, or a span such as 90m.")] = "1h",
    until: Annotated[str | None, typer.Option(help="End: a time (default: now).")] = None,
    step: Annotated[float, typer.Option(help="Seconds between samples.")] = 15.0,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 30.0,
    rate: Annotated[float, typer.Option(help="Most requests a second.", min=0.01)] = 5.0,
    attempts: Annotated[int, typer.Option(help="Tries for one request.", min=1)] = 4,
    list_sources: Annotated[bool, typer.Option("--list", help="List the kinds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Parse, collect, print what became of each file."""
    from forensics.collect import Access, collect_from, parse_window
    from forensics.commands._output import print_json, print_table
    from forensics.errors import UsageError
    from forensics.run._show import shown
    from forensics.run.collected import describe_collected, describe_sources

    if list_sources:
        sources = describe_sources()
        print_json(sources) if as_json else print_table(sources)
        return
    if not source or not target or out is None:
        raise UsageError("give SOURCE, TARGET and --out; `forensics collect --list` lists sources")
    access = Access(timeout_s=timeout, requests_per_s=rate, attempts=attempts)
    with shown(quiet=quiet):
        window = parse_window(since, until, step_s=step)
        files = collect_from(source, target, window, out, access=access)
    table = describe_collected(files)
    print_json(table) if as_json else print_table(table, title=str(out))
    raise typer.Exit(int(any(file.status == "failed" for file in files)))
