"""Set up and run the project with nothing but Python 3.11+ and git.

    python3 dev.py report     make the report of the seed incident
    python3 dev.py test       run all checks and tests
    python3 dev.py setup      make the virtual environment only

A virtual environment ``.venv`` is made (with ``uv`` where it is installed, else with
``venv`` and ``pip``) and filled from ``constraints.txt``; a second call finds it ready.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
SEED = "payment-api-2026-02-09"


def main() -> int:
    """Run the task named on the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036  # the caller may be any Python
        sys.exit("dev.py: needs Python 3.11 or newer; call it with a newer interpreter")
    tasks = {"setup": lambda: 0, "report": report, "test": test, "lint": lint}
    if len(sys.argv) < 2 or sys.argv[1] not in tasks:
        print(__doc__)
        return 2
    set_up()
    return tasks[sys.argv[1]]()


def set_up() -> None:
    """Make the environment, or leave it alone where its inputs haven't changed."""
    stamp = VENV / ".inputs"
    inputs = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        inputs.update((ROOT / name).read_bytes())
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == inputs.hexdigest():
        return
    uv = shutil.which("uv")
    install = ["install", "--quiet", "--constraint", "constraints.txt", "--editable", ".[test]"]
    if uv:
        run([uv, "venv", "--quiet", "--allow-existing", str(VENV)])
        run([uv, "pip", *install, "--compile-bytecode", "--python", str(PYTHON)])
    else:
        make_venv()
        run([str(PYTHON), "-m", "pip", "--disable-pip-version-check", *install])
    run([str(PYTHON), "-m", "compileall", "-q", "forensics"])  # as no import may write it
    stamp.write_text(inputs.hexdigest())


def make_venv() -> None:
    """Call the standard library's venv; say what to do where a distribution split it off."""
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode:
        sys.exit(
            "dev.py: this Python has no working venv module; install it (on Debian and Ubuntu: "
            "apt-get install python3-venv) or install uv, then call dev.py again"
        )


def report() -> int:
    """Make the seed incident's report."""
    evidence = ROOT / "data" / "incidents" / SEED
    out = ROOT / "reports" / SEED
    return run_forensics("report", str(evidence), "--out", str(out))


def lint() -> int:
    """Run the linters and the type checker."""
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
    ):
        status = subprocess.run([str(PYTHON), "-m", *command], cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


def test() -> int:
    """Run linters, type checker and all tests; further arguments go to pytest."""
    status = lint()
    if status:
        return status
    spread = ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "worksteal"]
    command = [str(PYTHON), "-m", "pytest", *spread, "--cov", "--cov-report=term", *sys.argv[2:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def run_forensics(*arguments: str) -> int:
    """Run the command line of the environment."""
    command = [str(PYTHON), "-m", "forensics", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def run(command: list[str]) -> None:
    """Run a set-up step; end with its exit code if it fails."""
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    sys.exit(main())
