"""Measure both generators and write the tables of ``docs/methods/attribution.md``.

``python -m tests.verdict.measure simulated FIRST STOP ROWS.jsonl`` and ``... foreign FIRST STOP
ROWS.jsonl`` append a line an incident, so that long ranges can be measured in pieces;
``... write ROWS.jsonl`` puts the tables between the marks in the document.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.verdict.foreign.__main__ import judge
from tests.verdict.score import (
    KINDS,
    Scored,
    brier,
    calibration,
    calibration_error,
    score_seed,
    share_right,
)

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "methods" / "attribution.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_NAMES: Final = {"simulated": "simulated tables", "foreign": "through files"}


def simulate(first: int, stop: int) -> Iterator[dict[str, Any]]:
    """Yield one row a seed of the simulated tables."""
    for seed in range(first, stop):
        whole, *without = score_seed(seed, KINDS)
        yield _row("simulated", whole, without)


def read_foreign(first: int, stop: int) -> Iterator[dict[str, Any]]:
    """Yield one row a seed of the incidents that go through files."""
    for seed in range(first, stop):
        with tempfile.TemporaryDirectory(prefix="verdict-measure-") as scratch:
            row = judge(seed, Path(scratch) / "evidence", KINDS)
        yield {
            **_row("foreign", row.scored, row.without),
            "is_leak_right": row.leak == row.leak_truth,
            "is_kind_right": row.is_kind_right,
        }


def _row(generator: str, whole: Scored, without: Sequence[Scored]) -> dict[str, Any]:
    scored = asdict(whole)
    scored["simple"] = [None if math.isnan(x) else float(x) for x in whole.simple]
    for name, value in scored.items():
        scored[name] = value.item() if isinstance(value, np.generic) else value
    lacking = {
        kind: [float(one.probability), bool(one.is_right)]
        for kind, one in zip(KINDS, without, strict=False)
    }
    return {"generator": generator, "scored": scored, "without": lacking}


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Put the tables into the document, between its marks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(_BEGIN)
    tail = rest.split(_END)[1]
    tables = "\n".join(_iter_tables(rows))
    DOCUMENT.write_text(f"{head}{_BEGIN}\n{tables}\n{_END}{tail}", encoding="utf-8")


def _iter_tables(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    groups = {
        name: [row for row in rows if row["generator"] == name]
        for name in _NAMES
        if any(row["generator"] == name for row in rows)
    }
    scored = {name: [Scored(**row["scored"]) for row in some] for name, some in groups.items()}
    yield from _summary(groups, scored)
    yield ""
    yield "Reliability: what was said of the first suspect, and how often it was right."
    for name, some in scored.items():
        yield ""
        yield f"| {_NAMES[name]}: said | incidents | mean said | right |"
        yield "|---|---|---|---|"
        for low, high, count, said, right in calibration(some).iter_rows():
            yield f"| {low:.2f} to {high:.2f} | {count} | {said:.2f} | {right:.2f} |"
    yield ""
    yield "Left out, one kind of evidence at a time: right first, and calibration error."
    yield ""
    yield f"| left out | {' | '.join(f'{_NAMES[n]}: right | error' for n in groups)} |"
    yield f"|---|{'---|---|' * len(groups)}"
    for kind in ("", *KINDS):
        cells = [_ablated(some, kind) for some in groups.values()]
        yield f"| {kind or 'nothing'} | {' | '.join(cells)} |"


def _summary(
    groups: dict[str, list[dict[str, Any]]], scored: dict[str, list[Scored]]
) -> Iterator[str]:
    yield f"| | {' | '.join(_NAMES[name] for name in groups)} |"
    yield f"|---|{'---|' * len(groups)}"
    seeds = [f"{some[0].name} to {some[-1].name}" for some in scored.values()]
    yield f"| seeds | {' | '.join(seeds)} |"
    yield _line("right cause first", (f"{share_right(some):.3f}" for some in scored.values()))
    given = (f"{np.mean([s.right_probability for s in some]):.2f}" for some in scored.values())
    yield _line("probability given to it", given)
    for place, name in enumerate(("nearest deploy", "strongest correlation")):
        values = (np.mean([s.simple[place] or 0.0 for s in some]) for some in scored.values())
        yield _line(f"blaming the {name} instead", (f"{value:.3f}" for value in values))
    wrong = (str(sum(s.is_false_accusation for s in some)) for some in scored.values())
    yield _line("innocent change accused above 0.8", wrong)
    yield _line("Brier score", (f"{brier(some):.3f}" for some in scored.values()))
    yield _line("calibration error", (f"{calibration_error(some):.3f}" for some in scored.values()))
    for key, words in (("is_leak_right", "leak or not right"), ("is_kind_right", "kind right")):
        known = (
            np.mean([r[key] for r in some]) if key in some[0] else None for some in groups.values()
        )
        yield _line(words, ("" if value is None else f"{value:.3f}" for value in known))


def _line(name: str, cells: Iterator[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _ablated(rows: Sequence[dict[str, Any]], kind: str) -> str:
    some = [Scored(**row["scored"]) for row in rows]
    if kind:
        told = [row["without"].get(kind) for row in rows]
        some = [
            Scored(**{**row["scored"], "probability": one[0], "is_right": one[1]})
            for row, one in zip(rows, told, strict=True)
            if one is not None
        ]
    return f"{share_right(some):.3f} | {calibration_error(some):.3f}"


def main() -> None:
    """Measure a range, or write what was measured."""
    if sys.argv[1] == "write":
        lines = [x for name in sys.argv[2:] for x in Path(name).read_text().splitlines()]
        write([json.loads(line) for line in lines])
        return
    kind, first, stop, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    measured = {"simulated": simulate, "foreign": read_foreign}[kind](first, stop)
    with out.open("a", encoding="utf-8") as file:
        for row in measured:
            file.write(json.dumps(row) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
