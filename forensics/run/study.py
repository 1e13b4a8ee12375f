"""What a notebook works with: one case, its tables, results and charts by name.

A notebook names the evidence by a relative path; :func:`open_study` finds it from the
folder that a run sets, from the working folder, or from the project's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from pydantic import BaseModel

from forensics import findings as f
from forensics.charts import Chart, find_charts
from forensics.charts._gallery import chart_id
from forensics.errors import UsageError
from forensics.evidence import Case, open_case
from forensics.findings import Findings
from forensics.jupyter import human_frame
from forensics.plugins import find_plugins
from forensics.redaction import redact
from forensics.run._known import recall_findings, remember_findings
from forensics.run.assemble import assemble
from forensics.run.notebooks import ROOT_VARIABLE
from forensics.run.pipeline import FOLDER, REQUIRED, Pipeline
from forensics.run.reading import Reading, read_entries

if TYPE_CHECKING:
    from forensics.jupyter.explorer import HeapExplorer

_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "suspects": f.Suspect,
    "growth": f.Growth,
    "heap": f.HeapFile,
    "claims": f.Claim,
    "questions": f.Question,
    "decisions": f.Decision,
    "timeline": f.TimelineRow,
}


@dataclass(frozen=True)
class Study:
    """One incident under investigation.

    Results are computed when first asked for, and kept.
    """

    case: Case
    pipeline: Pipeline

    def table(self, name: str) -> pl.DataFrame:
        """Return a table of the case by name (``metrics``, ``changes``, ``events``, ``gc``, ...).

        ``logs`` is collected whole: on large evidence use ``study.case.logs``, which is lazy.
        """
        return self.case.logs.collect() if name == "logs" else self.case.table(name)

    def result(self, name: str) -> Any:
        """Return the result of the analysis called ``name``.

        Raises
        ------
        UsageError
            If there is none of that name.
        ForensicsError
            If it failed.
        """
        return self.pipeline.result(name)

    @cached_property
    def findings(self) -> Findings:
        """All findings; runs every analysis, unless a report or a notebook did before."""
        known = recall_findings(self.case)
        if known is None:
            known = assemble(self.pipeline)
            remember_findings(self.case, known)
        return known

    def section(self, name: str, *, of: str | None = None) -> pl.DataFrame:
        """Return one section of the findings as a frame, nested values as text.

        With ``of``, only the analysis of that name is run, and its entries are returned.
        The frame has all its columns even where it has no rows.

        Raises
        ------
        UsageError
            If there is no such section.
        ForensicsError
            If the analysis failed.
        """
        if name not in _SECTIONS:
            raise UsageError(f"no section is called {name!r}; there are: {', '.join(_SECTIONS)}")
        kind = _SECTIONS[name]
        found: Sequence[BaseModel] = (
            getattr(self.findings, name) if of is None else self.pipeline.entries(of)
        )
        rows = [entry.model_dump(by_alias=True) for entry in found if isinstance(entry, kind)]
        columns = [field.alias or key for key, field in kind.model_fields.items()]
        return pl.DataFrame(
            [{key: _flat(value) for key, value in row.items()} for row in rows] or None,
            schema=None if rows else dict.fromkeys(columns, pl.String),
            infer_schema_length=None,
        )

    def reading(self, *analyses: str) -> Reading:
        """Return what analyses found, as sentences; if nothing, what they would need.

        Raises
        ------
        UsageError
            If there is no analysis of that name.
        ForensicsError
            If one failed.
        """
        entries = [entry for name in analyses for entry in self.pipeline.entries(name)]
        return read_entries(entries, "nothing can be said: " + "; ".join(map(_wanted, analyses)))

    def explore_heap(self) -> HeapExplorer | Absent:
        """Return an explorer of the largest dump, or say that there is none."""
        from forensics.jupyter import explore  # noqa: PLC0415  # loads ipywidgets

        files = self.result("heap_summary").files
        if not files:
            return Absent("no heap to explore: the evidence has no dump that can be read")
        largest = max(files, key=lambda file: file.shallow_bytes).file
        dump = next(dump for dump in self.case.heaps if dump.name == largest)
        return explore(dump.open())

    def chart(self, name: str) -> Shown | Absent:
        """Draw one chart by its id, or say why there is none.

        Raises
        ------
        UsageError
            If no chart has that id.
        """
        plugins = {chart_id(plugin.name): plugin for plugin in find_charts()}
        if name not in plugins:
            raise UsageError(f"no chart is called {name!r}; there are: {', '.join(plugins)}")
        module = plugins[name].module
        if module is None:
            return Absent(f"no chart {name}: {plugins[name].unavailable}")
        give = _late(self)
        chart = module.draw(**{need: give(need) for need in module.NEEDS})
        if chart is None:
            return Absent(f"no chart {name}: the evidence has nothing for “{module.TITLE}”")
        return Shown(chart)

    @property
    def files(self) -> pl.DataFrame:
        """What each evidence file is and what became of it."""
        rows = [file.model_dump() for file in self.case.files]
        return pl.DataFrame(rows, infer_schema_length=None).drop("clock_skew_s")

    def __repr__(self) -> str:
        return f"Study of {self.case!r}"

    def _repr_html_(self) -> str:
        return human_frame(self.files)


@dataclass(frozen=True, slots=True)
class Shown:
    """A chart as a notebook shows it: the still picture and its caption."""

    chart: Chart

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from forensics.charts._matplotlib import draw_inline  # noqa: PLC0415  # loads matplotlib
        from forensics.charts._write import redact_chart  # noqa: PLC0415  # same

        shown = redact_chart(self.chart)  # before it is drawn: coordinates are no text
        return {"image/svg+xml": draw_inline(shown, framed=True), "text/plain": shown.alt}


@dataclass(frozen=True, slots=True)
class Absent:
    """What a notebook shows where there is nothing to show: the reason."""

    why: str

    def __repr__(self) -> str:
        return redact(self.why)


def open_study(evidence: str) -> Study:
    """Open the evidence a notebook names.

    Parameters
    ----------
    evidence
        Path of the folder; a relative one is looked for below the folder that the run set,
        the working folder, its parents, and their ``data/incidents``.

    Raises
    ------
    EvidenceError
        If it is nowhere, or nothing of it can be read.
    """
    case = open_case(find_evidence(evidence))
    return Study(case, Pipeline(case))


def find_evidence(evidence: str) -> Path:
    """Return where the evidence of that name lies (the name itself where nowhere)."""
    given = os.environ.get(ROOT_VARIABLE)
    here = Path.cwd()
    roots = [Path(given)] if given else []
    for folder in (here, *here.parents):
        roots += [folder, folder / "data" / "incidents"]
    for root in roots:
        if (root / evidence).exists():
            return root / evidence
    return Path(evidence)


def _late(study: Study) -> Callable[[str], Any]:
    """Give charts their inputs without running every analysis unless they ask for findings."""

    def give(need: str) -> Any:
        if need == "findings":
            return study.findings
        return study.pipeline.inputs([need])[need.rstrip("?")]

    return give


def _flat(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    if isinstance(value, list | tuple | dict):
        return str(value) if value else None
    return value


def _wanted(analysis: str) -> str:
    """Return what an analysis is about and what it is made of."""
    for plugin in find_plugins(FOLDER, REQUIRED):
        if plugin.name == analysis and plugin.module is not None:
            needs = ", ".join(need.rstrip("?") for need in plugin.module.NEEDS)
            return f"“{plugin.module.TITLE}” needs {needs}"
    return analysis
