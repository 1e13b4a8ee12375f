"""Sessions are paired, waits lead to who blocks, statements are ranked by what they cost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.analysis._postgres_lines import normalise_sql
from forensics.analysis.database import Result, findings, run
from tests.analysis.log_lines import at, make_logs

OPEN = "connection authorized: user=shop database=pay application_name=till SSL enabled (protocol)"


def line(s: float, pid: int | None, message: str, **more: Any) -> dict[str, Any]:
    return {
        "s": s,
        "trace_id": None if pid is None else str(pid),
        "message": message,
        "level": "INFO",
        "source": "postgresql.log",
        **more,
    }


def close(s: float, pid: int, length: str = "0:00:10.000") -> dict[str, Any]:
    return line(
        s, pid, f"disconnection: session time: {length} user=shop database=pay host=a port=1"
    )


def judge(*rows: dict[str, Any]) -> Result:
    return run(logs=make_logs(list(rows)))


def test_openings_and_ends_are_paired_by_process() -> None:
    result = judge(line(0, 7, OPEN), line(1, 8, OPEN), close(9, 8), close(10, 7))
    pairs = result.sessions.select("session", "opened_at", "closed_at").sort("session").rows()
    assert pairs == [("7", at(0), at(10)), ("8", at(1), at(9))]
    (user,) = result.users.to_dicts()
    assert (user["user"], user["application"]) == ("shop", "till")
    assert (user["opened"], user["closed"], user["never_closed"], user["peak"]) == (2, 2, 0, 2)
    assert user["peak_at"] == at(1)


def test_a_process_id_given_again_is_another_session() -> None:
    result = judge(line(0, 7, OPEN), close(5, 7), line(6, 7, OPEN))
    assert result.sessions["closed_at"].to_list() == [at(5), None]
    assert result.users["never_closed"].to_list() == [1]


def test_a_session_older_than_the_log_has_its_start_from_its_length() -> None:
    result = judge(line(0, 9, OPEN), close(20, 7, "0:00:30.000"))
    older = result.sessions.filter(pl.col("session") == "7")
    assert older["opened_at"].to_list() == [at(-10)]


def test_a_fatal_error_ends_the_session() -> None:
    fatal = line(1, 7, 'role "shop" does not exist', level="FATAL")
    assert judge(line(0, 7, OPEN), fatal).users["never_closed"].to_list() == [0]


def test_a_restart_ends_all_sessions() -> None:
    start = line(50, None, "database system is ready to accept connections")
    result = judge(line(0, 7, OPEN), start, line(60, 7, OPEN))
    assert result.sessions["closed_at"].to_list() == [at(50), None]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=20))
def test_the_curve_counts_what_brute_force_counts(lives: list[tuple[int, int]]) -> None:
    rows = [row for pid, (start, length) in enumerate(lives) for row in
            (line(start, pid, OPEN), close(start + length, pid))]  # fmt: skip
    curve = judge(*sorted(rows, key=lambda row: row["s"])).concurrency
    expected = Counter[float]()
    moments = {s for start, length in lives for s in (start, start + length)}
    for s in moments:
        expected[s] = sum(start <= s < start + length for start, length in lives)
    found = {row["time"]: row["connections"] for row in curve.to_dicts()}
    assert found == {at(s): expected[s] for s in moments}


def test_a_lock_wait_leads_to_the_head_of_the_chain() -> None:
    result = judge(
        line(0, 7, OPEN),
        line(1, 7, "duration: 5.0 ms  statement: UPDATE till SET n = 1 WHERE id = 4"),
        line(10, 8, "process 8 still waiting for ShareLock on transaction 99 after 1000.5 ms",
             service="shop@pay"),
        line(10, 8, "Process holding the lock: 7. Wait queue: 8, 9."),
        line(10, 8, "UPDATE till SET n = 2 WHERE id = 4"),
        line(11, 9, "process 9 still waiting for ExclusiveLock on tuple (0,1) after 1001 ms"),
        line(11, 9, "Process holding the lock: 8. Wait queue: 9."),
        line(31, 8, "process 8 acquired ShareLock on transaction 99 after 21000.0 ms"),
    )  # fmt: skip
    assert result.waits.select("waiter", "mode", "waited_ms", "holders").rows() == [
        ("8", "ShareLock", 1000.5, ["7"]),
        ("9", "ExclusiveLock", 1001.0, ["8"]),
        ("8", "ShareLock", 21000.0, None),
    ]
    assert result.waits["statement"][0] == "UPDATE till SET n = 2 WHERE id = 4"
    assert result.blockers.select("holder", "waits_itself").rows() == [("7", False), ("8", True)]
    assert result.blockers["statement"][0] == "UPDATE till SET n = 1 WHERE id = 4"
    text = " ".join(getattr(found, "text", "") for found in findings(result))
    assert "Session 7 held a lock that 1 session waited for" in text
    assert "Session 8 held" not in text


def test_a_record_with_its_detail_inside_is_read_too() -> None:
    message = (
        "process 8 still waiting for ShareLock on transaction 99 after 1000.5 ms\n"
        "DETAIL: Process holding the lock: 7. Wait queue: 8.\n"
        "STATEMENT: UPDATE till SET n = 2"
    )
    result = judge(line(0, 8, message))
    (wait,) = result.waits.to_dicts()
    assert (wait["holders"], wait["statement"]) == (["7"], "UPDATE till SET n = 2")


def test_statements_are_ranked_by_total_time_without_their_values() -> None:
    result = judge(
        *(line(i, 7, f"duration: 100.0 ms  execute <unnamed>: SELECT a FROM t WHERE id IN ({i}, 2)")
          for i in range(5)),
        line(9, 7, "duration: 300.0 ms  statement: VACUUM t"),
    )  # fmt: skip
    assert result.statements.select("statement", "calls", "total_ms", "longest_ms").rows() == [
        ("SELECT a FROM t WHERE id IN (?)", 5, 500.0, 100.0),
        ("VACUUM t", 1, 300.0, 300.0),
    ]
    assert result.statements["line"][1] == 6


def test_a_duration_alone_belongs_to_the_statement_before_it() -> None:
    result = judge(line(0, 7, "statement: SELECT 1"), line(1, 7, "duration: 12.5 ms"))
    assert result.statements.select("statement", "total_ms").rows() == [("SELECT ?", 12.5)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT ?"),
        ("select  'a''b' ,  $1;", "select ? , ?"),
        ("INSERT INTO t VALUES (1, 'x'), (2, 'y')", "INSERT INTO t VALUES (?)"),
        ("SELECT /* tag 7 */ a1 -- x\nFROM t2", "SELECT a1 FROM t2"),
        ("SELECT E'it\\'s' , 1.5", "SELECT ? , ?"),
    ],
)
def test_literals_are_levelled(sql: str, expected: str) -> None:
    assert pl.select(normalise_sql(pl.lit(sql))).item() == expected


def test_time_between_statements_of_a_transaction_is_idle() -> None:
    result = judge(
        line(0, 7, OPEN),
        line(1, 7, "duration: 0.1 ms  statement: BEGIN"),
        line(2, 7, "duration: 5.0 ms  statement: SELECT 1", service="shop@pay"),
        line(302, 7, "duration: 1000.0 ms  statement: UPDATE t SET a = 1"),
        line(303, 7, "duration: 0.1 ms  statement: COMMIT"),
        line(900, 7, "duration: 0.1 ms  statement: SELECT 2"),
    )
    (idle,) = result.idle.to_dicts()
    assert (idle["session"], idle["idle_from"], idle["user"]) == ("7", at(2), "shop")
    assert idle["idle_s"] == pytest.approx(299.0)


def test_checkpoints_have_a_cause_and_a_length() -> None:
    result = judge(
        line(0, 1, "checkpoint starting: wal"),
        line(9, 1, "checkpoint complete: wrote 30 buffers (0.4%); write=1.0 s, total=9.250 s; x"),
    )
    assert result.checkpoints.select("cause", "buffers", "total_s").rows() == [("wal", 30, 9.25)]


def test_refused_clients_are_counted() -> None:
    rows = [
        line(i, 7 + i, "sorry, too many clients already", level="FATAL", service="shop@pay")
        for i in range(3)
    ]
    result = judge(line(0, 1, "checkpoint starting: time"), *rows)
    assert result.rejections.select("user", "count", "first_at").rows() == [("shop", 3, at(0))]


def test_an_application_that_quotes_the_server_is_no_server() -> None:
    row = {"s": 0, "message": "pool init failed. FATAL: too many connections for role x"}
    assert run(logs=make_logs([row])).lines == 0


def test_no_logs_give_nothing() -> None:
    result = run(logs=make_logs([]))
    assert result.lines == 0
    assert findings(result) == []
