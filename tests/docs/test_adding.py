"""The Python examples of docs/adding are whole modules that define what their folder asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs" / "adding"
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
