"""A running JVM of this machine, asked by ``jcmd``.

References
----------
``jcmd`` manual (JDK 17): ``Thread.print``, ``GC.class_histogram``, ``GC.heap_dump``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from forensics.collect import Snapshot, Window, split_target
from forensics.collect._program import run_program
from forensics.errors import UsageError

TITLE: Final = "JVM of this machine (PID; PID#dump for a heap dump, which stops the process)"

_QUESTIONS: Final = {
    "threads/jvm-{pid}.threads.txt": ("Thread.print", "-l"),
    "heap/jvm-{pid}.histogram.txt": ("GC.class_histogram", "-all"),
}


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save threads and class histogram; with ``#dump`` the heap too.

    Without ``#dump`` no full collection is forced (``-all`` counts unreachable objects as
    well); a dump pauses the process for about a second a GiB.
    """
    del window
    pid, wish = split_target(target)
    if not pid.isdigit() or wish not in {"", "dump"}:
        raise UsageError(f"{target!r}: give the process id, such as 4711 or 4711#dump")
    timeout_s = out.access.timeout_s
    for name, question in _QUESTIONS.items():
        out.save(
            name.format(pid=pid),
            lambda question=question: run_program(  # type: ignore[misc]  # bound in the loop
                ["jcmd", pid, *question], timeout_s=timeout_s
            ),
        )
    if wish == "dump":
        out.save(f"heap/jvm-{pid}.hprof", lambda: _dump_heap(pid, timeout_s=timeout_s))


def _dump_heap(pid: str, *, timeout_s: float) -> bytes:
    """Have the JVM write its dump into a folder of ours and take it in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heap.hprof"
        run_program(["jcmd", pid, "GC.heap_dump", str(path)], timeout_s=timeout_s)
        return path.read_bytes()
