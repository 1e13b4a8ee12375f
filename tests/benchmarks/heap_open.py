"""CPU seconds and memory of heap dumps, from the file to the suspects, with limit and peer beside.

Usage: python tests/benchmarks/heap_open.py [--visualvm] [--plot OUT.svg] DUMP...

Make dumps with ``java -Xmx7g data/lab/heapgen/HeapGen.java SCALE OUT``: scales 1, 5, 14.5 and
60 give about 70, 320, 830 and 2990 MB. V8 snapshots (``.heapsnapshot``) have no histogram without
a graph and no peer here. Each figure is of a process of its own, its index built
anew, compiled code warm (``forensics doctor --warm``); imports are counted. The limit is to
read the file once. The peer is VisualVM's heap library (Debian package ``visualvm``): biggest
objects by retained size and their paths to a root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

VISUALVM = Path("/usr/share/visualvm")
PEER = Path(__file__).with_name("VisualVm.java")
READ = "import sys\nwith open(sys.argv[1], 'rb') as f:\n while f.read(8 << 20): pass"
OPEN = """
import sys, tempfile, forensics
from forensics.commands.heap import summarise
with tempfile.TemporaryDirectory() as cache:
    graph = forensics.open_heap(sys.argv[1], cache=cache)
    summarise(graph)
    print(len(graph))
"""
REOPEN = "import sys, forensics\nprint(len(forensics.open_heap(sys.argv[1], cache=sys.argv[2])))"
START = "import forensics\nfrom forensics.readers.heap import _histogram, _open"
COUNT = "import sys\nfrom forensics.readers.heap import count_heap\ncount_heap(sys.argv[1])"


@dataclass(frozen=True)
class Cost:
    """What one process took; ``output`` is what it printed."""

    cpu_s: float
    peak_bytes: int
    output: str


def measure(*command: str) -> Cost:
    """Run a command to its end and return what it cost."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with {status}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def compare(dump: Path, classes: Path | None) -> tuple[float, float]:
    """Print one line for one dump; return its size in MB and the CPU seconds to suspects."""
    size = dump.stat().st_size
    read = measure(sys.executable, "-c", READ, str(dump))
    is_hprof = ".heapsnapshot" not in dump.name
    counted = "none of V8"
    if is_hprof:
        counted = f"{measure(sys.executable, '-c', COUNT, str(dump)).cpu_s:.2f}"
    suspects = measure(sys.executable, "-c", OPEN, str(dump))
    with tempfile.TemporaryDirectory() as cache:
        measure(sys.executable, "-c", REOPEN, str(dump), cache)
        again = measure(sys.executable, "-c", REOPEN, str(dump), cache)
    start = measure(sys.executable, "-c", START)
    objects = int(suspects.output)
    beside = (suspects.peak_bytes - size - start.peak_bytes) / objects
    text = (
        f"{dump.name}: {size / 1e6:.0f} MB, {objects:,} objects; CPU s: read once "
        f"{read.cpu_s:.2f}, start {start.cpu_s:.2f}, histogram {counted}, to suspects "
        f"{suspects.cpu_s:.2f}, reopen {again.cpu_s:.2f}; peak {suspects.peak_bytes / 1e6:.0f} MB, "
        f"{beside:.0f} bytes an object beside the file and {start.peak_bytes / 1e6:.0f} MB of code"
    )
    if classes is not None and is_hprof:
        path = f"{classes}:{jars()}"
        peer = measure("java", "-Xmx6g", "-cp", path, "VisualVm", str(dump))
        shutil.rmtree(f"{dump}.hwcache", ignore_errors=True)
        text += f"; VisualVM {peer.cpu_s:.1f} CPU s, peak {peer.peak_bytes / 1e6:.0f} MB"
    print(text, flush=True)
    return size / 1e6, suspects.cpu_s


def jars() -> str:
    """Return the class path of VisualVM's libraries."""
    return ":".join(str(path) for path in sorted(VISUALVM.rglob("*.jar")))


def compile_peer(folder: str) -> Path | None:
    """Compile the peer's main class; say why there is none."""
    if not list(VISUALVM.rglob("*jfluid-heap.jar")) or not shutil.which("javac"):
        print("no peer: Debian package visualvm or javac is missing", file=sys.stderr)
        return None
    subprocess.run(["javac", "-cp", jars(), "-d", folder, str(PEER)], check=True)
    return Path(folder)


def plot(costs: list[tuple[float, float]], out: Path) -> None:
    """Draw CPU seconds against size, both logarithmic; a straight line of slope 1 is linear."""
    import matplotlib.pyplot as plt  # noqa: PLC0415  # only where a plot is asked for

    figure, axes = plt.subplots(figsize=(5, 3.5))
    axes.loglog(*zip(*sorted(costs), strict=True), marker="o")
    axes.set_xlabel("dump (MB)")
    axes.set_ylabel("CPU seconds to suspects")
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.tight_layout()
    figure.savefig(out)


def main() -> None:
    """Compare all dumps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visualvm", action="store_true", help="run the peer too")
    parser.add_argument("--plot", type=Path, help="draw the cost against the size")
    parser.add_argument("dumps", type=Path, nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        classes = compile_peer(folder) if args.visualvm else None
        costs = [compare(dump, classes) for dump in args.dumps]
    if args.plot:
        plot(costs, args.plot)


if __name__ == "__main__":
    main()
