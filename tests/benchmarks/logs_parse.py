"""Megabytes of log per CPU second: header, time, level and folded traces; JSON lines.

Run ``python tests/benchmarks/logs_parse.py [MEGABYTES]``. CPU seconds are user and system time
of this process over all its threads; the first, smaller round compiles the kernels.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def main(megabytes: int) -> None:
    """Print one line a reader."""
    for size in (2, megabytes):
        with tempfile.TemporaryDirectory() as folder:
            for reader, path in zip(
                (pattern, logstash), write_logs(Path(folder), size), strict=True
            ):
                start = cpu_seconds()
                counts = reader.read(Source(path)).check().counts
                spent = cpu_seconds() - start
                speed = path.stat().st_size / 1e6 / spent
                if size == megabytes:
                    print(f"{reader.__name__}: {speed:.0f} MB/CPU s, {dict(counts)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
