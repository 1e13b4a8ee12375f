"""Draw a chart as a still picture: SVG and PNG, the same bytes for the same data.

SVG with text as text goes into the report (searchable, follows the page's colours); loose
files get text as paths, since pages that sanitise SVG drop fonts. No date and a fixed hash
salt keep the bytes equal between runs.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from matplotlib.transforms import ScaledTranslation
from PIL import Image

from forensics.charts import _chart as m
from forensics.charts._layout import RuleLabel, fit_label, place_rule_labels, wrap, wrap_label
from forensics.charts._matplotlib_fonts import find_families, find_lacking
from forensics.charts._matplotlib_marks import Place, as_number, draw_mark
from forensics.charts._theme import FONT, FONT_SIZE_PT, LIGHT
from forensics.charts._units import axis_title, human_number, shown_panel

#: Matplotlib's dates are untyped.
_DATES: Final[Any] = dates
_DOTS_AN_INCH: Final = 110
_LABEL_PT: Final = 10.5
_LETTER_PT: Final = 4.5  #: width of a letter of the small label size
_CATEGORY_LETTERS: Final = 44
#: Letters of a legend that fit beside a panel's title, and those that fit across it.
_BESIDE_LETTERS: Final = 90
_ACROSS_LETTERS: Final = 128
_RC: Final[Any] = {
    "font.family": FONT,
    "font.size": FONT_SIZE_PT,
    "svg.hashsalt": "forensics",
    "path.simplify": True,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "timezone": "UTC",
}


#: The names over one panel, from left to right.
RuleTexts = Sequence[RuleLabel]


@dataclass(frozen=True, slots=True)
class Pictures:
    """One chart drawn: ``inline`` for a page, the others to leave it.

    Parameters
    ----------
    inline
        SVG without title, for a page that gives it one; its text is text.
    svg
        SVG with title and source line, its text as paths; as text, where no font of this
        machine has all of its letters and the reader's may.
    png, png_2x
        The same at 110 and at 220 dots an inch.
    """

    inline: str
    svg: str
    png: bytes
    png_2x: bytes


def draw(chart: m.Chart) -> Pictures:
    """Draw a chart in every still form; it is laid out once, which is what costs most."""
    with _drawing():
        figure = _build_figure(chart)
        lacking = find_lacking(_texts(figure, chart))
    families = find_families(lacking)
    with _drawing(families):
        figure = _build_figure(chart) if families else figure
        inline = _to_svg(figure, "none")
        _add_frame(figure, chart)
        small, large = _to_pngs(figure)
        is_whole = all(find_families(letter) for letter in lacking)
        return Pictures(inline, _to_svg(figure, "path" if is_whole else "none"), small, large)


def _texts(figure: Figure, chart: m.Chart) -> list[str]:
    """Return every text of a drawing, its frame's included."""
    drawn: Any = figure.findobj(Text)
    framed = (chart.title, chart.subtitle, *(ref.path for ref in chart.sources))
    return [*(text.get_text() for text in drawn), *framed]


def draw_inline(chart: m.Chart, *, framed: bool = False) -> str:
    """Return the chart as SVG, its text as text; ``framed`` adds title and source line."""
    with _drawing():
        figure = _build_figure(chart)
        if framed:
            _add_frame(figure, chart)
        return _to_svg(figure, "none")


@contextmanager
def _drawing(families: Sequence[str] = ()) -> Iterator[None]:
    """Draw in the house's style, with further font families for letters that its font lacks.

    A letter that none has is a box in a PNG; in an SVG it is text for the reader's fonts.
    """
    style = {**_RC, "font.family": [FONT, *families]}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def _to_svg(figure: Figure, text: str) -> str:
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": text}):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _to_pngs(figure: Figure) -> tuple[bytes, bytes]:
    """Return the PNG at 110 and at 220 dots an inch; the small one is the large one halved."""
    figure.set_dpi(2 * _DOTS_AN_INCH)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    pixels = Image.frombuffer("RGBA", (width, height), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    large = pixels.convert("RGB")
    return _encode(large.reduce(2), _DOTS_AN_INCH), _encode(large, 2 * _DOTS_AN_INCH)


def _encode(picture: Image.Image, dots_an_inch: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dots_an_inch, dots_an_inch), compress_level=6)
    return out.getvalue()


def _build_figure(chart: m.Chart) -> Figure:
    """Return the chart without title, laid out."""
    figure = Figure(figsize=(chart.width_in, chart.height_in), facecolor=LIGHT["page"])
    figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06)
    shares = [panel.height for panel in chart.panels]
    rows = figure.subplots(len(chart.panels), 1, squeeze=False, height_ratios=shares)
    named: set[str] = set()
    above: tuple[Axes, m.Axis] | None = None
    for axes, raw in zip(rows[:, 0], chart.panels, strict=True):
        place = Place(axes, shown_panel(raw), chart.id)
        _draw_panel(place)
        texts = [t for t in _place_rules(place, chart.width_in) if t.rule.name not in named]
        named |= {text.rule.name for text in texts}
        if above is not None and above[1] == raw.x:
            _share_x(above[0], axes)
        _write_rule_labels(axes, texts)
        _write_panel_title(place, shared=len(chart.panels) > 1, lines=_lines(texts))
        above = (axes, raw.x) if raw.x.scale in {"time", "log"} else None
    # The layout is solved once; each file would solve it again.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _add_frame(figure: Figure, chart: m.Chart) -> None:
    """Make room above and below a laid out figure, for its title and its source."""
    head_in = 0.22 * (len(wrap(chart.title, 82)) + 1) + 0.18
    foot_in = 0.2
    height_in = chart.height_in + head_in + foot_in
    figure.set_size_inches(chart.width_in, height_in)
    for axes in figure.axes:
        box = axes.get_position()
        low, high = (foot_in + share * chart.height_in for share in (box.y0, box.y1))
        axes.set_position((box.x0, low / height_in, box.width, (high - low) / height_in))
    _write_frame(figure, chart, height_in)


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


def _draw_panel(place: Place) -> None:
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


def _write_panel_title(place: Place, *, shared: bool, lines: int) -> None:
    """Write title and legend above the panel and above the ``lines`` of names over it."""
    axes, panel = place.axes, place.panel
    strip_pt = lines * _LABEL_PT + (4 if lines else 0)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    names = [fit_label(name, 70) for name in unique]
    has_legend = len(unique) > 1 or (bool(unique) and not shared)
    is_titled = bool(panel.title) and shared
    # A legend of one line stands beside the title, a longer one below it.
    is_beside = is_titled and _count_columns(names, _BESIDE_LETTERS) == len(names)
    columns = _count_columns(names, _BESIDE_LETTERS if is_beside else _ACROSS_LETTERS)
    if is_titled:
        below = 0 if is_beside or not has_legend else -(-len(names) // columns)
        axes.set_title(
            panel.title,
            loc="left",
            size=FONT_SIZE_PT,
            color=LIGHT["ink"],
            weight="bold",
            pad=6 + strip_pt + below * (_LABEL_PT + 1.5),
        )
    if not has_legend:
        return
    figure: Any = axes.figure
    axes.legend(
        unique.values(),
        names,
        loc="lower right" if is_beside else "lower left",
        bbox_to_anchor=(1.0, 1.0) if is_beside else (0.0, 1.0),
        bbox_transform=axes.transAxes + ScaledTranslation(0, strip_pt / 72, figure.dpi_scale_trans),
        ncols=columns,
        frameon=False,
        fontsize=7.5,
        labelcolor=LIGHT["ink"],
        handlelength=1.6,
        columnspacing=1.2,
        borderaxespad=0.1,
    )


def _count_columns(names: Sequence[str], most: int) -> int:
    """Return how many columns of legend entries fit into ``most`` letters, filled downwards."""
    for columns in range(len(names), 1, -1):
        rows = -(-len(names) // columns)
        parts = [names[i : i + rows] for i in range(0, len(names), rows)]
        if sum(max(map(len, part)) + 7 for part in parts) <= most:
            return columns
    return 1


def _set_axis(place: Place, which: m.Direction, axis: m.Axis) -> None:
    axes = place.axes
    target = axes.xaxis if which == "x" else axes.yaxis
    set_limits: Callable[..., Any] = axes.set_xlim if which == "x" else axes.set_ylim
    target.label.set_text(axis_title(axis))
    target.label.set_color(LIGHT["soft"])
    if axis.scale == "category":
        names = [wrap_label(name, _CATEGORY_LETTERS) for name in axis.categories]
        target.set_ticks(range(len(names)), names)
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
        target.set_major_locator(LogLocator(10, numticks=7))
        target.set_minor_locator(LogLocator(10, subs=(), numticks=7))
        target.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value, axis.unit)))
    elif axis.scale == "none":
        target.set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
    else:
        target.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        target.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value, "")))
    if axis.low is not None or axis.high is not None:
        set_limits(axis.low, axis.high)


def _place_rules(place: Place, width_in: float) -> RuleTexts:
    """Find a place above the panel for the name of each upright rule within its ends."""
    low, high = place.axes.get_xlim()
    rules = [
        mark
        for mark in place.panel.marks
        if isinstance(mark, m.Rule) and mark.axis == "x" and low <= as_number(mark.at) <= high
    ]
    categories = place.panel.y.categories if place.panel.y.scale == "category" else ()
    beside = max((min(len(name), _CATEGORY_LETTERS) for name in categories), default=9)
    right_pt = 62.0 if any(isinstance(mark, m.Heat) for mark in place.panel.marks) else 10.0
    across_pt = width_in * 72 - beside * 5.2 - right_pt
    return place_rule_labels(rules, low, high, as_number, across_pt / _LETTER_PT)


def _lines(texts: RuleTexts) -> int:
    return 1 + max((text.level for text in texts), default=-1)


def _write_rule_labels(axes: Axes, texts: RuleTexts) -> None:
    """Write the names above the panel, each with a stroke down to its rule."""
    for text in texts:
        height = 3 + _LABEL_PT * text.level
        colour = LIGHT[text.rule.role]
        stroke = {"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            "",
            (text.rule.at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, height + 7),
            textcoords="offset points",
            arrowprops=stroke,
            zorder=5,
        )
        axes.annotate(
            text.text,
            (text.rule.at, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3 if text.is_left else -3, height),
            textcoords="offset points",
            ha="left" if text.is_left else "right",
            va="bottom",
            size=7.5,
            weight="bold" if text.rule.role == "cause" else "normal",
            color=LIGHT["ink"],
            zorder=6,
        )


def _share_x(above: Axes, axes: Axes) -> None:
    """Give a panel the x axis of the one above it, which then leaves its labels to it."""
    low, high = above.get_xlim()
    own_low, own_high = axes.get_xlim()
    above.set_xlim(min(low, own_low), max(high, own_high))
    axes.sharex(above)
    above.tick_params(labelbottom=False)
    above.xaxis.label.set_visible(False)
    above.xaxis.get_offset_text().set_visible(False)


def tick_text(value: float, unit: str) -> str:
    """Return a tick's number: thousands parted; a factor of the odds as times or divided."""
    if unit == "odds":
        factor = value if value >= 1 else 1 / value
        shown = human_number(round(factor)) if factor >= 10 else f"{factor:.3g}"
        return f"{'×' if value >= 1 else '÷'}{shown}"
    return f"{value:,.10g}".replace("-", "−")


def legend_names(chart: m.Chart) -> Sequence[str]:
    """Return the names a reader will see in the legends, in order, each once."""
    names = [mark.name for panel in chart.panels for mark in panel.marks if mark.legend]
    return list(dict.fromkeys(names))
