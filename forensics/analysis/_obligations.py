"""Clocks that an incident may start: what regulations and contracts want, and by when.

The lists name what is usual; whether one applies is for people to decide, so each begins with
the question that decides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, within so many hours of detection (``None``: no fixed time)."""

    text: str
    hours: float | None = None


#: By the name that ``incident.yaml`` gives. Sources: PCI DSS 4.0 requirement 12.10; Regulation (EU)
#: 2016/679 articles 33 and 34; Directive (EU) 2022/2555 article 23; Regulation (EU) 2022/2554
#: article 19 with its reporting standard.
CHECKLISTS: Final[dict[str, tuple[Step, ...]]] = {
    "pci-dss": (
        Step("decide whether card data may have been exposed; heap dumps and logs may hold it"),
        Step("if so, tell the acquirer and the card brands at once, as the response plan says"),
        Step("keep logs, dumps and images unaltered, with hashes and who had them"),
        Step("limit access to the dumps, and delete them by the retention rule afterwards"),
        Step("write down the time line, what was done and by which role"),
        Step("review the response plan with what was learned (12.10.2, 12.10.6)"),
    ),
    "gdpr": (
        Step("decide whether personal data was lost, altered or disclosed"),
        Step("if so, notify the supervisory authority (article 33)", 72),
        Step("if the risk to people is high, tell them without undue delay (article 34)"),
        Step("record the breach, its effects and the remedy, notified or not"),
    ),
    "nis2": (
        Step("decide whether the incident is significant for the service"),
        Step("if so, give the authority an early warning", 24),
        Step("if so, send the incident notification with a first assessment", 72),
        Step("if so, send the final report within a month of the notification"),
    ),
    "dora": (
        Step("classify the incident by the criteria for financial entities"),
        Step("if it is major, send the initial notification within 4 h of that, at the latest", 24),
        Step("if it is major, send the intermediate report within 72 h of the initial one"),
        Step("if it is major, send the final report within a month of the intermediate one"),
    ),
}
#: How a declaration names them.
_NAMED: Final = {
    "pci-dss": ("pci-dss", "pci dss", "pci "),
    "gdpr": ("gdpr", "dsgvo", "data protection"),
    "nis2": ("nis2", "nis 2"),
    "dora": (" dora ", "(dora)"),
}


def list_obligations(
    stated: Sequence[str],
    checklists: Sequence[str],
    declaration: str,
    detected_at: datetime | None,
) -> list[str]:
    """Return the clocks in order: those a person stated, then the checklists step by step.

    Parameters
    ----------
    stated, checklists
        ``obligations`` and ``checklists`` of ``incident.yaml``.
    declaration
        Text of the declaration: a regulation that it names adds its checklist.
    detected_at
        When the clocks started, as far as known.
    """
    said = f" {declaration.lower()} "
    named = [name for name, words in _NAMED.items() if any(word in said for word in words)]
    wanted = list(dict.fromkeys([*(name.lower() for name in checklists), *named]))
    found = list(stated)
    for name in wanted:
        steps = CHECKLISTS.get(name)
        if steps is None:
            known = ", ".join(CHECKLISTS)
            found.append(f"{name}: no such checklist; known are {known}")
            continue
        found += [_say(name, step, detected_at) for step in steps]
    return found


def _say(name: str, step: Step, detected_at: datetime | None) -> str:
    if step.hours is None:
        return f"{name.upper()}: {step.text}"
    due = ""
    if detected_at is not None:
        due = f", by {detected_at + timedelta(hours=step.hours):%Y-%m-%d %H:%M %Z}"
    return f"{name.upper()}: {step.text} within {step.hours:g} h of detection{due}"
