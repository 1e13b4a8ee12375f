"""Run the core of the tests with the lowest or the newest versions that ``pyproject.toml`` admits.

``python -m tests.trust.versions lowest|newest [--python 3.11] [--all]`` makes an environment of its
own with uv, installs the package with the resolution asked for, prints the versions of the
direct dependencies, runs the tests, and ends with pytest's exit code.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
#: What every library of the package takes part in; no browser, no JVM, no servers.
CORE = (
    "readers",
    "contract",
    "growth",
    "heap",
    "kernels",
    "patterns",
    "evidence",
    "charts/test_contract.py",
    "report/test_write.py",
    "run",
    "trust/test_canaries.py",
    "jupyter/test_show.py",
    "test_cli.py",
    "test_config.py",
    "test_redaction.py",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.versions", description=__doc__)
    parser.add_argument("which", choices=RESOLUTIONS)
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    parser.add_argument("--all", action="store_true", help="all tests, not the core only")
    options = parser.parse_args()
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("tests.trust.versions: needs uv, which alone resolves to lowest versions")
    with tempfile.TemporaryDirectory() as scratch:
        python = make_environment(uv, Path(scratch) / "venv", options.which, options.python)
        print(describe(python), flush=True)
        return run_tests(python, Path(scratch), ["tests"] if options.all else core())


def make_environment(uv: str, venv: Path, which: str, version: str) -> Path:
    """Make ``venv`` with the package and what its tests need; return its Python."""
    python = venv / "bin" / "python"
    resolve = ["--resolution", RESOLUTIONS[which], "--editable", ".[test]"]
    for command in (
        [uv, "venv", "--quiet", "--python", version, str(venv)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *resolve],
    ):
        subprocess.run(command, cwd=ROOT, check=True)
    return python


def direct_dependencies() -> list[str]:
    """Return the names of what ``pyproject.toml`` asks for, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(item for extra in extras for item in extra)]
    return sorted({re.split(r"[\[<>=!~ ]", item)[0] for item in asked})


def describe(python: Path) -> str:
    """Return Python's version and that of each direct dependency in an environment."""
    probe = (
        "import sys, platform\nfrom importlib import metadata\nprint(platform.python_version())\n"
    )
    probe += "for name in sys.argv[1:]: print(name, metadata.version(name))"
    names = direct_dependencies()
    done = subprocess.run(
        [python, "-c", probe, *names], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return "Python " + ", ".join(done.stdout.splitlines())


def core() -> list[str]:
    """Return the paths of the core's tests."""
    return [str(Path("tests") / name) for name in CORE]


def run_tests(python: Path, scratch: Path, paths: list[str]) -> int:
    """Run pytest there; numba's cache is kept apart, since another version would replace it.

    Warnings don't fail the tests: an old library on a newer one warns of what isn't ours.
    """
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0"]
    command += ["-o", "filterwarnings=default", "--disable-warnings", *paths]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(scratch / "numba")}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
