"""Every notebook is written as the house asks, and runs with its small parameters."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

from forensics.run.notebooks import inspect_parameters, list_notebooks, run_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOKS = list_notebooks()
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def ids(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_it_is_stored_without_outputs(path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_it_asks_a_question_first_and_has_one_parameters_cell(path) -> None:
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert "?" in cells[0].source.splitlines()[0]
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert tagged[0] is cells[1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_it_shows_evidence_and_says_what_would_change_our_mind(path) -> None:
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert "## Evidence" in prose
    assert "## Picture" in prose
    assert "## Reading" in prose
    assert "## What would change our mind" in prose


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_its_cells_are_short_and_define_nothing(path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 15
            code = TransformerManager().transform_cell(cell.source)
            for node in ast.walk(ast.parse(code)):
                assert not isinstance(node, FORBIDDEN), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_its_parameters_are_typed_and_explained(path) -> None:
    parameters = inspect_parameters(path)
    assert "evidence" in {parameter.name for parameter in parameters}
    assert all(parameter.type for parameter in parameters)
    source = read(path).cells[1].source
    assert source.count("#") >= len(parameters)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_it_runs_to_its_end_with_its_small_parameters(path, tmp_path) -> None:
    case = tomllib.loads((Path(__file__).parent / f"{path.stem}.toml").read_text())
    ended = run_notebook(
        path,
        tmp_path / path.name,
        parameters=case["parameters"],
        evidence_root=ROOT / "data" / "incidents",
        timeout_s=300,
    )
    assert (ended.status, ended.why) == ("ok", "")
    text = (tmp_path / path.name).read_text()
    for expected in case["expect"]:
        assert expected in text
    assert str(ROOT) not in text


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell()
    shell.display_formatter.active_types = ["text/plain"]
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def poor_evidence(tmp_path, monkeypatch):
    """One CSV of one metric: no logs, no changes, no dump."""
    folder = tmp_path / "one-csv"
    folder.mkdir()
    lines = [f"2026-05-04T08:{i:02}:00Z,cart-1,{300 + 2 * i}" for i in range(60)]
    (folder / "rss.csv").write_text("timestamp,pod,rss_mb\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("FORENSICS_EVIDENCE_ROOT", str(tmp_path))
    return folder.name


def test_on_poor_evidence_every_cell_answers_and_says_what_is_missing(shell, poor_evidence) -> None:
    """The cells of all notebooks in one shell, since kernels are what costs."""
    said: dict[str, str] = {}
    for path in NOTEBOOKS:
        for cell in read(path).cells:
            if cell.cell_type == "code":
                done = shell.run_cell(cell.source.replace("payment-api-2026-02-09", poor_evidence))
                assert done.success, (path.name, cell.source)
                said[path.stem] = said.get(path.stem, "") + repr(done.result) + "\n"
    assert "no heap to explore" in said["04_heap"]
    assert "no chart pool-use" in said["05_pool_and_database"]
    assert "nothing can be said" in said["06_logs"]
    assert "leaks at 2 MiB/min" in said["03_memory_growth"]
