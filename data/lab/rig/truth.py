"""Measures after a run what was really true: what was lost, since when, how fast, by what."""

from __future__ import annotations

from itertools import pairwise

from rig.cluster import Cluster, Pod
from rig.kubernetes import stamp
from rig.scenario import Scenario


def measure_pod(pod: Pod) -> dict[str, object]:
    """Return one pod's losses: counters of each container life, read by polling."""
    lives: list[dict[str, object]] = []
    for life in sorted({row["life"] for row in pod.truth}):
        rows = [row for row in pod.truth if row["life"] == life]
        lost = [row for row in rows if row["objects"] > 0]
        entry: dict[str, object] = {
            "life": int(life),
            "seen_from": stamp(rows[0]["at_ms"] / 1000),
            "seen_to": stamp(rows[-1]["at_ms"] / 1000),
            "lost_objects": int(rows[-1]["objects"]),
            "lost_connections": int(rows[-1]["connections"]),
            "lost_direct_bytes": int(rows[-1]["direct_bytes"]),
        }
        if lost:
            entry["first_loss_seen"] = stamp(lost[0]["at_ms"] / 1000)
            minutes = (lost[-1]["at_ms"] - lost[0]["at_ms"]) / 60_000
            gained = lost[-1]["objects"] - lost[0]["objects"]
            entry["lost_objects_per_min"] = round(gained / minutes, 1) if minutes > 0 else None
            direct_bytes = lost[-1]["direct_bytes"] - lost[0]["direct_bytes"]
            entry["lost_direct_bytes_per_min"] = (
                round(direct_bytes / minutes) if minutes > 0 else None
            )
        lives.append(entry)
    return {"pod": pod.name, "version": pod.version, "lives": lives}


def live_growth(dumps: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return live bytes gained between dumps of one container life, and bytes a lost object."""
    rows: list[dict[str, object]] = []
    for before, after in pairwise(dumps):
        first, second = before["lost"], after["lost"]
        if (
            before["pod"] != after["pod"]
            or not isinstance(first, dict)
            or not isinstance(second, dict)
        ):
            continue
        if first.get("life") != second.get("life"):
            continue
        gained = int(str(after["live_bytes"])) - int(str(before["live_bytes"]))
        minutes = (float(str(after["at"])) - float(str(before["at"]))) / 60
        objects = second.get("objects", 0) - first.get("objects", 0)
        rows.append(
            {
                "from": before["file"],
                "to": after["file"],
                "live_bytes_gained": gained,
                "rate_bytes_per_min": round(gained / minutes),
                "lost_objects": int(objects),
                "bytes_per_lost_object": round(gained / objects) if objects else None,
            }
        )
    return rows


def measure(
    scenario: Scenario,
    cluster: Cluster,
    dumps: list[dict[str, object]],
    changes: list[dict[str, object]],
) -> dict[str, object]:
    """Return the truth of a run. ``leak`` is what the counters say, not what was planned."""
    pods = [*cluster.gone, *cluster.pods]
    is_leak = any(row["objects"] > 0 for pod in pods for row in pod.truth)
    first = [row["at_ms"] / 1000 for pod in pods for row in pod.truth if row["objects"] > 0]
    cause = next((c for c in changes if c["id"] == scenario.cause), None)
    root = (
        {"change_id": cause["id"], "kind": cause["kind"]}
        if cause
        else {"change_id": None, "kind": "none"}
    )
    return {
        "schema": "lab/truth/1",
        "incident": scenario.name,
        "origin": "recorded",
        "verdict": {"leak": "yes" if is_leak else "no", "kind": scenario.kind, "root_cause": root},
        "first_loss_seen": stamp(min(first)) if first else None,
        "limit_bytes": scenario.limit_mib * 1024 * 1024,
        "max_heap_bytes": scenario.heap_mib * 1024 * 1024,
        "growth_between_dumps": live_growth(dumps),
        "dumps": [
            {"file": d["file"], "at": stamp(float(str(d["at"]))), "live_bytes": d["live_bytes"]}
            for d in dumps
        ],
        "pods": [measure_pod(pod) for pod in pods],
        "restarts": {pod.name: pod.restarts for pod in pods if pod.restarts},
    }
