"""Proposals for action items, each with an end that somebody can test.

They follow from the findings by fixed rules; owner and date are for people to fill in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forensics.charts.holder_path import own_holder
from forensics.findings import Findings


@dataclass(frozen=True, slots=True)
class Action:
    """One proposed action; ``due`` is a horizon in words, ``done_when`` can be tested."""

    kind: Literal["prevent", "detect", "mitigate"]
    priority: Literal["high", "medium", "low"]
    what: str
    done_when: str
    due: str


_MOST_GAPS = 5
_DUE = {"high": "within a week", "medium": "within a month", "low": "within a quarter"}


def propose_actions(findings: Findings) -> list[Action]:
    """Return the actions that the findings call for, the most urgent first."""
    actions = [
        *_mitigations(findings),
        *_preventions(findings),
        *_detections(findings),
        *_evidence_gaps(findings),
    ]
    order = ("high", "medium", "low")
    return sorted(actions, key=lambda action: order.index(action.priority))


def _action(
    kind: Literal["prevent", "detect", "mitigate"],
    priority: Literal["high", "medium", "low"],
    what: str,
    done_when: str,
) -> Action:
    due = "now" if kind == "mitigate" else _DUE[priority]
    return Action(kind, priority, what, done_when, due)


def _mitigations(findings: Findings) -> list[Action]:
    return [
        _action(
            "mitigate",
            "high",
            f"Carry out the decision: {decision.decision}",
            "errors and memory stay at their level from before the incident for an hour",
        )
        for decision in findings.decisions
        if decision.advice == "do"
    ]


def _preventions(findings: Findings) -> list[Action]:
    actions: list[Action] = []
    holders = [
        suspect
        for heap in findings.heap
        for suspect in heap.suspects
        if suspect.held_by and (suspect.growth_bytes is None or suspect.growth_bytes > 0)
    ]
    if findings.verdict.leak == "yes" and holders:
        top = max(holders, key=lambda suspect: suspect.retained_bytes)
        actions.append(
            _action(
                "prevent",
                "high",
                f"Bound or release what {own_holder(top.held_by)} keeps of {top.class_}",
                "`forensics growth` on a soak test at production load finds no leak, and the "
                "rate's interval includes zero",
            )
        )
    if findings.verdict.root_cause.kind in {"deploy", "config", "flag"}:
        actions.append(
            _action(
                "prevent",
                "medium",
                "Compare memory growth of a canary with the running version before promoting",
                "a canary with this incident's growth is stopped by the pipeline in a rehearsal",
            )
        )
    return actions


def _detections(findings: Findings) -> list[Action]:
    actions: list[Action] = []
    if any(growth.leak == "yes" for growth in findings.growth):
        actions.append(
            _action(
                "detect",
                "high",
                "Alert on the predicted time to the memory limit, by process life",
                "replaying this incident's metrics fires the alert before the first kill",
            )
        )
    contradicted = [claim for claim in findings.claims if claim.verdict == "contradicted"]
    if contradicted:
        named = ", ".join(dict.fromkeys(claim.quantity for claim in contradicted))
        actions.append(
            _action(
                "detect",
                "low",
                f"Put measured values into the declaration's template: {named}",
                "`forensics claims` on the next declaration contradicts none of them",
            )
        )
    return actions


def _evidence_gaps(findings: Findings) -> list[Action]:
    missing = [
        *findings.missing,
        *(gap for question in findings.questions for gap in question.missing),
    ]
    if not missing:
        return []
    named = "; ".join(gap.rstrip(".") for gap in list(dict.fromkeys(missing))[:_MOST_GAPS])
    return [
        _action(
            "detect",
            "medium",
            f"Collect next time what this report lacks: {named}",
            "the next `forensics report` lists none of it as missing",
        )
    ]
