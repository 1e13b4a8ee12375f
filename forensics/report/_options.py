"""What the caller decides about a report: sections, template, people's words, origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

#: The sections in their order; ``sections: {name: false}`` leaves one out.
SECTIONS: Final = {
    "summary": "Summary",
    "impact": "Impact",
    "timeline": "Timeline",
    "cause": "Root cause",
    "growth": "Memory growth",
    "heap": "Heap",
    "pool": "Connection pool and database",
    "logs": "Logs",
    "claims": "Claims audit",
    "questions": "Critical questions",
    "decisions": "Decisions",
    "lessons": "What went well, what went badly, where we got lucky",
    "actions": "Action items",
    "further": "Further findings and charts",
    "evidence": "Evidence and custody",
    "method": "Method and limits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Everything in a report that is no finding.

    Parameters
    ----------
    generated_at
        Stamp to print; the one thing that differs between two runs. ``None`` prints none.
    sections
        Section name to whether it is shown; those not named are.
    section_order
        Names of sections that come first, in this order; the others follow in theirs.
    template
        A folder whose ``postmortem.html.j2``, ``postmortem.md.j2`` or ``report.css`` take
        the place of the built-in ones.
    previous_markdown
        The ``postmortem.md`` of an earlier run; what people wrote between its markers is kept.
    authors
        Who answers for the report; an empty slot where nobody is named.
    acknowledged_at, mitigated_at, resolved_at
        Moments a person has stated; else they are looked for in the time line.
    absent_charts
        Chart id to the reason why there is none.
    failed_parts
        What of the run failed (notebooks, analyses), in words; the report says so.
    command
        How to make the report again.
    versions, parameters
        Versions of the tools and settings of the run, as shown under "method".
    with_pdf
        False leaves ``postmortem.pdf`` out.
    """

    generated_at: datetime | None = None
    sections: Mapping[str, bool] = field(default_factory=dict)
    section_order: tuple[str, ...] = ()
    template: Path | None = None
    previous_markdown: Path | None = None
    authors: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    absent_charts: Mapping[str, str] = field(default_factory=dict)
    failed_parts: tuple[str, ...] = ()
    command: str = "forensics report EVIDENCE --out REPORT"
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    with_pdf: bool = True

    def shows(self, section: str) -> bool:
        """Return whether a section is part of this report."""
        return self.sections.get(section, True)

    @property
    def order(self) -> tuple[str, ...]:
        """Return every section, those that the caller put first in front."""
        first = [name for name in self.section_order if name in SECTIONS]
        return tuple(dict.fromkeys([*first, *SECTIONS]))
