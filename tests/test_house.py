"""The house rules of docs/architecture.md, held by reading the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "forensics"
WORDS = {
    "errors",
    "tables",
    "findings",
    "plugins",
    "progress",
    "redaction",
    "config",
    "moments",
    "places",
    "_version",
}
BELOW_RUN = {
    *WORDS,
    "kernels",
    "heap",
    "growth",
    "patterns",
    "readers",
    "evidence",
    "collect",
    "analysis",
    "charts",
    "report",
}

#: room -> rooms it may import from (its own is always allowed)
MAY_IMPORT: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    "plugins": {"errors"},
    "progress": set(),
    "redaction": {"errors"},
    "config": {"errors"},
    "moments": set(),
    "places": set(),
    "tables": {"errors"},
    "findings": {"errors", "tables"},
    "kernels": set(),
    "heap": WORDS | {"kernels"},
    "growth": WORDS | {"kernels"},
    "patterns": WORDS | {"kernels"},
    "readers": {
        "errors",
        "tables",
        "plugins",
        "progress",
        "config",
        "moments",
        "places",
        "kernels",
        "heap",
    },
    "evidence": WORDS | {"readers", "heap"},
    "collect": WORDS,
    "analysis": WORDS | {"heap", "growth", "patterns", "kernels"},
    "charts": WORDS,
    "report": WORDS | {"charts"},
    "jupyter": WORDS | {"heap", "kernels", "charts", "evidence", "readers", "analysis"},
    "run": BELOW_RUN | {"jupyter"},
    "commands": BELOW_RUN | {"run"},
    "cli": WORDS | {"commands", "run", "report", "evidence", "collect"},
    "__init__": BELOW_RUN | {"jupyter"},
    "__main__": {"cli"},
}
#: what a room may import for type annotations only, beside MAY_IMPORT
FOR_TYPES: dict[str, set[str]] = {"charts": {"analysis", "heap"}}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports_of(tree: ast.AST) -> list[tuple[str, int, bool]]:
    """Return (room, line, for types only) of every import of the package."""
    typed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            typed.update(id(child) for child in ast.walk(node))
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "forensics":
                names = [f"forensics.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "forensics" and len(parts) > 1:
                found.append((parts[1], node.lineno, id(node) in typed))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_what_its_floor_allows(path: Path) -> None:
    room = room_of(path)
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"line {line}: {target}"
        for target, line, for_types in imports_of(ast.parse(path.read_text()))
        if target not in allowed and not (for_types and target in FOR_TYPES.get(room, set()))
    ]
    assert not wrong, f"{path.relative_to(ROOT)} ({room}) imports {wrong}"


def test_readers_import_nothing_of_the_heap_room_but_the_graph() -> None:
    """A heap reader hands over a graph; questions to it are asked elsewhere."""
    for path in (PACKAGE / "readers").rglob("*.py"):
        if path.parent.name != "heap":
            text = path.read_text()
            for module in re.findall(r"from forensics\.heap(\.\w+)? import", text):
                assert module == ".graph", path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_no_package_is_deeper_than_two_levels() -> None:
    deep = [p for p in FILES if len(p.relative_to(PACKAGE).parts) > 3]
    assert not deep


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_plotting_libraries_are_imported_by_their_renderer_only(path: Path) -> None:
    allowed = {"matplotlib": "_matplotlib", "plotly": "_plotly"}
    for library in ("matplotlib", "plotly"):
        if re.search(rf"^\s*(import|from) {library}\b", path.read_text(), re.MULTILINE):
            assert path.parent.name == "charts"
            assert path.name.startswith(allowed[library])


def test_help_imports_neither_numba_nor_a_plotting_library() -> None:
    """``--help`` answers at once; numba alone takes a quarter of a second to import."""
    probe = (
        "import sys\nfrom forensics.cli import build_app\nbuild_app()\n"
        "print([m for m in ('numba', 'scipy', 'matplotlib', 'plotly', 'papermill') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_project_names_no_machine_and_no_registry() -> None:
    """A path or host of somebody's machine in the tree would be of no use to anyone else."""
    hints = re.compile(
        r"(/work/main|/work/shared|/tmp/team|https?://[^\s\"')]*pypi[^\s\"')]*/simple)"
    )
    listed = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".json", ".ipynb"}:
            if path.name == "test_house.py" or not path.is_file() or path.stat().st_size > 2**20:
                continue
            assert not hints.search(path.read_text(errors="replace")), name
