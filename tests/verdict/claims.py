"""Measure the claims audit: ``python -m tests.verdict.claims``.

Reads every declaration of ``tests/analysis/declarations`` (numbers held against each other
alone) and of the incidents with a truth (held against the evidence), and prints how many
claims were judged as a careful reader judges them, and how many were contradicted wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.analysis import claims
from forensics.config import Declaration
from forensics.findings import Claim
from tests.verdict.incidents import iter_recorded

FOLDER = Path(__file__).parents[1] / "analysis" / "declarations"


@dataclass(frozen=True, slots=True)
class Audit:
    """Claims of one declaration: judged right, judged otherwise, contradicted without a reason."""

    name: str
    right: int
    missed: tuple[str, ...]
    wrongly: tuple[str, ...]

    @property
    def total(self) -> int:
        """Claims whose truth is known."""
        return self.right + len(self.missed)


def audit(name: str, said: list[Claim], truth: list[tuple[str, str, str]]) -> Audit:
    """Hold claims against ``(quantity, words claimed, verdict)`` of a careful reader."""
    missed = []
    for quantity, claimed, verdict in truth:
        found = [c for c in said if claimed in c.claimed and quantity in c.quantity]
        if [c.verdict for c in found[:1]] != [verdict]:
            missed.append(f"{quantity}: {claimed}")
    wrong = [claimed for _, claimed, verdict in truth if verdict == "contradicted"]
    wrongly = [
        c.claimed
        for c in said
        if c.verdict == "contradicted" and not any(w in c.claimed for w in wrong)
    ]
    return Audit(name, len(truth) - len(missed), tuple(missed), tuple(wrongly))


def audit_declaration(path: Path) -> Audit:
    """Judge one declaration by its own numbers."""
    text = path.read_text(encoding="utf-8")
    declared, _ = claims.read_declared(Declaration(path.name, text))
    lines = path.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    truth = [tuple(part.strip() for part in line.split("|")) for line in lines]
    return audit(path.stem, claims.judge_all(declared, None), [(q, c, v) for q, c, v in truth])


def audit_incident(name: str, said: list[Claim], truth: dict[str, Any]) -> Audit | None:
    """Judge the declaration of a recorded incident; ``None`` where its claims have no truth."""
    known = truth.get("claims") or {}
    rows = [
        (quantity, claimed, verdict)
        for verdict in ("supported", "contradicted", "untestable")
        for quantity, claimed in known.get(verdict) or []
    ]
    return audit(name, said, rows) if rows else None


def show(audits: list[Audit]) -> None:
    """Print one line a declaration and the sum."""
    for one in audits:
        wrongly = f", wrongly contradicted: {one.wrongly}" if one.wrongly else ""
        missed = f", otherwise: {one.missed}" if one.missed else ""
        print(f"  {one.name:24} {one.right:3} of {one.total:3}{missed}{wrongly}")
    right, total = sum(a.right for a in audits), sum(a.total for a in audits)
    wrongly_all = sum(len(a.wrongly) for a in audits)
    print(f"  claims right {right} of {total}, wrongly contradicted {wrongly_all}")


def main() -> None:
    """Judge all declarations."""
    print("declarations alone")
    show([audit_declaration(path) for path in sorted(FOLDER.glob("*.txt"))])
    print("declarations with evidence")
    found = (
        audit_incident(path.name, list(pipeline.result("claims").claims), truth)
        for path, pipeline, truth in iter_recorded()
    )
    show([one for one in found if one is not None])


if __name__ == "__main__":
    main()
