"""Draw a chart as a still picture: SVG and PNG, the same bytes for the same data.

SVG with text as text goes into the report (searchable, follows the page's colours); loose
files get text as paths, since pages that sanitise SVG drop fonts. No date and a fixed hash
salt keep the bytes equal between runs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from forensics.charts import _chart as m
from forensics.charts._layout import fit_label, place_rule_labels, wrap
from forensics.charts._matplotlib_marks import Place, as_number, draw_mark
from forensics.charts._theme import FONT, FONT_SIZE_PT, LIGHT
from forensics.charts._units import axis_title, shown_panel

#: Matplotlib's dates are untyped.
_DATES: Final[Any] = dates
_LABEL_PT: Final = 10.5
_RC: Final[Any] = {
    "font.family": FONT,
    "font.size": FONT_SIZE_PT,
    "svg.hashsalt": "forensics",
    "path.simplify": True,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "timezone": "UTC",
}


def draw_inline(chart: m.Chart) -> str:
    """Return the chart as SVG without title, for a page that gives it one; text stays text."""
    with mpl.rc_context(_RC):
        return _to_svg(_build_figure(chart, titled=False), "none")


def draw_loose(chart: m.Chart) -> tuple[str, bytes, bytes]:
    """Return the chart with title and source line, to leave its page: SVG, PNG, PNG twice as large.

    Text is drawn as paths. A PNG has 110 dots an inch, the large one 220.
    """
    with mpl.rc_context(_RC):
        figure = _build_figure(chart, titled=True)
        return _to_svg(figure, "path"), _to_png(figure, 110), _to_png(figure, 220)


def _to_svg(figure: Figure, text: str) -> str:
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": text}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _to_png(figure: Figure, dots_an_inch: int) -> bytes:
    out = io.BytesIO()
    figure.set_dpi(dots_an_inch)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata={"Software": None})
    return out.getvalue()


def _build_figure(chart: m.Chart, *, titled: bool) -> Figure:
    head_in = 0.22 * (len(wrap(chart.title, 82)) + 1) + 0.18 if titled else 0.0
    foot_in = 0.2 if titled else 0.0
    height_in = chart.height_in + head_in + foot_in
    figure = Figure(figsize=(chart.width_in, height_in), facecolor=LIGHT["page"])
    body = (0.0, foot_in / height_in, 1.0, 1 - (head_in + foot_in) / height_in)
    figure.set_layout_engine("constrained", rect=body, h_pad=0.06, w_pad=0.06)
    if titled:
        _write_frame(figure, chart, height_in)
    shares = [panel.height for panel in chart.panels]
    rows = figure.subplots(len(chart.panels), 1, squeeze=False, height_ratios=shares)
    first_time: Axes | None = None
    for axes, raw in zip(rows[:, 0], chart.panels, strict=True):
        if raw.x.scale == "time" and first_time is not None:
            axes.sharex(first_time)
        place = Place(axes, shown_panel(raw), chart.id)
        _draw_panel(place, shared=len(chart.panels) > 1)
        if raw.x.scale != "time" or first_time is None:
            _draw_rule_labels(place, chart.height_in * raw.height / sum(shares) * 0.75)
        if raw.x.scale == "time" and first_time is None:
            first_time = axes
    # The layout is solved once; each file would solve it again.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _write_frame(figure: Figure, chart: m.Chart, height_in: float) -> None:
    title = wrap(chart.title, 82)
    top = 1 - 0.1 / height_in
    line = 0.22 / height_in
    figure.text(0.012, top, "\n".join(title), size=11, weight="bold", va="top", color=LIGHT["ink"])
    figure.text(
        0.012, top - line * len(title), chart.subtitle, size=8.5, va="top", color=LIGHT["soft"]
    )
    files = ", ".join(dict.fromkeys(ref.path for ref in chart.sources)) or "findings.json"
    source = fit_label(f"{chart.id} · source: {files}", 120)
    figure.text(0.012, 0.05 / height_in, source, size=6.5, va="bottom", color=LIGHT["soft"])


def _draw_panel(place: Place, *, shared: bool) -> None:
    axes, panel = place.axes, place.panel
    axes.set_facecolor(LIGHT["page"])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LIGHT["frame"])
    axes.tick_params(colors=LIGHT["soft"], labelcolor=LIGHT["ink"], length=3)
    axes.set_axisbelow(True)
    axes.grid(visible=True, color=LIGHT["grid"], linewidth=0.7)
    for mark in panel.marks:
        draw_mark(place, mark)
    _set_axis(place, "x", panel.x)
    _set_axis(place, "y", panel.y)
    if "none" in {panel.x.scale, panel.y.scale}:
        axes.grid(visible=False)
    _write_panel_title(place, shared=shared)


def _write_panel_title(place: Place, *, shared: bool) -> None:
    axes, panel = place.axes, place.panel
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if panel.title and shared:
        axes.set_title(
            panel.title, loc="left", size=FONT_SIZE_PT, color=LIGHT["ink"], weight="bold"
        )
    if len(unique) > 1 or (unique and not shared):
        columns = _count_columns(unique)
        axes.legend(
            unique.values(),
            [fit_label(name, 70) for name in unique],
            loc="lower right" if shared else "lower left",
            bbox_to_anchor=(1.0, 1.0) if shared else (0.0, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=7.5,
            labelcolor=LIGHT["ink"],
            handlelength=1.6,
            columnspacing=1.2,
            borderaxespad=0.1,
        )


def _count_columns(names: Iterable[str]) -> int:
    """Return how many legend entries fit beside each other: all of them, or as wide columns."""
    lengths = [min(len(name), 70) + 7 for name in names]
    return len(lengths) if sum(lengths) <= 128 else max(1, 115 // max(lengths))


def _set_axis(place: Place, which: m.Direction, axis: m.Axis) -> None:
    axes = place.axes
    target = axes.xaxis if which == "x" else axes.yaxis
    set_limits: Callable[..., Any] = axes.set_xlim if which == "x" else axes.set_ylim
    target.label.set_text(axis_title(axis))
    target.label.set_color(LIGHT["soft"])
    if axis.scale == "category":
        target.set_ticks(range(len(axis.categories)), [fit_label(c, 38) for c in axis.categories])
        set_limits(-0.6, len(axis.categories) - 0.4)
        target.grid(visible=False)
        if which == "y":
            axes.invert_yaxis()
    elif axis.scale == "time":
        locator = _DATES.AutoDateLocator(minticks=4, maxticks=9)
        target.set_major_locator(locator)
        target.set_major_formatter(_DATES.ConciseDateFormatter(locator))
    elif axis.scale == "log":
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    elif axis.scale == "none":
        target.set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
    else:
        target.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if axis.low is not None or axis.high is not None:
        set_limits(axis.low, axis.high)


def _draw_rule_labels(place: Place, panel_in: float) -> None:
    """Write the names of upright rules into headroom made for them above the data."""
    rules = [
        mark
        for mark in place.panel.marks
        if isinstance(mark, m.Rule) and mark.axis == "x" and mark.text
    ]
    if not rules:
        return
    low, high = place.axes.get_xlim()
    placed = place_rule_labels(rules, low, high, as_number)
    _make_headroom(place.axes, 1 + max(level for _, _, level in placed), panel_in)
    for rule, share, level in placed:
        left = share < 0.75
        place.axes.annotate(
            fit_label(rule.text, 46),
            (rule.at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3 if left else -3, -2 - _LABEL_PT * level),
            textcoords="offset points",
            ha="left" if left else "right",
            va="top",
            size=7.5,
            color=LIGHT["ink"],
            bbox={"facecolor": LIGHT["page"], "edgecolor": "none", "pad": 0.6, "alpha": 0.75},
            zorder=6,
        )


def _make_headroom(axes: Axes, lines: int, panel_in: float) -> None:
    """Stretch a linear y axis upwards so that ``lines`` of labels cover no data."""
    if axes.get_yscale() != "linear":
        return
    share = min((lines * _LABEL_PT + 5) / 72 / panel_in, 0.5)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, bottom + (top - bottom) / (1 - share))


def legend_names(chart: m.Chart) -> Sequence[str]:
    """Return the names a reader will see in the legends, in order, each once."""
    names = [mark.name for panel in chart.panels for mark in panel.marks if mark.legend]
    return list(dict.fromkeys(names))
