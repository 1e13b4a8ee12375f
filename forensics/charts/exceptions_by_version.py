"""Which exceptions came from which version: the more on one version, the more its doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Bars, Chart, Mark, Panel
from forensics.charts._signal import sources_of
from forensics.charts._theme import role_of
from forensics.charts._units import human
from forensics.findings import Findings

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles

TITLE: Final = "Exceptions by version"
NEEDS: Final = ("findings", "logs", "roles")

_MOST: Final = 14
_UNKNOWN: Final = "version not known"
#: The class that a trace begins with; stacks of thread dumps have none.
_CLASS: Final = r"([\w.$]*(?:Exception|Error|Throwable|Fault|Panic)[\w$]*)"


def draw(findings: Findings, logs: pl.LazyFrame, roles: Roles) -> Chart | None:
    """Return the chart, or ``None`` where no exception was logged."""
    counts = _count(logs, roles.points)
    if counts.is_empty():
        return None
    totals = counts.group_by("exception").agg(pl.col("lines").sum())
    totals = totals.sort("lines", "exception", descending=[True, False])
    names = totals["exception"].head(_MOST).to_list()
    versions = sorted(counts["version"].unique().to_list(), key=lambda v: (v == _UNKNOWN, v))
    marks = _stack(counts, names, versions)
    top = counts.filter(pl.col("exception") == names[0]).sort("lines", descending=True)
    total = int(totals["lines"][0])
    title = f"{names[0]} is logged {total:,} times, {_share(top, total)}"
    return Chart(
        id="exceptions-by-version",
        title=title,
        subtitle="log lines with an exception, by class and version",
        panels=(
            Panel(
                x=Axis(label="log lines", unit="lines", low=0.0),
                y=Axis(scale="category", categories=tuple(names)),
                marks=tuple(marks),
            ),
        ),
        caption=(
            "A line counts for the version that its host ran, as the metrics say; where they "
            "don't, the version is not known."
        ),
        alt=f"Stacked bars of {len(names)} exceptions over {len(versions)} versions. {title}.",
        table=counts,
        sources=sources_of(findings, ("logs",)),
        height_in=1.2 + 0.32 * len(names),
    )


def _share(top: pl.DataFrame, total: int) -> str:
    """Say on which version most of an exception was logged."""
    version, lines = top["version"][0], int(top["lines"][0])
    where = "on a version that is not known" if version == _UNKNOWN else f"on {version}"
    return f"all {where}" if lines == total else f"{human(lines / total, 'share')} of it {where}"


def _count(logs: pl.LazyFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Return lines by exception and version; a host has a version if all its lives share one."""
    lines = (
        logs.select("host", exception=pl.col("exception").str.extract(_CLASS))
        .drop_nulls("exception")
        .group_by("exception", "host")
        .agg(lines=pl.len())
        .collect(engine="streaming")
    )
    versions = (
        points.drop_nulls("version")
        .group_by(host=pl.col("entity"))
        .agg(pl.col("version").unique())
        .filter(pl.col("version").list.len() == 1)
        .with_columns(pl.col("version").list.first())
    )
    return (
        lines.join(versions, on="host", how="left")
        .with_columns(pl.col("version").fill_null(_UNKNOWN))
        .group_by("exception", "version")
        .agg(pl.col("lines").sum().cast(pl.Int64))
        .sort("lines", "exception", "version", descending=[True, False, False])
    )


def _stack(counts: pl.DataFrame, names: list[str], versions: list[str]) -> list[Mark]:
    seen = {(e, v): float(n) for e, v, n in counts.iter_rows()}
    starts = [0.0] * len(names)
    marks: list[Mark] = []
    for index, version in enumerate(versions):
        ends = [
            start + seen.get((name, version), 0.0)
            for start, name in zip(starts, names, strict=True)
        ]
        marks.append(
            Bars(
                name=version,
                role="muted" if version == _UNKNOWN else role_of(index),
                positions=[float(i) for i in range(len(names))],
                starts=starts,
                ends=ends,
                horizontal=True,
            )
        )
        starts = ends
    return marks
