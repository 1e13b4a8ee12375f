"""Score the miner on the labelled logs after changes that leave their labels true.

``python tests/benchmarks/perturbed.py [--seed N]``

Fewer lines (what rare statements need), another language (each word of letters becomes another
one, the same everywhere: what depends on English), other numbers. A method that was fitted to the
lines as they are falls with them.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
from collections.abc import Callable

from heldout import SCORER, load_scorer, score_lines

CORPUS = SCORER.parents[1] / "corpora" / "loghub"
_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{4,}(?![A-Za-z0-9])")
_DIGITS = re.compile(r"[0-9]")
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnpqrstvwxyz"

Rows = list[tuple[str, str]]  # messages, and the event of each


def keep(share: float) -> Callable[[Rows, random.Random], Rows]:
    """Keep a share of the lines, in order."""
    return lambda rows, chance: [row for row in rows if chance.random() < share]


def shuffle(rows: Rows, chance: random.Random) -> Rows:
    """Put the lines in another order."""
    return chance.sample(rows, len(rows))


def translate(rows: Rows, chance: random.Random) -> Rows:
    """Replace each word of four letters or more by an invented one of its length and case."""
    known: dict[str, str] = {}

    def invent(match: re.Match[str]) -> str:
        word = match.group()
        if word.lower() not in known:
            known[word.lower()] = "".join(
                chance.choice(_VOWELS if letter in _VOWELS else _CONSONANTS)
                for letter in word.lower()
            )
        new = known[word.lower()]
        return "".join(n.upper() if w.isupper() else n for n, w in zip(new, word, strict=True))

    return [(_WORD.sub(invent, message), event) for message, event in rows]


def renumber(rows: Rows, chance: random.Random) -> Rows:
    """Replace each digit by another."""
    return [
        (_DIGITS.sub(lambda _: chance.choice("123456789"), message), event)
        for message, event in rows
    ]


CHANGES: dict[str, Callable[[Rows, random.Random], Rows]] = {
    "as they are": keep(2),
    "50 % of lines": keep(0.5),
    "20 % of lines": keep(0.2),
    "shuffled": shuffle,
    "translated": translate,
    "other digits": renumber,
}


def main() -> None:
    """Print one line a change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    scorer = load_scorer()
    systems = {}
    for path in sorted(CORPUS.glob("*/*_structured.csv")):
        with path.open(newline="", encoding="utf-8-sig") as handle:
            systems[path.parent.name] = [
                (row["Content"], row["EventId"]) for row in csv.DictReader(handle)
            ]
    for name, change in CHANGES.items():
        line, ga, fga = "", 0.0, 0.0
        for system, rows in systems.items():
            changed = change(rows, random.Random(f"{arguments.seed} {system}"))
            scores, _ = score_lines(
                scorer, *map(list, zip(*changed, strict=True)), has_header=False
            )
            ga += scores["GA"] / len(systems)
            fga += scores["FGA"] / len(systems)
            line += f" {system} {scores['FGA']:.3f}"
        print(f"{name:<14} GA {ga:.3f} FGA {fga:.3f} |{line}")


if __name__ == "__main__":
    main()
