from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.charts import Rule
from forensics.charts._layout import fit_label, place_rule_labels, thin
from forensics.charts._theme import DARK, LIGHT, contrast
from forensics.charts._units import human
from forensics.charts.retained_treemap import lay_out


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


def test_labels_at_one_place_take_levels_of_their_own():
    rules = [Rule(name=str(i), at=0.5, text="deploy") for i in range(3)]
    levels = [level for _, _, level in place_rule_labels(rules, 0.0, 1.0, float)]
    assert levels == [0, 1, 2]


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
        pytest.param(0.87, "share", "87 %", id="share"),
        pytest.param(12847.0, "requests", "12,800 requests", id="three digits"),
        pytest.param(None, "s", "not known", id="unknown"),
        pytest.param(float("nan"), "s", "not known", id="not a number"),
        pytest.param(-2048.0, "bytes", "-2 KiB", id="negative"),
    ],
)
def test_a_number_reads_as_people_say_it(value, unit, said):
    assert human(value, unit) == said
