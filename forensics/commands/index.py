"""``forensics index``: one page over many reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Index the reports of a folder: verdict, cause and confidence by date.

Writes index.json and index.html into DIR. With --keep, all but the newest N reports of each
incident are deleted first.

Examples:

  forensics index reports/

  forensics index reports/ --json | jq .changes

  forensics index reports/ --keep 30
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("index", help=HELP)(index)


def index(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of reports.")],
    keep: Annotated[
        int | None, typer.Option(help="Keep the newest N reports of each incident.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
) -> None:
    """Parse, build, print."""
    import json

    from forensics.commands._output import print_json, print_table, print_text
    from forensics.run.index import build_index

    made = build_index(folder, keep=keep)
    if as_json:
        print_json(json.loads((folder / "index.json").read_bytes()))
        return
    columns = ["generated_at", "report", "leak", "cause", "probability", "confidence"]
    print_table(made.reports.select(columns), title=f"{made.reports.height} reports")
    for name, why in made.unreadable.items():
        print_text(f"{name}: unreadable: {why}")
    for name in made.removed:
        print_text(f"{name}: removed")
    print_text(f"{folder / 'index.html'}")
