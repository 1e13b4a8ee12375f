"""Hurt a run in every way a machine can, and look at what it leaves.

``python -m tests.trust.faults [--kills 100] [--seed 1]`` prints the table of
``docs/trust.md``. A process that has loaded everything forks one child a run, so that a
hundred runs cost minutes. After each fault three things must hold: the report that was
there before is whole (or the new one is), nothing half-done shows, and the next run succeeds.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from forensics.cli import main as forensics
from forensics.run._folder import draft_folder

MiB = 2**20
#: Loaded before the first fork, since a child that loads them itself takes seconds.
LOADED = ("forensics.run.report", "forensics.kernels.log_text", "weasyprint", "scipy.optimize")
DECLARATION = "# Shop is slow\nStarted: 2026-03-01T14:00:00Z\n- Error rate: 12%\n- Memory: 91%\n"
CALENDAR = "- what: Release search 2.1.0\n  kind: deploy\n  time: 2026-03-01T13:00:00Z\n"
Fault = Callable[[], None]


def make_evidence(folder: Path) -> Path:
    """Write a case whose report takes about a second."""
    folder.mkdir()
    (folder / "declaration.md").write_text(DECLARATION)
    (folder / "calendar.yaml").write_text(CALENDAR)
    return folder


def start(evidence: Path, out: Path, fault: Fault = lambda: None) -> int:
    """Fork a child that meets ``fault`` and makes the report; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        fault()
        forensics(["report", str(evidence), "--out", str(out), "--no-notebooks", "--quiet"])
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    finally:
        os._exit(99)


def wait(child: int) -> int:
    """Return the child's exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def digest(folder: Path) -> str:
    """Return one hash over all names and bytes of a folder."""
    state = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        state.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return state.hexdigest()


def is_whole(out: Path) -> bool:
    """Say whether every file that the custody record lists is there with its hash."""
    from forensics.evidence import check_report  # noqa: PLC0415  # after the fork server is up

    return (out / "findings.json").is_file() and check_report(out) == []


def shows_nothing_half_done(out: Path) -> bool:
    """Say whether only the report and hidden leftovers lie beside it."""
    return {p.name for p in out.parent.iterdir() if not p.name.startswith(".")} <= {out.name}


def leftovers(out: Path) -> list[str]:
    """Return drafts that stayed behind."""
    return [p.name for p in out.parent.glob(f".{out.name}.*") if p.name != f".{out.name}.lock"]


def limit_files(size: int) -> Fault:
    """Return a fault that lets no file grow beyond ``size``, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def limit_memory() -> None:
    """Allow little more memory than is in use already."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 8 * MiB, used + 8 * MiB))


def jump_clock() -> None:
    """Let the wall clock jump by a day, back or forth, at every look."""
    chance, real = random.Random(7), time.time
    time.time = lambda: real() + chance.choice([-86400, 86400])


def cut_network() -> None:
    """Enter a network namespace without any interface."""
    os.unshare(os.CLONE_NEWNET) if hasattr(os, "unshare") else _unshare_by_libc()


def _unshare_by_libc() -> None:
    import ctypes  # noqa: PLC0415  # Python before 3.12

    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
        os._exit(77)  # not allowed here: told as skipped


def kill_at_random(evidence: Path, out: Path, runs: int, seed: int) -> tuple[int, int]:
    """Kill ``runs`` runs at random moments; return how many were hit and how many held."""
    begin = time.monotonic()
    wait(start(evidence, out))
    whole_s = time.monotonic() - begin
    chance, hit, held = random.Random(seed), 0, 0
    for _ in range(runs):
        before = digest(out)
        child = start(evidence, out)
        time.sleep(chance.uniform(0, 1.1 * whole_s))
        os.kill(child, signal.SIGKILL)
        hit += wait(child) == -signal.SIGKILL
        held += (digest(out) == before or is_whole(out)) and shows_nothing_half_done(out)
    return hit, held


def check(evidence: Path, out: Path, fault: Fault, wanted: set[int]) -> tuple[int, bool]:
    """Run once under ``fault``; return the exit code and whether all three promises held."""
    before = digest(out)
    code = wait(start(evidence, out, fault))
    kept = digest(out) == before if code else is_whole(out)
    kept = kept and shows_nothing_half_done(out) and (code in wanted or code == 77)
    recovered = wait(start(evidence, out)) == 0 and is_whole(out) and leftovers(out) == []
    return code, kept and recovered


def run_all(kills: int, seed: int, say: Callable[[str], None] = print) -> bool:
    """Meet every fault; say a row of the table for each; return whether all promises held."""
    say("| fault | how | exit code | previous report whole, nothing half done, next run well |")
    say("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as scope:
        os.environ["FORENSICS_CACHE"] = f"{scratch}/cache"
        for module in LOADED:
            importlib.import_module(module)
        evidence = make_evidence(Path(scratch) / "evidence")
        out = Path(scratch) / "reports" / "shop"
        assert wait(start(evidence, out)) == 0
        hit, held = kill_at_random(evidence, out, kills, seed)
        recovered = wait(start(evidence, out)) == 0 and leftovers(out) == []
        is_well = held == kills and recovered
        say(f"| killed | `kill -9`, {kills} random moments, {hit} hit | -9 | {held} of {kills} |")
        for name, how, fault, wanted in FAULTS:
            code, well = check(evidence, out, fault, wanted)
            is_well &= well
            told = "not allowed here" if code == 77 else code
            say(f"| {name} | {how} | {told} | {'yes' if well else 'NO'} |")
        scope.enter_context(draft_folder(out))
        before = digest(out)
        code = wait(start(evidence, out))
        well = code == 2 and digest(out) == before
        say(
            f"| two runs into one folder | the second while the first writes | {code} | "
            f"{'yes' if well else 'NO'} |"
        )
        code = wait(start(evidence, Path("/proc/forensics-report")))
        say(f"| read-only output | `--out` in `/proc` | {code} | {'yes' if code == 2 else 'NO'} |")
        (out / "findings.json").stat()
    return is_well and well and code == 2


FAULTS: list[tuple[str, str, Fault, set[int]]] = [
    ("full disk, early", "`ulimit -f`: no file beyond 4 KiB", limit_files(4096), {3}),
    ("full disk, late", "`ulimit -f`: no file beyond 128 KiB", limit_files(128 * 1024), {3}),
    ("out of memory", "`ulimit -v`: 8 MiB more than loaded", limit_memory, {3, 70, -6, -11, 1}),
    ("no network", "`unshare -n`", cut_network, {0}),
    ("clock jumps", "`time.time` a day off at each look", jump_clock, {0}),
]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.trust.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(0 if run_all(options.kills, options.seed) else 1)
