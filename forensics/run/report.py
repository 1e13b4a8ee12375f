"""Make a report: read, analyse, draw, run the notebooks, render, keep custody, swap in."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final

from forensics._version import __version__
from forensics.charts import Drawn, draw_charts
from forensics.config import IncidentConfig
from forensics.errors import TimeLimitError, UsageError
from forensics.evidence import Case, open_case, sign_custody, write_custody
from forensics.findings import Findings
from forensics.progress import track
from forensics.redaction import Redactor, redacting
from forensics.report import ReportOptions, redact_findings, write_report
from forensics.run._folder import draft_folder
from forensics.run._known import remember_findings
from forensics.run._unchanged import fingerprint, kept_findings
from forensics.run.assemble import assemble
from forensics.run.notebooks import NotebookRun, list_notebooks, run_notebooks
from forensics.run.pipeline import Pipeline, chart_inputs

_CHANGED: Final = "changed while the report was made; its recorded hash is that of the start"
_CONFIDENCE: Final = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What the caller of ``forensics report`` wants.

    ``time_limit_s`` bounds the whole run; ``fail_on`` holds conditions such as ``leak``,
    ``contradicted`` and ``confidence<medium``. ``sign`` is a command that gets the path of
    ``custody.json`` appended. ``fresh`` makes the report again though nothing changed.
    """

    evidence: Path
    out: Path
    cache: Path | None = None
    fail_on: tuple[str, ...] = ()
    run_notebooks: bool = True
    reveal: bool = False
    template: Path | None = None
    time_limit_s: float | None = None
    sign: str | None = None
    fresh: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """How the report is asked for, as it is recorded."""
        return {
            "fail_on": list(self.fail_on),
            "notebooks": self.run_notebooks,
            "reveal": self.reveal,
        }

    @property
    def command(self) -> str:
        """How to ask for it again, without a path of this machine."""
        return f"forensics report {self.evidence.resolve().name} --out {self.out.name}"


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What a run left: the findings, how each notebook ended, which conditions hold.

    ``is_kept`` says that nothing had changed since the last run, whose report stays.
    """

    findings: Findings
    notebooks: tuple[NotebookRun, ...] = ()
    holding: tuple[str, ...] = ()
    chart_reasons: dict[str, str] = field(default_factory=dict)
    is_kept: bool = False

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: a notebook that died or left early is never 0."""
        if any(run.status == "timeout" for run in self.notebooks):
            return TimeLimitError.exit_code
        return int(bool(self.holding) or any(run.status != "ok" for run in self.notebooks))


def make_report(request: ReportRequest) -> ReportOutcome:
    """Make the report of one evidence folder; the run folder appears whole or not at all.

    Raises
    ------
    EvidenceError
        If nothing of the evidence can be read.
    UsageError
        If a condition is unknown, or the run folder can't be used.
    TimeLimitError
        If ``time_limit_s`` passed; the previous report is left as it was.
    """
    for condition in request.fail_on:
        _check_condition(condition)
    evidence, out = request.evidence.resolve(), request.out.resolve()
    if out == evidence or out.is_relative_to(evidence):
        raise UsageError(f"{request.out}: lies inside the evidence, which is never written to")
    made_from = _fingerprint(request)
    if not request.fresh and request.sign is None:
        kept = kept_findings(request.out, made_from)
        if kept is not None:
            holding = tuple(c for c in request.fail_on if _holds(c, kept))
            return ReportOutcome(kept, holding=holding, is_kept=True)
    deadline = None if request.time_limit_s is None else time.monotonic() + request.time_limit_s
    with (
        _time_limit(request.time_limit_s),
        draft_folder(request.out) as draft,
        ExitStack() as scope,
    ):
        case = open_case(request.evidence, cache=request.cache)
        scope.enter_context(redacting(_redactor(case.config, reveal=request.reveal)))
        pipeline = Pipeline(case)
        findings = assemble(pipeline)
        remember_findings(case, findings)
        with track("drawing"):
            drawn = draw_charts(chart_inputs(pipeline, findings))
        runs = _notebooks(request, draft, deadline)
        gaps = _notebook_gaps(runs)
        changed = [f"{name} {_CHANGED}" for name in case.changed_files()]
        findings = findings.model_copy(
            update={
                "charts": [chart.id for chart in drawn.charts],
                "missing": [*findings.missing, *gaps, *changed],
            }
        )
        made = _Made(case, findings, drawn, tuple(gaps), made_from)
        _write(request, made, draft)
        findings = redact_findings(findings)  # with what incident.yaml wants blanked, too
    holding = tuple(c for c in request.fail_on if _holds(c, findings))
    return ReportOutcome(findings, tuple(runs), holding, dict(drawn.absent))


def _redactor(config: IncidentConfig, *, reveal: bool) -> Redactor:
    return Redactor(
        emails=config.redact.emails, ip_addresses=config.redact.ip_addresses, reveal=reveal
    )


def _notebooks(request: ReportRequest, draft: Path, deadline: float | None) -> list[NotebookRun]:
    if not request.run_notebooks:
        return []
    evidence = request.evidence.resolve()
    left_s = None if deadline is None else max(1.0, deadline - time.monotonic())
    return run_notebooks(
        list_notebooks(),
        draft / "notebooks",
        parameters={"evidence": evidence.name},
        evidence_root=evidence.parent,
        timeout_s=left_s,
        cache=request.cache,
    )


def _notebook_gaps(runs: Sequence[NotebookRun]) -> list[str]:
    return [f"notebook {run.name} {run.status}: {run.why}" for run in runs if run.status != "ok"]


def _fingerprint(request: ReportRequest) -> str:
    """Return what tells two runs apart that could differ in their report."""
    templates = [] if request.template is None else sorted(request.template.glob("*"))
    notebooks = list_notebooks() if request.run_notebooks else []
    return fingerprint(
        request.evidence,
        {**request.parameters, "command": request.command},
        others=[path for path in (*templates, *notebooks) if path.is_file()],
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """What a run has to write; ``gaps`` are its parts that failed."""

    case: Case
    findings: Findings
    drawn: Drawn
    gaps: tuple[str, ...]
    made_from: str


def _write(request: ReportRequest, made: _Made, draft: Path) -> None:
    case = made.case
    generated_at = _now()
    previous = request.out / "postmortem.md"
    options = ReportOptions(
        generated_at=generated_at,
        sections=case.config.sections,
        section_order=tuple(case.config.section_order),
        template=request.template,
        previous_markdown=previous if previous.is_file() else None,
        authors=tuple(case.config.authors),
        acknowledged_at=case.config.acknowledged_at,
        mitigated_at=case.config.mitigated_at,
        resolved_at=case.config.resolved_at,
        absent_charts=made.drawn.absent,
        failed_parts=made.gaps,
        command=request.command,
        versions={"forensics": __version__, "python": platform.python_version()},
        parameters={
            "secrets": "REVEALED, not redacted" if request.reveal else "redacted",
            "notebooks": "run" if request.run_notebooks else "not run",
        },
    )
    write_report(made.findings, made.drawn.charts, draft, options=options)
    write_custody(
        draft,
        case.files,
        evidence=request.evidence.resolve().name,
        parameters=request.parameters,
        generated_at=generated_at,
        made_from=made.made_from,
    )
    if request.sign is not None:
        sign_custody(draft, request.sign)


def _now() -> datetime:
    """Return the time of the run, or the one that ``SOURCE_DATE_EPOCH`` fixes."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed and fixed.isdigit():
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)


class _TimeIsUpError(BaseException):
    """Raised by the timer: no boundary that contains errors of a part may contain this."""


@contextmanager
def _time_limit(limit_s: float | None) -> Iterator[None]:
    """Raise ``TimeLimitError`` in the main thread once ``limit_s`` seconds have passed."""
    if limit_s is None:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TimeIsUpError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    except _TimeIsUpError as error:
        raise TimeLimitError(
            f"the time limit of {limit_s:g} s was reached; the previous report is unchanged; "
            "raise --time-limit or leave evidence out with `ignore` in incident.yaml"
        ) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _check_condition(condition: str) -> None:
    if condition in {"leak", "contradicted"}:
        return
    name, _, bound = condition.partition("<")
    if name == "confidence" and (bound in _CONFIDENCE or _is_share(bound)):
        return
    raise UsageError(
        f"--fail-on {condition!r} is unknown; allowed: leak, contradicted, "
        "confidence<low|medium|high, confidence<0.8 (probability of the root cause)"
    )


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def _holds(condition: str, findings: Findings) -> bool:
    verdict = findings.verdict
    if condition == "leak":
        return verdict.leak == "yes"
    if condition == "contradicted":
        return any(claim.verdict == "contradicted" for claim in findings.claims)
    bound = condition.partition("<")[2]
    if bound in _CONFIDENCE:
        return _CONFIDENCE[verdict.confidence] < _CONFIDENCE[bound]
    return verdict.root_cause.probability < float(bound)
