"""Unified collection logs with whatever decorations ``-Xlog`` was given.

The lines are what OpenJDK 17 and 25 print with these options.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from forensics.readers import Source
from forensics.readers._contract import Reading
from forensics.readers.logs._parse import _reading

PAUSE = "GC({i}) Pause Young (Normal) (G1 Evacuation Pause) 23M->4M(32M) 1.50{i}ms"
AT = datetime(2026, 11, 26, 3, 27, 19, 331000, UTC)


def read(tmp_path: Path, decorations: str, first: str = "Using G1") -> Reading:
    path = tmp_path / "gc.log"
    lines = [first, *(PAUSE.format(i=i) for i in range(5))]
    path.write_text("".join(f"{decorations}{' ' if decorations else ''}{x}\n" for x in lines))
    return _reading(Source(path), None)


@pytest.mark.parametrize(
    ("decorations", "uptime_s", "time"),
    [
        pytest.param("[2.500s]", 2.5, None, id="uptime"),
        pytest.param("", None, None, id="none"),
        pytest.param("[1795663639331ms][gc]", None, AT, id="timemillis"),
        pytest.param("[1795663639331ms][2500ms][vm][7][8][info][gc]", 2.5, AT, id="both millis"),
        pytest.param("[4080067136034ns][2500000000ns][gc]", 2.5, None, id="both nanos"),
        pytest.param("[2500000000ns][7][8][info ][gc      ]", 2.5, None, id="uptimenanos"),
        pytest.param("[2026-11-26T03:27:19.331+0000][15459]", None, AT, id="time and pid"),
        pytest.param("[15459][2.500s][os,thread][info]", 2.5, None, id="all tags"),
    ],
)
def test_collections_are_read_under_any_decoration(
    tmp_path: Path, decorations: str, uptime_s: float | None, time: datetime | None
) -> None:
    reading = read(tmp_path, decorations)
    gc = reading.table("gc")
    assert reading.reader == "gc_unified"
    assert reading.counts == {
        "lines": 6, "events": 6, "continuations": 0, "raw": 0, "collections": 5,
    }  # fmt: skip
    row = gc.row(3, named=True)
    assert (row["uptime_s"], row["time"], row["collector"]) == (uptime_s, time, "G1")
    assert (row["pause_ms"], row["heap_after_bytes"]) == (1.503, 4 << 20)


def test_a_first_line_tells_the_jvm_where_nothing_was_collected(tmp_path: Path) -> None:
    path = tmp_path / "gc.log"
    path.write_text("[2026-11-26T03:27:19.331+0000][7] Using Epsilon\n" * 3)
    assert _reading(Source(path), None).reader == "gc_unified"


def test_stalls_between_undecorated_collections_are_the_jvms(tmp_path: Path) -> None:
    path = tmp_path / "gc.log"
    lines = ["Using The Z Garbage Collector"]
    for i in range(5):
        lines += [f"GC({i}) Garbage Collection (Warmup) 24M(25%)->20M(21%)"]
        lines += [f"Allocation Stall (main) {n}.139ms" for n in range(3)]
    path.write_text("\n".join(lines))
    reading = _reading(Source(path), None)
    assert (reading.reader, reading.counts["collections"]) == ("gc_unified", 5)


def test_an_application_with_brackets_is_no_jvm(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("[2026-11-26T03:27:19.331+0000][7][info] Using G1 batteries\n" * 9)
    assert _reading(Source(path), None).reader != "gc_unified"
