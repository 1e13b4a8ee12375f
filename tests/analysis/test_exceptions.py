"""Traces of one fault fall into one group, whatever their messages, lines and languages."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from forensics.analysis._traces import (
    find_application,
    first_application_frame,
    parse_trace,
)
from forensics.analysis.exceptions import UNKNOWN, findings, run
from forensics.tables import empty_table, fit_table
from tests.analysis.log_lines import at, make_logs

JAVA = """com.acme.pay.PayFailed: order {order}
\tat com.acme.pay.Till.close(Till.java:{line})
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.sql.SQLException: pool is empty after {order} ms
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)
\tat com.acme.store.Shelf.find(Shelf.java:{line}) ~[app.jar:1.2]
\t... 12 more"""
PYTHON = """Traceback (most recent call last):
  File "/app/pay/till.py", line {line}, in close
    shelf.find(order)
  File "/app/venv/lib/python3.11/site-packages/lib/db.py", line 3, in find
    raise KeyError(order)
KeyError: {order}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/pay/main.py", line {line}, in serve
    close()
pay.errors.PayFailed: order {order}"""
NODE = """TypeError: Cannot read properties of undefined (reading '{order}')
    at Query.run (/srv/node_modules/pg/lib/query.js:10:{line})
    at async close (/srv/pay/till.js:{line}:7)"""
DOTNET = """System.InvalidOperationException: order {order}
   at Npgsql.NpgsqlConnection.Open()
   at Acme.Pay.Till.Close(Int32 order) in /src/Till.cs:line {line}"""


def events(**versions: str) -> pl.DataFrame:
    rows = [{"entity": entity, "version": version} for entity, version in versions.items()]
    return fit_table("events", pl.DataFrame(rows)) if rows else empty_table("events")


@pytest.mark.parametrize(
    ("text", "chain", "frame"),
    [
        pytest.param(
            JAVA,
            ["com.acme.pay.PayFailed", "java.sql.SQLException"],
            "com.acme.store.Shelf.find",
            id="java",
        ),
        pytest.param(
            PYTHON, ["pay.errors.PayFailed", "KeyError"], "/app/pay/till.py:close", id="python"
        ),
        pytest.param(NODE, ["TypeError"], "/srv/pay/till.js:close", id="javascript"),
        pytest.param(
            DOTNET, ["System.InvalidOperationException"], "Acme.Pay.Till.Close", id="dotnet"
        ),
    ],
)
def test_messages_and_line_numbers_do_not_part_a_fault(
    text: str, chain: list[str], frame: str
) -> None:
    rows = [
        {"s": i, "message": "failed", "exception": text.format(order=1000 + i, line=70 + i)}
        for i in range(5)
    ]
    result = run(logs=make_logs(rows), events=events())
    (group,) = result.groups.to_dicts()
    assert group["count"] == 5
    assert group["chain"] == chain
    assert group["frame"] == frame
    assert (group["first_at"], group["last_at"]) == (at(0), at(4))
    assert (group["file"], group["line"]) == ("app.log", 1)


def test_different_root_causes_are_different_groups() -> None:
    other = JAVA.replace("java.sql.SQLException", "java.io.IOException")
    rows = [
        {"s": i, "message": "failed", "exception": text.format(order=i, line=1)}
        for i, text in enumerate([JAVA, other, JAVA])
    ]
    groups = run(logs=make_logs(rows), events=events()).groups
    assert groups.select("root_cause", "count").rows() == [
        ("java.sql.SQLException", 2),
        ("java.io.IOException", 1),
    ]


def test_counts_go_to_the_version_that_the_host_ran() -> None:
    trace = JAVA.format(order=1, line=2)
    rows = [
        {"s": i, "message": "failed", "exception": trace, "host": host}
        for i, host in enumerate(["a", "a", "b", None])
    ]
    result = run(logs=make_logs(rows), events=events(a="v2", b="v1"))
    assert result.counts.select("version", "host", "count").rows() == [
        ("v2", "a", 2),
        (UNKNOWN, UNKNOWN, 1),
        ("v1", "b", 1),
    ]
    assert result.groups["hosts"].to_list() == [2]


def test_a_host_that_ran_two_versions_counts_for_neither() -> None:
    both = pl.concat([events(a="v1"), events(a="v2")])
    rows = [{"s": 0, "message": "x", "exception": "java.io.IOException: x", "host": "a"}]
    assert run(logs=make_logs(rows), events=both).counts["version"].to_list() == [UNKNOWN]


def test_a_class_name_alone_is_an_exception_without_a_frame() -> None:
    rows = [{"s": 0, "message": "x", "exception": "java.lang.OutOfMemoryError: Java heap space"}]
    (group,) = run(logs=make_logs(rows), events=events()).groups.to_dicts()
    assert (group["root_cause"], group["frame"]) == ("java.lang.OutOfMemoryError", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Process 12 waits for ShareLock on transaction 7", id="prose"),
        pytest.param(
            "java.lang.Thread.State: WAITING (parking)\n\tat a.b.C.d(C.java:1)", id="thread"
        ),
        pytest.param("", id="empty"),
    ],
)
def test_what_names_no_exception_is_none(text: str) -> None:
    rows = [{"s": 0, "message": "x", "exception": text}]
    assert run(logs=make_logs(rows), events=events()).groups.is_empty()


def test_the_application_is_what_most_traces_share_outside_libraries() -> None:
    result = run(
        logs=make_logs(
            [{"s": i, "message": "x", "exception": JAVA.format(order=i, line=i)} for i in range(3)]
            + [
                {
                    "s": 9,
                    "message": "x",
                    "exception": "org.rare.Oops: x\n" + "\tat org.rare.A.b(A.java:1)\n" * 50,
                }
            ]
        ),
        events=events(),
    )
    assert result.application == "com.acme"


def test_made_up_names_of_a_runtime_are_levelled() -> None:
    frames = [
        "com.acme.Till$$Lambda$14/0x00007f.run",
        "com.acme.Till$$Lambda$99/0x00aa11.run",
        "com.acme.Till$$EnhancerBySpringCGLIB$$8a1c.run",
        "com.acme.Till$$EnhancerBySpringCGLIB$$77ff.run",
    ]
    traces = [parse_trace(f"java.io.IOException:\n\tat {frame}(Till.java)") for frame in frames]
    named = [first_application_frame(trace, "com.acme") for trace in traces if trace]
    assert named[0] == named[1]
    assert named[2] == named[3]


def test_without_frames_there_is_no_application() -> None:
    assert find_application([]) is None


def test_findings_point_at_the_first_trace_and_name_the_version() -> None:
    rows = [
        {"s": i, "message": "x", "exception": JAVA.format(order=i, line=i), "host": "a"}
        for i in range(20)
    ]
    (found,) = findings(run(logs=make_logs(rows), events=events(a="v2")))
    assert "PayFailed, caused by SQLException at com.acme.store.Shelf.find: 20 times" in found.text
    assert "100% on version v2" in found.text
    assert found.evidence[0].line == 1


def test_no_logs_give_no_findings() -> None:
    result = run(logs=make_logs([]), events=events())
    assert result.groups.is_empty()
    assert findings(result) == []


def test_groups_come_most_frequent_first() -> None:
    rows = [
        {"s": i, "message": "x", "exception": f"a.b.E{name}: x"} for i, name in enumerate("AABCCC")
    ]
    counts = run(logs=make_logs(rows), events=events()).groups["count"].to_list()
    assert all(a >= b for a, b in pairwise(counts))
