"""Rich displays: what IPython shows for frames, cases and heaps once the extension is loaded.

The classes themselves know nothing of notebooks; displays are registered by their names, so
that loading the extension imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from forensics import analysis
from forensics.jupyter._results import draw_result, to_frame
from forensics.jupyter._show import human_frame, plain_frame
from forensics.redaction import redact

if TYPE_CHECKING:
    from forensics.evidence import Case
    from forensics.findings import Findings
    from forensics.heap.graph import HeapGraph

_POINTS: Final = 60
_MOST_METRICS: Final = 20


def register(shell: Any) -> None:
    """Register the displays with a shell's formatters of HTML and, for frames, of text."""
    formatters = shell.display_formatter.formatters
    for module, name, draw in _displays():
        formatters["text/html"].for_type_by_name(module, name, draw)
    formatters["text/plain"].for_type_by_name(*_FRAME, _print_frame)


def unregister(shell: Any) -> None:
    """Give frames back their own display, and the others none."""
    formatters = shell.display_formatter.formatters
    for module, name, _ in _displays():
        _forget(formatters["text/html"], module, name)
    _forget(formatters["text/plain"], *_FRAME)


def _forget(formatter: Any, module: str, name: str) -> None:
    formatter.deferred_printers.pop((module, name), None)
    for known in [
        t for t in formatter.type_printers if (t.__module__, t.__name__) == (module, name)
    ]:
        formatter.pop(known)


def _print_frame(frame: pl.DataFrame, printer: Any, cycle: bool) -> None:  # noqa: FBT001  # IPython's form
    del cycle
    printer.text(plain_frame(frame))


def draw_case(case: Case) -> str:
    """Return a case as HTML: files by kind, metrics as sparklines, what could not be read."""
    files = to_frame(case.files).select("kind", "bytes", "status")
    kinds = (
        files.group_by("kind")
        .agg(
            pl.len().alias("files"),
            pl.col("bytes").sum(),
            (~pl.col("status").is_in(["read", "duplicate"])).sum().alias("not whole"),
        )
        .sort("kind")
    )
    notes = "".join(f"<li>{escape(redact(note))}</li>" for note in case.notes[:10])
    return (
        f"<h4>{escape(redact(repr(case)))}</h4>{human_frame(kinds)}"
        f"{human_frame(list_metrics(case.metrics), rows=_MOST_METRICS)}<ul>{notes}</ul>"
    )


def list_metrics(metrics: pl.DataFrame) -> pl.DataFrame:
    """Return one row a metric: series, span, extremes, and its mean over time as a list.

    Columns ``metric, unit, series, least, value, course``; ``value`` is the largest one,
    ``course`` has at most 60 points of equal time.
    """
    if metrics.is_empty():
        return pl.DataFrame(schema={"metric": pl.String, "series": pl.Int64})
    start, end = metrics["time"].min(), metrics["time"].max()
    micros = pl.col("time").dt.timestamp("us")
    width = max((end - start).total_seconds() * 1e6 / _POINTS, 1.0)  # type: ignore[union-attr,operator]  # not empty
    first = int(start.timestamp() * 1e6)  # type: ignore[union-attr]  # same
    place = ((micros - first) / width).floor().clip(0, _POINTS - 1).cast(pl.Int64)
    means = (
        metrics.group_by("metric", place.alias("place"))
        .agg(pl.col("value").mean())
        .sort("place")
        .group_by("metric")
        .agg(pl.col("value").alias("course"))
    )
    return (
        metrics.group_by("metric")
        .agg(
            pl.col("unit").first(),
            pl.struct("entity", "labels").hash().n_unique().cast(pl.Int64).alias("series"),
            pl.col("value").max(),
        )
        .join(means, on="metric")
        .sort(pl.col("unit") != "bytes", "metric")
    )


def draw_study(study: Any) -> str:
    """Return the case of a study."""
    return draw_case(study.case)


def draw_findings(findings: Findings) -> str:
    """Return the verdict, the suspects and what is missing."""
    verdict = findings.verdict
    suspects = pl.DataFrame(
        [
            {"suspect": s.what, "kind": s.kind, "probability": s.probability, "role": s.role}
            for s in findings.suspects
        ],
        schema={"suspect": str, "kind": str, "probability": float, "role": str},
    )
    missing = "".join(f"<li>{escape(redact(text))}</li>" for text in findings.missing)
    return (
        f"<p><strong>{escape(redact(verdict.summary))}</strong> "
        f"(confidence {escape(verdict.confidence)})</p>{human_frame(suspects)}<ul>{missing}</ul>"
    )


def draw_heap(graph: HeapGraph) -> str:
    """Return a heap's facts and its biggest objects."""
    from forensics.heap import find_biggest  # noqa: PLC0415  # numba loads with the first heap
    from forensics.jupyter._heap_page import draw_facts  # noqa: PLC0415  # same

    biggest = find_biggest(graph, 10).select(
        "class", "address", "shallow_bytes", "retained_bytes", "share"
    )
    hint = "<p><small><code>forensics.jupyter.explore(heap)</code> opens the tree</small></p>"
    return draw_facts(graph) + human_frame(biggest) + hint


Display = tuple[str, str, Callable[[Any], str]]


def _displays() -> list[Display]:
    """Return (module, class, function) of every display; each analysis has one ``Result``."""
    names = [info.name for info in iter_modules(analysis.__path__) if info.name[0] != "_"]
    results: list[Display] = [
        (f"{analysis.__name__}.{name}", "Result", draw_result) for name in names
    ]
    return [*_DISPLAYS, *results]


_FRAME: Final = ("polars.dataframe.frame", "DataFrame")
_DISPLAYS: Final[tuple[Display, ...]] = (
    (*_FRAME, human_frame),
    ("forensics.evidence.case", "Case", draw_case),
    ("forensics.run.study", "Study", draw_study),
    ("forensics.findings", "Findings", draw_findings),
    ("forensics.heap.graph", "HeapGraph", draw_heap),
)
