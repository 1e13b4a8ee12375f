"""The docs site builds without a warning, offline, with a gallery of every chart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forensics.charts import find_charts
from forensics.charts._gallery import chart_id
from forensics.plugins import find_plugins

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="needs mkdocs-material")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q",
         "-f", str(ROOT / "docs" / "site" / "mkdocs.yml"), "-d", str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return out


def test_every_chart_is_in_the_gallery(site) -> None:
    page = (site / "gallery.html").read_text(encoding="utf-8")
    for plugin in find_charts():
        assert f"images/gallery/{chart_id(plugin.name)}.svg" in page
        assert (site / "images" / "gallery" / f"{chart_id(plugin.name)}.svg").is_file()


def test_every_verb_is_in_the_reference(site) -> None:
    page = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for plugin in find_plugins("forensics.commands", ("register",)):
        assert f"forensics {plugin.name}" in page


def test_docstrings_are_in_the_reference(site) -> None:
    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert "immediate dominator" in page.lower()
    assert "find_suspects" in page


def test_no_page_loads_anything_from_another_host(site) -> None:
    loads = re.compile(
        r"""<(?:script|img|iframe)[^>]+src=["']?https?:|<link[^>]+stylesheet[^>]+https?:"""
    )
    for page in site.rglob("*.html"):
        assert not loads.search(page.read_text(encoding="utf-8")), page.name
