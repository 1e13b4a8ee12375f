"""Feed mutated evidence to a parser and hold it to its limits.

Limits: no exception but the package's own (naming the file, where evidence is at fault), at
most 10 CPU seconds a megabyte (and 10 for less), at most twice the file plus 200 MB memory.
"""

from __future__ import annotations

import hashlib
import random
import re
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forensics.errors import EvidenceError, ForensicsError, PluginError
from tests.fuzz.mutations import mutate
from tests.fuzz.targets import Target

CPU_S_PER_MB = 10.0
FREE_BYTES = 200 * 2**20
FILE_FACTOR = 2


class TooSlowError(BaseException):
    """The parser used up its processor time; no ``except Exception`` may swallow it."""


@dataclass
class Tally:
    """What one target went through."""

    name: str
    inputs: int = 0
    sound: int = 0
    refused: int = 0
    worst_cpu_s: float = 0.0
    worst_growth_bytes: int = 0
    crashes: dict[str, str] = field(default_factory=dict)


def fuzz(
    target: Target,
    cpu_s: float,
    *,
    seed: int,
    work: Path,
    keep: Path | None = None,
    inputs: int = 0,
) -> Tally:
    """Try mutations of the target's seeds for ``cpu_s`` processor seconds, ``inputs`` at least.

    Each kind of failure is kept once: the input in ``keep``, the reason in the tally.
    """
    chance = random.Random(f"{seed}/{target.name}")
    tally = Tally(target.name)
    for data in target.seeds:  # also compiles what the limits shouldn't count
        _try(target, data, Tally(target.name), work=work, keep=None)
    begin_s = time.process_time()
    while time.process_time() - begin_s < cpu_s or tally.inputs < inputs:
        _try(target, mutate(target.seeds, chance), tally, work=work, keep=keep)
    return tally


def _try(
    target: Target,
    data: bytes,
    tally: Tally,
    *,
    work: Path,
    keep: Path | None,
    is_first: bool = True,
) -> None:
    path = work / target.file_name
    path.write_bytes(data)
    limit_s = CPU_S_PER_MB * max(1.0, len(data) / 2**20)
    before_bytes = _reset_peak()
    begin_s = time.process_time()
    failure = ""
    try:
        with _limited(limit_s):
            target.parse(path)
        tally.sound += 1
    except EvidenceError as error:
        tally.refused += 1
        if path.name not in str(error):
            failure = f"unnamed file: {error}"
    except PluginError:
        failure = traceback.format_exc()
    except ForensicsError:
        tally.refused += 1
    except TooSlowError:
        if is_first:  # it may have compiled a kernel, which counts once a machine
            _try(target, data, tally, work=work, keep=keep, is_first=False)
            return
        failure = "too slow\n" + traceback.format_exc()
    except Exception:  # noqa: BLE001  # that there is none is what is tested
        failure = traceback.format_exc()
    tally.inputs += 1
    tally.worst_cpu_s = max(tally.worst_cpu_s, time.process_time() - begin_s)
    growth_bytes = _peak() - before_bytes
    tally.worst_growth_bytes = max(tally.worst_growth_bytes, growth_bytes)
    if growth_bytes > FILE_FACTOR * len(data) + FREE_BYTES and not failure:
        failure = f"memory grew by {growth_bytes:,} bytes on {len(data):,}"
    if failure:
        _keep(failure, data, tally, keep)


def _keep(failure: str, data: bytes, tally: Tally, keep: Path | None) -> None:
    key = _kind_of(failure)
    if key in tally.crashes:
        return
    tally.crashes[key] = failure
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        name = f"{tally.name}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
        (keep / f"{name}.input").write_bytes(data)
        (keep / f"{name}.txt").write_text(failure)


def _kind_of(failure: str) -> str:
    """Return what tells one fault from another: the last frame in the package, the type."""
    frames = re.findall(r'forensics/([\w/]+\.py)", line (\d+)', failure)
    last = failure.strip().splitlines()[-1]
    kind = re.sub(r"\d+", "N", last.split(":")[0])[:80]
    return f"{'/'.join(frames[-1]) if frames else ''} {kind}"


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _reset_peak() -> int:
    """Set the peak of resident memory to the present use and return it (Linux only)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _peak()


def _peak() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
