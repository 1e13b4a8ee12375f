"""CPU seconds and memory of a heap dump, from the file to the suspects; reading it once beside it.

Usage: python tests/benchmarks/heap_open.py DUMP...     (make dumps with data/lab/heapgen)

Each dump is opened in a process of its own, its index built anew, compiled code warm.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(dump: Path) -> None:
    """Print one line for one dump."""
    started = time.process_time()
    with dump.open("rb") as stream:
        while stream.read(8 << 20):
            pass
    reading_s = time.process_time() - started
    import forensics  # noqa: PLC0415  # counted
    from forensics.heap import count_classes, find_suspects  # noqa: PLC0415  # counted

    started = time.process_time()
    with tempfile.TemporaryDirectory() as cache:
        graph = forensics.open_heap(dump, cache=cache)
        opened_s = time.process_time() - started
        count_classes(graph)
        find_suspects(graph)
        total_s = time.process_time() - started
        again = time.process_time()
        forensics.open_heap(dump, cache=cache)
        reopened_s = time.process_time() - again
        peak_bytes = _peak_bytes()
        print(
            f"{dump.name}: {dump.stat().st_size / 1e6:.0f} MB, {len(graph):,} objects; "
            f"read once {reading_s:.2f} s, open {opened_s:.2f}, to suspects {total_s:.2f}, "
            f"reopen {reopened_s:.2f} CPU s; peak {peak_bytes / 1e6:.0f} MB, "
            f"{(peak_bytes - dump.stat().st_size) / len(graph):.0f} bytes an object beside the file"
        )


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(text for text in status.splitlines() if text.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(Path(sys.argv[1]))
    else:
        for name in sys.argv[1:]:
            subprocess.run([sys.executable, __file__, name], check=True)
