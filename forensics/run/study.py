"""What a notebook works with: one case, its tables, results and charts by name.

A notebook names the evidence by a relative path; :func:`open_study` finds it from the
folder that a run sets, from the working folder, or from the project's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from forensics.charts import Chart, find_charts
from forensics.charts._gallery import chart_id
from forensics.errors import UsageError
from forensics.evidence import Case, open_case
from forensics.findings import Findings
from forensics.run.assemble import assemble
from forensics.run.notebooks import ROOT_VARIABLE
from forensics.run.pipeline import Pipeline

_SECTIONS: Final = ("suspects", "growth", "heap", "claims", "questions", "decisions", "timeline")


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
        """All findings; runs every analysis."""
        return assemble(self.pipeline)

    def section(self, name: str) -> pl.DataFrame:
        """Return one section of the findings as a frame, nested values as text.

        Raises
        ------
        UsageError
            If there is no such section.
        """
        if name not in _SECTIONS:
            raise UsageError(f"no section is called {name!r}; there are: {', '.join(_SECTIONS)}")
        entries = [entry.model_dump(by_alias=True) for entry in getattr(self.findings, name)]
        return pl.DataFrame(
            [{key: _flat(value) for key, value in entry.items()} for entry in entries],
            infer_schema_length=None,
        )

    def chart(self, name: str) -> Shown | None:
        """Draw one chart by its id, or say why there is none.

        Raises
        ------
        UsageError
            If no chart has that id.
        """
        give = _late(self)
        for plugin in find_charts():
            if chart_id(plugin.name) == name and plugin.module is not None:
                chart = plugin.module.draw(**{need: give(need) for need in plugin.module.NEEDS})
                return None if chart is None else Shown(chart)
        known = ", ".join(chart_id(plugin.name) for plugin in find_charts())
        raise UsageError(f"no chart is called {name!r}; there are: {known}")

    @property
    def files(self) -> pl.DataFrame:
        """What each evidence file is and what became of it."""
        rows = [file.model_dump() for file in self.case.files]
        return pl.DataFrame(rows, infer_schema_length=None).drop("clock_skew_s")

    def __repr__(self) -> str:
        return f"Study of {self.case!r}"

    def _repr_html_(self) -> str:
        return f"{self.files._repr_html_()}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A chart as a notebook shows it: the still picture and its caption."""

    chart: Chart

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from forensics.charts._matplotlib import draw_inline  # noqa: PLC0415  # loads matplotlib
        from forensics.charts._write import redact_chart  # noqa: PLC0415  # same

        shown = redact_chart(self.chart)  # before it is drawn: coordinates are no text
        return {"image/svg+xml": draw_inline(shown), "text/plain": shown.alt}


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
    if isinstance(value, list | tuple | dict):
        return str(value) if value else None
    return value
