"""Takes heap dumps, class histograms and thread dumps with ``jcmd``."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from rig.cluster import Cluster, Pod
from rig.monitoring import Monitoring
from rig.processes import RigError

SETTLE_S = 0.3


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


@contextlib.contextmanager
def at_rest(cluster: Cluster, monitoring: Monitoring) -> Iterator[None]:
    """Hold requests, polls and scrapes, so that a histogram and a dump see the same objects."""
    if cluster.load is None:
        raise RigError("no load to pause")
    cluster.is_resting = True
    cluster.load.pause()
    monitoring.hold()
    try:
        yield
    finally:
        monitoring.resume()
        cluster.load.resume()
        cluster.is_resting = False


def take_dump(
    cluster: Cluster, monitoring: Monitoring, pod: Pod, *, number: int, packed_by_jvm: bool
) -> dict[str, object]:
    """Dump one pod's heap while everything rests; return what was taken and when.

    The dump and the histogram each collect garbage first. They differ by a few objects of the
    JVM's own attach thread, and in ``java.lang.Class``: the histogram counts every mirror, the
    dump only those of classes that it describes.
    """
    stem = cluster.folder / "heap" / f"{pod.name}.{number}"
    path = Path(f"{stem}.hprof.gz" if packed_by_jvm else f"{stem}.hprof")
    packing = ["-gz=6"] if packed_by_jvm else []
    with at_rest(cluster, monitoring):
        cluster.poll_truth(pod)
        run_jcmd(pod.jvm_pid, "GC.run")
        time.sleep(SETTLE_S)
        at = time.time()
        run_jcmd(pod.jvm_pid, "GC.heap_dump", *packing, str(path))
        histogram = run_jcmd(pod.jvm_pid, "GC.class_histogram")
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
