"""``forensics diff``: what changed between two reports, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Say what differs between the findings of two reports.

Examples:

  forensics diff reports/monday reports/tuesday

  forensics diff reports/a reports/b --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("diff", help=HELP)(diff)


def diff(
    first: Annotated[Path, typer.Argument(help="Run folder of the earlier report.")],
    second: Annotated[Path, typer.Argument(help="Run folder of the later report.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
) -> None:
    """Compare two reports."""
    from forensics.commands._output import print_json, print_table, print_text
    from forensics.run.verify import diff_reports

    differences = diff_reports(first, second)
    if as_json:
        print_json({"same": differences.is_empty(), "differences": differences})
    elif differences.is_empty():
        print_text("the findings are the same")
    else:
        print_table(differences, title=f"{first} -> {second}")
