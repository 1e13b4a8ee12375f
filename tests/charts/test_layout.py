from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from forensics.charts import Rule, _matplotlib_fonts
from forensics.charts._chart import Axis, Chart, Line, Panel
from forensics.charts._layout import fit_label, place_rule_labels, shorten, thin, wrap_label
from forensics.charts._matplotlib import _build_figure, _drawing, draw
from forensics.charts._matplotlib_fonts import find_families, find_lacking
from forensics.charts._theme import DARK, FONT, LIGHT, contrast
from forensics.charts._units import human
from forensics.charts.retained_treemap import lay_out

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=300), st.integers(4, 60))
def test_thinning_keeps_the_peak_the_dip_and_both_ends(values, most):
    x, y = thin(list(range(len(values))), values, most)
    assert (x[0], x[-1]) == (0, len(values) - 1)
    assert max(y) == max(values)
    assert min(y) == min(values)
    assert x == sorted(x)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_a_treemap_fills_its_box_in_proportion(sizes):
    boxes = lay_out(sizes, (0.0, 0.0, 1.0, 1.0))
    areas = [width * height for _, _, width, height in boxes]
    assert areas == pytest.approx([size / sum(sizes) for size in sizes], rel=1e-6, abs=1e-9)


def test_a_long_label_keeps_both_ends():
    assert fit_label("com.example.service.SessionCache", 16) == "com.exa…ionCache"


def extents(labels, letters):
    return [
        (
            label.rule.at if label.is_left else label.rule.at - (len(label.text) + 2) / letters,
            label.rule.at + (len(label.text) + 2) / letters if label.is_left else label.rule.at,
            label.level,
        )
        for label in labels
    ]


def test_labels_at_one_place_take_lines_of_their_own():
    rules = [Rule(name=str(i), at=0.5, text="deploy") for i in range(3)]
    levels = {label.level for label in place_rule_labels(rules, 0.0, 1.0, float)}
    assert levels == {0, 1, 2}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.text("abc ", min_size=1, max_size=60)), max_size=12)
)
def test_no_two_names_of_changes_touch(changes):
    rules = [Rule(name=str(i), at=at, text=text) for i, (at, text) in enumerate(changes)]
    placed = extents(place_rule_labels(rules, 0.0, 1.0, float, 110), 110)
    assert not [
        (one, other)
        for i, one in enumerate(placed)
        for other in placed[:i]
        if one[2] == other[2] and one[0] < other[1] and one[1] > other[0]
    ]


def test_a_name_that_would_run_out_ends_at_its_rule():
    (label,) = place_rule_labels([Rule(name="a", at=0.95, text="deploy of v2")], 0.0, 1.0, float)
    assert not label.is_left


def test_prose_is_cut_at_the_end_of_a_word():
    assert shorten("Rotate the certificate of the load balancer", 30) == (
        "Rotate the certificate of the…"
    )
    assert wrap_label("com.example.service.SessionCache", 16) == "com.exa…ionCache"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_graphics_keep_their_contrast(theme):
    for role in ("ink", "soft"):
        assert contrast(theme[role], theme["page"]) >= 4.5
    drawn = set(theme) - {"page", "panel", "grid", "faint", "frame", "ink", "soft"}
    for role in drawn:
        assert contrast(theme[role], theme["page"]) >= 3.0, role


def test_each_light_colour_means_one_role():
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        pytest.param(262144000.0, "bytes/min", "250 MiB/min", id="rate"),
        pytest.param(0.874, "share", "87%", id="share"),
        pytest.param(0.9961, "share", "99.61%", id="near all"),
        pytest.param(0.0076, "share", "0.76%", id="small share"),
        pytest.param(2_209_000.0, "ms", "36.8 min", id="long in milliseconds"),
        pytest.param(0.8, "min", "48 s", id="short in minutes"),
        pytest.param(45_000.0, "1/s", "45,000/s", id="a second"),
        pytest.param(12847.0, "requests", "12,847 requests", id="a count"),
        pytest.param(13.4e6, "requests", "13.4 million requests", id="millions"),
        pytest.param(None, "s", "not known", id="unknown"),
        pytest.param(float("nan"), "s", "not known", id="not a number"),
        pytest.param(-2048.0, "bytes", "-2 KiB", id="negative"),
    ],
)
def test_a_number_reads_as_people_say_it(value, unit, said):
    assert human(value, unit) == said


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (55_150.85, "USD", "55,150.85 USD"),
        (1200.0, "EUR", "1,200 EUR"),
        (21.9, "% of the budget", "21.9% of the budget"),
        (3e-12, "1", "below 0.000001"),
        (0.0, "1", "0"),
    ],
)
def test_money_keeps_its_cents_and_next_to_nothing_is_not_zero(value, unit, shown):
    assert human(value, unit) == shown


def _boxes(chart):
    with _drawing():
        figure = _build_figure(chart)
        renderer = FigureCanvasAgg(figure).get_renderer()
        return [
            (axes._left_title.get_window_extent(renderer), legend.get_window_extent(renderer))
            for axes in figure.axes
            if (legend := axes.get_legend()) is not None and axes.get_title("left")
        ]


@pytest.mark.parametrize("count", [2, 4, 9])
def test_a_legend_never_covers_the_title_of_its_panel(count):
    time = Axis(label="time (UTC)", scale="time")
    lines = [
        Line(name=f"checkout-api-7f8b9d6c5x-{i:05}", x=[START, START + HOUR], y=[1.0 * i, 2.0])
        for i in range(count)
    ]
    panels = [
        Panel(title="heap after collection", x=time, y=Axis(label="heap"), marks=tuple(lines)),
        Panel(title="pauses", x=time, y=Axis(label="pause"), marks=tuple(lines[:1])),
    ]
    texts = dict.fromkeys(("title", "subtitle", "caption", "alt"), "two panels")
    chart = Chart(id="two-panels", panels=tuple(panels), table=pl.DataFrame(), **texts)
    boxes = _boxes(chart)
    assert boxes
    assert not [1 for title, legend in boxes if title.overlaps(legend)]


def test_letters_that_no_font_has_stay_text_in_a_loose_picture(monkeypatch):
    monkeypatch.setattr(_matplotlib_fonts, "_find_family", lambda _: "")
    assert ">结算-0 grows</text>" in draw(_one_line("结算-0 grows")).svg
    assert "<text" not in draw(_one_line("plain grows")).svg


def test_another_font_of_the_machine_lends_its_letters():
    letter = next(
        chr(point)
        for point in range(0x2100, 0x2C00)
        if _matplotlib_fonts.find_lacking(chr(point))
        and _matplotlib_fonts.find_families(chr(point))
    )
    assert find_lacking("plain é → …") == frozenset()
    assert "<text" not in draw(_one_line(f"{letter} grows")).svg
    (family,) = find_families(letter)
    assert family != FONT


def _one_line(title):
    time = Axis(label="time (UTC)", scale="time")
    line = Line(name="a", x=[START, START + HOUR], y=[1.0, 2.0])
    panels = (Panel(x=time, y=Axis(label="heap"), marks=(line,)),)
    texts = dict.fromkeys(("subtitle", "caption", "alt"), "one line")
    return Chart(id="one-line", title=title, panels=panels, table=pl.DataFrame(), **texts)
