"""Render garbage-collector logs of some containers in the JVM's unified format."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import world
from model import YOUNG_BYTES, Outcome, Pod, Sample

MIB = 1024 * 1024


def head_lines(start_s: int) -> list[str]:
    """Return the JVM's opening lines of a G1 log."""
    facts = (
        "[gc,init] CardTable entry size: 512",
        "[gc     ] Using G1",
        "[gc,init] Version: 17.0.10+7 (release)",
        "[gc,init] CPUs: 4 total, 4 available",
        "[gc,init] Memory: 8192M",
        "[gc,init] Heap Region Size: 4M",
        "[gc,init] Heap Min Capacity: 128M",
        "[gc,init] Heap Max Capacity: 7G",
        "[gc,init] Parallel Workers: 4",
    )
    return [f"{prefix(start_s + 0.02, start_s)}[info]{fact}" for fact in facts]


def prefix(at_s: float, start_s: int) -> str:
    """Return the decorations: local time with zone and uptime."""
    return f"[{world.stamp(at_s)[:-1]}+0000][{at_s - start_s:.3f}s]"


def collection(number: int, sample: Sample, at_s: float, start_s: int) -> str:
    """Return one young collection's line from the model's state."""
    live_mib = sample.heap_live_bytes / MIB
    young_mib = min(YOUNG_BYTES, max(world.MAX_HEAP_BYTES - sample.heap_live_bytes, 5e7)) / MIB
    size_mib = sample.heap_committed_bytes / MIB
    before_mib = min(live_mib + young_mib, size_mib)
    pause_ms = 8.0 + live_mib * 0.0047 + (number * 7919 % 100) / 50.0
    return (
        f"{prefix(at_s, start_s)}[info][gc          ] GC({number}) Pause Young (Normal) "
        f"(G1 Evacuation Pause) {before_mib:.0f}M->{live_mib:.0f}M({size_mib:.0f}M) "
        f"{pause_ms:.3f}ms"
    )


def container_log(pod: Pod, start_s: int, end_s: int, seed: int) -> str:
    """Return the log of one container from its start to its end."""
    rng = random.Random(f"{seed}-{pod.name}-{start_s}")
    lines = head_lines(start_s) if start_s >= 0 else []
    samples = [s for s in pod.samples if s.up and start_s <= s.second <= end_s]
    number = round(samples[0].gc_count) if start_s < 0 else 0
    for before, after in pairwise(samples):
        count = max(round(after.gc_count - before.gc_count), 0)
        for step in range(count):
            share = (step + rng.uniform(0.2, 0.8)) / count
            between = Sample(after.second, up=True)
            for name in ("heap_live_bytes", "heap_committed_bytes"):
                low, high = getattr(before, name), getattr(after, name)
                setattr(between, name, low + share * (high - low))
            at_s = before.second + share * (after.second - before.second)
            lines.append(collection(number, between, at_s, start_s))
            number += 1
    return "\n".join(lines) + "\n"


def write_gc_logs(outcome: Outcome, folder: Path, seed: int) -> None:
    """Write the logs of one old pod, two new ones (each container life) and one partner pod."""
    folder.mkdir(parents=True, exist_ok=True)
    old = next(p for p in outcome.pods if p.ended_s is not None)
    partner = next(p for p in outcome.pods if p.workload == "payment-api-partner")
    new = [p for p in outcome.pods if p.oom_kills][:2]
    for pod in (old, partner):
        end_s = pod.ended_s or world.LENGTH_S
        text = container_log(pod, pod.container_from_s, end_s, seed)
        (folder / f"{pod.name}.gc.log").write_text(text, encoding="utf-8")
    for pod in new:
        for life, start_s in enumerate(s for s in pod.starts if s <= world.LENGTH_S):
            end_s = next((k for k in pod.oom_kills if k > start_s), world.LENGTH_S)
            text = container_log(pod, start_s, end_s, seed)
            (folder / f"{pod.name}.{life}.gc.log").write_text(text, encoding="utf-8")
