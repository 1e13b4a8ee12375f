"""A bounded run of the fuzzer: half a processor second a target, seeded."""

from __future__ import annotations

import pytest

from tests.fuzz.harness import fuzz
from tests.fuzz.targets import find_targets

TARGETS = find_targets()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_broken_evidence_gives_a_reading_or_a_typed_error_within_limits(name, tmp_path) -> None:
    tally = fuzz(TARGETS[name], 0.4, seed=20260209, work=tmp_path)
    assert tally.inputs > 0
    assert not tally.crashes, next(iter(tally.crashes.values()))
