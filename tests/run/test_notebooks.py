"""papermill's word is checked: dead kernels, early exits, time-outs and errors are seen."""

from __future__ import annotations

import os

import nbformat
import pytest

from forensics.errors import UsageError
from forensics.run.notebooks import parse_parameters, run_notebook, run_notebooks


@pytest.fixture
def notebook(tmp_path):
    def make(*sources: str):
        parameters = nbformat.v4.new_code_cell("# what it is\nx: int = 1")
        parameters.metadata["tags"] = ["parameters"]
        cells = [parameters, *(nbformat.v4.new_code_cell(source) for source in sources)]
        book = nbformat.v4.new_notebook(cells=cells)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        book.metadata["language_info"] = {"name": "python"}
        path = tmp_path / "case.ipynb"
        nbformat.write(book, path)
        return path

    return make


def run(path, tmp_path, **parameters):
    return run_notebook(path, tmp_path / "out.ipynb", parameters=parameters, timeout_s=20)


@pytest.mark.parametrize(
    ("source", "status", "hint"),
    [
        pytest.param("x + 1", "ok", "", id="sound"),
        pytest.param("1 / 0", "failed", "ZeroDivisionError", id="error"),
        pytest.param("import sys; sys.exit(0)", "left early", "left", id="exit 0"),
        pytest.param("import os; os._exit(0)", "failed", "kernel died", id="dead kernel"),
    ],
)
def test_how_a_notebook_ended_is_said_as_it_was(notebook, tmp_path, source, status, hint) -> None:
    ended = run(notebook(source, "'the end'"), tmp_path)
    assert ended.status == status
    assert hint in ended.why


def test_a_cell_over_its_time_is_a_timeout(notebook, tmp_path) -> None:
    path = notebook("import time; time.sleep(60)")
    ended = run_notebook(path, tmp_path / "out.ipynb", parameters={}, timeout_s=2)
    assert ended.status == "timeout"


def test_the_executed_copy_of_a_failed_notebook_is_kept(notebook, tmp_path) -> None:
    run(notebook("'before'", "1 / 0", "'after'"), tmp_path)
    text = (tmp_path / "out.ipynb").read_text()
    assert "before" in text
    assert "ZeroDivisionError" in text


def test_an_unknown_parameter_is_refused_with_those_there_are(notebook, tmp_path) -> None:
    with pytest.raises(UsageError, match="has no parameter y; it has: x"):
        run(notebook("x"), tmp_path, y=2)


def test_a_parameter_is_a_value_and_never_code(notebook, tmp_path) -> None:
    path = notebook("repr(x)")
    attack = '\'; import os; os._exit(7) #\n"""{{7*7}}'
    ended = run(path, tmp_path, x=attack)
    assert ended.status == "ok"


def test_two_runs_leave_the_same_bytes_and_the_caller_as_it_was(notebook, tmp_path) -> None:
    path = notebook("x * 2")
    before = dict(os.environ)
    run(path, tmp_path)
    assert dict(os.environ) == before
    first = (tmp_path / "out.ipynb").read_bytes()
    run(path, tmp_path)
    assert (tmp_path / "out.ipynb").read_bytes() == first


def test_secrets_in_outputs_are_redacted(notebook, tmp_path) -> None:
    run(notebook("print('card', '4111' + '1111' * 3)", "'password=' + 'hunter22'"), tmp_path)
    text = (tmp_path / "out.ipynb").read_text()
    assert "4111111111111111" not in text
    assert "password=hunter22" not in text


def test_parameters_are_read_as_json_scalars_or_text() -> None:
    assert parse_parameters(["a=1", "b=x", "c=true", 'd="7"', "e=[1]"]) == {
        "a": 1,
        "b": "x",
        "c": True,
        "d": "7",
        "e": "[1]",
    }
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_parameters(["novalue"])


def test_several_notebooks_run_side_by_side_and_each_is_reported(notebook, tmp_path) -> None:
    paths = []
    for name, source in (("a", "x"), ("b", "1 / 0"), ("c", "x + 1"), ("d", "'end'")):
        path = tmp_path / f"{name}.ipynb"
        notebook(source).rename(path)
        paths.append(path)
    runs = run_notebooks(paths, tmp_path / "out", parameters={"x": 5}, timeout_s=30)
    assert [(run.name, run.status) for run in runs] == [
        ("a", "ok"),
        ("b", "failed"),
        ("c", "ok"),
        ("d", "ok"),
    ]
    assert (tmp_path / "out" / "run.json").exists()
