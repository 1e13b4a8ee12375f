"""``forensics charts REPORT``: list the charts of a report, copy one out, print a snippet."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from forensics.commands._output import fail, print_json, print_table, print_text
from forensics.errors import ForensicsError, UsageError


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("charts")(charts)


def charts(  # one parameter an option
    report: Annotated[Path, typer.Argument(help="Folder of a report.")],
    *,
    copy: Annotated[
        list[str] | None, typer.Option(help="Chart to copy out; may be given again. 'all' is all.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where copies go.")] = Path(),
    form: Annotated[
        list[str] | None, typer.Option(help="Kinds of files to copy: svg, png, html, csv, json.")
    ] = None,
    snippet: Annotated[
        str, typer.Option(help="Print text to embed: markdown, html, confluence or docs.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print charts.json.")] = False,
) -> None:
    """List the charts of a report; copy them, or print the text that embeds them."""
    try:
        listed = _read(report)
        chosen = _choose(listed, copy)
        if copy:
            for path in _copy(report, chosen, out, form):
                print_text(str(path))
        elif snippet:
            print_text("\n\n".join(_snippets(chosen, snippet)))
        elif as_json:
            print_json({"charts": listed})
        else:
            rows = [{"id": c["id"], "title": c["title"], "rows": c["rows"]} for c in listed]
            print_table(pl.DataFrame(rows, schema={"id": str, "title": str, "rows": int}))
    except ForensicsError as error:
        fail(error)


def _read(report: Path) -> list[dict[str, Any]]:
    from forensics.report.charts_index import read_index  # --help stays light

    return read_index(report)


def _choose(listed: list[dict[str, Any]], wanted: list[str] | None) -> list[dict[str, Any]]:
    if not wanted or "all" in wanted:
        return listed
    known = {chart["id"]: chart for chart in listed}
    for name in wanted:
        if name not in known:
            raise UsageError(f"no chart is called {name!r}; there are: {', '.join(known)}")
    return [known[name] for name in wanted]


def _copy(
    report: Path, chosen: list[dict[str, Any]], out: Path, form: list[str] | None
) -> list[Path]:
    copied: list[Path] = []
    out.mkdir(parents=True, exist_ok=True)
    for chart in chosen:
        for name in chart["files"].values():
            source = report / name
            if not form or source.suffix.removeprefix(".") in form:
                copied.append(Path(shutil.copy2(source, out / source.name)))
    return copied


def _snippets(chosen: list[dict[str, Any]], target: str) -> list[str]:
    from forensics.report.charts_index import snippet_of  # --help stays light

    return [snippet_of(chart, target) for chart in chosen]
