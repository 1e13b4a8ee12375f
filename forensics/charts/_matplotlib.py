"""Draw a chart as a still picture: SVG and PNG, the same bytes for the same data.

SVG with text as text goes into the report (searchable, follows the page's colours); loose
files get text as paths, since pages that sanitise SVG drop fonts. No date and a fixed hash
salt keep the bytes equal between runs.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from forensics.charts import _chart as m
from forensics.charts._layout import fit_label, place_rule_labels, wrap
from forensics.charts._theme import FONT, FONT_SIZE_PT, HEAT, LIGHT, text_on
from forensics.charts._units import axis_title, shown_panel

_STYLES: Final = {"solid": "-", "dash": (0, (5, 3)), "dot": (0, (1.2, 2.2))}
_SYMBOLS: Final = {"circle": "o", "cross": "x", "diamond": "D", "triangle": "^"}
_HEAT_MAP: Final = LinearSegmentedColormap.from_list("forensics", HEAT)
_RC: Final[dict[str, Any]] = {
    "font.family": FONT,
    "font.size": FONT_SIZE_PT,
    "svg.hashsalt": "forensics",
    "path.simplify": True,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a mark is drawn, and for which chart."""

    axes: Axes
    panel: m.Panel
    chart_id: str


def draw_svg(chart: m.Chart, *, text_as_text: bool, titled: bool) -> str:
    """Return the chart as one SVG document.

    Parameters
    ----------
    chart
        What to draw.
    text_as_text
        True keeps text searchable (the reader's fonts draw it), False draws it as paths.
    titled
        True puts title, subtitle and source line into the picture, for a picture that
        leaves its page.
    """
    with mpl.rc_context({**_RC, "svg.fonttype": "none" if text_as_text else "path"}):
        figure = _build_figure(chart, titled=titled)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def draw_png(chart: m.Chart, *, scale: int) -> bytes:
    """Return the chart as PNG with title and source line; ``scale`` 1 is 110 dots an inch."""
    with mpl.rc_context(_RC):
        figure = _build_figure(chart, titled=True)
        out = io.BytesIO()
        figure.set_dpi(110 * scale)
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None, "Title": chart.title})
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
        _draw_panel(_Place(axes, shown_panel(raw), chart.id), shared=len(chart.panels) > 1)
        if raw.x.scale == "time" and first_time is None:
            first_time = axes
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


def _draw_panel(place: _Place, *, shared: bool) -> None:
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
        _DRAW[type(mark)](place, mark)
    _set_axis(place, "x", panel.x)
    _set_axis(place, "y", panel.y)
    if "none" in {panel.x.scale, panel.y.scale}:
        axes.grid(visible=False)
    _draw_rule_labels(place)
    _write_panel_title(place, shared=shared)


def _write_panel_title(place: _Place, *, shared: bool) -> None:
    axes, panel = place.axes, place.panel
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if panel.title and shared:
        axes.set_title(
            panel.title, loc="left", size=FONT_SIZE_PT, color=LIGHT["ink"], weight="bold"
        )
    if len(unique) > 1 or (unique and not shared):
        columns = 1 if max(map(len, unique)) > 60 else min(4, len(unique))
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


def _set_axis(place: _Place, which: m.Direction, axis: m.Axis) -> None:
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
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        target.set_major_locator(locator)
        target.set_major_formatter(mdates.ConciseDateFormatter(locator))
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


def _draw_line(place: _Place, mark: m.Line) -> None:
    draw: Any = place.axes.step if mark.step else place.axes.plot
    extra = {"where": "post"} if mark.step else {}
    (line,) = draw(
        np.asarray(mark.x),
        np.asarray([math.nan if v is None else v for v in mark.y], dtype=float),
        color=LIGHT[mark.role],
        linestyle=_STYLES[mark.style],
        linewidth=mark.width,
        alpha=None if mark.opacity >= 1 else mark.opacity,
        label=_label(mark),
        solid_joinstyle="round",
        **extra,
    )
    line.set_gid(m.element_id(place.chart_id, mark.name))


def _draw_band(place: _Place, mark: m.Band) -> None:
    area = place.axes.fill_between(
        np.asarray(mark.x),
        np.asarray(mark.low, dtype=float),
        np.asarray(mark.high, dtype=float),
        color=LIGHT[mark.role],
        alpha=mark.opacity,
        linewidth=0,
        label=_label(mark),
    )
    area.set_gid(m.element_id(place.chart_id, mark.name))


def _draw_points(place: _Place, mark: m.Points) -> None:
    colour = LIGHT[mark.role]
    if mark.x_low:
        bars = place.axes.hlines(
            np.asarray(mark.y, dtype=float), mark.x_low, mark.x_high, color=colour, linewidth=1.6
        )
        bars.set_gid(m.element_id(place.chart_id, f"{mark.name} interval"))
    (points,) = place.axes.plot(
        np.asarray(mark.x),
        np.asarray(mark.y),
        linestyle="none",
        marker=_SYMBOLS[mark.symbol],
        markersize=mark.size,
        markeredgewidth=1.4 if mark.symbol == "cross" else 0.6,
        color=colour,
        markeredgecolor=colour if mark.symbol == "cross" else LIGHT["page"],
        label=_label(mark),
        zorder=4,
    )
    points.set_gid(m.element_id(place.chart_id, mark.name))


def _draw_bars(place: _Place, mark: m.Bars) -> None:
    roles = mark.roles or [mark.role] * len(mark.ends)
    lengths = [end - start for start, end in zip(mark.starts, mark.ends, strict=True)]
    draw: Any = place.axes.barh if mark.horizontal else place.axes.bar
    offset = {"left": mark.starts} if mark.horizontal else {"bottom": mark.starts}
    bars = draw(
        mark.positions,
        lengths,
        mark.thickness,
        color=[LIGHT[role] for role in roles],
        label=_label(mark),
        zorder=2,
        **offset,
    )
    for index, bar in enumerate(bars):
        bar.set_gid(f"{m.element_id(place.chart_id, mark.name)}-{index}")
    if mark.texts:
        _write_bar_texts(place.axes, mark)


def _write_bar_texts(axes: Axes, mark: m.Bars) -> None:
    for position, start, end, text in zip(
        mark.positions, mark.starts, mark.ends, mark.texts, strict=True
    ):
        rightwards = end >= start
        place = (max(start, end) if rightwards else min(start, end), position)
        axes.annotate(
            text,
            place if mark.horizontal else (position, end),
            xytext=(4 if rightwards else -4, 0) if mark.horizontal else (0, 3),
            textcoords="offset points",
            ha=("left" if rightwards else "right") if mark.horizontal else "center",
            va="center" if mark.horizontal else "bottom",
            size=7.5,
            color=LIGHT["ink"],
        )


def _draw_rule(place: _Place, mark: m.Rule) -> None:
    draw: Any = place.axes.axvline if mark.axis == "x" else place.axes.axhline
    line = draw(
        mark.at, color=LIGHT[mark.role], linestyle=_STYLES[mark.style], linewidth=1.2, zorder=3
    )
    line.set_gid(m.element_id(place.chart_id, mark.name))
    if mark.text and mark.axis == "y":
        place.axes.annotate(
            mark.text,
            (0.004, mark.at),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2.5),
            textcoords="offset points",
            va="bottom",
            size=7.5,
            color=LIGHT["ink"],
        )


def _draw_rule_labels(place: _Place) -> None:
    rules = [
        mark
        for mark in place.panel.marks
        if isinstance(mark, m.Rule) and mark.axis == "x" and mark.text
    ]
    low, high = place.axes.get_xlim()
    for rule, share, level in place_rule_labels(rules, low, high, _as_number):
        left = share < 0.75
        place.axes.annotate(
            fit_label(rule.text, 46),
            (rule.at, 1.0),  # type: ignore[arg-type]  # a datetime is a coordinate to matplotlib
            xycoords=("data", "axes fraction"),
            xytext=(3 if left else -3, -3 - 11 * level),
            textcoords="offset points",
            ha="left" if left else "right",
            va="top",
            size=7.5,
            color=LIGHT["ink"],
            bbox={"facecolor": LIGHT["page"], "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
            zorder=6,
        )


def _as_number(value: Any) -> float:
    return float(mdates.date2num(value)) if hasattr(value, "year") else float(value)


def _draw_span(place: _Place, mark: m.Span) -> None:
    draw: Any = place.axes.axvspan if mark.axis == "x" else place.axes.axhspan
    span = draw(
        mark.low,
        mark.high,
        color=LIGHT[mark.role],
        alpha=mark.opacity,
        linewidth=0,
        label=_label(mark) if mark.text else None,
        zorder=0.5,
    )
    span.set_gid(m.element_id(place.chart_id, mark.name))


def _draw_rects(place: _Place, mark: m.Rects) -> None:
    roles = mark.roles or [mark.role] * len(mark.x0)
    for index, role in enumerate(roles):
        x0, x1 = _as_number(mark.x0[index]), _as_number(mark.x1[index])
        y0, y1 = _as_number(mark.y0[index]), _as_number(mark.y1[index])
        patch = Rectangle(
            (x0, y0), x1 - x0, y1 - y0, facecolor=LIGHT[role], edgecolor=LIGHT["page"], linewidth=1
        )
        patch.set_gid(f"{m.element_id(place.chart_id, mark.name)}-{index}")
        place.axes.add_patch(patch)
        label = mark.labels[index] if mark.labels else ""
        if label:
            _write_in_rect(place.axes, label, (x0, x1, y0, y1), role)
    place.axes.autoscale_view()


def _write_in_rect(
    axes: Axes, label: str, box: tuple[float, float, float, float], role: str
) -> None:
    """Write as much of a label as fits; the whole axes is taken to be about 105 letters wide."""
    x0, x1, y0, y1 = box
    low, high = axes.get_xlim() if axes.get_autoscalex_on() is False else (0.0, 1.0)
    share = abs(x1 - x0) / abs((high - low) or 1.0)
    fitted = fit_label(label, math.floor(share * 105) - 1)
    if fitted:
        axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            fitted,
            ha="center",
            va="center",
            size=7.5,
            color=LIGHT[text_on(LIGHT[role])],
            clip_on=True,
        )


def _draw_note(place: _Place, mark: m.Note) -> None:
    place.axes.text(
        mark.x,  # type: ignore[arg-type]  # a datetime is a coordinate to matplotlib
        mark.y,  # type: ignore[arg-type]  # same
        mark.text,
        ha=mark.align,
        va="center",
        size=8,
        weight="bold" if mark.bold else "normal",
        color=LIGHT[mark.role],
        zorder=7,
    )


def _draw_heat(place: _Place, mark: m.Heat) -> None:
    rows = np.asarray(mark.values, dtype=float)
    edges = np.arange(rows.shape[0] + 1) - 0.5
    grid = place.axes.pcolormesh(
        np.asarray(mark.x_edges), edges, np.ma.masked_invalid(rows), cmap=_HEAT_MAP, rasterized=True
    )
    grid.set_gid(m.element_id(place.chart_id, mark.name))
    figure = place.axes.figure
    bar = figure.colorbar(grid, ax=place.axes, pad=0.01, fraction=0.03, aspect=30)
    bar.outline.set_visible(False)  # type: ignore[operator]  # matplotlib's stub calls it a Spines
    bar.set_label(mark.unit, color=LIGHT["soft"])
    bar.ax.tick_params(colors=LIGHT["soft"], labelcolor=LIGHT["ink"], length=2)


def _label(mark: m.Mark) -> str | None:
    return mark.name if mark.legend else None


_DRAW: Final[dict[type[Any], Callable[[_Place, Any], None]]] = {
    m.Line: _draw_line,
    m.Band: _draw_band,
    m.Points: _draw_points,
    m.Bars: _draw_bars,
    m.Rule: _draw_rule,
    m.Span: _draw_span,
    m.Rects: _draw_rects,
    m.Note: _draw_note,
    m.Heat: _draw_heat,
}


def legend_names(chart: m.Chart) -> Sequence[str]:
    """Return the names a reader will see in the legends, in order, each once."""
    names = [mark.name for panel in chart.panels for mark in panel.marks if mark.legend]
    return list(dict.fromkeys(names))
