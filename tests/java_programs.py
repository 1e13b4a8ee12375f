"""Compiles, runs and dumps the small Java programs of ``data/lab/leaks``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "data/lab/leaks/src"


def compile_programs(folder: Path) -> Path:
    """Compile all programs into ``folder``; skip the test where there is no JDK."""
    if shutil.which("javac") is None or shutil.which("jcmd") is None:
        pytest.skip("no JDK: javac and jcmd are not on the path")
    sources = sorted(map(str, SOURCES.rglob("*.java")))
    command = ["javac", "-encoding", "utf-8", "-nowarn", "-d", str(folder), *sources]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def dump_program(classes: Path, program: str, path: Path) -> Path:
    """Run a program until it says that its heap is ready, and dump it to ``path``."""
    command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx400m", "-cp"]
    process = subprocess.Popen([*command, classes, program], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        jcmd = ["jcmd", str(process.pid), "GC.heap_dump", str(path)]
        subprocess.run(jcmd, check=True, capture_output=True)
    finally:
        process.kill()
        process.communicate()
    return path
