from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from forensics.analysis import lifetimes, memory_growth, roles
from forensics.analysis._lives import collect_lives
from forensics.findings import Growth
from forensics.tables import GC, METRICS, empty_table, fit_table, label_pairs

START = datetime(2026, 2, 9, 8, tzinfo=UTC)
MINUTES = 600


def series(metric, pod, values, *, labels=None):
    names = {"pod": pod, **(labels or {})}
    times = [START + timedelta(minutes=k) for k in range(len(values))]
    frame = pl.DataFrame(
        {
            "time": pl.Series(times, dtype=METRICS["time"]),
            "metric": metric,
            "entity": pod,
            "labels": pl.Series([label_pairs(names)] * len(values), dtype=METRICS["labels"]),
            "value": pl.Series(np.asarray(values, dtype=float)),
        }
    )
    return fit_table("metrics", frame)


def flat(level=1e9, seed=0, rate=0.0):
    noise = np.random.default_rng(seed).normal(size=MINUTES)
    return level + rate * np.arange(MINUTES) + 2e6 * noise


def judge(*frames, events=None, gc=None, limit_bytes=None):
    table = pl.concat(frames) if frames else empty_table("metrics")
    named = roles.run(metrics=table)
    lives = lifetimes.run(roles=named, events=empty_table("events") if events is None else events)
    return memory_growth.run(
        roles=named,
        lifetimes=lives,
        gc=empty_table("gc") if gc is None else gc,
        limit_bytes=limit_bytes,
    )


RSS = "container_memory_rss"
HEAP = "jvm_memory_used_bytes"
IS_HEAP = {"area": "heap"}


def test_empty_tables_say_unknown():
    result = judge()
    assert (result.leak, result.kind) == ("unknown", "unknown")
    assert memory_growth.findings(result) == []
    assert "No memory series" in memory_growth.summarise(result)


def test_resident_memory_that_grows_over_a_steady_heap_is_an_offheap_leak():
    result = judge(
        series(HEAP, "api-1", flat(), labels=IS_HEAP),
        series(RSS, "api-1", flat(2e9, seed=1, rate=1e6)),
    )
    assert (result.leak, result.kind) == ("yes", "offheap")


def test_a_growing_heap_is_a_heap_leak():
    result = judge(series(HEAP, "api-1", flat(rate=1e6), labels=IS_HEAP))
    assert (result.leak, result.kind) == ("yes", "heap")


def test_steady_memory_is_no_leak():
    result = judge(series(RSS, "api-1", flat()))
    assert (result.leak, result.kind) == ("no", "none")


def test_each_lifetime_gets_an_entry_with_its_rate_and_the_time_to_the_limit():
    since = np.arange(MINUTES) % 300
    values = 1e9 + 2e6 * since + 1e6 * np.random.default_rng(4).normal(size=MINUTES)
    entries = memory_growth.findings(judge(series(RSS, "api-1", values), limit_bytes=2e9))
    assert len(entries) == 2
    for entry in entries:
        assert isinstance(entry, Growth)
        assert entry.leak == "yes"
        assert entry.rate_bytes_per_min == pytest.approx(2e6, rel=0.05)
        assert entry.time_to_limit_min == pytest.approx(200, rel=0.1)
        assert entry.evidence
    assert entries[1].life_started_at == START + timedelta(minutes=300)


def test_memory_that_follows_pending_work_is_a_backlog():
    pending = 50 + 40 * np.sin(np.arange(MINUTES) / 40) + np.arange(MINUTES) / 4
    result = judge(
        series(RSS, "api-1", flat() + 4e6 * pending),
        series("hikaricp_connections_pending", "api-1", pending),
    )
    assert (result.leak, result.kind) == ("no", "backlog")


def test_an_unclear_pod_follows_the_pods_of_its_version():
    info = {"version": "3.5.0"}
    frames = [
        series(name, f"api-{k}", values, labels=labels)
        for k in range(4)
        for name, values, labels in (
            (RSS, flat(seed=k, rate=1e6), {}),
            ("app_build_info", np.ones(MINUTES), info),
        )
    ]
    result = judge(*frames)
    assert result.leak == "yes"
    if result.versions.height:
        row = result.versions.row(0, named=True)
        assert (row["version"], row["leak"], row["processes"]) == ("3.5.0", "yes", 4)
        assert row["rate_low"] < 1e6 < row["rate_high"]


def test_the_heap_after_collections_in_a_log_is_judged_too():
    count = 200
    gc = fit_table(
        "gc",
        pl.DataFrame(
            {
                "time": pl.Series(
                    [START + timedelta(minutes=k) for k in range(count)], dtype=METRICS["time"]
                ),
                "kind": "young",
                "heap_after_bytes": [int(5e8 + 1e6 * k + 1e5 * (k % 7)) for k in range(count)],
            }
        ),
    )
    result = judge(gc=gc)
    assert (result.leak, result.kind) == ("yes", "heap")


def test_a_restart_counter_tells_of_a_restart():
    counter = np.where(np.arange(MINUTES) < 200, 0.0, 1.0)
    named = roles.run(metrics=series("kube_pod_container_status_restarts_total", "api-1", counter))
    lives = lifetimes.run(roles=named, events=empty_table("events"))
    assert lives.of("api-1") == [START + timedelta(minutes=200)]
    assert "api-1" in lives.watched
    assert lifetimes.findings(lives)[0].kind == "restart"


def test_a_kill_in_the_events_tells_of_a_restart():
    events = fit_table(
        "events",
        pl.DataFrame(
            {
                "time": pl.Series([START], dtype=METRICS["time"]),
                "kind": "oom_kill",
                "entity": "api-1",
            }
        ),
    )
    lives = lifetimes.run(roles=roles.run(metrics=empty_table("metrics")), events=events)
    assert lives.of("api-1") == [START]
    assert lives.watched == frozenset()


def young_jvm(rss, *, heap_peak=6e7):
    """Two minutes of a fresh process, a sample every second, with its start time."""
    seconds = np.arange(120)
    heap = 1e7 + (heap_peak - 1e7) * (seconds % 12) / 12
    frames = [
        series(HEAP, "api-1", heap, labels=IS_HEAP),
        series("process_resident_memory_bytes", "api-1", rss(seconds)),
        series("process_start_time_seconds", "api-1", np.full(120, START.timestamp() - 1)),
    ]
    fast = START + (pl.col("time") - START) / 60
    return [frame.with_columns(time=fast.cast(METRICS["time"])) for frame in frames]


def test_the_start_up_of_a_managed_runtime_is_no_leak():
    result = judge(*young_jvm(lambda s: 8e7 + 5e7 * (s / 120) ** 0.5))
    assert result.leak != "yes"


def test_even_a_steady_rise_in_the_first_minutes_is_not_taken_for_a_leak():
    result = judge(*young_jvm(lambda s: 8e7 + 5e7 * s / 120))
    assert result.leak != "yes"


def gc_log(entity=None, *, dated_rows=0, rate=4e5):
    uptime_s = 20.0 * np.arange(1, 400)
    times = [
        START + timedelta(seconds=s) if k < dated_rows else None for k, s in enumerate(uptime_s)
    ]
    noise = 1e6 * np.random.default_rng(9).normal(size=uptime_s.size)
    frame = pl.DataFrame(
        {
            "time": pl.Series(times, dtype=GC["time"]),
            "entity": [entity] * uptime_s.size,
            "uptime_s": uptime_s,
            "kind": "full",
            "heap_after_bytes": (2e8 + rate * np.arange(uptime_s.size) + noise).astype(np.int64),
            "source": "gc.log",
        },
        schema_overrides={"entity": pl.String},
    )
    return fit_table("gc", frame)


def test_a_log_of_uptimes_alone_is_judged_without_a_date():
    result = judge(gc=gc_log())
    (entry,) = memory_growth.findings(result)
    assert entry.leak == "yes"
    assert entry.life_started_at is None
    assert entry.onset is None
    assert "nothing dates" in entry.why
    assert collect_lives(result, {}) == []


def test_a_log_of_uptimes_is_dated_by_its_lines_that_carry_both():
    (entry,) = memory_growth.findings(judge(gc=gc_log(dated_rows=2)))
    assert entry.life_started_at == START + timedelta(seconds=20)


def test_a_log_of_uptimes_is_dated_by_the_start_of_the_only_process():
    begun = series("process_start_time_seconds", "api-1", np.full(MINUTES, START.timestamp()))
    (entry,) = memory_growth.findings(judge(begun, gc=gc_log()))
    assert entry.life_started_at == START + timedelta(seconds=20)
    (named,) = memory_growth.findings(judge(begun, gc=gc_log("api-1")))
    assert named.life_started_at == START + timedelta(seconds=20)


def test_another_process_dates_no_log_that_names_its_own():
    begun = series("process_start_time_seconds", "api-1", np.full(MINUTES, START.timestamp()))
    (entry,) = memory_growth.findings(judge(begun, gc=gc_log("api-2")))
    assert entry.life_started_at is None
