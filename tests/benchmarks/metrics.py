"""Throughput of the Prometheus reader against two yardsticks, in processor seconds.

Yardsticks: polars reading the same samples from Parquet (no text to parse), and
``json.loads`` of the same file (no tables made). The reader is measured twice: with its table in
memory, and with a cache folder, where a large table is laid out on disk. Run::

    python -m tests.benchmarks.metrics [SERIES] [SAMPLES_A_SERIES]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from forensics.readers import read_file


def write_files(folder: Path, series: int, samples: int) -> tuple[Path, Path]:
    """Write the same samples as a query result and as Parquet."""
    chance = np.random.default_rng(7)
    text, table = folder / "range.json", folder / "range.parquet"
    seconds = 1_770_645_600 + 15 * np.arange(samples)
    frames = []
    with text.open("w") as out:
        out.write('{"status":"success","data":{"resultType":"matrix","result":[')
        for number in range(series):
            values = chance.integers(10**8, 8 * 10**9, samples)
            labels = {"__name__": "container_memory_working_set_bytes", "pod": f"api-{number}"}
            pairs = ",".join(f'[{s},"{v}"]' for s, v in zip(seconds, values, strict=True))
            comma = "," if number else ""
            out.write(f'{comma}{{"metric":{json.dumps(labels)},"values":[{pairs}]}}')
            frames.append(pl.DataFrame({"pod": f"api-{number}", "s": seconds, "value": values}))
        out.write("]}}")
    pl.concat(frames).write_parquet(table)
    return text, table


WORK: dict[str, Callable[[Path, Path], object]] = {
    "forensics: prometheus_api": lambda text, _: read_file(text),
    "forensics: with a cache folder": lambda text, _: read_file(text, cache=text.parent / "cache"),
    "json.loads of the same file": lambda text, _: json.loads(text.read_bytes()),
    "polars.read_parquet of the samples": lambda _, table: pl.read_parquet(table),
}


def measure(name: str, text: Path, table: Path) -> None:
    """Print processor seconds and peak memory of one piece of work in this process."""
    start_s = time.process_time()
    WORK[name](text, table)
    spent_s = time.process_time() - start_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:38} {spent_s:8.2f} CPU s   peak {peak_mib:7.0f} MiB")


def main() -> None:
    """Write the files, then measure each piece of work in a process of its own."""
    if sys.argv[1:2] == ["--only"]:
        measure(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    series, samples = (int(text) for text in (*sys.argv[1:], "500", "2000")[:2])
    with tempfile.TemporaryDirectory() as folder:
        text, table = write_files(Path(folder), series, samples)
        print(f"{series} series x {samples} samples, {text.stat().st_size / 1e6:.0f} MB of JSON")
        for name in WORK:
            command = [sys.executable, "-m", "tests.benchmarks.metrics", "--only", name]
            subprocess.run([*command, str(text), str(table)], check=True)


if __name__ == "__main__":
    main()
