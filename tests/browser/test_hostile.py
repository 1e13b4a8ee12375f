"""Evidence that carries scripts: none runs in a chart page, the index or a notebook's page."""

from __future__ import annotations

import nbformat
import polars as pl
import pytest

from forensics.charts import draw_charts
from forensics.charts._write import write_charts
from forensics.findings import to_json
from forensics.run.index import build_index
from forensics.run.notebooks import clean_notebook
from forensics.run.study import Shown
from tests.browser.test_postmortem import visit
from tests.charts.small_case import HOSTILE, hostile_give

pytestmark = pytest.mark.browser
#: Pages with the most texts of the evidence: names, categories, labels, hover texts.
PAGES = ("change-timeline", "log-patterns")


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    drawn = [chart for chart in draw_charts(hostile_give).charts if chart.id in PAGES]
    out = tmp_path_factory.mktemp("charts")
    write_charts(drawn, out)
    return out, drawn


def is_owned(browser) -> bool:
    return bool(browser.execute_script("return window.pwned"))


@pytest.mark.parametrize("name", PAGES)
def test_no_script_of_the_evidence_runs_in_a_chart_page(browser, charts, name) -> None:
    visit(browser, charts[0] / "charts" / f"{name}.html")
    browser.set_script_timeout(300)
    browser.execute_async_script(
        "const done = arguments[0]; const wait = () => document.body.dataset.ready "
        "? done() : setTimeout(wait, 50); wait();"
    )
    links = browser.execute_script(
        "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href') "
        "|| a.getAttribute('xlink:href') || '')"
    )
    assert not any(link.strip().lower().startswith("javascript") for link in links)
    assert not is_owned(browser)


def test_no_script_of_the_evidence_runs_in_a_loose_drawing(browser, charts) -> None:
    for name in PAGES:
        visit(browser, charts[0] / "charts" / f"{name}.svg")
        assert not is_owned(browser)


def test_no_script_of_the_evidence_runs_in_the_index(browser, tmp_path) -> None:
    for name in ("a", "<img src=x onerror=window.pwned=1>", "java'script\"x"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "findings.json").write_bytes(to_json(hostile_give("findings")))
        (tmp_path / f"{name} broken").mkdir()
        (tmp_path / f"{name} broken" / "findings.json").write_text(HOSTILE)
    build_index(tmp_path)
    visit(browser, tmp_path / "index.html")
    assert not is_owned(browser)
    assert "window.pwned" in browser.execute_script("return document.body.textContent")


def test_no_script_of_the_evidence_runs_in_a_notebook_page(browser, charts, tmp_path) -> None:
    """What notebooks show of evidence: frames, charts, printed text, errors."""
    from nbconvert import HTMLExporter  # noqa: PLC0415  # 1 s that only this test pays

    frame = pl.DataFrame({"message": [HOSTILE], HOSTILE[:60]: [HOSTILE]})
    out = nbformat.v4.new_output
    shown = [
        out("display_data", {"text/html": frame._repr_html_(), "text/plain": str(frame)}),
        *(out("display_data", Shown(chart)._repr_mimebundle_()) for chart in charts[1]),
        out("stream", name="stdout", text=HOSTILE),
        out("error", ename="ValueError", evalue=HOSTILE, traceback=[HOSTILE]),
    ]
    cell = nbformat.v4.new_code_cell("study.files", outputs=shown, execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    clean_notebook(notebook)
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    path = tmp_path / "notebook.html"
    path.write_text(f"<meta charset='utf-8'>{page}", encoding="utf-8")
    visit(browser, path)
    assert not is_owned(browser)
    assert "window.pwned" in browser.execute_script("return document.body.textContent")
