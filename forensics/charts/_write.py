"""Write charts to a folder: for each id SVG, PNG, PNG 2x, HTML, CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from forensics.charts._chart import Chart, map_coordinates
from forensics.charts._matplotlib import draw, legend_names
from forensics.charts._plotly import build_figure
from forensics.charts._plotly_page import build_page
from forensics.progress import track
from forensics.redaction import redact

FOLDER: Final = "charts"
INDEX: Final = "charts.json"
#: How a chart's files end, and what each is for.
FILES: Final = {
    ".svg": "vector, text as paths",
    ".png": "picture",
    "-2x.png": "picture, twice the size, for documents",
    ".html": "interactive, self-contained, offline",
    ".csv": "the drawn points",
    ".json": "title, alt text, units, sources, plotly figure",
}
#: A cell that a spreadsheet would take for a formula is kept as text by a leading apostrophe.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_charts(charts: Sequence[Chart], out_dir: Path) -> dict[str, str]:
    """Write every chart's files under ``out_dir/charts`` and ``out_dir/charts.json``.

    The same charts give the same bytes. Texts are redacted before anything is drawn, since
    a picture can't be redacted afterwards.

    Returns
    -------
    dict of str to str
        Chart id to the drawing for a page: SVG without title, its text as text.
    """
    folder = out_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    inline: dict[str, str] = {}
    with track("drawing charts", len(charts), unit="charts") as task:
        for chart in charts:
            inline[chart.id] = _write_one(redact_chart(chart), folder)
            task.advance()
    index = [describe(redact_chart(chart)) for chart in charts]
    (out_dir / INDEX).write_bytes(_json({"schema": "forensics/charts/1", "charts": index}))
    return inline


def _write_one(chart: Chart, folder: Path) -> str:
    figure = build_figure(chart)
    drawn = draw(chart)
    texts = {".svg": drawn.svg, ".html": build_page(chart, figure), ".csv": to_csv(chart.table)}
    for ending, text in texts.items():
        (folder / f"{chart.id}{ending}").write_text(text, encoding="utf-8", newline="\n")
    (folder / f"{chart.id}.json").write_bytes(_json({**describe(chart), "figure": figure}))
    (folder / f"{chart.id}.png").write_bytes(drawn.png)
    (folder / f"{chart.id}-2x.png").write_bytes(drawn.png_2x)
    return drawn.inline


def describe(chart: Chart) -> dict[str, Any]:
    """Return what ``charts.json`` says of one chart."""
    return {
        "id": chart.id,
        "title": chart.title,
        "subtitle": chart.subtitle,
        "caption": chart.caption,
        "alt": chart.alt,
        "axes": [
            {
                name: {"label": axis.label, "unit": axis.unit, "scale": axis.scale}
                for name, axis in (("x", panel.x), ("y", panel.y))
            }
            for panel in chart.panels
        ],
        "series": list(legend_names(chart)),
        "rows": chart.table.height,
        "columns": chart.table.columns,
        "sources": [ref.model_dump(mode="json", exclude_none=True) for ref in chart.sources],
        "files": {ending: f"{FOLDER}/{chart.id}{ending}" for ending in FILES},
    }


def to_csv(table: pl.DataFrame) -> str:
    """Return the table as CSV: UTC times in ISO 8601, text that no spreadsheet runs."""
    flat = table.with_columns(
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join("; ")
        for name, dtype in table.schema.items()
        if dtype == pl.List
    )
    safe = flat.with_columns(
        pl.when(pl.col(name).str.slice(0, 1).is_in(_FORMULA))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in flat.schema.items()
        if dtype == pl.String
    )
    return safe.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")


def redact_chart(chart: Chart) -> Chart:
    """Return ``chart`` with every text in it redacted, its table included."""
    panels = tuple(
        replace(
            panel,
            title=redact(panel.title),
            x=replace(panel.x, categories=tuple(map(redact, panel.x.categories))),
            y=replace(panel.y, categories=tuple(map(redact, panel.y.categories))),
            marks=tuple(_redact_mark(mark) for mark in panel.marks),
        )
        for panel in chart.panels
    )
    table = chart.table.with_columns(
        _redact_column(chart.table[name])
        for name, dtype in chart.table.schema.items()
        if dtype == pl.String
    )
    texts: dict[str, Any] = {
        name: redact(getattr(chart, name)) for name in ("title", "subtitle", "caption", "alt")
    }
    sources = tuple(
        ref.model_copy(update={"path": redact(ref.path), "query": ref.query and redact(ref.query)})
        for ref in chart.sources
    )
    return replace(chart, panels=panels, table=table, sources=sources, **texts)


def _redact_column(column: pl.Series) -> pl.Series:
    """Redact each distinct text once: a table repeats the name of a pod at every sample."""
    distinct = column.drop_nulls().unique()
    shown = [redact(text) for text in distinct]
    return column.replace_strict(distinct, shown, default=None, return_dtype=pl.String)


def _redact_mark(mark: Any) -> Any:
    changes: dict[str, Any] = {"name": redact(mark.name)}
    for name in ("text", "texts", "labels"):
        value = getattr(mark, name, None)
        if isinstance(value, str):
            changes[name] = redact(value)
        elif value:
            changes[name] = tuple(redact(one) for one in value)
    return replace(map_coordinates(mark, _same, _same), **changes)


def _same(value: Any) -> Any:
    return value


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"
