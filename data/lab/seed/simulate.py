"""Write the simulated part of the seed incident's folder, byte for byte the same each time.

``python data/lab/seed/simulate.py`` writes into ``data/incidents/payment-api-2026-02-09``;
``--check`` writes into a temporary folder and compares, packed files by their content.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

import cluster
import database_lines
import gc_lines
import log_lines
import metrics
import model
import neighbours

SEED = 1  # of the seeds tried, the first whose run kills 23 containers before 14:28:45
HOME = Path(__file__).resolve().parents[2] / "incidents" / "payment-api-2026-02-09"
PARTS = ("metrics", "logs", "gc", "kubernetes", "alerts")


def write_evidence(folder: Path, seed: int = SEED) -> model.Outcome:
    """Simulate the incident and write every simulated file below ``folder``."""
    outcome = model.Simulation(seed).run()
    neighbours.write_all(metrics.write_all(outcome, folder / "metrics"), seed)
    log_lines.write_service_logs(outcome, folder / "logs", seed)
    database_lines.DatabaseLog(outcome, seed).write(folder / "logs" / "postgresql-2026-02-09.log")
    gc_lines.write_gc_logs(outcome, folder / "gc", seed)
    cluster.write_all(outcome, folder, seed)
    return outcome


def content(path: Path) -> bytes:
    """Return a file's content; packed files unpacked, since packers differ in their bytes."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def find_differences(left: Path, right: Path) -> list[str]:
    """Return the simulated files that differ or exist on one side only."""
    names = {
        str(path.relative_to(root))
        for root in (left, right)
        for part in PARTS
        for path in (root / part).rglob("*")
        if path.is_file()
    }
    return sorted(
        name
        for name in names
        if not ((left / name).is_file() and (right / name).is_file())
        or content(left / name) != content(right / name)
    )


def main() -> int:
    """Write, or check against what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HOME)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if not options.check:
        outcome = write_evidence(options.out)
        print(f"{options.out}: {len(outcome.pods)} pods, {len(outcome.kills)} kills")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        write_evidence(Path(scratch))
        differing = find_differences(Path(scratch), options.out)
    for name in differing:
        print(f"differs: {name}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
