"""``forensics verify``: do evidence and report still agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Hash the evidence again and make the findings again; say what differs.

Exit codes: 0 all agrees; 3 the report or evidence can't be read; 4 something differs.

Examples:

  forensics verify reports/checkout-outage --evidence evidence/

  forensics verify reports/checkout-outage --evidence evidence/ --no-replay --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("verify", help=HELP)(verify)


def verify(
    report: Annotated[Path, typer.Argument(help="Run folder of a report.")],
    evidence: Annotated[
        Path | None,
        typer.Option(help="The evidence; by default looked for by name beside the report."),
    ] = None,
    replay: Annotated[bool, typer.Option(help="Make the findings again too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
) -> None:
    """Verify one report."""
    from forensics.commands._output import print_json, print_table, print_text
    from forensics.errors import MismatchError
    from forensics.run._show import shown
    from forensics.run.verify import verify_report

    with shown(quiet=as_json):
        differences = verify_report(report, evidence, replay=replay)
    if as_json:
        print_json({"agrees": differences.is_empty(), "differences": differences})
    elif differences.is_empty():
        print_text("evidence and report agree")
    else:
        print_table(differences, title="differences")
    if not differences.is_empty():
        raise typer.Exit(MismatchError.exit_code)
