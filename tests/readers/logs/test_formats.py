"""Formats of fixed layout: what their samples hold, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.readers import read_file

SAMPLES = Path(__file__).parents[2] / "samples" / "logs"


def read(name):
    return read_file(next(p for p in (SAMPLES / name).iterdir() if p.name != "ORIGIN.md"))


@pytest.mark.parametrize(
    ("name", "counts", "first"),
    [
        ("access_combined", (2, 2, 0, 0), {"host": "10.0.0.1", "level": "INFO"}),
        (
            "alb",
            (2, 2, 0, 0),
            {"level": "ERROR", "trace_id": "1-58337262-36d228ad5d99923122bbe354"},
        ),
        ("klog", (2, 2, 0, 0), {"logger": "kubelet.go:2211", "level": "INFO"}),
        ("redis", (15, 15, 0, 0), {"logger": "child", "level": "WARN"}),
        ("laravel", (8, 3, 5, 0), {"logger": "production", "level": "INFO"}),
        ("weblogic", (6, 3, 3, 0), {"service": "orders", "trace_id": "6f1c-4d"}),
        (
            "undated",
            (24, 13, 11, 0),
            {"level": "INFO", "message": "Started server process [10442]"},
        ),
        ("syslog", (2, 2, 0, 0), {"host": "node1", "logger": "kernel"}),
        ("kernel", (3, 3, 0, 0), {"logger": "kernel", "time": None}),
        ("logfmt", (2, 2, 0, 0), {"message": 'request "done"', "logger": "api"}),
        ("postgres_log", (5, 4, 1, 0), {"service": "pay@shop", "trace_id": "42", "level": "INFO"}),
        (
            "postgres_csvlog",
            (3, 2, 1, 0),
            {"service": "pay@shop", "host": "10.0.0.1", "logger": "app"},
        ),
        ("postgres_jsonlog", (2, 2, 0, 0), {"level": "ERROR", "host": "10.0.0.1"}),
        ("journald", (2, 2, 0, 0), {"host": "node1", "logger": "kubelet", "level": "INFO"}),
        ("cri", (6, 3, 3, 0), {"host": "pay-1", "level": "ERROR", "message": "boom"}),
        ("docker_json", (3, 2, 1, 0), {"level": "INFO", "message": "started"}),
        ("cloudwatch_logs", (4, 2, 2, 0), {"host": "pay/1", "level": "INFO", "message": "started"}),
    ],
)
def test_counts_and_first_event_of_a_sample(name, counts, first) -> None:
    reading = read(name)
    names = ("lines", "events", "continuations", "raw")
    assert tuple(reading.counts[key] for key in names) == counts
    row = reading.table("logs").row(0, named=True)
    assert {key: row[key] for key in first} == first
    assert reading.damage.is_empty()


@pytest.mark.parametrize("name", ["syslog", "kernel", "journald"])
def test_a_kernel_kill_is_an_event_of_its_victim(name) -> None:
    event = read(name).table("events").row(0, named=True)
    assert (event["kind"], event["entity"]) == ("oom_kill", "java[4242]")


def test_a_cut_container_line_is_whole_again() -> None:
    messages = read("cri").table("logs")["message"].to_list()
    assert messages == ["boom", "cut in two", "Picked up JAVA_TOOL_OPTIONS: -Xmx7g"]


def test_a_thread_dump_gives_states_frames_and_waits() -> None:
    thread = read("thread_dump").table("threads").row(0, named=True)
    assert (thread["name"], thread["state"]) == ("main", "TIMED_WAITING")
    assert thread["waiting_on"] == "0x00000000f0000001"
    assert len(thread["frames"]) == 2


def test_a_fatal_error_report_gives_its_facts() -> None:
    reading = read("hs_err")
    assert reading.details["elapsed"] == "12.5"
    assert (
        "Out of Memory Error" in reading.details["error"]
        or "insufficient" in reading.details["error"]
    )


def test_a_class_histogram_gives_classes_and_bytes() -> None:
    table = read("class_histogram").table("histogram")
    assert table["class"].to_list() == ["[B", "shop.pay.Session"]
    assert table["shallow_bytes"].sum() == 98_765_432 + 1_876_000
