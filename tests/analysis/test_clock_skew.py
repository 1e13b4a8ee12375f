"""Clocks that differ are told from requests that take a while."""

from __future__ import annotations

from typing import Any

import pytest

from forensics.analysis.clock_skew import findings, run
from tests.analysis.log_lines import make_logs


def requests(count: int, skew_s: float, takes_s: float = 0.2) -> list[dict[str, Any]]:
    """Return what a caller and a callee log of some requests."""
    rows = []
    for i in range(count):
        key = {"trace_id": f"trace-{i:04d}", "message": "step"}
        rows += [
            {"s": i, "host": "a", **key},
            {"s": i + takes_s / 4 + skew_s, "host": "b", **key},
            {"s": i + 3 * takes_s / 4 + skew_s, "host": "b", **key},
            {"s": i + takes_s, "host": "a", **key},
        ]
    return rows


@pytest.mark.parametrize("skew_s", [12.5, -300.0])
def test_the_skew_is_found_with_its_sign(skew_s: float) -> None:
    result = run(logs=make_logs(requests(30, skew_s)))
    (row,) = result.skew.to_dicts()
    assert (row["host"], row["reference"], row["shared"]) == ("b", "a", 30)
    assert row["skew_s"] == pytest.approx(skew_s, abs=1e-3)
    (found,) = findings(result)
    assert ("ahead of" in found.text) == (skew_s > 0)


def test_equal_clocks_give_no_finding() -> None:
    assert findings(run(logs=make_logs(requests(30, 0.0)))) == []


def test_few_shared_requests_tell_nothing() -> None:
    assert run(logs=make_logs(requests(5, 60.0))).skew.is_empty()


def test_no_logs_give_nothing() -> None:
    assert findings(run(logs=make_logs([]))) == []
