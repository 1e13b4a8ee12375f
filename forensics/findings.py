"""The findings: what the tool concluded, each with the evidence behind it.

These models are ``findings.json`` (schema ``forensics/findings/1``, published under
``schema/findings-1.schema.json``). Analyses build the entries, the report shows them.
"Unknown" is an allowed answer everywhere; a guess is not.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forensics.errors import CorruptEvidenceError

SCHEMA_NAME: Final = "forensics/findings/1"

Confidence = Literal["high", "medium", "low"]
YesNo = Literal["yes", "no", "unknown"]
LeakKind = Literal["heap", "offheap", "backlog", "cache-warmup", "none", "unknown"]
CauseKind = Literal[
    "deploy", "database", "traffic", "flag", "config", "infra", "other", "none", "unknown"
]
ClaimVerdict = Literal["supported", "contradicted", "untestable"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")


class EvidenceRef(_Entry):
    """Where a statement can be checked.

    Give the file as in the evidence list, and what narrows it down: a line, a byte
    offset, a heap object, a query or selection, a chart.
    """

    path: str
    line: int | None = None
    offset: int | None = None
    object_address: str | None = None
    query: str | None = None
    chart: str | None = None


class Interval(_Entry):
    """A range that holds the true value with probability ``level``."""

    low: float
    high: float
    level: Probability = 0.9


class TimeInterval(_Entry):
    """A range of time that holds the true moment with probability ``level``."""

    low: datetime
    high: datetime
    level: Probability = 0.9


class Argument(_Entry):
    """One piece of evidence for or against a suspect.

    ``weight`` is the natural logarithm of the likelihood ratio it contributes: positive
    speaks for the suspect, negative against.
    """

    text: str
    weight: float
    evidence: list[EvidenceRef] = []


class Incident(_Entry):
    """Which incident this is; times as declared, not as measured."""

    id: str
    title: str
    severity: str = ""
    status: str = ""
    service: str = ""
    started_at: datetime | None = None
    detected_at: datetime | None = None
    declared_by_file: str | None = None


class RootCause(_Entry):
    """The change held responsible; ``change_id`` is null when it is none of those known."""

    change_id: str | None
    kind: CauseKind
    probability: Probability


class Verdict(_Entry):
    """The answer in one line."""

    leak: YesNo
    kind: LeakKind
    summary: str
    root_cause: RootCause
    confidence: Confidence


class Suspect(_Entry):
    """A candidate cause with its odds and what speaks for and against."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="null", validate_by_name=True
    )

    change_id: str
    kind: CauseKind
    what: str
    time: datetime | None
    probability: Probability
    role: Literal["cause", "trigger", "amplifier", "innocent", "unknown"] = "unknown"
    for_: list[Argument] = Field(default=[], alias="for")
    against: list[Argument] = []


class Growth(_Entry):
    """How one signal of one entity grew over one process lifetime (or one pool of them)."""

    entity: str
    metric: str
    leak: YesNo = "unknown"
    kind: LeakKind = "unknown"
    version: str | None = None
    life_started_at: datetime | None = None
    life_ended_at: datetime | None = None
    model: str
    onset: datetime | None = None
    onset_interval: tuple[datetime, datetime] | None = None
    rate_bytes_per_min: float | None = None
    rate_interval: tuple[float, float] | None = None
    limit_bytes: float | None = None
    time_to_limit_min: float | None = None
    time_to_limit_interval: tuple[float, float | None] | None = None
    runner_up: str | None = None
    evidence_ratio: float | None = None
    confidence: Confidence = "low"
    why: str = ""
    evidence: list[EvidenceRef] = []


class HeapSuspect(_Entry):
    """Objects of one class that hold a large share of a heap, and who holds them."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="null", validate_by_name=True
    )

    class_: str = Field(alias="class")
    instances: int
    retained_bytes: int
    share: Probability
    held_by: list[str] = []
    growth_vs: str | None = None
    growth_bytes: int | None = None


class HeapGroup(_Entry):
    """Objects of one class that one group above dominates; ``parent`` is that one's place."""

    class_: str = Field(alias="class")
    instances: int
    retained_bytes: int
    parent: int | None = None


class HeapFile(_Entry):
    """One heap dump: size, what dominates it.

    ``outline`` is its dominator tree by class, as far as a group holds 1% of the heap.
    """

    file: str
    objects: int
    shallow_bytes: int
    suspects: list[HeapSuspect] = []
    outline: list[HeapGroup] = []


class Claim(_Entry):
    """One statement of the declaration, measured."""

    text: str
    line: int
    quantity: str
    claimed: str
    measured: str | None
    verdict: ClaimVerdict
    why: str
    evidence: list[EvidenceRef] = []


class Question(_Entry):
    """One question of the declaration, answered as far as the evidence goes."""

    question: str
    answer: str
    verdict: Literal["yes", "no", "unknown", "text"]
    confidence: Confidence
    evidence: list[EvidenceRef] = []
    missing: list[str] = []


class Decision(_Entry):
    """Advice on one possible action."""

    decision: str
    advice: Literal["do", "do not", "unknown"]
    why: str
    risks: list[str] = []
    evidence: list[EvidenceRef] = []


class Measure(_Entry):
    """One named number with its unit and, where it was estimated, its interval."""

    name: str
    value: float | None
    unit: str
    interval: Interval | None = None
    why: str = ""
    evidence: list[EvidenceRef] = []


class Impact(_Entry):
    """What it cost: measures, and a checklist of clocks that started."""

    measures: list[Measure] = []
    obligations: list[str] = []


class TimelineRow(_Entry):
    """One moment that matters."""

    time: datetime
    end_time: datetime | None = None
    kind: str
    text: str
    evidence: list[EvidenceRef] = []


class Finding(_Entry):
    """A statement of any analysis that has no section of its own (logs, pool, database)."""

    topic: str
    text: str
    confidence: Confidence
    measures: list[Measure] = []
    evidence: list[EvidenceRef] = []


class EvidenceFile(_Entry):
    """One file of the evidence folder and what became of it."""

    path: str
    sha256: str
    bytes: int
    kind: str
    reader: str | None
    status: Literal["read", "partly", "unreadable", "duplicate"]
    why: str = ""
    clock_skew_s: float | None = None


class Findings(_Entry):
    """The whole of ``findings.json``."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="null",
        validate_by_name=True,
        validate_by_alias=True,
    )

    schema_: Literal["forensics/findings/1"] = Field(default=SCHEMA_NAME, alias="schema")
    generated_by: str = ""
    incident: Incident
    verdict: Verdict
    suspects: list[Suspect] = []
    growth: list[Growth] = []
    heap: list[HeapFile] = []
    claims: list[Claim] = []
    questions: list[Question] = []
    decisions: list[Decision] = []
    impact: Impact = Impact()
    timeline: list[TimelineRow] = []
    findings: list[Finding] = []
    evidence: list[EvidenceFile] = []
    charts: list[str] = []
    missing: list[str] = []
    notes: list[str] = []


#: What an analysis's ``findings(result)`` may return entries of.
AnyEntry = (
    Verdict
    | Suspect
    | Growth
    | HeapFile
    | Claim
    | Question
    | Decision
    | Measure
    | TimelineRow
    | Finding
)


def to_json(findings: Findings) -> bytes:
    """Return ``findings`` as indented JSON with the contract's field names."""
    return (
        orjson.dumps(findings.model_dump(mode="json", by_alias=True), option=orjson.OPT_INDENT_2)
        + b"\n"
    )


def read_findings(path: Path) -> Findings:
    """Load and check a ``findings.json``.

    Raises
    ------
    CorruptEvidenceError
        If it is no JSON or breaks the schema; the message names the first field at fault.
    """
    try:
        return Findings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise CorruptEvidenceError(
            path,
            f"{place}: {first['msg']}",
            expected=f"the schema {SCHEMA_NAME}",
            way_out="make the report again",
        ) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``findings.json``."""
    schema = Findings.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_NAME, **schema}
