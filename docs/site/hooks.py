"""Pages of the docs site that the code makes: the gallery of charts, the reference of commands.

Made anew with each build, so that neither can tell of what isn't there. The charts are those
of the small case that the tests draw.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import typer
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
_GALLERY = """# Gallery

Every chart of a report, drawn from the small made-up case of the tests when this site was built.
`forensics charts REPORT` lists and copies those of yours.
"""
_COMMANDS = """# Commands

Each as `--help` prints it. Exit codes: 0 made; 1 a condition of `--fail-on` holds, or a part
failed; 2 wrong usage; 3 evidence unusable; 4 `verify` found a difference; 5 time limit reached.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and pictures."""
    for name, content in {**make_gallery(), "reference/commands.md": make_commands()}.items():
        files.append(File.generated(config, name, content=content))
    return files


def make_gallery() -> dict[str, str]:
    """Return ``gallery.md`` and one SVG a chart, drawn from the small case."""
    from forensics.charts import draw_charts
    from forensics.charts._matplotlib import draw_inline
    from tests.charts.small_case import give

    drawn = draw_charts(give)
    made = {}
    parts = [_GALLERY]
    for chart in drawn.charts:
        picture = f"images/gallery/{chart.id}.svg"
        made[picture] = draw_inline(chart)
        parts.append(
            f"## {chart.id}\n\n**{chart.title}**\n\n![{chart.alt}]({picture})\n\n{chart.caption}\n"
        )
    made["gallery.md"] = "\n".join(parts)
    return made


def make_commands() -> str:
    """Return the reference of the command line: every verb's own help."""
    from forensics.cli import build_app

    parts = [_COMMANDS]
    root = typer.main.get_command(build_app())
    for name, command in iter_commands("forensics", root):
        context = click.Context(command, info_name=name, max_content_width=96)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def iter_commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and everything below it, each with its full name."""
    yield name, command
    for short, below in getattr(command, "commands", {}).items():
        yield from iter_commands(f"{name} {short}", below)
