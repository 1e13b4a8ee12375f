"""``forensics claims``: which claims of a declaration hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Check the claims of a declaration against evidence and against each other.

Without EVIDENCE the declaration is only checked against itself.

Examples:

  forensics claims declaration.md evidence/

  forensics claims declaration.md --json | jq '.[] | select(.verdict=="contradicted")'
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("claims", help=HELP)(claims)


def claims(
    declaration: Annotated[Path, typer.Argument(help="Markdown or plain text.")],
    evidence: Annotated[Path | None, typer.Argument(help="Folder of evidence.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The claims on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Check one declaration."""
    import polars as pl

    from forensics.commands._output import print_json, print_table
    from forensics.run._show import shown
    from forensics.run.declaration import check_declaration

    with shown(quiet=quiet):
        found = check_declaration(declaration, evidence)
    if as_json:
        print_json(found)
        return
    columns = ["line", "quantity", "claimed", "measured", "verdict", "why"]
    rows = [[getattr(claim, column) for column in columns] for claim in found]
    print_table(pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None))
