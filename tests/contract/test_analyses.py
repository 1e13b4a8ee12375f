"""Every analysis, found as the package finds it, is honest on nothing and proves what it says."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest
from pydantic import BaseModel

from forensics.config import IncidentConfig
from forensics.evidence import Case, open_case
from forensics.findings import EvidenceFile, EvidenceRef
from forensics.plugins import find_plugins
from forensics.run.assemble import assemble
from forensics.run.pipeline import CASE_INPUTS, FOLDER, REQUIRED, Pipeline
from forensics.tables import empty_table

ROOT = Path(__file__).parents[2]
ANALYSES = [plugin for plugin in find_plugins(FOLDER, REQUIRED) if plugin.module is not None]
NAMES = [plugin.name for plugin in ANALYSES]
#: Tables merged from many files, and the configuration: what a reference may name beside files.
MERGED = {"metrics", "logs", "changes", "events", "incident.yaml"}


@pytest.fixture
def nothing(tmp_path) -> Pipeline:
    case = Case(
        root=tmp_path,
        config=IncidentConfig(),
        files=(),
        tables={},
        logs=empty_table("logs").lazy(),
        heaps=(),
        cache=tmp_path,
    )
    return Pipeline(case)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Pipeline:
    cache = tmp_path_factory.mktemp("cache")
    return Pipeline(open_case(ROOT / "data" / "incidents" / "lab-cache-warmup", cache=cache))


@pytest.mark.parametrize("plugin", ANALYSES, ids=NAMES)
def test_its_needs_are_the_parameters_of_run(plugin) -> None:
    parameters = inspect.signature(plugin.module.run).parameters
    needed = {need.rstrip("?") for need in plugin.module.NEEDS}
    required = {n for n, p in parameters.items() if p.default is inspect.Parameter.empty}
    assert required <= needed <= set(parameters)
    named = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {p.kind for p in parameters.values()} <= named


@pytest.mark.parametrize("plugin", ANALYSES, ids=NAMES)
def test_it_needs_only_what_there_is(plugin) -> None:
    for need in plugin.module.NEEDS:
        assert need.rstrip("?") in {*CASE_INPUTS, *NAMES}, need


@pytest.mark.parametrize("name", NAMES)
def test_on_no_evidence_at_all_it_answers_and_claims_nothing(nothing, name) -> None:
    result = nothing.result(name)
    assert dataclasses.is_dataclass(result)
    assert result.__dataclass_params__.frozen


def test_no_evidence_gives_a_verdict_of_unknown(nothing) -> None:
    findings = assemble(nothing)
    assert nothing.failed == {}
    assert findings.verdict.leak == "unknown"
    assert findings.verdict.confidence == "low"
    assert findings.verdict.root_cause.change_id is None
    assert not findings.growth
    assert not findings.claims


@pytest.mark.slow
def test_every_entry_on_recorded_evidence_points_at_its_evidence(recorded) -> None:
    findings = assemble(recorded)
    assert recorded.failed == {}
    known = {file.path for file in findings.evidence}
    bare = []
    for section in ("growth", "claims", "questions", "timeline", "findings"):
        bare += [(section, e) for e in getattr(findings, section) if not e.evidence]
    bare += [
        ("measures", m) for m in findings.impact.measures if m.value is not None and not m.evidence
    ]
    bare += [
        ("arguments", a) for s in findings.suspects for a in [*s.for_, *s.against] if not a.evidence
    ]
    assert bare == []
    for ref in references(findings):
        assert ref.path in known | MERGED or "#" in ref.path, ref


def references(value) -> list[EvidenceRef]:
    """Return every reference anywhere in a model."""
    if isinstance(value, EvidenceRef):
        return [value]
    if isinstance(value, EvidenceFile):
        return []
    if isinstance(value, list | tuple):
        return [ref for item in value for ref in references(item)]
    if isinstance(value, BaseModel):
        return [
            ref for name in type(value).model_fields for ref in references(getattr(value, name))
        ]
    return []
