"""What 1 GB, 10 GB, 100 GB and 1 TB of evidence need, from slopes measured on small ones.

Usage: ``python -m tests.benchmarks.sizing [DUMP...]``. Logs and a Prometheus export are written
in four sizes; dumps are given (``java data/lab/heapgen/HeapGen.java SCALE OUT`` makes them). Each
figure is of a process of its own. A line is fitted by least squares to CPU seconds and to peak
memory against the size of the file; ``r2`` says how straight it is. What is printed beyond the
largest size measured is extrapolated. Memory that grows with the file is given per GB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.heap_open import Cost, measure
from tests.benchmarks.logs_parse import write_logs
from tests.benchmarks.metrics import write_files

LOGS_MB = (50, 100, 200, 300)
SERIES = (25, 50, 100, 150)
SAMPLES = 20_000
SIZES = {"1 GB": 1.0, "10 GB": 10.0, "100 GB": 100.0, "1 TB": 1000.0}
FORENSICS = (sys.executable, "-m", "forensics")
READ = "import sys\nfrom pathlib import Path\nfrom forensics.readers import read_file\n"
READ += "read_file(Path(sys.argv[1]))"


def run(kind: str, path: Path, scratch: Path) -> Cost:
    """Work on one file as the command of its kind does."""
    if kind == "logs parse":
        return measure(
            *FORENSICS, "logs", "parse", str(path), "--out", str(scratch / "rows.parquet")
        )
    if kind == "logs patterns":
        return measure(*FORENSICS, "logs", "patterns", str(path), "--json", "--top", "1")
    if kind == "metrics":
        return measure(sys.executable, "-c", READ, str(path))
    with tempfile.TemporaryDirectory(dir=scratch) as cache:
        return measure(*FORENSICS, "heap", str(path), "--cache", cache)


def describe(kind: str, files: list[Path], scratch: Path) -> None:
    """Print what each file costs and what follows from it."""
    run(kind, files[0], scratch)  # compiles
    gb, cpu_s, peak_gb = [], [], []
    for path in files:
        cost = run(kind, path, scratch)
        gb.append(path.stat().st_size / 1e9)
        cpu_s.append(cost.cpu_s)
        peak_gb.append(cost.peak_bytes / 1e9)
        print(
            f"  {kind}: {gb[-1]:.3f} GB  {cpu_s[-1]:6.1f} CPU s  peak {peak_gb[-1]:.2f} GB",
            flush=True,
        )
    cpu, memory = np.polyfit(gb, cpu_s, 1), np.polyfit(gb, peak_gb, 1)
    r2 = float(np.corrcoef(gb, cpu_s)[0, 1] ** 2)
    cells = [f"{cpu[0] * size + cpu[1]:,.0f} s" for size in SIZES.values()]
    needs = [f"{memory[0] * size + memory[1]:,.1f} GB" for size in SIZES.values()]
    print(f"| {kind} | CPU, r2 {r2:.3f} | {cpu[0]:.1f} s/GB | {' | '.join(cells)} |")
    print(f"| {kind} | peak memory | {memory[0]:.2f} GB/GB | {' | '.join(needs)} |", flush=True)


def main(dumps: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        print(f"| | | slope | {' | '.join(SIZES)} |\n|---|---|---|{'---|' * len(SIZES)}")
        if dumps:
            describe("heap", sorted(dumps, key=lambda path: path.stat().st_size), scratch)
        logs, exports = [], []
        for number, size in enumerate(LOGS_MB):
            place = scratch / str(number)
            place.mkdir()
            text, objects = write_logs(place, size)
            objects.unlink()
            logs.append(text)
            export, table = write_files(place, SERIES[number], SAMPLES)
            table.unlink()
            exports.append(export)
        describe("logs parse", logs, scratch)
        describe("logs patterns", logs, scratch)
        describe("metrics", exports, scratch)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
