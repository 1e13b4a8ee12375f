"""``forensics sbom``: what this installation consists of, and under which licences."""

from __future__ import annotations

from typing import Annotated

import typer

HELP = """List every package of this environment with version and licence.

With --json: a CycloneDX 1.5 document, the same bytes each time.

Examples:

  forensics sbom

  forensics sbom --json > sbom.cdx.json
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("sbom", help=HELP)(sbom)


def sbom(
    as_json: Annotated[bool, typer.Option("--json", help="CycloneDX on stdout.")] = False,
) -> None:
    """List, print."""
    from forensics.commands._output import print_json, print_table
    from forensics.run.sbom import build_sbom, list_distributions

    if as_json:
        print_json(build_sbom())
    else:
        print_table(list_distributions(), title="packages")
