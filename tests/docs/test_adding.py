"""The Python examples of docs/adding are whole modules that define what their folder asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forensics.run.notebooks import inspect_parameters
from tests.notebooks import test_notebooks as held

PAGES = Path(__file__).parents[2] / "docs" / "adding"
RULES = (
    held.test_it_is_stored_without_outputs,
    held.test_it_asks_a_question_first_and_has_one_parameters_cell,
    held.test_it_shows_evidence_and_says_what_would_change_our_mind,
    held.test_its_cells_are_short_and_define_nothing,
    held.test_its_parameters_are_typed_and_explained,
)
CONTRACTS = {
    "analysis": {"TITLE", "NEEDS", "run", "findings"},
    "growth-model": {"NAME", "PARAMETERS", "IS_LEAK", "guess", "predict"},
    "verb": {"register", "HELP"},
    "live-source": {"TITLE", "collect"},
    "chart": {"TITLE", "NEEDS", "draw"},
    "reader": {"TITLE", "KIND", "sniff", "read"},
}


@pytest.mark.parametrize("page", CONTRACTS)
def test_the_example_runs_and_defines_the_contract(page, tmp_path, monkeypatch) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / f"example_{page.replace('-', '_')}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__(f"example_{page.replace('-', '_')}")
    assert CONTRACTS[page] <= set(vars(module))


def test_the_example_of_a_notebook_meets_the_rules(tmp_path, monkeypatch) -> None:
    text = (PAGES / "notebook.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    exec(compile(code, "notebook.md", "exec"), {})  # the guide's own lines
    (written,) = (tmp_path / "notebooks").iterdir()
    assert [parameter.name for parameter in inspect_parameters(written)] == ["evidence"]
    for rule in RULES:
        rule(written)
