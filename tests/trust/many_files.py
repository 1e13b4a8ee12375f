"""What an evidence folder of crumbs costs: ``python -m tests.trust.many_files 1000 4000``.

Prints CPU seconds and peak memory of ``open_case`` for each number of files of three lines, each in
a process of its own; nothing may be lost.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from forensics.evidence import open_case

LINE = "2026-02-09T14:23:17Z ERROR [main] a.b.C - boom {}\n"


def measure(files: int) -> None:
    """Write ``files`` logs, take them in, print what it cost."""
    with tempfile.TemporaryDirectory() as scratch:
        evidence = Path(scratch) / "evidence"
        for number in range(files):
            folder = evidence / f"{number // 1000:03}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:06}.log").write_text(LINE.format(number) * 3)
        begin_s = time.process_time()
        case = open_case(evidence, cache=Path(scratch) / "cache")
        spent_s = time.process_time() - begin_s
        read = sum(file.status == "read" for file in case.files)
        lines = case.logs.collect().height
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{files:,} files: {read:,} read, {lines:,} events, {spent_s:.1f} CPU s, "
        f"{peak_mib:,.0f} MiB"
    )


if __name__ == "__main__":
    for count in map(int, sys.argv[1:]):
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(count,))
        process.start()
        process.join()
