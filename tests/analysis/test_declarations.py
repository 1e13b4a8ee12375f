"""Declarations of many styles, each with what a careful reader says of its own numbers."""

from pathlib import Path

import pytest

from forensics.analysis import claims
from forensics.config import Declaration

FOLDER = Path(__file__).parent / "declarations"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def read(name):
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return claims.judge_all(claims.read_declared(Declaration(f"{name}.txt", text))[0], None)


def expected(name):
    lines = (FOLDER / f"{name}.expect").read_text(encoding="utf-8").splitlines()
    return [tuple(part.strip() for part in line.split("|")) for line in lines]


@pytest.mark.parametrize(
    ("name", "quantity", "claimed", "verdict"),
    [pytest.param(n, *row, id=f"{n}-{row[1]}") for n in NAMES for row in expected(n)],
)
def test_a_declaration_of_any_style_is_held_against_itself(name, quantity, claimed, verdict):
    found = [c for c in read(name) if claimed in c.claimed and quantity in c.quantity]
    assert [c.verdict for c in found[:1]] == [verdict]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_called_contradicted_that_its_reader_does_not(name):
    wrong = [claimed for _, claimed, verdict in expected(name) if verdict == "contradicted"]
    said = [c for c in read(name) if c.verdict == "contradicted"]
    assert [c.claimed for c in said if not any(w in c.claimed for w in wrong)] == []


def test_names_addresses_and_tickets_are_no_claims():
    assert [c.claimed for c in read("noise")] == ["4.2 s"]
