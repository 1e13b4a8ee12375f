"""Put the entries of all analyses together into one ``Findings``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from forensics._version import __version__
from forensics.analysis._obligations import list_obligations
from forensics.evidence import Case
from forensics.findings import (
    Claim,
    Decision,
    EvidenceFile,
    Finding,
    Findings,
    Growth,
    HeapFile,
    Impact,
    Incident,
    Measure,
    Question,
    RootCause,
    Suspect,
    TimelineRow,
    Verdict,
)
from forensics.run._references import find_sources, name_files
from forensics.run.pipeline import Pipeline, read_declaration

_E = TypeVar("_E")

_NO_VERDICT = Verdict(
    leak="unknown",
    kind="unknown",
    summary="The evidence read so far does not support a verdict.",
    root_cause=RootCause(change_id=None, kind="unknown", probability=0.0),
    confidence="low",
)


def assemble(pipeline: Pipeline) -> Findings:
    """Run every analysis and sort the entries into the sections of ``findings.json``.

    Reasons of analyses that gave no result are listed as missing, beside the files that could
    not be read.
    """
    case, entries = pipeline.case, pipeline.run_all()
    incident = _incident(case)
    verdicts = _of(Verdict, entries)
    found = Findings(
        generated_by=f"forensics {__version__}",
        incident=incident,
        verdict=verdicts[0] if verdicts else _NO_VERDICT,
        suspects=sorted(_of(Suspect, entries), key=lambda s: (-s.probability, s.change_id)),
        growth=_of(Growth, entries),
        heap=_of(HeapFile, entries),
        claims=sorted(_of(Claim, entries), key=lambda claim: claim.line),
        questions=_of(Question, entries),
        decisions=_of(Decision, entries),
        impact=Impact(measures=_of(Measure, entries), obligations=_obligations(pipeline, incident)),
        timeline=sorted(_of(TimelineRow, entries), key=lambda row: (row.time, row.kind, row.text)),
        findings=_of(Finding, entries),
        evidence=list(case.files),
        missing=[*map(_missing_file, _unread(case.files)), *pipeline.failed.values()],
        notes=[_note(note) for note in case.notes],
    )
    if "roles" in pipeline.failed:
        return found
    roles = pipeline.result("roles").series
    return name_files(found, find_sources(case.metrics, roles, found.growth))


def _obligations(pipeline: Pipeline, incident: Incident) -> list[str]:
    config = pipeline.case.config
    declared = pipeline.declaration or read_declaration(pipeline.case)
    text = declared.text if declared is not None else ""
    return list_obligations(config.obligations, config.checklists, text, incident.detected_at)


def _of(kind: type[_E], entries: Iterable[object]) -> list[_E]:
    return [entry for entry in entries if isinstance(entry, kind)]


def _unread(files: Iterable[EvidenceFile]) -> list[EvidenceFile]:
    return [file for file in files if file.status in {"unreadable", "partly"}]


def _missing_file(file: EvidenceFile) -> str:
    how = "was not read" if file.status == "unreadable" else "was read in part"
    return f"{file.path} {how}: {file.why}"


def _note(note: str) -> str:
    """Return a note with the file it is about named once."""
    path, _, rest = note.partition(": ")
    return rest if rest.startswith(f"{path}:") else note


def _incident(case: Case) -> Incident:
    """Describe the incident from ``incident.yaml``, then from what its declaration says."""
    config = case.config
    declared = None
    details: dict[str, str] = {}
    if case.declaration is not None:
        root = case.root.resolve()
        path = case.declaration.resolve()
        declared = str(path.relative_to(root)) if path != root else path.name
        details = dict(case.details.get(declared, {}))
    started = config.started_at or details.get("started_at") or None
    detected = config.detected_at or details.get("detected_at") or None
    return Incident.model_validate(
        {
            "id": config.id or details.get("id", "") or case.root.name,
            "title": config.title or details.get("title", "") or case.root.name,
            "severity": config.severity or details.get("severity", ""),
            "status": config.status or details.get("status", ""),
            "service": config.service or details.get("service", ""),
            "started_at": started,
            "detected_at": detected,
            "declared_by_file": declared,
        }
    )
