"""Patterns that begin, surge or stop with a change are told from those that follow traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from forensics.analysis.log_patterns import Result, compute_shift_p, findings, run
from forensics.tables import empty_table, fit_table

START = datetime(2026, 2, 9, 8, 0, tzinfo=UTC)
DEPLOY = START + timedelta(minutes=60)


def make_logs(rates: dict[str, tuple[float, float]], seed: int = 1) -> pl.LazyFrame:
    """Return two hours of messages at Poisson rates a minute before and after the deploy."""
    random = np.random.default_rng(seed)
    rows = []
    for message, (before, after) in rates.items():
        for minute in range(120):
            count = random.poisson(before if minute < 60 else after)
            for _ in range(count):
                at = START + timedelta(minutes=minute, seconds=float(random.uniform(0, 59)))
                text = message.replace("#", str(random.integers(10**6)))
                rows.append((at, text, f"pod-{random.integers(3)}"))
    rows.sort()
    frame = pl.DataFrame(rows, schema=["time", "message", "host"], orient="row").with_columns(
        level=pl.lit("ERROR"),
        raw_ref=pl.struct(file=pl.lit("app.log"), line=pl.int_range(1, pl.len() + 1)),
        source=pl.lit("app.log"),
    )
    return fit_table("logs", frame).lazy()


def make_changes(*moments: datetime) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "time": list(moments),
            "kind": ["deploy"] * len(moments),
            "what": [f"deploy number {i}" for i in range(len(moments))],
            "source": ["changes.json"] * len(moments),
        }
    )
    return fit_table("changes", frame)


STEADY = {
    "request # served in # ms": (20.0, 20.0),
    "session # opened": (5.0, 5.0),
    "session # closed": (5.0, 5.0),
    "cache miss for key #": (2.0, 2.0),
}


def kinds(result: Result) -> dict[str, str]:
    return dict(result.shifts.select("template", "kind").iter_rows())


def test_a_pattern_that_began_after_the_deploy_is_given_to_it() -> None:
    result = run(make_logs({**STEADY, "pool exhausted by # waiters": (0, 1)}), make_changes(DEPLOY))
    assert kinds(result) == {"pool exhausted by <*> waiters": "first seen"}
    row = result.shifts.row(0, named=True)
    assert row["change"] == "deploy number 0"
    assert row["count_before"] == 0
    assert row["first_at"] >= DEPLOY
    assert row["hosts"] == 3


def test_patterns_that_follow_traffic_are_no_shifts() -> None:
    tripled = {message: (before, 3 * before) for message, (before, _) in STEADY.items()}
    result = run(make_logs({**tripled, "retry # of payment #": (2, 30)}), make_changes(DEPLOY))
    assert kinds(result) == {"retry <*> of payment <*>": "surged"}
    row = result.shifts.row(0, named=True)
    assert row["expected_after"] == pytest.approx(360, rel=0.25)


def test_a_pattern_that_stops_has_vanished() -> None:
    result = run(make_logs({**STEADY, "heartbeat # sent": (1, 0)}), make_changes(DEPLOY))
    assert kinds(result) == {"heartbeat <*> sent": "vanished"}


def test_the_change_nearest_to_the_onset_gets_the_pattern() -> None:
    changes = make_changes(START + timedelta(minutes=20), DEPLOY, DEPLOY + timedelta(minutes=40))
    result = run(make_logs({**STEADY, "pool exhausted by # waiters": (0, 2)}), changes)
    assert result.shifts["change"].to_list() == ["deploy number 1"]


def test_steady_logs_have_no_shift_under_twenty_changes() -> None:
    moments = [START + timedelta(minutes=5 * i) for i in range(1, 21)]
    result = run(make_logs(STEADY, seed=7), make_changes(*moments))
    assert result.shifts.is_empty()
    assert findings(result) == []


def test_one_burst_after_the_deploy_is_not_significant() -> None:
    logs = make_logs(STEADY).collect()
    burst = (
        logs.head(60)
        .with_columns(message=pl.lit("flushed buffer"), time=pl.lit(DEPLOY + timedelta(minutes=30)))
        .cast(dict(logs.schema))
    )
    result = run(pl.concat([logs, burst]).lazy(), make_changes(DEPLOY))
    assert result.shifts.is_empty()


def test_findings_cite_the_first_line_of_the_pattern() -> None:
    result = run(make_logs({**STEADY, "pool exhausted by # waiters": (0, 1)}), make_changes(DEPLOY))
    (finding,) = findings(result)
    assert "pool exhausted by <*> waiters" in finding.text
    assert finding.evidence[0].path == "app.log"
    line = finding.evidence[0].line
    messages = make_logs({**STEADY, "pool exhausted by # waiters": (0, 1)}).collect()["message"]
    assert line is not None
    assert messages[line - 1].startswith("pool exhausted")


def test_empty_tables_give_no_findings() -> None:
    result = run(empty_table("logs").lazy(), empty_table("changes"))
    assert findings(result) == []
    assert result.patterns.is_empty()


def test_without_dispersion_the_p_value_is_the_binomial_tail() -> None:
    before, after = np.array([3, 10, 0]), np.array([12, 10, 5])
    expected = 2 * binom.sf(after - 1, before + after, 0.5)
    got = compute_shift_p(before, after, 0.5, np.ones(3))
    assert got == pytest.approx(np.minimum(1, expected), rel=1e-9)
