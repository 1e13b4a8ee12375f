"""Collections are summed up by process; rates stay within a log, the floor is what survives."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from forensics.analysis.gc_activity import Result, findings, run
from forensics.tables import empty_table, fit_table
from tests.analysis.log_lines import at, make_logs

MIB = 2**20


def pause(s: float, before: int | None, after: int | None, **more: Any) -> dict[str, Any]:
    return {
        "time": at(s),
        "uptime_s": s,
        "entity": "pay-1",
        "gc_id": int(s),
        "collector": "G1",
        "kind": "young",
        "cause": "G1 Evacuation Pause",
        "pause_ms": 10.0,
        "heap_before_bytes": None if before is None else before * MIB,
        "heap_after_bytes": None if after is None else after * MIB,
        "source": "gc.log",
        **more,
    }


def judge(rows: list[dict[str, Any]], lines: list[dict[str, Any]] | None = None) -> Result:
    table = fit_table("gc", pl.DataFrame(rows, infer_schema_length=None))
    return run(gc=table, logs=make_logs(lines or []))


def test_pauses_throughput_and_rates_are_those_computed_by_hand() -> None:
    rows = [pause(0, 100, 20), pause(50, 120, 30), pause(100, 130, 25, pause_ms=80.0)]
    (row,) = judge(rows).activity.to_dicts()
    assert (row["pauses"], row["pause_total_ms"], row["pause_max_ms"]) == (3, 100.0, 80.0)
    assert (row["pause_max_at"], row["pause_max_gc_id"]) == (at(100), 100)
    assert row["throughput"] == pytest.approx(1 - 0.1 / 100)
    assert row["allocation_bytes_per_s"] == pytest.approx((100 + 100) * MIB / 100)
    assert row["promotion_bytes_per_s"] == pytest.approx(10 * MIB / 100)


def test_rates_do_not_cross_from_one_log_to_the_next() -> None:
    rows = [
        pause(0, 100, 90),
        pause(10, 190, 95),
        pause(0, 10, 5, source="gc.1.log"),
        pause(10, 15, 5, source="gc.1.log"),
    ]
    (row,) = judge(rows).activity.to_dicts()
    assert row["observed_s"] == 20
    assert row["allocation_bytes_per_s"] == pytest.approx(110 * MIB / 20)


def test_the_floor_is_what_full_collections_leave() -> None:
    rows = [pause(s, 100, 60) for s in range(0, 100, 5)]
    rows += [pause(s + 1, 60, 20 + s // 10, kind="full") for s in range(0, 100, 10)]
    result = judge(rows)
    assert result.floor["kind"].unique().to_list() == ["full"]
    (row,) = result.activity.to_dicts()
    assert row["floor_bytes_per_min"] == pytest.approx(6 * MIB)
    assert row["floor_low_bytes_per_min"] <= row["floor_bytes_per_min"]
    assert (row["full"], row["young"]) == (10, 20)


def test_without_full_collections_mixed_ones_give_the_floor() -> None:
    rows = [pause(0, 100, 60), pause(1, 60, 30, kind="mixed")]
    assert judge(rows).floor["floor_bytes"].to_list() == [30 * MIB]


def test_with_young_ones_alone_the_lowest_of_eight_gives_the_floor() -> None:
    rows = [pause(s, 100, 50 + s % 8) for s in range(16)]
    assert judge(rows).floor["floor_bytes"].to_list() == [50 * MIB, 50 * MIB]


def test_a_level_floor_has_no_slope() -> None:
    rows = [pause(s, 60, 20, kind="full") for s in range(8)]
    assert judge(rows).activity["floor_bytes_per_min"].to_list() == [0.0]


def test_failures_are_counted_once_a_collection() -> None:
    texts = [
        "GC(3) To-space exhausted",
        "GC(3) Pause Young (Normal) (G1 Evacuation Pause) (Evacuation Failure) 1M->1M(2M) 3ms",
        "GC(4) To-space exhausted",
        "Allocation Stall (main) 12.5ms",
    ]
    lines = [{"s": i, "message": text, "source": "gc.log"} for i, text in enumerate(texts)]
    lines.append({"s": 9, "message": "GC(9) To-space exhausted", "source": "other.log"})
    (row,) = judge([pause(0, 100, 20)], lines).activity.to_dicts()
    assert (row["evacuation_failures"], row["allocation_stalls"]) == (2, 1)


def test_causes_are_summed() -> None:
    rows = [
        pause(0, 9, 1, cause="G1 Humongous Allocation"),
        pause(1, 9, 1, cause="System.gc()", kind="full"),
        pause(2, 9, 1, cause="Metadata GC Threshold"),
    ]
    (row,) = judge(rows).activity.to_dicts()
    assert (row["humongous"], row["explicit"], row["metadata"]) == (1, 1, 1)


def test_a_log_without_sizes_has_no_rates() -> None:
    (row,) = judge([pause(0, None, None), pause(5, None, None)]).activity.to_dicts()
    assert row["allocation_bytes_per_s"] is None
    assert row["floor_bytes_per_min"] is None
    assert row["throughput"] == pytest.approx(1 - 0.02 / 5)


def test_one_collection_alone_has_no_throughput() -> None:
    assert judge([pause(0, 9, 1)]).activity["throughput"].to_list() == [None]


def test_findings_name_the_longest_pause() -> None:
    (found,) = findings(judge([pause(0, 100, 20), pause(7, 120, 30, pause_ms=99.0)]))
    assert "2 pauses, the longest 99 ms" in found.text
    assert (found.evidence[0].path, found.evidence[0].query) == ("gc.log", "GC(7)")


def test_no_collections_give_nothing() -> None:
    result = run(gc=empty_table("gc"), logs=make_logs([]))
    assert result.activity.is_empty()
    assert findings(result) == []
