"""Score the whole tool on foreign incidents: ``python -m tests.verdict.foreign FIRST STOP``.

Seeds 0 to 999 are for development; 1000 and above were never looked at while the model was
changed. Prints each miss, then right answers by kind, the leak and kind confusion, calibration.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forensics.analysis._candidates import NONE_ID
from forensics.analysis.attribution import Result, weigh
from forensics.evidence import open_case
from forensics.run.pipeline import Pipeline
from tests.verdict.foreign.machine import play
from tests.verdict.foreign.plan import KINDS, Plan, draw_plan
from tests.verdict.foreign.spell import write_incident
from tests.verdict.score import Scored, brier, calibration, calibration_error, share_right
from tests.verdict.simple import blame_correlation, blame_nearest_deploy


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tool said of one incident, held against the plan."""

    scored: Scored
    leak: str
    leak_truth: str
    kind: str
    is_kind_right: bool
    said: str
    without: tuple[Scored, ...] = ()


def is_guilty(change_id: str, plan: Plan) -> bool:
    """Say whether a suspect is what really did it."""
    if plan.cause is None:
        return change_id == NONE_ID
    if plan.kind == "undeclared rush":
        return change_id.startswith("traffic-2")
    return change_id == plan.cause


def make(seed: int, folder: Path) -> Plan:
    """Write the incident of a seed into a folder and return its plan."""
    plan = draw_plan(seed)
    write_incident(play(plan, is_managed=seed % 3 != 0), folder, seed)
    return plan


def judge(seed: int, folder: Path, without: Sequence[str] = ()) -> Verdict:
    """Make one incident and run the tool on its files; again without each kind of evidence."""
    plan = make(seed, folder)
    pipeline = Pipeline(open_case(folder))
    result, verdict = pipeline.result("attribution"), pipeline.result("verdict").verdict
    leak_truth, kinds, _ = KINDS[plan.kind]
    first = result.suspects[0] if result.suspects else None
    scored = _score(seed, plan, result, verdict.leak)
    simple = [
        float(is_guilty(name, plan))
        for name in (blame_nearest_deploy(result), blame_correlation(result))
    ]
    scored = replace(scored, simple=(simple[0], simple[1]))
    again = [
        weigh(result.scene, result.leak_probability, without=frozenset({kind}))
        for kind in without
        if result.scene is not None
    ]
    return Verdict(
        scored,
        verdict.leak,
        leak_truth,
        verdict.kind,
        verdict.kind in kinds,
        f"{first.what if first else 'nobody'} ({first.probability if first else 0:.2f})",
        tuple(_score(seed, plan, other, verdict.leak) for other in again),
    )


def _score(seed: int, plan: Plan, result: Result, leak: str) -> Scored:
    first = result.suspects[0] if result.suspects else None
    change_id = first.change_id if first else NONE_ID
    return Scored(
        shape=plan.kind,
        name=str(seed),
        is_right=is_guilty(change_id, plan),
        is_decided=result.is_decided,
        probability=first.probability if first else 0.0,
        right_probability=sum(
            s.probability for s in result.suspects if is_guilty(s.change_id, plan)
        ),
        accuses=change_id != NONE_ID,
        leak_truth=KINDS[plan.kind][0] == "yes",
        leak=leak,
    )


def main() -> None:
    """Score the seeds of the command line."""
    first, stop = (int(word) for word in sys.argv[1:3])
    rows = []
    for seed in range(first, stop):
        with tempfile.TemporaryDirectory(prefix="verdict-foreign-") as scratch:
            row = judge(seed, Path(scratch) / "evidence")
        rows.append(row)
        if not (row.scored.is_right and row.leak == row.leak_truth and row.is_kind_right):
            kind = f"kind {row.kind}{'' if row.is_kind_right else ' WRONG'}"
            cause = f"first {row.said}{'' if row.scored.is_right else ' WRONG'}"
            given = f"right one {row.scored.right_probability:.2f}"
            leak = f"leak {row.leak} (true {row.leak_truth})"
            print(f"{seed} {row.scored.shape}: {leak}, {kind}, {cause}, {given}", flush=True)
    show(rows)


def show(rows: list[Verdict]) -> None:
    """Print the tables."""
    print(f"\n{'what happened':24}{'count':>6}{'leak':>6}{'kind':>6}{'cause':>6}{'given':>7}")
    for name in [*KINDS, "all"]:
        some = [r for r in rows if name in {r.scored.shape, "all"}]
        if some:
            leak, kind = (
                np.mean([r.leak == r.leak_truth for r in some]),
                np.mean([r.is_kind_right for r in some]),
            )
            given = np.mean([r.scored.right_probability for r in some])
            cause = share_right([r.scored for r in some])
            print(f"{name:24}{len(some):6}{leak:6.2f}{kind:6.2f}{cause:6.2f}{given:7.2f}")
    scored = [r.scored for r in rows]
    print("leak, truth/verdict:", dict(Counter(f"{r.leak_truth}/{r.leak}" for r in rows)))
    for low, high, count, said, right in calibration(scored).iter_rows():
        print(f"  {low:.2f} to {high:.2f}  {count:4}  said {said:.2f}  right {right:.2f}")
    wrong = [(s.shape, s.name) for s in scored if s.is_false_accusation]
    print(f"Brier {brier(scored):.3f}, calibration error {calibration_error(scored):.3f}")
    print(f"false accusations above 0.8: {len(wrong)} {wrong}")


if __name__ == "__main__":
    main()
