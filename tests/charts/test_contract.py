"""Every chart module, found as the package finds it, keeps the contract of charts."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from plotly.graph_objects import Figure

from forensics.charts import _matplotlib, find_charts
from forensics.charts._gallery import chart_id
from forensics.charts._plotly import build_figure
from forensics.charts._svg import inline_svg
from forensics.charts._write import redact_chart, to_csv, write_charts
from tests.charts.small_case import INPUTS, give, give_empty, hostile_give

MODULES = {plugin.name: plugin.module for plugin in find_charts()}


def draw(name, source=give):
    module = MODULES[name]
    return module.draw(**{need: source(need) for need in module.NEEDS})


@pytest.fixture(scope="module")
def drawn():
    return {name: draw(name) for name in MODULES}


@pytest.fixture(scope="module")
def hostile():
    return {name: draw(name, hostile_give) for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_the_small_case_has_every_input_it_needs(name):
    assert set(MODULES[name].NEEDS) <= set(INPUTS)


@pytest.mark.parametrize("name", MODULES)
def test_it_says_its_finding_and_how_to_read_it(drawn, name):
    chart = drawn[name]
    assert chart.id == chart_id(name)
    assert all(len(text) > 10 for text in (chart.title, chart.subtitle, chart.caption, chart.alt))
    assert not chart.table.is_empty()
    assert chart.sources


@pytest.mark.parametrize("name", MODULES)
def test_axes_that_count_have_label_and_unit(drawn, name):
    for panel in drawn[name].panels:
        for axis in (panel.x, panel.y):
            if axis.scale in {"linear", "log"}:
                assert axis.label
                assert axis.unit


@pytest.mark.parametrize("name", MODULES)
def test_it_draws_nothing_from_nothing(name):
    assert draw(name, give_empty) is None


@pytest.mark.parametrize("name", MODULES)
def test_plotly_takes_its_figure(drawn, name):
    figure = Figure(json.loads(json.dumps(build_figure(drawn[name]), allow_nan=False)))
    assert figure.data or figure.layout.annotations


@pytest.mark.parametrize("name", MODULES)
def test_the_inline_drawing_has_no_style_attribute_and_unique_ids(drawn, name):
    svg = inline_svg(_matplotlib.draw_inline(drawn[name]), drawn[name].id, drawn[name].alt)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert "style=" not in svg
    assert len(ids) == len(set(ids))
    assert all(one.startswith(f"{drawn[name].id}/") for one in ids)
    assert "<text" in svg


@pytest.mark.parametrize("name", MODULES)
def test_hostile_labels_stay_text_in_every_form(hostile, name):
    chart = hostile[name]
    svg = inline_svg(_matplotlib.draw_inline(chart), chart.id, chart.alt)
    figure = json.dumps(build_figure(chart))
    assert "<script" not in svg
    assert "<img" not in svg
    assert "<script" not in figure
    assert "<img" not in figure
    rows = list(csv.reader(io.StringIO(to_csv(chart.table))))
    assert {len(row) for row in rows} == {chart.table.width}


def test_the_same_charts_give_the_same_bytes(tmp_path, drawn):
    charts = [drawn["memory_growth"], drawn["log_patterns"]]
    for run in ("a", "b"):
        write_charts(charts, tmp_path / run)
    first = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(first) == 13
    for path in first:
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes()


def test_a_secret_in_a_label_is_gone_from_the_chart(drawn):
    secret = "password=hunter2hunter2"
    chart = drawn["odds_waterfall"]
    panel = chart.panels[0]
    object.__setattr__(panel, "title", f"deploy with {secret}")
    assert "hunter2" not in redact_chart(chart).panels[0].title
