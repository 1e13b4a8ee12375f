"""What the templates see: the findings in the order a reader asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from forensics.charts import Chart
from forensics.findings import (
    Claim,
    Decision,
    EvidenceFile,
    Finding,
    Findings,
    Growth,
    Measure,
    Suspect,
)
from forensics.report._actions import Action, propose_actions
from forensics.report._condense import (
    Happening,
    Lives,
    Statements,
    fold_findings,
    fold_growth,
    fold_timeline,
)
from forensics.report._milestones import Milestone, find_milestones
from forensics.report._options import SECTIONS, ReportOptions

#: Which charts belong to which section, in this order; any other goes under "further".
SECTION_CHARTS: Final = {
    "impact": ("request-error-latency", "burn-rate"),
    "timeline": ("change-timeline",),
    "cause": ("odds-waterfall", "slope-before-after"),
    "growth": ("memory-growth", "growth-forest", "what-if", "gc-floor"),
    "heap": ("retained-treemap", "dominator-icicle", "heap-class-growth", "holder-path"),
    "pool": ("pool-use",),
    "logs": ("log-patterns", "exceptions-by-version"),
    "claims": ("claims-audit",),
    "decisions": ("action-forecast",),
    "evidence": ("evidence-coverage",),
}
#: Sections that are left out where nothing is known, and how the report says so.
_NOTHING: Final = {
    "growth": "How memory grew: no memory was measured over time.",
    "heap": "What fills the heap: no heap dump could be read.",
    "pool": "Connections and the database: neither a pool nor a database was measured.",
    "logs": "What was logged: no log line could be dated and read.",
    "claims": "Whether the declaration holds: no declaration is among the evidence.",
    "questions": "Answers to questions: no declaration asks any.",
    "decisions": "What to decide: the evidence supports no advice.",
}
#: The chart that proves the verdict, by kind of leak; the first that exists is taken.
_PROOF: Final = {
    "heap": ("memory-growth", "gc-floor", "retained-treemap"),
    "offheap": ("memory-growth",),
    "backlog": ("pool-use", "memory-growth"),
}
_PROOF_ELSE: Final = (
    "memory-growth",
    "retained-treemap",
    "odds-waterfall",
    "change-timeline",
    "evidence-coverage",
)
#: Measures of the impact on the first screen.
_MOST_TOLL: Final = 5
_SEVERAL: Final = 2
_TOPICS: Final = {
    "pool": ("pool", "database", "saturation", "connection"),
    "logs": ("log", "exception"),
    "growth": ("growth", "memory", "gc", "garbage"),
    "heap": ("heap",),
    "impact": ("impact", "slo", "burn", "transaction"),
}


@dataclass(frozen=True, slots=True)
class View:
    """Everything a template may show; ``charts`` maps a section to its charts."""

    findings: Findings
    options: ReportOptions
    prose: Mapping[str, str]
    sections: Mapping[str, str]
    proof: Chart | None
    charts: Mapping[str, tuple[Chart, ...]]
    milestones: Sequence[Milestone]
    actions: Sequence[Action]
    topics: Mapping[str, Mapping[str, tuple[Statements, ...]]]
    silent: tuple[str, ...]
    cause: Suspect | None
    triggers: tuple[Suspect, ...]
    contributing: tuple[str, ...]
    rejected: tuple[Suspect, ...]
    growth: tuple[Growth, ...]
    lives: tuple[Lives, ...]
    happenings: tuple[Happening, ...]
    duration: Measure | None

    @property
    def first_at(self) -> datetime | None:
        """Return when the incident began, as far as known."""
        return self.milestones[0].at

    @property
    def last_at(self) -> datetime | None:
        """Return when it was resolved, else mitigated; ``None`` while it goes on."""
        return self.milestones[4].at or self.milestones[3].at

    @property
    def names_cause(self) -> bool:
        """Return whether the verdict's summary names the cause already."""
        said = self.findings.verdict.summary
        return "known changes" in said if self.cause is None else self.cause.what in said

    @property
    def advice(self) -> list[Decision]:
        """Return the decisions that the evidence decides, what to do first."""
        decided = [d for d in self.findings.decisions if d.advice != "unknown"]
        return sorted(decided, key=lambda d: d.advice != "do")

    @property
    def toll(self) -> list[Measure]:
        """Return what the incident cost, as far as it was measured."""
        known = [m for m in self.findings.impact.measures if m.value is not None]
        return [m for m in known if not m.name.startswith("requests in")][:_MOST_TOLL]

    @property
    def wanted(self) -> list[str]:
        """Return what would settle open questions, each once, then what is missing at all."""
        asked = [gap for q in self.findings.questions for gap in q.missing]
        told = [*asked, *self.findings.missing]
        if not told and not self.findings.growth:
            told = ["the memory of each process over time, from metrics or GC logs"]
        return [gap.rstrip(".") for gap in dict.fromkeys(told)]

    @property
    def clock(self) -> str:
        """Return the form of a moment in tables: with the day, where there are several."""
        days = {g.onset.date() for g in self.findings.growth if g.onset}
        days |= {row.time.date() for row in self.findings.timeline}
        return "%H:%M:%S" if len(days) < _SEVERAL else "%Y-%m-%d %H:%M"

    @property
    def evidence_numbers(self) -> dict[str, int]:
        """Map each evidence path to its row in the evidence table, from one."""
        return {file.path: i for i, file in enumerate(self.findings.evidence, start=1)}

    @property
    def ranked(self) -> list[Suspect]:
        """Return the suspects, the most probable first."""
        return sorted(self.findings.suspects, key=lambda s: -s.probability)

    @property
    def folded(self) -> list[Suspect]:
        """Return the suspects that have no part in it, but for the most probable one."""
        rest = [s for s in self.ranked[1:] if s is not self.cause]
        return [s for s in rest if s.role not in {"cause", "trigger", "amplifier"}]

    @property
    def claims(self) -> dict[str, list[Claim]]:
        """Return the claims by verdict, those that the evidence contradicts first."""
        order = ("contradicted", "untestable", "supported")
        claims = self.findings.claims
        sorted_in = {verdict: [c for c in claims if c.verdict == verdict] for verdict in order}
        return {verdict: found for verdict, found in sorted_in.items() if found}

    @property
    def unread(self) -> list[EvidenceFile]:
        """Return the evidence that could not be used in full."""
        return [f for f in self.findings.evidence if f.status in {"partly", "unreadable"}]


def build_view(
    findings: Findings,
    charts: Sequence[Chart],
    options: ReportOptions,
    prose: Mapping[str, str],
) -> View:
    """Sort findings and charts into what each section shows."""
    by_id = {chart.id: chart for chart in charts}
    cause = find_cause(findings)
    placed, topics = _place_charts(by_id), _place_topics(findings)
    told = {**placed, **{name: found for name, found in topics.items() if found}}
    silent = [name for name in _NOTHING if not told.get(name) and not _holds(findings, name)]
    return View(
        findings=findings,
        options=options,
        prose=prose,
        sections=_sections(options, silent, prose, told),
        proof=_proof(findings, by_id),
        charts=placed,
        silent=tuple(_NOTHING[name] for name in silent if options.shows(name)),
        milestones=find_milestones(findings, options),
        actions=propose_actions(findings),
        topics=topics,
        cause=cause,
        triggers=tuple(s for s in findings.suspects if s.role == "trigger"),
        contributing=_contributing(findings),
        rejected=tuple(
            s
            for s in findings.suspects
            if s is not cause
            and s.role not in {"cause", "amplifier"}
            and not (s.kind == "none" and findings.verdict.root_cause.kind == "none")
        ),
        growth=_order_growth(findings),
        lives=fold_growth(findings.growth),
        happenings=fold_timeline(findings.timeline),
        duration=_measure(findings, "duration"),
    )


def _holds(findings: Findings, section: str) -> bool:
    """Return whether the findings have entries of their own for a section."""
    return bool(getattr(findings, section, ()))


def _sections(
    options: ReportOptions,
    silent: Sequence[str],
    prose: Mapping[str, str],
    told: Mapping[str, object],
) -> dict[str, str]:
    """Return the sections in the order wanted, without those that have nothing to show."""
    empty = set(silent)
    if not (told.get("further") or options.absent_charts or "notes" in prose):
        empty.add("further")
    return {
        name: SECTIONS[name] for name in options.order if options.shows(name) and name not in empty
    }


def find_cause(findings: Findings) -> Suspect | None:
    """Return the suspect that the verdict holds responsible, if it is one of those known."""
    wanted = findings.verdict.root_cause.change_id
    return next((s for s in findings.suspects if s.change_id == wanted), None)


def _proof(findings: Findings, by_id: Mapping[str, Chart]) -> Chart | None:
    wanted = (*_PROOF.get(findings.verdict.kind, ()), *_PROOF_ELSE)
    return next((by_id[name] for name in wanted if name in by_id), None)


def _place_charts(by_id: Mapping[str, Chart]) -> dict[str, tuple[Chart, ...]]:
    placed = {
        section: tuple(by_id[name] for name in names if name in by_id)
        for section, names in SECTION_CHARTS.items()
    }
    known = {name for names in SECTION_CHARTS.values() for name in names}
    placed["further"] = tuple(chart for name, chart in by_id.items() if name not in known)
    return placed


def _place_topics(findings: Findings) -> dict[str, dict[str, tuple[Statements, ...]]]:
    """Sort findings by section, then by topic; those that repeat are joined."""
    placed: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings.findings:
        topic = finding.topic.lower()
        section = next(
            (name for name, words in _TOPICS.items() if any(w in topic for w in words)), "further"
        )
        placed.setdefault(section, {}).setdefault(topic, []).append(finding)
    return {
        section: {topic: fold_findings(found) for topic, found in topics.items()}
        for section, topics in placed.items()
    }


def _contributing(findings: Findings) -> tuple[str, ...]:
    """Return what made it worse without causing it: amplifiers, then further findings."""
    amplifiers = [f"{s.what} ({s.kind})" for s in findings.suspects if s.role == "amplifier"]
    triggers = [
        f"{s.what} ({s.kind}), as trigger" for s in findings.suspects if s.role == "trigger"
    ]
    told = [f for f in findings.findings if f.confidence == "high" and _is_symptom(f)]
    by_topic = {f.topic: f.text for f in reversed(told)}
    return tuple(dict.fromkeys([*amplifiers, *triggers, *reversed(by_topic.values())]))[:6]


def _is_symptom(finding: Finding) -> bool:
    """Return whether a finding tells of something that failed or filled up, not of statistics."""
    topic = finding.topic.lower()
    return any(word in topic for word in ("saturation", "pool", "database", "exception"))


def _order_growth(findings: Findings) -> tuple[Growth, ...]:
    return tuple(
        sorted(
            findings.growth,
            key=lambda g: (
                {"yes": 0, "unknown": 1, "no": 2}[g.leak],
                -(g.rate_bytes_per_min or 0.0),
                g.entity,
            ),
        )
    )


def _measure(findings: Findings, word: str) -> Measure | None:
    return next((m for m in findings.impact.measures if word in m.name.lower()), None)
