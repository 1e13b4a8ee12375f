"""What answers to questions are made of."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.analysis.action_forecast import Result as Forecast
from forensics.analysis.attribution import Result as Attribution
from forensics.analysis.decisions import Result as Decisions
from forensics.analysis.heap_summary import Result as HeapSummary
from forensics.analysis.held_connections import Result as HeldConnections
from forensics.analysis.impact import Result as Impact
from forensics.analysis.memory_growth import Result as Growths
from forensics.findings import Confidence, Question


@dataclass(frozen=True, slots=True)
class Material:
    """Results of the analyses that answers draw on; ``None`` where one gave none."""

    attribution: Attribution
    growth: Growths
    decisions: Decisions
    impact: Impact
    forecast: Forecast
    heap: HeapSummary | None
    connections: HeldConnections | None


def unknown_answer(question: str, text: str, missing: list[str]) -> Question:
    """Return an answer that says what would be needed."""
    return Question(
        question=question, answer=text, verdict="unknown", confidence="low", missing=missing
    )


def confidence_of(probability: float) -> Confidence:
    """Return the confidence that a probability gives."""
    return "high" if probability >= 0.9 else "medium" if probability >= 0.6 else "low"
