"""``forensics doctor``: what is installed, what is missing, what to do."""

from __future__ import annotations

from typing import Annotated

import typer

HELP = """Say what is installed, what is missing and what to do about it.

Exit code 0 if everything a report needs is there, else 3.

Examples:

  forensics doctor

  forensics doctor --formats

  forensics doctor --warm       compile the kernels ahead, for container images
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor", help=HELP)(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Machine's answer on stdout.")] = False,
    formats: Annotated[bool, typer.Option("--formats", help="List the formats read.")] = False,
    warm: Annotated[bool, typer.Option("--warm", help="Compile all kernels now.")] = False,
) -> None:
    """Examine the installation."""
    from forensics.commands._output import print_json, print_table
    from forensics.errors import ForensicsError
    from forensics.run._show import shown
    from forensics.run.doctor import examine, list_formats, warm_kernels

    with shown(quiet=as_json):
        seconds = warm_kernels() if warm else None
    checks = list_formats() if formats else examine()
    if as_json:
        print_json({"checks": checks, "warm_cpu_s": seconds})
    else:
        print_table(checks)
        if seconds is not None:
            typer.echo(f"kernels compiled in {seconds:.1f} CPU seconds")
    if not formats and not checks.filter(needed="report", found="").is_empty():
        raise typer.Exit(ForensicsError.exit_code)
