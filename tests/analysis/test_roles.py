"""Roles: which series plays what, and how parts become one signal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.analysis import roles
from forensics.config import IncidentConfig
from forensics.errors import UsageError
from forensics.tables import METRICS, TIME, label_pairs

T0 = datetime(2026, 2, 9, 14, tzinfo=UTC)
STEP_S = 15


def series(
    metric: str, values, labels: Mapping[str, str] | None = None, *, entity="api-0", at=0, unit=None
) -> pl.DataFrame:
    """Return one series of the metrics table, sampled every 15 s from step ``at`` on."""
    values = [None if v is None else float(v) for v in values]
    start_us = int(T0.timestamp() * 1e6) + at * STEP_S * 1_000_000
    time = pl.Series([start_us + i * STEP_S * 1_000_000 for i in range(len(values))]).cast(TIME)
    return pl.DataFrame(
        {
            "time": time,
            "metric": [metric] * len(values),
            "entity": [entity] * len(values),
            "labels": [label_pairs(dict(labels or {}))] * len(values),
            "value": values,
            "unit": [unit] * len(values),
            "source": ["m"] * len(values),
        },
        schema=METRICS,
    )


def run(*frames: pl.DataFrame, **config) -> roles.Result:
    return roles.run(metrics=pl.concat(frames), config=IncidentConfig(**config))


def values(result: roles.Result, role: str) -> list[float]:
    return result.role(role)["value"].to_list()


# One line a metric: name, labels, role. From the documentation of the exporters.
KNOWN = """
jvm_memory_bytes_used area=heap -> heap_used
jvm_memory_used_bytes area=heap;id=G1 Eden Space -> heap_used
jvm_memory_used_bytes area=nonheap;id=Metaspace -> nonheap_used
jvm_memory_bytes_max area=heap -> heap_max
jvm_memory_max_bytes area=heap;id=G1 Old Gen -> heap_max
jvm_memory_committed_bytes area=heap -> heap_committed
jvm_memory_bytes_committed area=nonheap -> none
jvm_memory_pool_bytes_used pool=G1 Old Gen -> heap_used
jvm_memory_pool_used_bytes pool=Metaspace -> nonheap_used
jvm_memory_pool_collection_used_bytes pool=G1 Old Gen -> gc_floor
jvm_gc_live_data_size_bytes -> gc_floor
jvm.memory.used jvm.memory.type=heap;jvm.memory.pool.name=G1 Old Gen -> heap_used
jvm.memory.used_after_last_gc jvm.memory.type=heap -> gc_floor
process.runtime.jvm.memory.usage type=non_heap -> nonheap_used
jvm.heap_memory -> heap_used
jvm.non_heap_memory -> nonheap_used
jvm_buffer_memory_used_bytes id=direct -> direct_used
jvm_buffer_pool_bytes_used pool=mapped -> none
process_resident_memory_bytes -> rss
process_virtual_memory_bytes -> none
container_memory_working_set_bytes container=a -> working_set
container_memory_rss container=a -> rss
container_memory_cache container=a -> page_cache
container_memory_usage_bytes container=a -> working_set
container_spec_memory_limit_bytes container=a -> memory_limit
container_memory_failcnt -> none
container_memory_swap -> none
kube_pod_container_resource_limits resource=memory -> memory_limit
kube_pod_container_resource_limits resource=cpu -> cpu_limit
kube_pod_container_resource_requests resource=memory -> none
kube_pod_container_status_restarts_total -> restarts
kube_pod_container_status_last_terminated_reason reason=OOMKilled -> oom_kills
kube_pod_container_status_last_terminated_reason reason=Error -> none
process_cpu_seconds_total -> cpu
container_cpu_usage_seconds_total -> cpu
process_start_time_seconds -> start_time
process_uptime_seconds -> start_time
http_server_requests_seconds_count -> requests
http_server_requests_seconds_sum -> latency
http_server_requests_seconds_bucket -> none
http_client_requests_seconds_count -> none
http_requests_total -> requests
RequestCount -> requests
HTTPCode_Target_5XX_Count -> errors
TargetResponseTime -> latency
http_requests_in_flight -> in_flight
tomcat_threads_busy_threads -> in_flight
hikaricp_connections_active pool=p -> pool_active
hikaricp_active_connections pool=p -> pool_active
hikaricp_connections_idle -> pool_idle
hikaricp_connections_max -> pool_max
hikaricp_max_connections -> pool_max
hikaricp_connections_min -> none
hikaricp_connections_pending -> pool_pending
hikaricp_pending_threads -> pool_pending
hikaricp_connections_timeout_total -> pool_timeout
hikaricp_connections_usage_seconds_sum -> none
db.client.connections.usage state=used -> pool_active
db.client.connections.usage state=idle -> pool_idle
pg_stat_activity_count state=active -> db_connections
pg_settings_max_connections -> db_connections_max
DatabaseConnections -> db_connections
FreeableMemory -> memory_available
go_memstats_heap_alloc_bytes -> heap_used
go_memstats_alloc_bytes_total -> allocation
go_memstats_heap_objects -> none
go_gc_heap_live_bytes -> gc_floor
nodejs_heap_size_used_bytes -> heap_used
nodejs_heap_size_total_bytes -> heap_committed
nodejs_external_memory_bytes -> direct_used
dotnet_total_memory_bytes -> heap_used
python_gc_objects_collected_total -> none
jvm_gc_pause_seconds_sum -> gc_time
jvm_gc_pause_seconds_count -> gc_count
jvm_threads_live_threads -> threads
jvm_threads_peak_threads -> none
jvm_classes_loaded_classes -> classes_loaded
payment_build_info version=1 -> build_version
memory.current -> working_set
memory.max -> memory_limit
memory -> working_set
heapUsed -> heap_used
rss_kb -> rss
up -> none
scrape_duration_seconds -> none
"""


@pytest.mark.parametrize("line", KNOWN.strip().splitlines())
def test_a_metric_of_a_usual_exporter_gets_its_role(line) -> None:
    place, role = line.split(" -> ")
    metric, _, rest = place.partition(" ")
    labels = dict(pair.split("=") for pair in rest.split(";") if pair)
    other = series("other_heap_used_bytes", [1.0], entity="other")
    result = run(series(metric, [5.0, 6.0], labels), other)
    found = result.series.filter(pl.col("metric") == metric)["role"].to_list()
    assert {role} == {name or "none" for name in found}


def test_an_empty_table_gives_an_empty_result_of_the_same_form() -> None:
    result = roles.run(metrics=pl.DataFrame(schema=METRICS), config=None)
    assert result.points.schema == roles.POINTS
    assert result.series.schema == roles.SERIES
    assert result.points.is_empty()
    assert roles.findings(result) == []


def test_pools_of_a_heap_are_added_up_and_an_undefined_maximum_is_not() -> None:
    frames = [
        series("jvm_memory_used_bytes", [1, 2], {"area": "heap", "id": "Eden"}),
        series("jvm_memory_used_bytes", [10, 20], {"area": "heap", "id": "Old"}),
        series("jvm_memory_max_bytes", [-1, -1], {"area": "heap", "id": "Eden"}),
        series("jvm_memory_max_bytes", [100, 100], {"area": "heap", "id": "Old"}),
    ]
    result = run(*frames)
    assert values(result, "heap_used") == [11, 22]
    assert values(result, "heap_max") == [100, 100]
    whole = result.series.filter((pl.col("role") == "heap_used") & (pl.col("use") == "used"))
    parts = result.series.filter(pl.col("part_of") == whole["series_id"][0])
    assert parts["use"].to_list() == ["part", "part"]
    assert whole["labels"].to_list() == [[{"name": "area", "value": "heap"}]]
    assert "sum of 2 series" in whole["why"][0]


def test_a_missing_part_makes_a_gap_and_no_dip() -> None:
    old = series("jvm_memory_used_bytes", [10, 10, 10], {"area": "heap", "id": "Old"})
    eden = series("jvm_memory_used_bytes", [1, None, 1], {"area": "heap", "id": "Eden"})
    assert values(run(old, eden), "heap_used") == [11, 11]


def test_a_part_that_starts_late_is_added_from_then_on() -> None:
    first = series("pool_active_connections", [1, 1, 1], {"pool": "a"})
    late = series("pool_active_connections", [5], {"pool": "b"}, at=2)
    assert values(run(first, late), "pool_active") == [1, 1, 6]


def test_a_restarted_container_is_not_counted_twice() -> None:
    old = series("container_memory_rss", [7, 8, 8], {"container": "a", "id": "/x/1"})
    new = series("container_memory_rss", [1, 2], {"container": "a", "id": "/x/2"}, at=2)
    assert values(run(old, new), "rss") == [7, 8, 1, 2]


def test_pause_container_and_pod_total_are_left_out() -> None:
    frames = [
        series("container_memory_rss", [value], {"container": name})
        for name, value in (("", 9), ("POD", 1), ("app", 7))
    ]
    assert values(run(*frames), "rss") == [7]


def test_a_counter_becomes_a_rate_that_survives_a_reset() -> None:
    frame = series("http_requests_total", [0, 150, 300, 30, 180])
    assert values(run(frame), "requests") == [10, 10, 2, 10]


def test_a_counter_of_a_process_that_crashes_in_a_loop_is_still_a_counter() -> None:
    lives = [0, 150, 300, 450, 0, 150, 300, 450, 0, 150, 300, 450, 0, 150, 300, 450, 0, 150]
    rates = values(run(series("http_requests_total", lives)), "requests")
    assert sorted(set(rates)) == [0, 10]


def test_counters_are_rated_before_they_are_added() -> None:
    first = series("http_requests_total", [0, 150, 300], {"uri": "a"})
    reset = series("http_requests_total", [900, 15, 30], {"uri": "b"})
    assert values(run(first, reset), "requests") == [11, 11]


def test_counts_per_interval_are_divided_by_it() -> None:
    frame = series("RequestCount", [150, 300, 150, 450, 150])
    assert values(run(frame), "requests") == [10, 20, 10, 30, 10]


def test_a_count_that_is_held_over_several_samples_belongs_to_all_of_them() -> None:
    held = [count for count in (150, 300, 90, 450, 120, 300) for _ in range(4)]
    rates = values(run(series("aws_elb_request_count_sum", held)), "requests")
    assert rates == pytest.approx([count / 60 for count in held])


def test_counts_that_repeat_by_chance_do_not_stretch_their_period() -> None:
    counts = [15, 15, 30, 15, 15, 15, 45, 30, 30, 15, 60, 15]
    rates = values(run(series("RequestCount", counts)), "requests")
    assert rates == pytest.approx([count / 15 for count in counts])


def test_a_rate_is_left_as_it_is() -> None:
    frame = series("rate(http_requests_total[1m])", [5, 6, 7, 8])
    assert values(run(frame), "requests") == [5, 6, 7, 8]


def test_failed_requests_are_the_errors_where_nothing_else_counts_them() -> None:
    good = series("http_requests_total", [0, 150], {"code": "200"})
    bad = series("http_requests_total", [0, 15], {"code": "503"})
    result = run(good, bad)
    assert values(result, "requests") == [11]
    assert values(result, "errors") == [1]


def test_mean_latency_is_the_growth_of_the_sum_by_that_of_the_count() -> None:
    count = series("http_request_duration_seconds_count", [0, 10, 30])
    total = series("http_request_duration_seconds_sum", [0, 5, 25])
    assert values(run(count, total), "latency") == [0.5, 1.0]


def test_the_highest_usual_quantile_is_preferred_to_the_mean() -> None:
    frames = [
        series("http_request_duration_seconds", [value], {"quantile": q})
        for q, value in (("0.5", 1), ("0.99", 3), ("0.999", 9))
    ]
    sums = series("http_request_duration_seconds_sum", [0, 5])
    assert values(run(*frames, sums), "latency") == [3]


def test_an_uptime_says_when_the_process_started() -> None:
    assert values(run(series("process_uptime_seconds", [60])), "start_time") == [
        T0.timestamp() - 60
    ]


def test_no_limit_is_no_value() -> None:
    frame = series("container_spec_memory_limit_bytes", [0, 2.0**63, 8e9], {"container": "a"})
    assert values(run(frame), "memory_limit") == [8e9]


def test_percent_of_an_unknown_total_is_no_memory() -> None:
    result = run(series("memory_usage", [55.0], unit="percent"))
    assert result.points.is_empty()
    assert "percent of an unknown total" in result.series["why"][0]


def test_processor_percent_is_scaled_to_cores() -> None:
    assert values(run(series("cpu_usage", [250.0], unit="percent")), "cpu") == [2.5]


def test_of_two_metrics_the_better_one_is_used() -> None:
    usage = series("container_memory_usage_bytes", [9], {"container": "a"})
    working = series("container_memory_working_set_bytes", [7], {"container": "a"})
    result = run(usage, working)
    assert values(result, "working_set") == [7]
    spare = result.series.filter(pl.col("use") == "spare")
    assert spare["metric"].to_list() == ["container_memory_usage_bytes"]


def test_a_lone_nameless_series_that_looks_like_bytes_is_weak_evidence() -> None:
    result = run(series("value", [5e8, 6e8]))
    assert values(result, "working_set") == [5e8, 6e8]
    assert result.series["why"][0].startswith("weak:")


@pytest.mark.parametrize("peak", [5.0, 1e5], ids=["five", "a hundred thousand"])
def test_small_nameless_numbers_play_no_role(peak) -> None:
    assert run(series("value", [1.0, peak])).points.is_empty()


def test_the_incident_file_wins_over_the_rules() -> None:
    result = run(series("odd", [5.0]), roles={"odd": "heap_used"})
    assert values(result, "heap_used") == [5.0]
    assert result.series["why"][0].startswith("incident.yaml says so")
    ignored = run(series("heap_used_bytes", [5.0]), roles={"heap_used_bytes": "ignored"})
    assert ignored.points.is_empty()


def test_an_unknown_role_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UsageError, match="heap_max, heap_used"):
        run(series("odd", [5.0]), roles={"odd": "heapp"})


def test_versions_come_from_labels_and_images_and_hold_until_the_next() -> None:
    result = run(
        series("heap_used_bytes", [1, 2, 3, 4]),
        series("app_build_info", [1], {"version": "1.0"}),
        series("app_build_info", [1], {"version": "1.1"}, at=2),
        series("kube_pod_container_info", [1], {"image": "r.io/x/app:7.2@sha256:a"}, entity="b"),
        series("heap_used_bytes", [9], entity="b"),
    )
    assert result.role("heap_used")["version"].to_list() == ["1.0", "1.0", "1.1", "1.1", "7.2"]


def test_series_without_an_entity_are_told_apart_by_their_labels() -> None:
    result = run(
        series("heap_used_bytes", [1], {"region": "eu"}, entity=None),
        series("heap_used_bytes", [2], {"region": "us"}, entity=None),
        service="pay",
    )
    assert result.role("heap_used")["entity"].to_list() == ["region=eu", "region=us"]
    lone = run(series("heap_used_bytes", [1], entity=None), service="pay")
    assert lone.points["entity"].to_list() == ["pay"]


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30), st.data())
@settings(max_examples=50, deadline=None)
def test_rates_add_up_to_all_increases_whatever_resets(increases, data) -> None:
    resets = data.draw(st.lists(st.booleans(), min_size=len(increases), max_size=len(increases)))
    total, counter = 0.0, []
    for increase, is_reset in zip(increases, resets, strict=True):
        total = increase if is_reset else total + increase
        counter.append(total)
    frame = series("c", counter).with_columns(series_id=pl.lit(0, pl.UInt32))
    rates = roles.counter_rate(frame)["value"].to_numpy() * STEP_S
    falls = np.diff(counter) < 0
    oracle = np.where(falls, counter[1:], np.diff(counter))
    np.testing.assert_allclose(rates, oracle, atol=1e-6)
    assert (rates >= 0).all()


def test_the_order_of_rows_changes_nothing() -> None:
    frame = pl.concat(
        [
            series("http_requests_total", np.arange(40) * 7.0, {"uri": uri}, entity=entity)
            for uri in "ab"
            for entity in ("api-0", "api-1")
        ]
    )
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    columns = ["time", "role", "entity", "value"]
    first = roles.run(metrics=frame, config=None).points.select(columns)
    assert roles.run(metrics=shuffled, config=None).points.select(columns).equals(first)


def test_what_a_balancer_and_its_processes_count_is_not_added() -> None:
    balancer = series("aws_elb_request_count_sum", [300, 330, 300, 330, 300, 330])
    good = series(
        "http_requests_total", [0, 150, 300, 450, 600, 750], {"code": "200"}, entity="pod-a"
    )
    bad = series("http_requests_total", [0, 15, 30, 45, 60, 75], {"code": "503"}, entity="pod-a")
    traffic = run(balancer, good, bad).traffic()
    per_role = traffic.group_by("role").agg(pl.col("value").max(), pl.col("entity").n_unique())
    assert sorted(per_role.rows()) == [("errors", 1.0, 1), ("requests", 11.0, 1)]
