"""A command group that is itself a command: ``heap DUMP`` beside ``heap diff A B``."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class DefaultGroup(TyperGroup):
    """Send arguments that name no subcommand to the one called ``default_name``.

    A path wins over a subcommand only if it is written as a path (``./diff``), so
    scripts stay predictable.
    """

    default_name = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default subcommand where the first argument names none."""
        asks_for_help = bool(args) and args[0] in ctx.help_option_names
        if args and not asks_for_help and args[0] not in self.commands:
            args = [self.default_name, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed
