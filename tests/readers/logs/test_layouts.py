"""Layouts that frameworks write by default: time, level, logger and message of the second event."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.readers import Source
from forensics.readers.logs._parse import _reading

CLOCK = "14:23:01"


def two(i: int) -> str:
    return f"{i:02d}"


@pytest.mark.parametrize(
    ("line", "level", "logger", "message"),
    [
        pytest.param(
            "2026-02-09T14:23:{i}.123Z  WARN 1 --- [pay] [exec-1] c.a.p.Payments : paid {i}",
            "WARN", "c.a.p.Payments", "paid 01", id="spring boot",
        ),
        pytest.param(
            "Feb 09, 2026 2:23:{i} PM org.acme.Main run\nSEVERE: hello {i}",
            "ERROR", "org.acme.Main", "hello 01", id="java.util.logging",
        ),
        pytest.param(
            "2/19/2026 2:23:{i} PM INFO hello {i}", "INFO", None, "hello 01", id="twelve hours",
        ),
        pytest.param(
            "[2026-02-09 14:23:{i},123: INFO/MainProcess] Task add[{i}] received",
            "INFO", None, "Task add[01] received", id="celery",
        ),
        pytest.param(
            'I, [2026-02-09T14:23:{i}.123456 #10{i}]  INFO -- : Started GET "/{i}"',
            "INFO", None, 'Started GET "/01"', id="rails",
        ),
        pytest.param(
            "[2026-02-09T14:23:{i}Z INFO  acme::module] hello {i}",
            "INFO", "acme::module", "hello 01", id="rust env_logger",
        ),
        pytest.param(
            "2026-02-09T14:23:{i}.123456Z  INFO acme::module: hello n={i}",
            "INFO", "acme::module", "hello n=01", id="rust tracing",
        ),
        pytest.param(
            "2026-02-09 14:23:{i}.1234|ERROR|Acme.Program|hello {i}",
            "ERROR", "Acme.Program", "hello 01", id="NLog",
        ),
        pytest.param(
            "2026-02-09T14:23:{i}.123Z\tINFO\tmain/main.go:23\thello {i}",
            "INFO", "main/main.go:23", "hello 01", id="zap console",
        ),
        pytest.param(
            "[Mon Feb 09 14:23:{i}.123456 2026] [core:error] [pid 3:tid 4] [client 1.2.3.4] no {i}",
            "ERROR", None, "no 01", id="Apache error log",
        ),
        pytest.param(
            "INFO  [main] 2026-02-09 14:23:{i},123 StorageService.java:123 - hello {i}",
            "INFO", "StorageService.java:123", "hello 01", id="cassandra",
        ),
        pytest.param(
            "2026-02-09 14:23:{i},123 [main] WARN  org.acme.Till.pay(Till.java:42) - hello {i}",
            "WARN", "org.acme.Till.pay(Till.java:42)", "hello 01", id="log4j caller",
        ),
        pytest.param(
            "7:M 09 Feb 2026 14:23:{i}.123 # hello {i}", "WARN", "master", "hello 01", id="Redis",
        ),
        pytest.param(
            "[2026-02-09T14:23:{i}.123456+00:00] app.NOTICE: hello {i} [] []",
            "INFO", "app", "hello 01 [] []", id="Monolog",
        ),
        pytest.param(
            '{{"t":{{"$date":"2026-02-09T14:23:{i}.123+00:00"}},"s":"W","c":"NETWORK",'
            '"msg":"hello {i}"}}',
            "WARN", "NETWORK", "hello 01", id="MongoDB",
        ),
    ],
)  # fmt: skip
def test_the_second_event_is_read_right(
    tmp_path: Path, line: str, level: str, logger: str | None, message: str
) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(line.format(i=two(i)) + "\n" for i in range(12)))
    reading = _reading(Source(path), None)
    row = reading.table("logs").row(1, named=True)
    assert f"{row['time']:%Y-%m %H:%M:%S}" == f"2026-02 {CLOCK}"
    assert row["time"].day == (19 if "/19/" in line else 9)
    assert (row["level"], row["logger"], row["message"]) == (level, logger, message)
    assert reading.counts["events"] == 12
    assert reading.counts["raw"] == 0
    assert reading.counts["lines"] == 12 + reading.counts["continuations"]


@pytest.mark.parametrize(
    ("line", "level", "logger"),
    [
        pytest.param("WARNING:shop.pay:hello {i}", "WARN", "shop.pay", id="basicConfig"),
        pytest.param("ERROR:    hello {i}", "ERROR", None, id="uvicorn"),
        pytest.param("1{i} [main] DEBUG org.acme.Sort - hello {i}", "DEBUG", "org.acme.Sort",
                     id="log4j relative"),
        pytest.param("[INFO] hello {i}", "INFO", None, id="Maven"),
        pytest.param("FATAL - hello {i}", "FATAL", None, id="SimpleLayout"),
    ],
)  # fmt: skip
def test_lines_without_a_time_are_events_in_order(
    tmp_path: Path, line: str, level: str, logger: str | None
) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(line.format(i=two(i)) + "\n" for i in range(12)))
    reading = _reading(Source(path), None)
    row = reading.table("logs").row(1, named=True)
    assert reading.reader == "undated"
    assert (row["time"], row["level"], row["logger"]) == (None, level, logger)
    assert row["message"] == "hello 01"
    assert reading.counts == {"lines": 12, "events": 12, "continuations": 0, "raw": 0}
    assert "no time" in reading.notes[0]


def test_relative_milliseconds_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1500 [main] INFO org.acme.Sort - populating\n" * 3)
    attributes = _reading(Source(path), None).table("logs")["attributes"][0]
    assert attributes.to_list() == [{"name": "uptime_s", "value": "1.5"}]


def test_a_line_alone_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2026-02-09 14:23:01,123 INFO [main] o.a.Main - alone")
    assert _reading(Source(path), None).counts["events"] == 1


def test_a_line_beyond_its_limit_is_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    start = "2026-02-09 14:23:01,123 INFO [main] o.a.Main - "
    path.write_text(f"{start}a\n{start}{'x' * 20_000_000}\n{start}b\n")
    reading = _reading(Source(path), None)
    assert reading.counts == {"lines": 3, "events": 3, "continuations": 0, "raw": 0}
    assert reading.damage["what"].to_list() == ["line of more than 1048576 bytes"]
    assert reading.table("logs")["message"].str.len_bytes().max() <= 1 << 20


def test_the_process_of_a_syslog_line_is_an_attribute_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text("Feb  9 14:23:01 host1 sshd[4711]: session opened\n" * 3)
    row = _reading(Source(path), None).table("logs").row(0, named=True)
    assert row["attributes"] == [{"name": "process_id", "value": "4711"}]
    assert row["trace_id"] is None


@pytest.mark.parametrize(
    "stamp", ["1970-01-01 00:00:00", "2262-04-11 23:47:17", "9999-12-31 23:59:59"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("on", "off"), [("", ""), ("\x1b[32m", "\x1b[0m")], ids=["", "coloured"])
def test_times_far_from_today_are_read(
    tmp_path: Path, stamp: str, end: str, on: str, off: str
) -> None:
    path = tmp_path / "a.log"
    line = f"{on}{stamp}.000{off} INFO [main] o.a.Main - hello"
    path.write_bytes(end.join([line] * 4).encode())
    reading = _reading(Source(path), None)
    row = reading.table("logs").row(3, named=True)
    assert (f"{row['time']:%Y-%m-%d %H:%M:%S}", row["message"]) == (stamp, "hello")
    assert reading.counts == {"lines": 4, "events": 4, "continuations": 0, "raw": 0}
