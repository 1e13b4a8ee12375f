"""Megabytes of log per CPU second: header, time, level and folded traces; JSON lines.

Run ``python tests/benchmarks/logs_parse.py [MEGABYTES]``. CPU seconds are user and system time
of this process over all its threads; the first, smaller round compiles the kernels. The peers do
less: polars' regex of five groups leaves times as text and folds no trace, its reader of JSON
lines leaves times as text.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from forensics.readers import Source
from forensics.readers.logs import logstash, pattern

TRACE = "".join(f"\tat shop.pay.Class{i}.run(Class{i}.java:{i})\n" for i in range(20))
TRACE = (
    f"java.lang.IllegalStateException: no connection\n{TRACE}Caused by: java.io.IOException: x\n"
)


def write_logs(folder: Path, megabytes: int) -> tuple[Path, Path]:
    """Write a text log and a JSON log of about the same size, one event in 30 with a trace."""
    chance = random.Random(1)
    at = datetime(2026, 2, 9, 14, tzinfo=UTC)
    text, objects = folder / "app.log", folder / "app.jsonl"
    with text.open("w") as plain, objects.open("w") as lines:
        while plain.tell() < megabytes * 1_000_000:
            at += timedelta(milliseconds=chance.randrange(30))
            level = chance.choice(["INFO ", "DEBUG", "WARN ", "ERROR"])
            message = f"scored payment id={chance.randrange(10**9)} in {chance.randrange(300)} ms"
            stamp = f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}"
            plain.write(
                f"{stamp} {level} [exec-{chance.randrange(200)}] s.pay.Scorer - {message}\n"
            )
            item = {"@timestamp": at.isoformat(), "@version": "1", "level": level.strip()}
            item |= {"logger_name": "shop.pay.Scorer", "message": message, "service": "pay"}
            if chance.random() < 1 / 30:
                plain.write(TRACE)
                item["stack_trace"] = TRACE
            lines.write(json.dumps(item) + "\n")
    return text, objects


def cpu_seconds() -> float:
    """Return user and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def polars_regex(path: Path) -> int:
    """Read a text log with polars: lines, and five groups of each header."""
    header = r"^(\S+ \S+) +([A-Z]+) +\[([^\]]*)\] (\S+) - (.*)$"
    lines = pl.read_csv(
        path, has_header=False, new_columns=["line"], separator="\x01", quote_char=None
    )
    return lines.select(pl.col("line").str.extract_groups(header)).unnest("line").height


def polars_ndjson(path: Path) -> int:
    """Read a JSON log with polars."""
    return pl.read_ndjson(path).height


def main(megabytes: int) -> None:
    """Print one line a reader, and the peak of memory."""
    for size in (2, megabytes):
        with tempfile.TemporaryDirectory() as folder:
            for reader, peer, path in zip(
                (pattern, logstash),
                (polars_regex, polars_ndjson),
                write_logs(Path(folder), size),
                strict=True,
            ):
                start = cpu_seconds()
                counts = reader.read(Source(path)).check().counts
                spent = cpu_seconds() - start
                start = cpu_seconds()
                peer(path)
                peer_spent = cpu_seconds() - start
                speed = path.stat().st_size / 1e6 / spent
                if size == megabytes:
                    print(
                        f"{reader.__name__}: {speed:.0f} MB/CPU s, {peer_spent / spent:.2f} times "
                        f"{peer.__name__}, {dict(counts)}"
                    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
