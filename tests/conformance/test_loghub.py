"""The miner on labelled logs of real systems, scored by their own scorer."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from forensics.patterns.lines import LinePatterns, mine_lines

SHARED = Path(__file__).parents[2].parent / "shared"
CORPUS = SHARED / "corpora" / "loghub"
SCORER = SHARED / "tools" / "score_log_templates.py"

pytestmark = pytest.mark.skipif(
    not (CORPUS.is_dir() and SCORER.is_file()), reason="the labelled logs are not here"
)


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_log_templates", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(scorer: ModuleType, system: Path, found: LinePatterns) -> dict[str, float]:
    ids = found.patterns.templates["template_id"].to_list()
    texts = found.patterns.templates["template"].to_list()
    predicted = {
        str(i): (ids[row], texts[row]) for i, row in enumerate(found.line_templates, start=1)
    }
    truth = scorer.read_rows(system / f"{system.name}_2k.log_structured.csv", True)
    return scorer.score(truth, predicted)


def average(scores: list[dict[str, float]], name: str) -> float:
    return sum(one[name] for one in scores) / len(scores)


def test_messages_of_all_systems_group_as_labelled(scorer: ModuleType) -> None:
    scores = []
    for system in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        labels = system / f"{system.name}_2k.log_structured.csv"
        with labels.open(newline="", encoding="utf-8-sig") as handle:
            messages = [row["Content"] for row in csv.DictReader(handle)]
        found = mine_lines(["\n".join(messages).encode()], has_header=False)
        scores.append(score(scorer, system, found))
    assert average(scores, "GA") >= 0.99
    assert average(scores, "FGA") >= 0.98


def test_raw_files_group_as_labelled(scorer: ModuleType) -> None:
    scores = []
    for system in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        data = (system / f"{system.name}_2k.log").read_bytes()
        scores.append(score(scorer, system, mine_lines([data], has_header=True)))
    assert average(scores, "GA") >= 0.99
    assert average(scores, "FGA") >= 0.98
