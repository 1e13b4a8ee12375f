"""Which metric plays which role: patterns over names and labels of the usual exporters.

A rule looks at the words of a metric name, not at whole names, so that the spellings of one
thing (``jvm_memory_bytes_used``, ``jvm.memory.used``, ``jvm_memory_used_bytes``) meet one
rule. The first rule that matches decides; the order is from telling to general.
"""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Combine = Literal["sum", "max", "min", "mean"]

#: Base unit by role; what isn't named here is a plain count.
ROLE_UNITS: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "heap_used",
            "heap_committed",
            "heap_max",
            "gc_floor",
            "nonheap_used",
            "direct_used",
            "rss",
            "working_set",
            "page_cache",
            "memory_limit",
            "memory_available",
        ),
        "bytes",
    ),
    "allocation": "bytes/s",
    "cpu": "cores",
    "cpu_limit": "cores",
    "gc_time": "seconds/s",
    "requests": "1/s",
    "errors": "1/s",
    "pool_timeout": "1/s",
    "gc_count": "1/s",
    "latency": "seconds",
    "start_time": "seconds",
}

#: Roles whose cumulative counters are shown as rates; other counters (restarts, kills) stay
#: cumulative.
RATE_ROLES: Final = frozenset(
    {"cpu", "requests", "errors", "pool_timeout", "gc_time", "gc_count", "allocation"}
)
ROLES: Final = frozenset(
    {
        *ROLE_UNITS,
        "in_flight",
        "pool_active",
        "pool_idle",
        "pool_max",
        "pool_pending",
        "backlog",
        "restarts",
        "oom_kills",
        "threads",
        "db_connections",
        "db_connections_max",
        "open_fds",
        "classes_loaded",
        "uptime",
        "build_version",
        "ignored",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern.

    Parameters
    ----------
    role
        What a matching series plays; ``ignored`` for look-alikes that play nothing.
    name
        Regular expression, searched in the words of the name, joined and framed by ``_``.
    labels
        Label name (words joined by ``_``) to an expression that its value must match;
        an absent label matches only an expression that matches the empty text.
    rank
        Preference among several metrics of one role at one entity; the lowest is used.
    combine
        How parts of one entity make a whole.
    """

    role: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    rank: int = 0
    combine: Combine = "sum"


_HEAP_AREA: Final = {"area|jvm_memory_type|type": r"^heap$"}
_NONHEAP_AREA: Final = {"area|jvm_memory_type|type": r"^non[_-]?heap$"}
#: Memory pools of the HotSpot and OpenJ9 collectors that lie outside the heap.
_NONHEAP_POOL: Final = {
    "pool|id|jvm_memory_pool_name|name": r"(?i)metaspace|class space|code|perm gen|misc"
}
_HEAP_POOL: Final = {
    "pool|id|jvm_memory_pool_name|name": (
        r"(?i)eden|survivor|old|tenured|zheap|shenandoah|epsilon|nursery|balanced|^heap"
    )
}
_JVM: Final = r"_(jvm|java|process_runtime_jvm)_.*"
_POOL: Final = (
    r"_(hikaricp?|hikari_pool|jdbc|dbcp2?|c3p0|druid|ucp|agroal|r2dbc|db_pool|db_client"
    r"|datasource|pgbouncer|(db|database|connection|conn|sql)_?pool|pool)_"
)
_CONN: Final = r".*_(conns?|connections?|pools?|pool_size)_"
_HTTP: Final = (
    r"_(http|https|grpc|rpc|request|requests|rq|api|web|servlet|nginx|istio|envoy|alb|elb)_"
)
_5XX: Final = {
    "code|status|status_code|http_status_code|http_response_status_code|response_code": r"^5"
}

RULES: Final = (
    # Look-alikes of everything below.
    Rule("ignored", r"_(created|bucket|info_created)_$"),
    Rule("ignored", r"_(scrape|prometheus_(http|engine|rule|notif|remote|sd|target|tsdb))_"),
    Rule("ignored", r"_gc_(memory_promoted|overhead|max_data_size|cpu_fraction|sys)_|_next_gc_"),
    Rule("ignored", r"_(peak|init|percent|pct|ratio|utili[sz]ation)_.*(memory|heap)|(memory|heap)_(.*_)?(peak|init|max_usage|percent|pct|ratio|utili[sz]ation|failcnt|failures?|faults?|objects?|swap|mapped_file|allocs|frees|lookups|released|idle|total_pss)_"),
    # Heap after collection: what is live.
    Rule("gc_floor", r"_gc_live_data_size_|_gc_heap_live_|_after_(last_)?gc_|_post_gc_|_live_set_|_gc_floor_|_old_gen_after_", {"type|jvm_memory_type|area": r"^(heap)?$"}),
    Rule("gc_floor", r"_memory_pool_collection_(used|bytes_used)_|_pool_collection_used_bytes_", {"pool": r"(?i)^((?!metaspace|code|class).)*$"}, 1),
    Rule("gc_floor", r"_dotnet_gc_last_collection_(heap|memory)_(size|committed)_", rank=1),
    Rule("ignored", r"_memory_pool_collection_|_pool_allocated_"),
    # Off-heap parts of managed runtimes.
    Rule("direct_used", r"_buffer_(pool_|memory_)?(memory_|pool_)?(bytes_)?(used|usage)_", {"pool|id|name|jvm_buffer_pool_name": r"(?i)^direct"}),
    Rule("direct_used", r"_(direct_(memory|buffers?)_.*used|netty_.*direct.*used|external_memory|direct_used|used_direct_memory)_"),
    Rule("ignored", r"_buffer_(pool|memory|count|total)_|_array_buffers_"),
    Rule("nonheap_used", _JVM + r"memory_.*(used|usage)_", _NONHEAP_AREA),
    Rule("nonheap_used", r"_(non_heap|nonheap)_(memory_)?(usage_)?used_|_(jvm|java)_(non_heap|nonheap)_memory_(used_|bytes_)*$|_metaspace_used_"),
    Rule("nonheap_used", _JVM + r"(memory|pool)_.*used_", _NONHEAP_POOL, 1),
    # The heap of managed runtimes.
    Rule("ignored", r"_(non_heap|nonheap|metaspace|code_?cache)_"),
    Rule("heap_max", _JVM + r"memory_.*(max|limit)_", _HEAP_AREA),
    Rule("heap_max", r"_heap_(memory_)?(usage_)?(size_)?(max|limit)_|_max_heap_|_xmx_|_heap_memory_max_|_gomemlimit_|_gc_gomemlimit_"),
    Rule("heap_committed", _JVM + r"memory_.*committed_", _HEAP_AREA),
    Rule("heap_committed", r"_heap_(memory_)?(usage_)?(committed|size_total|sys|total)_|_heap_committed_|_gc_committed_"),
    Rule("heap_max", _JVM + r"pool_.*max_", _HEAP_POOL, 1),
    Rule("heap_committed", _JVM + r"pool_.*committed_", _HEAP_POOL, 1),
    Rule("heap_used", _JVM + r"memory_.*(used|usage)_", _HEAP_AREA),
    Rule("heap_used", _JVM + r"(memory|pool)_.*used_", _HEAP_POOL, 1),
    Rule("heap_used", r"_go_memstats_(heap_)?alloc_bytes_$", combine="max"),
    Rule("heap_used", r"_go_memory_used_|_go_memory_classes_heap_objects_", rank=1),
    Rule("heap_used", r"_memstats_heap_inuse_", rank=2),
    Rule("heap_used", r"_nodejs_heap_(size_)?used_|_v8js_(memory_)?heap_used_|_heap_size_used_"),
    Rule("heap_used", r"_nodejs_heap_space_size_used_|_v8js_heap_space_", rank=2),
    Rule("heap_used", r"_dotnet_(total_memory|gc_heap_size|gc_heap_total)_|_gc_heap_size_", rank=1),
    Rule("heap_used", r"_tracemalloc_.*(current|size|traced)_", rank=1),
    Rule("heap_used", r"_(memory_)?heap_(memory_)?(usage_)?(used|in_?use|alloc|live|bytes)_|_(used|live)_heap_|_heap_?used_|_(jvm|java)_heap_memory_(bytes_)?$"),
    Rule("ignored", r"_(jvm|memstats|nodejs_heap|dotnet_gc)_.*(memory|heap|bytes)_", {"area|jvm_memory_type|type|id|pool|space": r"."}, 9),
    # Memory as the kernel counts it.
    Rule("memory_limit", r"_container_resource_limits_", {"resource": r"^memory$"}),
    Rule("memory_limit", r"_container_resource_limits_memory_"),
    Rule("cpu_limit", r"_container_resource_limits_cpu_"),
    Rule("cpu_limit", r"_container_resource_limits_", {"resource": r"^cpu$"}),
    Rule("cpu_limit", r"_cpu_(cores_)?limit_|_limits?_cpu_"),
    Rule("ignored", r"_(resource_requests|resource_limits|allocatable|capacity)_"),
    Rule("memory_limit", r"_(memory|mem)_(.*_)?(limits?|max)_(?!.*(used|usage|failcnt))|_limits?_(memory|mem)_"),
    Rule("ignored", r"_(swap|memsw|kmem|kernel_memory|hugetlb|virtual_memory|vsz|virt|memory_virtual|memory_reservation)_"),
    Rule("working_set", r"_working_set_"),
    Rule("rss", r"_(process_resident_memory|resident_memory|resident_set|rss)_|_process_memory_usage_|_vm_rss_"),
    Rule("page_cache", r"_(page_cache|container_memory_cache|memory_cached?|mem_cached|kbcached|memory_(file|active_file|inactive_file))_"),
    Rule("memory_available", r"_(mem(ory)?_?(available|free|avail)|freeable_memory|kbavail|available_memory|free_memory)_"),
    Rule("ignored", r"_(buffers|slab|dirty|mem_?total|memory_total|kbbuffers)_"),
    Rule("working_set", r"_(container|pod|docker|kubernetes|k8s|cgroup|ecs|task)_.*(memory|mem)_.*(usage|used|current|utilized)_", rank=2),
    Rule("working_set", r"_(memory|mem)_(current|utilized|used|usage|in_use)_(bytes_)?$|_(kbmemused|memused)_", rank=3),
    # Life and death of processes.
    Rule("start_time", r"_(start_?time|started_at|boot_time)_", combine="max"),
    Rule("uptime", r"_(process_|jvm_|container_|app_)?uptime_", combine="max"),
    Rule("oom_kills", r"_(oom_?kills?(ed)?|oom_events|container_oom)_"),
    Rule("oom_kills", r"_last_terminated_reason_", {"reason": r"^OOMKilled$"}),
    Rule("restarts", r"_restarts?_(count_)?(total_)?|_restart_count_"),
    Rule("build_version", r"_(build_info|app_info|version_info|kube_pod_labels|kube_pod_container_info|target_info|application_info|service_info|deploy_info)_"),
    # Connection pools, before anything else that counts connections.
    Rule("pool_timeout", _POOL + r".*time_?outs?_"),
    Rule("ignored", _POOL + r".*(usage_(seconds|millis)|creation|acquire|acquired_nanos|create|use_time|wait_time|seconds|millis)_"),
    Rule("pool_pending", _POOL + r".*(pending|waiting|awaiting|queued?|waiters)_"),
    Rule("pool_max", _POOL + r".*(max|maximum|limit|max_size|capacity)_(connections?_|conns?_|size_|pool_size_|open_)*"),
    Rule("pool_active", _POOL + r".*(usage|count)_", {"state|db_client_connection_state": r"^(used|active)$"}),
    Rule("pool_idle", _POOL + r".*(usage|count)_", {"state|db_client_connection_state": r"^idle$"}),
    Rule("pool_idle", _POOL + r"(.*_)?(idle|available|free)_(?!.*min)"),
    Rule("ignored", _POOL + r".*(min|minimum|_idle_min)_"),
    Rule("pool_active", _POOL + r"(.*_)?(active|busy|in_?use|used|borrowed|leased)_"),
    Rule("ignored", _POOL[:-1] + _CONN),
    Rule("db_connections_max", r"_max_connections_|_connections_max_"),
    Rule("db_connections_max", r"_roles_connection_limit_", rank=1),
    Rule("db_connections", r"_(pg_stat_activity_count|numbackends|postgresql_backends|database_connections|threads_connected|db_connections|pg_connections|mysql_connections)_"),
    # Work: counters, durations, queues.
    Rule("gc_time", r"_gc_(pause|collection|duration|time|pause_total)_.*(sum|seconds|millis)_(?!count)|_gc_pause_ns_"),
    Rule("gc_count", r"_gc_(pause|collection|duration).*_count_|_collection_count_total_|_gc_collections_"),
    Rule("allocation", r"_(allocated|alloc)_bytes_total_|_gc_memory_allocated_|_allocated_bytes_"),
    Rule("in_flight", r"_(in_?flight|active_requests?|requests?_active|concurrent_(requests?|calls)|current_requests|requests_in_progress|threads_busy|busy_threads|busy_workers|active_connections_http)_"),
    Rule("ignored", r"_(client|scrapes?|handler|probe|promhttp|apiserver)_.*(request|http)"),
    Rule("errors", r"_5_?xx_|_(errors?|failures?|exceptions?|failed_requests?|error_count)_(count_)?(total_)?(rate_|per_second_)?$"),
    Rule("latency", r"^(?!.*_count_$)_(.*_)?(latency|duration|response_time|request_time|target_response_time|requests?_seconds|requests?_duration.*|http_server_requests.*)_(p\d+_|max_|mean_|avg_|seconds_|milliseconds_|ms_|sum_|quantile_)*$"),
    Rule("requests", r"_(http|https|grpc)_(server_)?(requests?|request_duration|handled|responses?|server)_.*(total|count|handled)_|_grpc_server_handled_"),
    Rule("requests", _HTTP[:-1] + r"(_.*)?_(total|count|handled|rate|rps|per_second)_", rank=1),
    Rule("requests", r"_(rps|qps|request_rate|req(uest)?s?_(per_|_)?(second|sec|s|minute|min)|throughput|requests|request_count)_", rank=1),
    Rule("backlog", r"_(queue_(size|depth|length)|backlog|queued(_tasks)?|queue|pending_(tasks|messages)|messages_ready|consumer_lag|lag_(messages|records))_"),
    # The rest of a process.
    Rule("ignored", r"_threads_(peak|daemon|started|state|states|deadlocked|max|config)_|_gomaxprocs_"),
    Rule("threads", r"_(threads?|goroutines)_(current|live|count|num|active|threads)?_?|_thread_count_|_num_threads_"),
    Rule("open_fds", r"_(open_fds|open_file_descriptors|files_open|fd_open)_"),
    Rule("classes_loaded", r"_classes_(currently_)?(loaded|count|loaded_classes)_"),
    Rule("ignored", r"_cpu_(count|cores|throttl|system|user|load|cfs|period|quota|request)|_system_cpu_"),
    Rule("cpu", r"_(process|container|pod|jvm|k8s|kubernetes|docker)_(.*_)?cpu_(.*_)?(seconds|usage|time|utili[sz]ation|utilized|percent|used|recent)_"),
    Rule("cpu", r"_cpu_(utili[sz]ation|usage|percent|used|cores)_|_cpu_$", rank=2),
)  # fmt: skip

#: What remains: names that only hint. Their reason says so.
WEAK_RULES: Final = (
    Rule("heap_used", r"_heap_|_old_gen_", rank=8),
    Rule("rss", r"_resident_|_rss", rank=8),
    Rule("working_set", r"_(memory|mem|ram|footprint)_|_(mem|memory)(used|usage|mb|bytes)", rank=8),
)

_COMPILED: Final = tuple(
    (
        rule,
        re.compile(rule.name),
        tuple((k.split("|"), re.compile(v)) for k, v in rule.labels.items()),
    )
    for rule in RULES
)
_WEAK: Final = tuple((rule, re.compile(rule.name)) for rule in WEAK_RULES)


def match_rules(framed_name: str) -> list[int]:
    """Return the indices of the rules whose name pattern matches, in order of the rules."""
    return [i for i, (_, name, _) in enumerate(_COMPILED) if name.search(framed_name)]


def pick_rule(candidates: list[int], labels: Mapping[str, str]) -> Rule | None:
    """Return the first candidate whose label conditions hold (label names as words)."""
    for index in candidates:
        rule, _, conditions = _COMPILED[index]
        if all(_holds(names, value, labels) for names, value in conditions):
            return rule
    return None


def pick_weak_rule(framed_name: str) -> Rule | None:
    """Return the rule that a mere hint in the name supports."""
    return next((rule for rule, name in _WEAK if name.search(framed_name)), None)


def is_server_error(labels: Mapping[str, str]) -> bool:
    """Return whether the labels of a request counter say that the server failed."""
    if any(labels.get(name, "").startswith("5") for name in _STATUS_LABELS):
        return True
    return labels.get("outcome", "").upper() in {"SERVER_ERROR", "ERROR", "FAILURE"}


_STATUS_LABELS: Final = tuple(next(iter(_5XX)).split("|"))


def _holds(names: list[str], value: re.Pattern[str], labels: Mapping[str, str]) -> bool:
    given = [labels[name] for name in names if name in labels]
    return any(value.search(text) for text in given) if given else bool(value.search(""))
