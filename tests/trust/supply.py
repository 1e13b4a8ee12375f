"""Check what is installed and what is shipped.

``python -m tests.trust.supply [audit] [sbom] [install]`` (all three unless named):

- ``audit``: ``pip-audit`` over ``constraints.txt``; where no vulnerability service can be
  reached, that is said and is no pass.
- ``sbom``: ``forensics sbom --json`` against the CycloneDX 1.5 schema, by CycloneDX's own library.
- ``install``: build sdist and wheel (the wheel from the sdist), install it in an empty environment
  outside the checkout, make a report with executed notebooks, check its seal.

Needs uv, which also fetches the two tools into environments of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.trust.faults import make_evidence

ROOT = Path(__file__).parents[2]
#: Words of pip-audit's answer when it could not ask; its exit code doesn't tell.
UNREACHABLE = (
    "ConnectionError",
    "Max retries",
    "ServiceError",
    "HTTPError",
    "ProxyError",
    "Timeout",
)
#: Has known vulnerabilities (CVE-2024-22195): a service that doesn't say so knows nothing.
VULNERABLE = "jinja2==3.1.2"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(sys.stdin.read())
sys.exit(None if error is None else str(error)[:500])
"""


def run(
    *command: str | Path, cwd: Path = ROOT, given: str | None = None, **extra: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it prints is kept."""
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | extra,
    )


def audit(uv: str) -> str:
    """Ask for known vulnerabilities of every pinned version, and of one that has some."""
    with tempfile.TemporaryDirectory() as scratch:
        control = Path(scratch) / "control.txt"
        control.write_text(f"{VULNERABLE}\n")
        known = _audit(uv, control)
    if any(word in known.stdout + known.stderr for word in UNREACHABLE):
        return "NOT CHECKED: no vulnerability service can be reached from here"
    if known.returncode == 0:
        return f"NOT CHECKED: the service that answers here knows of no fault in {VULNERABLE}"
    done = _audit(uv, ROOT / "constraints.txt")
    if done.returncode:
        return "FAILED:\n" + (done.stdout + done.stderr)[-3000:]
    return f"{done.stderr.strip().splitlines()[-1]} in constraints.txt; {VULNERABLE} is told"


def _audit(uv: str, requirements: Path) -> subprocess.CompletedProcess[str]:
    return run(
        *(uv, "tool", "run", "pip-audit", "--requirement", requirements),
        *("--no-deps", "--disable-pip", "--progress-spinner", "off"),
    )


def sbom(uv: str) -> str:
    """Hold the bill of materials to its schema."""
    made = run(sys.executable, "-m", "forensics", "sbom", "--json")
    library = "cyclonedx-python-lib[json-validation]"
    done = run(
        *(uv, "run", "--no-project", "--with", library, "python", "-c", VALIDATE), given=made.stdout
    )
    if made.returncode or done.returncode:
        return "FAILED: " + (made.stderr + done.stderr)[-1000:]
    return f"valid CycloneDX 1.5, {made.stdout.count('pkg:pypi/')} components"


def install(uv: str) -> str:
    """Ship it to an empty place and use it there."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        built = run(uv, "build", "--quiet", "--out-dir", place / "dist")
        names = sorted(path.name for path in (place / "dist").glob("*.*z")) + sorted(
            path.name for path in (place / "dist").glob("*.whl")
        )
        if built.returncode or len(names) != 2:
            return "FAILED: build: " + built.stderr[-1000:]
        python = place / "v" / "bin" / "python"
        run(uv, "venv", "--quiet", "--python", sys.executable, place / "v")
        wheel = place / "dist" / names[1]
        constraints = ["--constraint", ROOT / "constraints.txt"]
        installed = run(uv, "pip", "install", "--quiet", "--python", python, *constraints, wheel)
        if installed.returncode:
            return "FAILED: install: " + installed.stderr[-1000:]
        forensics = place / "v" / "bin" / "forensics"
        evidence, out = make_evidence(place / "evidence"), place / "out"
        cache = {"FORENSICS_CACHE": str(place / "cache"), "PYTHONPATH": ""}
        for arguments in (
            ("report", evidence, "--out", out, "--quiet"),
            ("verify", out, "--evidence", evidence),
        ):
            done = run(forensics, *arguments, cwd=place, **cache)
            if done.returncode:
                return f"FAILED: {arguments[0]}: exit {done.returncode}: {done.stderr[-1000:]}"
        notebooks = len(list((out / "notebooks").glob("*.ipynb")))
    return f"{', '.join(names)}: installed alone; report, {notebooks} notebooks and verify succeed"


CHECKS: dict[str, Callable[[str], str]] = {"audit": audit, "sbom": sbom, "install": install}


def main(names: Sequence[str]) -> int:
    """Run the checks named; return 0 if all passed, 1 otherwise."""
    uv = shutil.which("uv")
    unknown = sorted(set(names) - set(CHECKS))
    if uv is None or unknown:
        print(f"needs uv; checks are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    answers = {}
    for name in names or CHECKS:
        answers[name] = CHECKS[name](uv)
        print(f"{name}: {answers[name]}", flush=True)
    return int(any(answer.startswith(("FAILED", "NOT CHECKED")) for answer in answers.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
