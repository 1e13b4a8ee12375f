"""Takes heap dumps, class histograms and thread dumps with ``jcmd``."""

from __future__ import annotations

import gzip
import os
import subprocess
import time
from pathlib import Path

from rig.cluster import Cluster, Pod
from rig.processes import RigError


def run_jcmd(pid: int, *arguments: str) -> str:
    """Run a diagnostic command in a JVM and return its output."""
    done = subprocess.run(
        ["jcmd", str(pid), *arguments], capture_output=True, check=False, timeout=120
    )
    if done.returncode:
        raise RigError(f"jcmd {arguments[0]} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def total_bytes(histogram: str) -> int:
    """Return the bytes of a class histogram's last line."""
    return int(histogram.strip().splitlines()[-1].split()[2])


def take_dump(cluster: Cluster, pod: Pod, number: int, *, packed_by_jvm: bool) -> dict[str, object]:
    """Dump one pod's heap while the load rests; return what was taken and when.

    The histogram and the dump each collect garbage first; with no request on its way the two
    see the same live objects but for what the JVM's own threads make in between.
    """
    if cluster.load is None:
        raise RigError("no load to pause")
    cluster.load.pause()
    try:
        stem = cluster.folder / "heap" / f"{pod.name}.{number}"
        path = Path(f"{stem}.hprof.gz" if packed_by_jvm else f"{stem}.hprof")
        packing = ["-gz=6"] if packed_by_jvm else []
        run_jcmd(pod.jvm_pid, "GC.run")
        cluster.poll_truth(pod)
        at = time.time()
        run_jcmd(pod.jvm_pid, "GC.heap_dump", *packing, str(path))
        histogram = run_jcmd(pod.jvm_pid, "GC.class_histogram")
    finally:
        cluster.load.resume()
    Path(f"{stem}.histogram.txt").write_text(histogram, encoding="utf-8")
    threads = cluster.folder / "threads" / f"{pod.name}.{number}.txt"
    threads.write_text(run_jcmd(pod.jvm_pid, "Thread.print"), encoding="utf-8")
    return {
        "file": path.name,
        "pod": pod.name,
        "at": at,
        "live_bytes": total_bytes(histogram),
        "lost": pod.truth[-1] if pod.truth else {},
    }


def pack_dumps(folder: Path) -> None:
    """Pack the dumps that the JVM left unpacked, keeping their times."""
    for path in folder.glob("*.hprof"):
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), 7, mtime=0))
        taken = path.stat().st_mtime
        os.utime(packed, (taken, taken))
        path.unlink()
