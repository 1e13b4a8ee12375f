"""Write a case as a stranger would: some format, some names, some unit, some spelling of time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl

from tests.strangers.shapes import Case, Floats

#: Column names with bytes per unit, by what the column holds.
MEMORY = dict.fromkeys(
    (
        *("value", "memory", "mem", "memory_bytes", "used_bytes", "mem_used", "usage_bytes", "y"),
        *("container_memory_working_set_bytes", "working_set", "bytes", "memory_usage"),
        *("process.memory.usage", "metric_value"),
    ),
    1.0,
) | {
    "memory_mb": 2.0**20,
    "mem_used_mib": 2.0**20,
    "memory_gib": 2.0**30,
    "Memory Usage (MB)": 1e6,
    "mem_kb": 1024.0,
}
HEAP = dict.fromkeys(
    (
        *("heap_used", "heap_used_bytes", "jvm_memory_used_bytes", "heap", "heapUsed", "value"),
        *("jvm.memory.used", "used_heap", "HeapMemoryUsage.used"),
        *("go_memstats_heap_alloc_bytes", "nodejs_heap_size_used_bytes"),
    ),
    1.0,
) | {"heap_mb": 2.0**20, "heap_used_mb": 2.0**20}
RSS = dict.fromkeys(
    (
        "rss",
        "rss_bytes",
        "process_resident_memory_bytes",
        "container_memory_rss",
        "resident_memory",
    ),
    1.0,
) | {"rss_mb": 2.0**20, "RSS (MiB)": 2.0**20, "vm_rss_kb": 1024.0}
USAGE = dict.fromkeys(
    (
        "container_memory_usage_bytes",
        "memory_usage_bytes",
        "container_memory_working_set_bytes",
    ),
    1.0,
)
REQUESTS = (
    *("requests", "rps", "requests_per_second", "request_rate", "qps", "req_per_sec"),
    *("http_requests_total", "throughput"),
)
TIMES = (
    *("timestamp", "time", "ts", "datetime", "Time", "date", "epoch", "@timestamp", "t", "Date"),
    *("sample_time", "timestamp_utc", "unix_time"),
)
PODS = (
    *("payments-7c9f8d6b5-x2x4z", "api-0", "web-1", "worker", "10.1.2.3:9100", "checkout"),
    *("node-17.example.org", "i-0abc12def3456"),
)

Column = tuple[str, Floats]


def columns_of(case: Case, rng: np.random.Generator) -> list[Column]:
    """Return named columns in the units that their names state."""
    found: list[Column] = []

    def add(names: dict[str, float], values: Floats) -> None:
        name = str(rng.choice(list(names)))
        digits = 0 if names[name] == 1.0 else int(rng.integers(1, 5))
        found.append((name, np.round(values / names[name], digits)))

    if case.shape == "off_heap":
        assert case.heap is not None
        add({k: v for k, v in HEAP.items() if k != "value"}, case.heap)
        add(RSS, case.memory)
    elif case.counts_page_cache and case.rss is not None and rng.random() < 0.7:
        add(USAGE, case.memory)
        add(RSS, case.rss)
    else:
        add(
            HEAP if case.is_managed else {**MEMORY, **(RSS if rng.random() < 0.4 else {})},
            case.memory,
        )
    if case.requests is not None:
        name = str(rng.choice(REQUESTS))
        values = case.requests
        if name.endswith("_total"):
            values = np.cumsum(values * np.diff(case.t_s, prepend=case.t_s[0]))
        found.append((name, np.round(values, 2)))
    return found


def _spell(t: Floats, rng: np.random.Generator) -> list[object]:
    kind = int(rng.integers(9))
    if kind < 4:
        factor = (1, 1e3, 1e6, 1e9)[kind]
        return [round(x * factor) for x in t.tolist()]
    if kind == 4:
        return [round(x, 3) for x in t.tolist()]
    zone = timezone(timedelta(hours=2)) if kind == 5 else UTC
    moments = [datetime.fromtimestamp(x, zone) for x in t.tolist()]
    if kind == 6:
        return [m.strftime("%Y-%m-%d %H:%M:%S") for m in moments]
    if kind == 7:
        return [m.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for m in moments]
    return [m.isoformat() for m in moments]


def _wide(case: Case, rng: np.random.Generator) -> tuple[list[str], list[list[object]]]:
    columns = columns_of(case, rng)
    times = _spell(case.t_s, rng)
    header = [str(rng.choice(TIMES)), *(name for name, _ in columns)]
    rows = [list(row) for row in zip(times, *(v.tolist() for _, v in columns), strict=True)]
    if rng.random() < 0.2:
        for index in rng.integers(0, len(rows), max(1, len(rows) // 50)):
            rows[index][1] = None
    if rng.random() < 0.3:
        header.insert(1, str(rng.choice(["pod", "instance", "host", "service", "container"])))
        name = str(rng.choice(PODS))
        rows = [[row[0], name, *row[1:]] for row in rows]
    return header, rows


def wide_csv(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write a header and a row a moment."""
    header, rows = _wide(case, rng)
    target = path.with_suffix(".csv")
    with target.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=str(rng.choice([",", ",", ",", ";", "\t"])))
        writer.writerow(header)
        empty = str(rng.choice(["", "NaN", "null"]))
        writer.writerows([[empty if c is None else c for c in row] for row in rows])
    return target


def long_csv(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write a row a sample: time, metric, value, and whom it is about."""
    columns = columns_of(case, rng)
    times = _spell(case.t_s, rng)
    pod = str(rng.choice(PODS))
    target = path.with_suffix(".csv")
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["timestamp", str(rng.choice(["metric", "name", "series"])), "value", "pod"]
        )
        for index, time in enumerate(times):
            writer.writerows([time, name, v[index], pod] for name, v in columns)
    return target


def prometheus_json(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write an answer of ``query_range``."""
    labels = {"instance": str(rng.choice(PODS)), "job": "app"}
    if rng.random() < 0.5:
        labels = {"namespace": "prod", "pod": str(rng.choice(PODS)), "container": "main"}
    result = []
    for name, values in columns_of(case, rng):
        own = {"area": "heap"} if name in ("jvm_memory_used_bytes", "jvm.memory.used") else {}
        legal = "".join(c if c.isalnum() else "_" for c in name)
        pairs = [[round(t, 3), repr(float(v))] for t, v in zip(case.t_s, values, strict=True)]
        result.append({"metric": {"__name__": legal, **labels, **own}, "values": pairs})
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    target = path.with_suffix(".json")
    target.write_text(json.dumps(answer))
    return target


def json_records(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write a list of objects, or one object a line."""
    header, rows = _wide(case, rng)
    records = [dict(zip(header, row, strict=True)) for row in rows]
    if rng.random() < 0.4:
        target = path.with_suffix(".jsonl")
        target.write_text("".join(json.dumps(r) + "\n" for r in records))
        return target
    target = path.with_suffix(".json")
    wrapped = {"data": records} if rng.random() < 0.3 else records
    target.write_text(json.dumps(wrapped))
    return target


def json_columns(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write an object of lists: times and one list a series."""
    header, rows = _wide(case, rng)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    target = path.with_suffix(".json")
    target.write_text(json.dumps(columns))
    return target


def json_pairs(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write ``[[time, value], ...]``, bare or under a name, memory alone."""
    pairs = [[t, v] for t, v in zip(_spell(case.t_s, rng), case.memory.tolist(), strict=True)]
    target = path.with_suffix(".json")
    target.write_text(json.dumps({"memory_bytes": pairs} if rng.random() < 0.3 else pairs))
    return target


def parquet(case: Case, rng: np.random.Generator, path: Path) -> Path:
    """Write the wide table as Parquet with a time column of its own type."""
    columns = columns_of(case, rng)
    moments = pl.Series(str(rng.choice(TIMES)), (case.t_s * 1e6).astype("int64")).cast(
        pl.Datetime("us", None if rng.random() < 0.5 else "UTC")
    )
    target = path.with_suffix(".parquet")
    pl.DataFrame([moments, *(pl.Series(n, v) for n, v in columns)]).write_parquet(target)
    return target


FORMATS: tuple[Callable[[Case, np.random.Generator, Path], Path], ...] = (
    wide_csv, long_csv, prometheus_json, json_records, json_columns, json_pairs, parquet,
)  # fmt: skip
WEIGHTS = (0.4, 0.1, 0.2, 0.12, 0.06, 0.06, 0.06)


def write(case: Case, folder: Path) -> Path:
    """Write the case in a format of its own and return the file."""
    rng = np.random.default_rng([case.seed, 78, len(case.shape)])
    alone = case.requests is None and case.shape != "off_heap"
    weights = np.array(
        [w if alone or f is not json_pairs else 0.0 for f, w in zip(FORMATS, WEIGHTS, strict=True)]
    )
    writer = FORMATS[int(rng.choice(len(FORMATS), p=weights / weights.sum()))]
    return writer(case, rng, folder / f"{case.shape}-{case.seed}")
