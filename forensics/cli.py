"""The command line: find the verbs, run one, map errors to exit codes.

Each verb is a file of ``forensics/commands``. Nothing is computed here.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from forensics._version import __version__
from forensics.commands._output import fail, fail_unexpectedly
from forensics.errors import ForensicsError, printable
from forensics.plugins import find_plugins

_HELP = """Read the evidence of a memory incident and say what happened.

Examples:

  forensics report data/incidents/payment-api-2026-02-09 --out reports/payment

  forensics inspect heap.hprof.gz

  forensics heap heap.hprof --json | jq .suspects

  forensics growth metrics.json --limit 8GiB
"""


def build_app() -> typer.Typer:
    """Return the command line with every verb of ``forensics/commands``."""
    app = typer.Typer(
        name="forensics",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        version: Annotated[
            bool,
            typer.Option(
                "--version", help="Print the version.", is_eager=True, callback=_tell_version
            ),
        ] = False,
        debug: Annotated[
            bool, typer.Option("--debug", help="Show the traceback of an error.")
        ] = False,
    ) -> None:
        del version, debug  # the one is answered before, the other read by main()

    for plugin in find_plugins("forensics.commands", ("register",)):
        if plugin.module is not None:
            plugin.module.register(app)
    return app


def _failed_by_machine(error: OSError | MemoryError) -> ForensicsError:
    """Say what the machine refused: space, memory, a permission."""
    if isinstance(error, MemoryError):
        what = "out of memory; give the run more, or leave evidence out with `ignore`"
    else:
        place = f"{printable(str(error.filename))}: " if error.filename else ""
        what = f"{place}{error.strerror or type(error).__name__}; check space and permissions"
    return ForensicsError(f"{what}; a previous report is unchanged")


def _tell_version(wanted: bool) -> None:
    """Print the version before any verb is asked for."""
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    args = sys.argv[1:] if arguments is None else arguments
    is_debug = "--debug" in args
    try:
        build_app()(args=args, prog_name="forensics")
    except ForensicsError as error:
        if is_debug:
            fail_unexpectedly(error, with_traceback=True)
        fail(error)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except (OSError, MemoryError) as error:
        if is_debug:
            fail_unexpectedly(error, with_traceback=True)
        fail(_failed_by_machine(error))
    except Exception as error:  # noqa: BLE001  # the outermost boundary: no raw evidence on the screen
        fail_unexpectedly(error, with_traceback=is_debug)
    sys.exit(0)
