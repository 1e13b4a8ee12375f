"""Score the miner on statements of installed programs that nobody fitted it to.

``python tests/benchmarks/heldout.py [--python DIR ...] [--java DIR ...] [--programs DIR ...]
[--seed N] [--show SYSTEM]``

Each folder is one system, or each of its sub-folders with enough statements is. 2 000 lines a
system: statements by Zipf's law, values by what the author calls them. Truth is the statement,
also where it leaves a word as a value that a person would call another event.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parent))

from statements import Statement, java_statements, program_statements, python_statements
from values import value_maker

from forensics.patterns.lines import mine_lines

SCORER = Path(__file__).parents[2].parent / "shared" / "tools" / "score_log_templates.py"
LINES = 2000
FEWEST_STATEMENTS = 40
HEADERS: tuple[Callable[[random.Random, int], str], ...] = (
    lambda r, i: (
        f"2026-02-09 08:{i // 60 % 60:02d}:{i % 60:02d},{r.randrange(1000):03d} "
        f"{r.choice(['INFO', 'WARN', 'ERROR', 'DEBUG'])} [worker-{r.randrange(9)}] org.acme.Main: "
    ),
    lambda r, i: (
        f"Feb  9 08:{i // 60 % 60:02d}:{i % 60:02d} host{r.randrange(3)} "
        f"daemon[{r.randrange(900, 999)}]: "
    ),
    lambda r, i: (
        f"[2026-02-09T08:{i // 60 % 60:02d}:{i % 60:02d}.{r.randrange(1000):03d}Z] "
        f"{r.choice(['info', 'warn', 'error'])} "
    ),
    lambda r, i: (
        f"{1770624000 + i} 2026.02.09 node-{r.randrange(40)} "
        f"{r.choice(['INFO', 'FATAL', 'SEVERE'])} "
    ),
)


def make_system(
    statements: list[Statement], seed: int, lines: int = LINES
) -> tuple[list[str], list[str], list[str]]:
    """Return messages, the true template of each, and the same with headers."""
    chance = random.Random(seed)
    many = min(len(statements), chance.choice([15, 30, 60, 120, 250]))
    chosen = chance.sample(statements, many)
    skew = chance.uniform(0.9, 1.6)
    weights = [1 / rank**skew for rank in range(1, many + 1)]
    makers = {
        one: [
            value_maker(hint, before, after, chance)
            for hint, (before, after) in zip(one.hints, pairwise(one.literals), strict=True)
        ]
        for one in chosen
    }
    header = chance.choice(HEADERS)
    messages, truth, whole = [], [], []
    for i, one in enumerate(chance.choices(chosen, weights, k=lines)):
        parts = [one.literals[0]]
        for make, literal in zip(makers[one], one.literals[1:], strict=True):
            parts += [make(chance), literal]
        messages.append("".join(parts))
        truth.append(one.template)
        whole.append(header(chance, i) + messages[-1])
    return messages, truth, whole


def load_scorer() -> ModuleType:
    """Load the shared scorer."""
    spec = importlib.util.spec_from_file_location("score_log_templates", SCORER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score_lines(
    scorer: ModuleType, lines: list[str], truth: list[str], *, has_header: bool
) -> tuple[dict[str, float], list[str]]:
    """Return the scores and the template found for each line."""
    found = mine_lines(["\n".join(lines).encode()], has_header=has_header)
    texts = found.patterns.templates["template"].to_list()
    ids = found.patterns.templates["template_id"].to_list()
    rows = found.line_templates.tolist()
    predicted = {str(i): (ids[row], texts[row]) for i, row in enumerate(rows)}
    wanted = {str(i): (one, one) for i, one in enumerate(truth)}
    return scorer.score(wanted, predicted), [texts[row] for row in rows]


def show_wrong(messages: list[str], truth: list[str], found: list[str], most: int = 30) -> None:
    """Print true groups that were split or joined, the largest first."""
    by_truth, by_found = defaultdict(set), defaultdict(set)
    for i, (want, got) in enumerate(zip(truth, found, strict=True)):
        by_truth[want].add(i)
        by_found[got].add(i)
    wrong = [want for want, members in by_truth.items() if members not in by_found.values()]
    for want in sorted(wrong, key=lambda one: -len(by_truth[one]))[:most]:
        parts = sorted({found[i] for i in by_truth[want]})
        print(f"{len(by_truth[want]):5} TRUE  {want}")
        for part in parts[:6]:
            others = {truth[i] for i in by_found[part]} - {want}
            joined = f"   also {len(others)}: {sorted(others)[:2]}" if others else ""
            print(f"      {len(by_found[part]):5} {part}{joined}")
        print("            e.g.", messages[min(by_truth[want])][:200])


def find_systems(arguments: argparse.Namespace) -> dict[str, list[Statement]]:
    """Return statements by system."""
    systems = {}
    readers = (
        (arguments.python, python_statements),
        (arguments.java, java_statements),
        (arguments.programs, program_statements),
    )
    for roots, read in readers:
        for root in roots:
            for folder in sorted(path for path in root.iterdir() if path.is_dir()):
                statements = read(folder)
                if len(statements) >= FEWEST_STATEMENTS:
                    systems[folder.name] = statements
    return systems


def main() -> None:
    """Print one line a system, and the averages."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--python", "--java", "--programs"):
        parser.add_argument(name, type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", default="")
    arguments = parser.parse_args()
    scorer = load_scorer()
    sums = defaultdict(float)
    systems = find_systems(arguments)
    for number, (name, statements) in enumerate(systems.items()):
        messages, truth, whole = make_system(statements, 1000 * arguments.seed + number)
        plain, found = score_lines(scorer, messages, truth, has_header=False)
        headed, _ = score_lines(scorer, whole, truth, has_header=True)
        line = f"{name:<24} {len(statements):5} statements {len(set(truth)):4} seen "
        for kind, scores in (("", plain), (" with header", headed)):
            for measure in ("GA", "FGA"):
                sums[measure + kind] += scores[measure] / len(systems)
                line += f" {measure}{kind} {scores[measure]:.3f}"
        print(line)
        if arguments.show in (name, "all"):
            show_wrong(messages, truth, found)
    print(
        f"{len(systems)} systems " + " ".join(f"{key} {value:.4f}" for key, value in sums.items())
    )


if __name__ == "__main__":
    main()
