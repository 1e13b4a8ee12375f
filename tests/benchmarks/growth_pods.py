"""Time of a growth analysis of many pods: ``python -m tests.benchmarks.growth_pods [PODS]``.

PODS (default 500) of a Kubernetes export, four hours at 30 s: working set, limit, restarts and
requests of each. A third leaks, a third follows its traffic, a third is stable. Timed is what
``forensics growth FILE`` does, reading included, once the kernels are compiled; ``json.loads`` of
the same file is the yardstick.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.run.growth import judge_files

Floats = NDArray[np.float64]
SAMPLES = 480


def pod_series(number: int, t: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield metric names and samples of one pod."""
    chance = np.random.default_rng([11, number])
    wave = 1 + 0.4 * np.sin(t / 3000 + chance.uniform(0, 6)) + 0.3 * (t - t[0]) / (t[-1] - t[0])
    rate = chance.poisson(20 * 30 * wave) / 30.0
    moved = {0: 3e5 * np.arange(t.size), 1: 1e7 * rate, 2: np.zeros(t.size)}[number % 3]
    noise = 4e6 * chance.standard_normal(t.size)
    yield "container_memory_working_set_bytes", 4e8 * chance.uniform(1, 1.1) + moved + noise
    yield "kube_pod_container_resource_limits", np.full(t.size, 2.0**30)
    yield "kube_pod_container_status_restarts_total", np.zeros(t.size)
    yield "http_server_requests_seconds_count", np.cumsum(rate * 30)


def write_export(path: Path, pods: int) -> None:
    """Write the answer of a range query."""
    t = 1.77e9 + 30.0 * np.arange(SAMPLES)
    result = []
    for number in range(pods):
        for metric, values in pod_series(number, t):
            labels = {"__name__": metric, "namespace": "shop", "pod": f"api-{number}"}
            if metric == "kube_pod_container_resource_limits":
                labels |= {"resource": "memory", "unit": "byte"}
            pairs = [[s, f"{v:.0f}"] for s, v in zip(t.tolist(), values.tolist(), strict=True)]
            result.append({"metric": labels, "values": pairs})
    data = {"resultType": "matrix", "result": result}
    path.write_text(json.dumps({"status": "success", "data": data}))


def main() -> None:
    """Write the export, judge it, print seconds of clock and processor."""
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder:
        few, path = Path(folder) / "few.json", Path(folder) / "pods.json"
        write_export(few, 6)
        write_export(path, pods)
        judge_files([few])
        for name, work in (
            ("json.loads", lambda: json.loads(path.read_bytes())),
            ("forensics growth", lambda: judge_files([path])),
        ):
            clock, spent = time.perf_counter(), time.process_time()
            found = work()
            clock, spent = time.perf_counter() - clock, time.process_time() - spent
            print(f"{name:18} {pods} pods  {clock:6.1f} s  {spent:6.1f} CPU s")
        leaking = {g.signal.entity for g in found.signals if g.assessment.leak == "yes"}
        made = {f"api-{k}" for k in range(0, pods, 3)}
        print(f"{len(leaking)} pods leak, {len(made)} were made to, {len(leaking & made)} are both")


if __name__ == "__main__":
    main()
