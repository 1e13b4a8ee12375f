"""The rubric over a report of evidence that real programs wrote; see ``judge`` for all of it."""

from __future__ import annotations

import pytest

from tests.report.judge import INCIDENTS, judge


@pytest.mark.slow
def test_the_report_of_a_recorded_incident_passes_every_check(tmp_path) -> None:
    assert judge(INCIDENTS / "lab-leak-after-deploy", tmp_path) == []
