"""``forensics logs``: the patterns of a log, and its lines as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forensics.commands._logs_parse import HELP as PARSE_HELP
from forensics.commands._logs_parse import parse
from forensics.run.engine import ENGINE_HELP

_PATTERNS_HELP = """Find the templates of the messages of a log.

Variables are written <*>. Nothing need be known of the log; results don't depend on the
order of its lines.

Examples:

  forensics logs patterns app.log

  forensics logs patterns app.log.gz --csv patterns.csv

  cut -d' ' -f4- app.log > messages.txt && forensics logs patterns messages.txt --messages --csv -
"""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    logs = typer.Typer(help="Read logs and find their patterns.", no_args_is_help=True)
    logs.command("patterns", help=_PATTERNS_HELP)(patterns)
    logs.command("parse", help=PARSE_HELP)(parse)
    app.add_typer(logs, name="logs")


def patterns(
    file: Annotated[Path, typer.Argument(help="The log; gzip and zstd are unpacked.")],
    messages: Annotated[
        bool, typer.Option("--messages", help="Each line is a message without header.")
    ] = False,
    csv: Annotated[
        str | None,
        typer.Option(help="Write LineId,EventId,EventTemplate here; '-' is standard output."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    top: Annotated[int, typer.Option(help="Templates in the printed table; 0 prints all.")] = 40,
    reveal: Annotated[bool, typer.Option("--reveal", help="Do not redact secrets.")] = False,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "local",
) -> None:
    """Mine, print."""
    from forensics.commands._output import print_json, print_table
    from forensics.run.engine import open_engine
    from forensics.run.patterns import mine_file

    with open_engine(engine) as opened:
        found = mine_file(file, are_messages=messages, engine=opened)
    if not reveal:
        found = found.redacted()
    if csv is not None:
        found.write_csv(csv)
    table = found.patterns.templates
    if as_json:
        print_json({"lines": found.line_templates.size, "templates": table}, reveal=reveal)
    elif csv is None:
        shown = table.head(top) if top else table
        columns = shown.select("count", "template_id", "template")
        print_table(columns, title=f"{table.height} templates", reveal=reveal)
