"""Measure the verdicts: ``python -m tests.verdict.score [FIRST STOP]``.

Draws the simulated incidents of seeds FIRST up to STOP (default 0 to 200) and reads every
recorded incident of ``data/incidents`` and of the folder that ``FORENSICS_LAB_RUNS`` names
(``NAME/`` with ``NAME.truth.yaml`` beside it). Every tenth simulated incident goes through
the full growth analysis. Prints how often the guilty change came first, calibration, false
accusations, the leak confusion, two simple ways beside them, and what each kind of evidence
is worth.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl

from forensics.analysis import attribution, roles
from forensics.analysis._arguments import LEAK_RULES
from forensics.analysis._candidates import NONE_ID
from forensics.analysis._symptom_arguments import SYMPTOM_RULES
from forensics.analysis.memory_growth import Result as Growths
from forensics.run.pipeline import Pipeline
from forensics.tables import empty_table
from tests.verdict.claims import audit_incident
from tests.verdict.claims import show as show_claims
from tests.verdict.growths import analyse_growth, imagine_growth
from tests.verdict.incidents import iter_recorded
from tests.verdict.simple import blame_correlation, blame_nearest_deploy
from tests.verdict.simulate import Incident, draw_incident

FULL_EVERY: Final = 10
KINDS: Final = tuple({**LEAK_RULES, **SYMPTOM_RULES})


@dataclass(frozen=True, slots=True)
class Scored:
    """What was said about one incident, beside the truth."""

    shape: str
    name: str
    is_right: bool
    is_decided: bool
    probability: float
    right_probability: float
    accuses: bool
    leak_truth: bool
    leak: str
    simple: tuple[float, float] = (math.nan, math.nan)

    @property
    def is_false_accusation(self) -> bool:
        """An innocent change was named with more than 0.8."""
        return self.accuses and not self.is_right and self.probability > 0.8


def judge_simulated(
    incident: Incident, named: roles.Result, growths: Growths
) -> attribution.Result:
    """Run the attribution on one simulated incident."""
    return attribution.run(
        changes=incident.changes,
        events=incident.events,
        roles=named,
        memory_growth=growths,
        heap_summary=None,
        logs=empty_table("logs").lazy(),
    )


def is_guilty(change_id: str, cause: str | None, cause_kind: str) -> bool:
    """Say whether a suspect is the one the truth names; a rise nobody declared has no id."""
    if cause == "undeclared":
        return change_id.startswith("traffic-2")
    if cause is None:
        return change_id == NONE_ID
    return change_id == cause and cause_kind != "none"


def score(
    result: attribution.Result, growths: Growths, truth: tuple[str, str, str | None, str, bool]
) -> Scored:
    """Hold one result against ``(shape, name, cause, kind of cause, leak)``."""
    shape, name, cause, cause_kind, leaks = truth
    first = result.suspects[0]
    right = sum(s.probability for s in result.suspects if is_guilty(s.change_id, cause, cause_kind))
    return Scored(
        shape=shape,
        name=name,
        is_right=is_guilty(first.change_id, cause, cause_kind),
        is_decided=result.is_decided,
        probability=first.probability,
        right_probability=right,
        accuses=first.change_id != NONE_ID,
        leak_truth=leaks,
        leak=growths.leak,
    )


def score_seed(seed: int, without: Sequence[str] = ()) -> list[Scored]:
    """Score one simulated incident, with all evidence and without each of ``without``."""
    incident = draw_incident(seed)
    named = roles.run(metrics=incident.metrics)
    is_full = seed % FULL_EVERY == 0
    growths = analyse_growth(incident, named) if is_full else imagine_growth(incident)
    truth = (incident.shape, str(seed), incident.cause, incident.cause_kind, incident.is_leak)
    result = judge_simulated(incident, named, growths)
    simple = tuple(
        is_guilty(name, incident.cause, incident.cause_kind)
        for name in (blame_nearest_deploy(result), blame_correlation(result))
    )
    scored = [_with_simple(score(result, growths, truth), simple)]
    assert result.scene is not None
    for kind in without:
        again = attribution.weigh(result.scene, result.leak_probability, without=frozenset({kind}))
        scored.append(score(again, growths, truth))
    return scored


def _with_simple(scored: Scored, simple: tuple[bool, ...]) -> Scored:
    return replace(scored, simple=(simple[0], simple[1]))


def score_recorded(name: str, pipeline: Pipeline, verdict: dict[str, Any]) -> Scored:
    """Score one recorded incident against the ``verdict`` of its truth."""
    result, growths = pipeline.result("attribution"), pipeline.result("memory_growth")
    cause = verdict["root_cause"]
    known = ("recorded", name, cause["change_id"], cause["kind"], str(verdict["leak"]) == "yes")
    return score(result, growths, known)


def calibration(scored: Sequence[Scored]) -> pl.DataFrame:
    """Return ``low, high, count, said, right``: what was said of the first, and how it was."""
    rows = []
    edges = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001]
    for low, high in pairwise(edges):
        some = [s for s in scored if low <= s.probability < high]
        if some:
            said = float(np.mean([s.probability for s in some]))
            right = float(np.mean([s.is_right for s in some]))
            rows.append((low, min(high, 1.0), len(some), said, right))
    return pl.DataFrame(rows, schema=["low", "high", "count", "said", "right"], orient="row")


def calibration_error(scored: Sequence[Scored]) -> float:
    """Return the expected calibration error: mean gap between said and right, by bins."""
    table = calibration(scored)
    gap = (table["said"] - table["right"]).abs() * table["count"]
    return float(gap.sum()) / max(len(scored), 1)


def brier(scored: Sequence[Scored]) -> float:
    """Return the Brier score of the first suspect's probability."""
    return float(np.mean([(s.probability - s.is_right) ** 2 for s in scored]))


def share_right(scored: Sequence[Scored]) -> float:
    """Return how often the guilty one came first."""
    return float(np.mean([s.is_right for s in scored]))


def show(scored: Sequence[Scored]) -> None:
    """Print the tables of one set of incidents."""
    by_shape: dict[str, list[Scored]] = defaultdict(list)
    for item in scored:
        by_shape[item.shape].append(item)
    print(f"{'shape':20} {'count':>5} {'first':>6} {'given':>6} {'nearest':>8} {'correl.':>8}")
    for shape, some in sorted([*by_shape.items(), ("all", list(scored))]):
        given = np.mean([s.right_probability for s in some])
        simple = np.mean([s.simple for s in some], axis=0)
        print(
            f"{shape:20} {len(some):5} {share_right(some):6.2f} {given:6.2f}"
            f" {simple[0]:8.2f} {simple[1]:8.2f}"
        )
    print("\nprobability of the first suspect: said and right")
    for low, high, count, said, right in calibration(scored).iter_rows():
        print(f"  {low:.2f} to {high:.2f}  {count:4}  said {said:.2f}  right {right:.2f}")
    decided = [s for s in scored if s.is_decided]
    print(f"Brier {brier(scored):.3f}, calibration error {calibration_error(scored):.3f}")
    print(f"decided {len(decided)} of {len(scored)}, right there {share_right(decided):.3f}")
    wrong = [s for s in scored if s.is_false_accusation]
    print(f"false accusations above 0.8: {len(wrong)} {[(s.shape, s.name) for s in wrong]}")
    leaks = Counter((s.leak_truth, s.leak) for s in scored)
    print("leak: truth and verdict", {f"{t}/{v}": n for (t, v), n in sorted(leaks.items())})
    missed = [(s.shape, s.name, round(s.probability, 2)) for s in scored if not s.is_right]
    print("not first:", missed)


def main() -> None:
    """Score simulated and recorded incidents and print."""
    first, stop = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (0, 200)
    rows = [score_seed(seed, KINDS) for seed in range(first, stop)]
    print("simulated incidents")
    show([row[0] for row in rows])
    print("\nleft out            first  calibration error")
    for place, kind in enumerate(KINDS, start=1):
        some = [row[place] for row in rows]
        print(f"  {kind:18} {share_right(some):5.3f}  {calibration_error(some):.3f}")
    show_recorded()


def show_recorded() -> None:
    """Score the recorded incidents and the claims of those whose claims have a truth."""
    recorded, audits = [], []
    for path, pipeline, truth in iter_recorded():
        recorded.append(score_recorded(path.name, pipeline, truth["verdict"]))
        said = list(pipeline.result("claims").claims)
        audits.append(audit_incident(path.name, said, truth))
    print("\nrecorded incidents")
    show(recorded)
    show_claims([one for one in audits if one is not None])


if __name__ == "__main__":
    main()
