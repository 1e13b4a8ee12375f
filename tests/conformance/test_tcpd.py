"""Change points against human annotators, with the scorer that judges use.

``python -m tests.conformance.test_tcpd`` prints the table of ``docs/methods/change-points.md``.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from forensics.growth import find_change_points
from forensics.readers._numbers import read_numbers

SHARED = Path(__file__).parents[2].parent / "shared"
FOLDER = SHARED / "corpora" / "tcpd"
SCORER = SHARED / "tools" / "score_change_points.py"

needs_corpus = pytest.mark.skipif(
    not (FOLDER.is_dir() and SCORER.is_file()),
    reason="the annotated series aren't beside the project",
)


def load_scorer():
    spec = importlib.util.spec_from_file_location("score_change_points", SCORER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score_all():
    scorer = load_scorer()
    rows = []
    for name, marks in json.loads((FOLDER / "annotations.json").read_text()).items():
        values = read_numbers(FOLDER / f"{name}.json").values
        found = find_change_points(values).indices
        cover = scorer.covering(marks, found, len(values))
        f1 = scorer.f_measure(marks, found, len(values))[0]
        rows.append((name, len(values), len(found), cover, f1))
    return rows


@needs_corpus
def test_one_setting_beats_published_defaults_and_comes_near_one_human():
    rows = score_all()
    assert len(rows) >= 16
    assert np.mean([row[3] for row in rows]) > 0.74
    assert np.mean([row[4] for row in rows]) > 0.80


def main():
    rows = score_all()
    print("| series | samples | found | cover | F1 |")
    print("|---|---:|---:|---:|---:|")
    for name, count, found, cover, f1 in rows:
        print(f"| {name} | {count} | {found} | {cover:.2f} | {f1:.2f} |")
    cover, f1 = (np.mean([row[i] for row in rows]) for i in (3, 4))
    print(f"| **mean** | | | **{cover:.3f}** | **{f1:.3f}** |")


if __name__ == "__main__":
    main()
