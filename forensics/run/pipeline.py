"""Run analyses in the order their needs ask for; one that fails doesn't stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from forensics.config import Declaration
from forensics.errors import ForensicsError, PluginError, UsageError
from forensics.evidence import Case
from forensics.findings import AnyEntry, Findings
from forensics.plugins import find_plugins
from forensics.progress import track

FOLDER: Final = "forensics.analysis"
REQUIRED: Final = ("TITLE", "NEEDS", "run", "findings")

#: Inputs an analysis or chart may name that are no analyses: they come from the case.
CASE_INPUTS: Final = (
    "metrics",
    "logs",
    "changes",
    "events",
    "gc",
    "config",
    "evidence",
    "heaps",
    "declaration",
    "threads",
    "histograms",
)


@dataclass
class Pipeline:
    """Results of the analyses of one case, computed on first request and kept.

    ``declaration`` stands in for the one in the evidence, where a caller brings its own.
    ``failed`` maps an analysis to the reason why it has no result; whoever needs its
    result fails for that reason too.
    """

    case: Case
    declaration: Declaration | None = None
    results: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    _running: list[str] = field(default_factory=list)

    def result(self, name: str) -> Any:
        """Return the result of the analysis called ``name``, running what it needs first.

        Raises
        ------
        UsageError
            If there is no analysis of that name.
        PluginError
            If analyses need each other in a circle.
        ForensicsError
            If it, or one that it needs, failed.
        """
        if name in self.results:
            return self.results[name]
        if name in self.failed:
            raise ForensicsError(self.failed[name])
        if name in self._running:
            circle = " -> ".join([*self._running, name])
            raise PluginError(f"analyses need each other in a circle: {circle}")
        module = _find_analysis(name)
        self._running.append(name)
        try:
            self.results[name] = module.run(**self.inputs(module.NEEDS))
        except PluginError:
            raise
        except Exception as error:
            # The boundary of a plug-in: whatever it raises becomes a missing part of the report.
            reason = f"analysis {name}: {type(error).__name__}: {error}"
            self.failed[name] = reason
            raise ForensicsError(reason) from error
        finally:
            self._running.pop()
        return self.results[name]

    def inputs(self, needs: Sequence[str]) -> dict[str, Any]:
        """Return the named inputs: tables of the case, or results of analyses.

        A need written ``name?`` is ``None`` where that analysis gave no result.
        """
        return {need.rstrip("?"): self._input(need) for need in needs}

    def _input(self, need: str) -> Any:
        name = need.rstrip("?")
        if name in CASE_INPUTS:
            return self._from_case(name)
        try:
            return self.result(name)
        except PluginError:
            raise
        except ForensicsError:
            if need.endswith("?"):
                return None
            raise

    def run_all(self) -> list[AnyEntry]:
        """Run every analysis and return all entries for the findings, in the order of names."""
        entries: list[AnyEntry] = []
        plugins = [p for p in find_plugins(FOLDER, REQUIRED) if p.module is not None]
        with track("analysing", len(plugins), unit="analyses") as task:
            for plugin in plugins:
                entries.extend(self._entries(plugin.name))
                task.advance()
        return entries

    def entries(self, name: str) -> list[AnyEntry]:
        """Return what the analysis called ``name`` adds to the findings; raises as ``result``."""
        found: list[AnyEntry] = _find_analysis(name).findings(self.result(name))
        return found

    def _entries(self, name: str) -> list[AnyEntry]:
        try:
            return self.entries(name)
        except PluginError:
            raise
        except ForensicsError as error:
            self.failed.setdefault(name, str(error))
            return []

    def _from_case(self, need: str) -> Any:
        case = self.case
        if need == "evidence":
            return case.files
        if need == "declaration":
            return self.declaration or read_declaration(case)
        if need in {"config", "heaps", "logs"}:
            return getattr(case, need)
        return case.table(need)


def chart_inputs(pipeline: Pipeline, findings: Findings) -> Callable[[str], Any]:
    """Return the function that gives charts their inputs: findings, tables, results."""

    def give(need: str) -> Any:
        return findings if need == "findings" else pipeline.inputs([need])[need.rstrip("?")]

    return give


def read_declaration(case: Case) -> Declaration | None:
    """Return the declaration's text (broken bytes replaced), or ``None`` where there is none."""
    if case.declaration is None:
        return None
    root = case.root.resolve()
    path = case.declaration.resolve()
    name = str(path.relative_to(root)) if path.is_relative_to(root) and path != root else path.name
    return Declaration(name, path.read_text(encoding="utf-8", errors="replace"))


def _find_analysis(name: str) -> ModuleType:
    for plugin in find_plugins(FOLDER, REQUIRED):
        if plugin.name == name:
            if plugin.module is None:
                raise ForensicsError(f"analysis {name}: {plugin.unavailable}")
            return plugin.module
    known = ", ".join(plugin.name for plugin in find_plugins(FOLDER, REQUIRED))
    raise UsageError(f"no analysis or input is called {name!r}; there are: {known}")
