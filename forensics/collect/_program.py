"""Run a program of the machine: its output, or an error that says what to do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence

from forensics.errors import EvidenceError, UnsupportedError


def run_program(
    command: Sequence[str], *, timeout_s: float, environment: Mapping[str, str] | None = None
) -> bytes:
    """Return what the program writes to its standard output.

    Raises
    ------
    UnsupportedError
        If the program isn't installed.
    EvidenceError
        If it fails or takes longer than ``timeout_s``.
    """
    name = command[0]
    path = shutil.which(name)
    if path is None:
        raise UnsupportedError(f"{name} is not installed; install it, or collect where it is")
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program, arguments without a shell
            [path, *command[1:]],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            env=None if environment is None else dict(environment),
        )
    except subprocess.TimeoutExpired as error:
        raise EvidenceError(
            name, f"did not answer in {timeout_s:g} s", way_out="raise --timeout"
        ) from error
    if done.returncode:
        first = done.stderr.decode(errors="replace").strip().splitlines()
        raise EvidenceError(name, f"failed: {first[0] if first else f'exit {done.returncode}'}")
    return done.stdout
