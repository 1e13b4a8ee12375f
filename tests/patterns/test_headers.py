"""Headers of layouts that real programs write are taken off, and nothing else."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from synthetic import make_log

from forensics.patterns.headers import infer_header


def _two(r: random.Random) -> str:
    return f"{r.randrange(60):02d}"


LAYOUTS: dict[str, Callable[[random.Random], str]] = {
    "logcat": lambda r: (
        f"03-17 16:13:{_two(r)}.811  {r.randrange(9999)}  17 {r.choice('VDIWE')} Tag: "
    ),
    "error_log": lambda r: f"[Sun Dec 04 04:47:{_two(r)} 2005] [{r.choice(['notice', 'error'])}] ",
    "ras": lambda r: (
        f"- 11178{r.randrange(99999):05d} 2005.06.03 R02-M1-N0 2005-06-03-15.42.50.6758 R02-M1-N0 "
        f"RAS {r.choice(['KERNEL', 'APP'])} {r.choice(['INFO', 'FATAL'])} "
    ),
    "log4j": lambda r: (
        f"2015-10-18 18:01:47,{r.randrange(999):03d} {r.choice(['INFO', 'WARN'])} "
        f"[{r.choice(['main', 'IPC Server handler 0 on 62270'])}] org.acme.app.{r.choice('ABC')}: "
    ),
    "pipes": lambda r: f"20171223-22:15:{_two(r)}:606|{r.choice(['Step_A', 'Step_B'])}|30002312|",
    "syslog": lambda r: (
        f"Dec {r.randrange(1, 28):2d} 06:55:{_two(r)} host-1 {r.choice(['sshd', 'cron'])}[7]: "
    ),
    "request ids": lambda r: (
        f"api.log 2017-05-16 00:00:{_two(r)}.008 25746 {r.choice(['INFO', 'WARNING'])} "
        f"nova.{r.choice(['wsgi.server', 'manager'])} {r.choice(['[req-38 113d - - -]', '[-]'])} "
    ),
    "boot": lambda r: f"2024-01-02T10:11:{_two(r)}.123Z  INFO 1 --- [main] c.a.b.Foo  : ",
    "none": lambda r: "",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_header_ends_where_the_message_begins(layout: str) -> None:
    r = random.Random(3)
    messages = [m for style in ("web", "cloud", "phone") for m in make_log(style, 1, 400)[0]]
    lines = [LAYOUTS[layout](r) + message for message in messages]
    header = infer_header(lines)
    left = [re.sub(header, "", line, count=1) if header else line for line in lines]
    wrong = [(a, b) for a, b in zip(left, messages, strict=True) if a != b]
    assert len(wrong) <= 0.01 * len(messages), wrong[:3]


def test_a_stack_trace_has_no_header() -> None:
    r = random.Random(3)
    header = infer_header([LAYOUTS["log4j"](r) + "all is well" for _ in range(50)])
    assert re.match(header, "\tat org.acme.Foo.bar(Foo.java:17)") is None
    assert re.match(header, "java.lang.OutOfMemoryError: Java heap space") is None


def test_no_lines_have_no_header() -> None:
    assert infer_header([]) == ""
