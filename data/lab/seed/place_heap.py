"""Take over recorded heap dumps into the seed incident's folder.

``python data/lab/seed/place_heap.py RUN`` reads what ``data/lab/run.py seed-heap`` left. The
dumps stay as the JVM wrote them but for the eight bytes of the time in their header, which is
set to the incident's; beside each goes the class histogram that ``jcmd`` printed.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import simulate
import world

MOMENTS_S = (world.DEPLOY_S + 150, world.SALE_S + 60, world.EXHAUSTED_S - 5)
MAGIC = b"JAVA PROFILE 1.0.2\0"
TIME_OFFSET = len(MAGIC) + 4  # after the magic and the four bytes of the identifier size


def set_time(dump: bytes, milliseconds: int) -> bytes:
    """Return the dump with another time in its header.

    Raises
    ------
    ValueError
        If the file does not start as a heap dump does.
    """
    if not dump.startswith(MAGIC):
        raise ValueError(f"found {dump[:20]!r}, expected {MAGIC!r}: not a heap dump")
    stamp = milliseconds.to_bytes(8, "big")
    return dump[:TIME_OFFSET] + stamp + dump[TIME_OFFSET + 8 :]


def place_dumps(run: Path, home: Path) -> list[str]:
    """Copy three dumps and their histograms; return the names written."""
    dumps = sorted((run / "heap").glob("*.hprof.gz"), key=lambda path: path.name.split(".")[1])
    pod = next(iter((run / "logs").glob("payment-api*"))).name.split(".")[0]
    written: list[str] = []
    home.mkdir(parents=True, exist_ok=True)
    for path, second in zip(dumps, MOMENTS_S, strict=True):
        at = world.moment(second)
        stem = f"{pod}.{at:%H%M%S}"
        dump = set_time(gzip.decompress(path.read_bytes()), int(at.timestamp() * 1000))
        (home / f"{stem}.hprof.gz").write_bytes(gzip.compress(dump, 9, mtime=0))
        histogram = path.with_name(path.name.replace(".hprof.gz", ".histogram.txt"))
        (home / f"{stem}.histogram.txt").write_bytes(histogram.read_bytes())
        written.append(stem)
    return written


if __name__ == "__main__":
    print("\n".join(place_dumps(Path(sys.argv[1]), simulate.HOME / "heap")))
