"""Fuzz the parsers: ``python -m tests.fuzz --seconds 10 --inputs 1000 [--reader NAME]``.

Each target runs in a process of its own, so that a crash or hang in compiled code is seen
too. ``--seconds`` is processor time a target, ``--inputs`` how many it gets at least,
``--keep`` a folder for those that failed. Exit code 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.harness import fuzz
from tests.fuzz.targets import find_targets

HANG_FACTOR = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--inputs", type=int, default=0, help="at least so many a target")
    parser.add_argument("--reader", action="append", help="target; repeatable; all by default")
    parser.add_argument("--keep", type=Path, help="folder for inputs that failed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    targets = find_targets()
    if options.one:
        target = targets[options.one]
        tally = fuzz(
            target,
            options.seconds,
            seed=options.seed,
            work=options.work,
            keep=options.keep,
            inputs=options.inputs,
        )
        print(json.dumps(asdict(tally)))
        return 0
    print(f"{'target':24}{'inputs':>8}{'read':>8}{'refused':>8}{'worst s':>9}{'worst MB':>9}")
    failed = False
    for name in options.reader or sorted(targets):
        failed |= run_apart(name, options)
    return int(failed)


def run_apart(name: str, options: argparse.Namespace) -> bool:
    """Fuzz one target in a process of its own; return whether anything failed."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--work", work]
        command += ["--seconds", str(options.seconds), "--seed", str(options.seed)]
        command += ["--inputs", str(options.inputs)]
        command += ["--keep", str(options.keep)] if options.keep else []
        # wall clock, of a machine that may be busy
        limit_s = 600 + HANG_FACTOR * options.seconds + options.inputs
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit_s, check=False
            )
            died = "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-2000:]}"
        except subprocess.TimeoutExpired:
            died = f"hangs beyond {limit_s:.0f} s"
        if died:
            print(f"{name:24} {died}", flush=True)
            for path in Path(work).iterdir():
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{name}-died.input").write_bytes(path.read_bytes())
            return True
    tally = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{name:24}{tally['inputs']:8}{tally['sound']:8}{tally['refused']:8}"
        f"{tally['worst_cpu_s']:9.2f}{tally['worst_growth_bytes'] / 2**20:9.0f}",
        flush=True,
    )
    for kind, failure in tally["crashes"].items():
        print(f"  FAILED {kind}\n    " + failure.strip().splitlines()[-1][:200], flush=True)
    return bool(tally["crashes"])


if __name__ == "__main__":
    sys.exit(main())
