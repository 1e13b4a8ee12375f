"""Writes a played incident as files: exporters' names, time series formats, change records."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from tests.verdict.foreign.machine import Played, Track

START: Final = datetime(2025, 11, 18, 6, 30, tzinfo=UTC)

#: quantity -> (metric name, extra labels) by family of exporters; an absent one isn't exported.
FAMILIES: Final[dict[str, dict[str, tuple[str, dict[str, str]]]]] = {
    "micrometer": {
        "heap": ("jvm_memory_used_bytes", {"area": "heap", "id": "G1 Old Gen"}),
        "heap_max": ("jvm_memory_max_bytes", {"area": "heap", "id": "G1 Old Gen"}),
        "busy": ("hikaricp_connections_active", {"pool": "HikariPool-1"}),
        "waiting": ("hikaricp_connections_pending", {"pool": "HikariPool-1"}),
        "size": ("hikaricp_connections_max", {"pool": "HikariPool-1"}),
        "ok": ("http_server_requests_seconds_count", {"status": "200", "uri": "/v2/quote"}),
        "failed": ("http_server_requests_seconds_count", {"status": "503", "uri": "/v2/quote"}),
        "seconds": ("http_server_requests_seconds_sum", {"status": "200", "uri": "/v2/quote"}),
        "started": ("process_start_time_seconds", {}),
    },
    "jmx": {
        "heap": ("jvm_memory_bytes_used", {"area": "heap"}),
        "heap_max": ("jvm_memory_bytes_max", {"area": "heap"}),
        "busy": ("jdbc_connections_active", {"name": "main"}),
        "size": ("jdbc_connections_max", {"name": "main"}),
        "ok": ("http_requests_total", {"code": "200"}),
        "failed": ("http_requests_total", {"code": "500"}),
        "rss": ("process_resident_memory_bytes", {}),
        "started": ("process_start_time_seconds", {}),
    },
    "otel": {
        "heap": ("jvm_memory_used_bytes", {"jvm_memory_type": "heap"}),
        "heap_max": ("jvm_memory_limit_bytes", {"jvm_memory_type": "heap"}),
        "busy": ("db_client_connections_usage", {"state": "used", "pool_name": "main"}),
        "waiting": ("db_client_connections_pending_requests", {"pool_name": "main"}),
        "size": ("db_client_connections_max", {"pool_name": "main"}),
        "ok": ("http_server_request_duration_seconds_count", {"http_response_status_code": "200"}),
        "failed": (
            "http_server_request_duration_seconds_count",
            {"http_response_status_code": "503"},
        ),
        "seconds": (
            "http_server_request_duration_seconds_sum",
            {"http_response_status_code": "200"},
        ),
    },
    "go": {
        "heap": ("go_memstats_heap_inuse_bytes", {}),
        "rss": ("process_resident_memory_bytes", {}),
        "busy": ("go_sql_stats_connections_in_use", {"db_name": "main"}),
        "size": ("go_sql_stats_connections_max_open", {"db_name": "main"}),
        "ok": ("http_requests_total", {"code": "200"}),
        "failed": ("http_requests_total", {"code": "502"}),
        "started": ("process_start_time_seconds", {}),
    },
    "node": {
        "heap": ("nodejs_heap_size_used_bytes", {}),
        "rss": ("process_resident_memory_bytes", {}),
        "ok": ("http_request_duration_seconds_count", {"status_code": "200"}),
        "failed": ("http_request_duration_seconds_count", {"status_code": "504"}),
        "seconds": ("http_request_duration_seconds_sum", {"status_code": "200"}),
        "started": ("process_start_time_seconds", {}),
    },
    "mesh": {
        "rss": ("container_memory_working_set_bytes", {"container": "app"}),
        "limit": ("container_spec_memory_limit_bytes", {"container": "app"}),
        "restarts": ("kube_pod_container_status_restarts_total", {"container": "app"}),
        "ok": ("istio_requests_total", {"response_code": "200"}),
        "failed": ("istio_requests_total", {"response_code": "503"}),
    },
}
_CONTAINER: Final = ("rss", "limit", "restarts")


@dataclass(frozen=True, slots=True)
class Series:
    """One series, times in seconds since ``START``."""

    name: str
    labels: dict[str, str]
    t_s: np.ndarray
    values: np.ndarray


def write_incident(played: Played, folder: Path, seed: int) -> None:
    """Write the evidence of one incident."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 99])
    families = [
        name for name in FAMILIES if (name in {"micrometer", "jmx", "otel"}) == played.is_managed
    ]
    family = families[int(rng.integers(len(families)))]
    series = list(iter_series(played, family, tells_version=bool(rng.random() < 0.6)))
    formats = [_prometheus, _victoria, _long_csv, _openmetrics]
    formats[int(rng.integers(len(formats)))](series, folder)
    _changes(played, folder, rng)
    _pods(played, folder)
    _declaration(played, folder)


def iter_series(played: Played, family: str, *, tells_version: bool) -> Iterator[Series]:
    """Yield the series of all pods as a family of exporters names them."""
    names = dict(FAMILIES[family])
    if family != "mesh":
        names |= {f"container_{key}": FAMILIES["mesh"][key] for key in _CONTAINER}
    for track in played.tracks:
        if len(track.t_s) < 4:
            continue
        labels = {"namespace": "prod", "pod": track.process.name}
        if tells_version:
            labels["version"] = track.process.version
        for key, (name, more) in names.items():
            yield Series(name, {**labels, **more}, np.array(track.t_s), _of(played, track, key))


def _of(played: Played, track: Track, key: str) -> np.ndarray:
    key = key.removeprefix("container_")
    constant = {"heap_max": played.heap_max, "size": played.pool_size}.get(key)
    if constant is not None:
        return np.full(len(track.t_s), constant)
    values = np.array(track.values[key])
    return values + START.timestamp() if key == "started" else values


def _stamp(t_s: float) -> str:
    return f"{START + timedelta(seconds=t_s):%Y-%m-%dT%H:%M:%SZ}"


def _by_name(series: list[Series]) -> dict[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for one in series:
        found.setdefault(one.name, []).append(one)
    return found


def _prometheus(series: list[Series], folder: Path) -> None:
    for name, some in _by_name(series).items():
        result = [
            {
                "metric": {"__name__": name, **s.labels},
                "values": [
                    [START.timestamp() + t, repr(float(v))]
                    for t, v in zip(s.t_s, s.values, strict=True)
                ],
            }
            for s in some
        ]
        answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        (folder / f"q_{name}.json").write_text(json.dumps(answer))


def _victoria(series: list[Series], folder: Path) -> None:
    with (folder / "export.jsonl").open("w") as out:
        for s in series:
            stamps = [int((START.timestamp() + t) * 1000) for t in s.t_s]
            row = {
                "metric": {"__name__": s.name, **s.labels},
                "values": s.values.tolist(),
                "timestamps": stamps,
            }
            out.write(json.dumps(row) + "\n")


def _long_csv(series: list[Series], folder: Path) -> None:
    labels = sorted({label for s in series for label in s.labels})
    with (folder / "dashboard-export.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["timestamp", "metric", *labels, "value"])
        for s in series:
            told = [s.labels.get(label, "") for label in labels]
            for t, v in zip(s.t_s, s.values, strict=True):
                writer.writerow([_stamp(t), s.name, *told, repr(float(v))])


def _openmetrics(series: list[Series], folder: Path) -> None:
    with (folder / "tsdb-dump.om").open("w") as out:
        for name, some in _by_name(series).items():
            out.write(f"# TYPE {name} unknown\n")
            for s in some:
                labels = ",".join(f'{key}="{value}"' for key, value in s.labels.items())
                for t, v in zip(s.t_s, s.values, strict=True):
                    out.write(f"{name}{{{labels}}} {float(v)!r} {START.timestamp() + t:.3f}\n")
        out.write("# EOF\n")


def _changes(played: Played, folder: Path, rng: np.random.Generator) -> None:
    """Write the change calendar in one of several shapes; flags perhaps as an audit log."""
    plan = played.plan
    listed = [c for c in plan.changes if c.is_recorded]
    if not plan.has_listing or not listed:
        return
    if rng.random() < 0.4 and any(c.kind == "flag" for c in listed):
        audit = [
            {
                "flag": c.title.split()[3],
                "at": _stamp(c.at_s),
                "service": c.scope,
                "id": c.change_id,
                "action": f"turned {c.title.split()[1]}",
            }
            for c in listed
            if c.kind == "flag"
        ]
        (folder / "toggles.json").write_text(json.dumps(audit))
        listed = [c for c in listed if c.kind != "flag"]
    shape = int(rng.integers(3))
    if shape == 0:
        rows: list[dict[str, Any]] = [
            {
                "change_id": c.change_id,
                "type": c.kind,
                "summary": c.title,
                "start": _stamp(c.at_s),
                "end": _stamp(c.until_s),
                "service": c.scope,
                **({"from": c.old, "to": c.new} if c.new else {}),
            }
            for c in listed
        ]
        (folder / "planned-work.yaml").write_text(yaml.safe_dump({"work": rows}))
    elif shape == 1:
        rows = [
            {
                "number": c.change_id,
                "title": c.title,
                "startsAt": _stamp(c.at_s),
                "endsAt": _stamp(c.until_s),
                "category": c.kind,
                "system": c.scope,
                "version": c.new or None,
                "previousVersion": c.old or None,
            }
            for c in listed
        ]
        (folder / "cab.json").write_text(json.dumps({"changes": rows}))
    else:
        with (folder / "work-log.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(
                ["Ticket", "Started", "Ended", "Type", "Subject", "Service", "From", "To"]
            )
            for c in listed:
                writer.writerow(
                    [
                        c.change_id,
                        _local(c.at_s),
                        _local(c.until_s),
                        c.kind,
                        c.title,
                        c.scope,
                        c.old,
                        c.new,
                    ]
                )


def _local(t_s: float) -> str:
    """Return the time as people in UTC+1 write it, zone stated."""
    return f"{START + timedelta(seconds=t_s, hours=1):%Y-%m-%dT%H:%M:%S}+01:00"


def _pods(played: Played, folder: Path) -> None:
    """Write what the cluster remembers of its pods and of kills."""
    items, events = [], []
    plan = played.plan
    for track in played.tracks:
        process = track.process
        if process.gone_s >= plan.span_s:
            items.append(
                {
                    "metadata": {
                        "name": process.name,
                        "namespace": "prod",
                        "creationTimestamp": _stamp(process.born_s),
                    },
                    "spec": {
                        "containers": [
                            {"name": "app", "image": f"reg/{plan.service}:{process.version}"}
                        ]
                    },
                    "status": {"phase": "Running", "containerStatuses": []},
                }
            )
        for number, at in enumerate(track.kills):
            events.append(
                {
                    "kind": "Event",
                    "metadata": {"name": f"{process.name}.{number}"},
                    "reason": "OOMKilling",
                    "type": "Warning",
                    "count": 1,
                    "involvedObject": {"kind": "Pod", "name": process.name, "namespace": "prod"},
                    "firstTimestamp": _stamp(at),
                    "lastTimestamp": _stamp(at),
                    "message": "Memory cgroup out of memory",
                }
            )
    (folder / "get-pods.json").write_text(
        json.dumps({"kind": "PodList", "apiVersion": "v1", "items": items})
    )
    if events:
        (folder / "get-events.json").write_text(
            json.dumps({"kind": "EventList", "apiVersion": "v1", "items": events})
        )


def _declaration(played: Played, folder: Path) -> None:
    plan = played.plan
    when = _stamp(0.9 * plan.span_s)
    (folder / "notes.md").write_text(
        f"# {plan.service}: alarms\n\nDetected: {when}\n\nPods of {plan.service} look unwell. "
        "Nobody knows yet what it is.\n\nIs memory leaking? Which change caused this?\n"
    )
