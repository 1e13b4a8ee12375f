"""Starts programs, finds free ports, and ends everything that was started."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
JAR_FOLDER = Path("/usr/share/java")
JARS = ("HikariCP", "postgresql", "slf4j-api", "logback-classic", "logback-core")
CHILD_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}
#: Signals that end a run.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROGRAMS = ("java", "javac", "jcmd", "prometheus", "prometheus-alertmanager")


class RigError(RuntimeError):
    """A program of the rig is missing, died, or did not answer in time."""


def find_missing() -> list[str]:
    """Return what the rig needs and this machine lacks."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    missing += [
        str(JAR_FOLDER / f"{j}.jar") for j in JARS if not (JAR_FOLDER / f"{j}.jar").exists()
    ]
    if not (POSTGRES_BIN / "postgres").exists():
        missing.append(str(POSTGRES_BIN / "postgres"))
    return missing


def pick_port() -> int:
    """Return a port that is free now on the loopback interface."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def read_url(url: str, *, body: bytes | None = None, timeout_s: float = 5.0) -> bytes:
    """Return the body that a loopback server answers."""
    request = urllib.request.Request(url, data=body)  # noqa: S310 - loopback only, built here
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
        return bytes(answer.read())


def wait_until(ready: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Poll until ``ready`` holds; raise ``RigError`` naming ``what`` when it never does."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.1)
    raise RigError(f"{what} was not ready after {timeout_s:.0f} s")


def answers(url: str) -> bool:
    """Return whether the address answers with success."""
    try:
        read_url(url, timeout_s=2.0)
    except OSError:
        return False
    return True


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back the signals that end a run until a child is on the list of those to stop.

    A handler that raised inside ``Popen`` would leave the child running, known to nobody.
    """
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread only
        return
    before = {number: signal.signal(number, lambda n, _: held.append(n)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in held:
            signal.raise_signal(number)


class Processes:
    """Owns every child process; each child leads its own group, so helpers end with it."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a program with its output appended to ``log``.

        The child gets a small environment of its own: a heap dump keeps all variables that the
        JVM has read, and its working folder; it travels further than those may.
        """
        sink: IO[bytes]
        with log.open("ab") as sink, undisturbed():
            process = subprocess.Popen(
                command,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=CHILD_ENVIRONMENT,
                cwd=log.parent,
                start_new_session=True,
            )
            self.running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], *, grace_s: float = 10.0) -> int:
        """End a program: TERM, then KILL for its group; return its exit code."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                signal_group(process, number)
            try:
                code = process.wait(timeout=grace_s)
            except subprocess.TimeoutExpired:
                continue
            if process in self.running:
                self.running.remove(process)
            return code
        raise RigError(f"process {process.pid} survived KILL")

    def stop_all(self) -> None:
        """End all children, the youngest first."""
        for process in reversed(list(self.running)):
            self.stop(process)


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a child's whole group; a child that just ended is no error."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        process.poll()
