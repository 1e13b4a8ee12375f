"""Print the confusion table of the zoo: ``python -m tests.benchmarks.leak_or_not [FIRST STOP]``.

Seeds from FIRST up to STOP (default 7000 to 7010) of every shape are drawn and judged.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from forensics.growth._verdict import assess_growth
from tests.zoo import LEAKS, LOOK_ALIKES, draw_case


def count(shape: str, seeds: range) -> tuple[Counter[str], Counter[str]]:
    """Return how often each verdict and each model was given."""
    leaks: Counter[str] = Counter()
    models: Counter[str] = Counter()
    for seed in seeds:
        case = draw_case(shape, seed)
        found = assess_growth(case.t_s, case.y_bytes, load=case.load, limit_bytes=case.limit_bytes)
        leaks[found.leak] += 1
        models[found.lives[-1].model] += 1
    return leaks, models


def main() -> None:
    """Judge the zoo and print the table."""
    first, stop = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (7000, 7010)
    total: Counter[tuple[bool, bool]] = Counter()
    started = time.process_time()
    print(f"{'shape':16} {'yes':>4} {'no':>4} {'unknown':>8}  models of the last life")
    for shape in [*LEAKS, *LOOK_ALIKES]:
        leaks, models = count(shape, range(first, stop))
        total[shape in LEAKS, True] += leaks["yes"]
        total[shape in LEAKS, False] += leaks["no"] + leaks["unknown"]
        named = ", ".join(f"{name} {times}" for name, times in models.most_common())
        print(f"{shape:16} {leaks['yes']:4} {leaks['no']:4} {leaks['unknown']:8}  {named}")
    found, missed, false = total[True, True], total[True, False], total[False, True]
    precision, recall = found / max(found + false, 1), found / max(found + missed, 1)
    cpu_ms = 1e3 * (time.process_time() - started) / total.total()
    print(
        f"precision {precision:.3f}  recall {recall:.3f}"
        f"  {total.total()} series, {cpu_ms:.0f} ms CPU each, drawing included"
    )


if __name__ == "__main__":
    main()
