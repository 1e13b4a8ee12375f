"""``forensics notebooks`` lists them; ``forensics run`` runs one with parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN_HELP = """Run one notebook by papermill and keep its executed copy.

NAME is a path, a name or a number as `forensics notebooks` lists them. A value is read as
JSON where it is JSON, else as text.

Examples:

  forensics run 03 -p evidence=data/incidents/payment-api-2026-02-09 --out growth.ipynb

  forensics run notebooks/04_heap.ipynb -p top=20 --out heap.ipynb
"""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("notebooks", help="List the notebooks and their parameters.")(notebooks)
    app.command("run", help=RUN_HELP)(run)


def notebooks(
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
) -> None:
    """List the notebooks."""
    from forensics.commands._output import print_json, print_table
    from forensics.run.notebooks import describe_notebooks

    described = describe_notebooks()
    if as_json:
        print_json(described)
    else:
        print_table(described)


def run(
    name: Annotated[str, typer.Argument(help="Path, name or number of the notebook.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the executed copy goes.")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="NAME=VALUE; repeatable.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds one cell may take.")] = None,
) -> None:
    """Run one notebook."""
    from forensics.commands._output import print_text
    from forensics.errors import TimeLimitError
    from forensics.run.notebooks import find_notebook, parse_parameters, run_notebook

    ended = run_notebook(
        find_notebook(name),
        out,
        parameters=parse_parameters(parameter or []),
        evidence_root=Path.cwd(),
        timeout_s=timeout,
    )
    print_text(f"{ended.name}: {ended.status}{': ' + ended.why if ended.why else ''}")
    if ended.status == "timeout":
        raise typer.Exit(TimeLimitError.exit_code)
    raise typer.Exit(int(ended.status != "ok"))
