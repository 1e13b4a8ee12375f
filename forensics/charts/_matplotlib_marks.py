"""Draw each kind of mark into matplotlib axes; one function a kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from forensics.charts import _chart as m
from forensics.charts._layout import fit_label, printable
from forensics.charts._theme import HEAT, LIGHT, text_on

_STYLES: Final = {"solid": "-", "dash": (0, (5, 3)), "dot": (0, (1.2, 2.2))}
_SYMBOLS: Final = {"circle": "o", "cross": "x", "diamond": "D", "triangle": "^"}
#: Matplotlib's dates are untyped.
_DATES: Final[Any] = dates
_HEAT_MAP: Final = LinearSegmentedColormap.from_list("forensics", HEAT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark is drawn, and for which chart."""

    axes: Axes
    panel: m.Panel
    chart_id: str


#: What is left of a longer name says nothing.
_LEAST_LETTERS: Final = 8
#: Height of a line of the small labels.
_LINE_PT: Final = 9.0


def draw_mark(place: Place, mark: m.Mark) -> None:
    """Draw one mark, its coordinates in the units that are shown."""
    _DRAW[type(mark)](place, mark)


def as_number(value: Any) -> float:
    """Return a coordinate as matplotlib counts it: days for times, else the number."""
    return float(_DATES.date2num(value)) if hasattr(value, "year") else float(value)


def _draw_line(place: Place, mark: m.Line) -> None:
    draw: Any = place.axes.step if mark.step else place.axes.plot
    extra = {"where": "post"} if mark.step else {}
    (line,) = draw(
        np.asarray(mark.x),
        np.asarray(mark.y, dtype=np.float64),
        color=LIGHT[mark.role],
        linestyle=_STYLES[mark.style],
        linewidth=mark.width,
        alpha=None if mark.opacity >= 1 else mark.opacity,
        label=_label(mark),
        solid_joinstyle="round",
        **extra,
    )
    line.set_gid(m.element_id(place.chart_id, mark.name))


def _draw_band(place: Place, mark: m.Band) -> None:
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


def _draw_points(place: Place, mark: m.Points) -> None:
    colour = LIGHT[mark.role]
    if mark.x_low:
        bars = place.axes.hlines(
            np.asarray(mark.y, dtype=float),
            np.asarray(mark.x_low),
            np.asarray(mark.x_high),
            color=colour,
            linewidth=1.6,
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


def _draw_bars(place: Place, mark: m.Bars) -> None:
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


def _draw_rule(place: Place, mark: m.Rule) -> None:
    draw: Any = place.axes.axvline if mark.axis == "x" else place.axes.axhline
    line = draw(
        mark.at, color=LIGHT[mark.role], linestyle=_STYLES[mark.style], linewidth=1.2, zorder=3
    )
    line.set_gid(m.element_id(place.chart_id, mark.name))
    if mark.text and mark.axis == "y":
        place.axes.annotate(
            mark.text,
            (0.998, mark.at),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2.5),
            textcoords="offset points",
            ha="right",
            va="bottom",
            size=7.5,
            color=LIGHT["ink"],
            zorder=6,
            bbox={"facecolor": LIGHT["page"], "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
        )


def _draw_span(place: Place, mark: m.Span) -> None:
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


def _draw_rects(place: Place, mark: m.Rects) -> None:
    roles = mark.roles or [mark.role] * len(mark.x0)
    for index, role in enumerate(roles):
        x0, x1 = as_number(mark.x0[index]), as_number(mark.x1[index])
        y0, y1 = as_number(mark.y0[index]), as_number(mark.y1[index])
        patch = Rectangle(
            (x0, y0), x1 - x0, y1 - y0, facecolor=LIGHT[role], edgecolor=LIGHT["page"], linewidth=1
        )
        patch.set_gid(f"{m.element_id(place.chart_id, mark.name)}-{index}")
        place.axes.add_patch(patch)
        label = mark.labels[index] if mark.labels else ""
        if label:
            _write_in_rect(place, label, (x0, x1, y0, y1), role)
    place.axes.autoscale_view()


def _write_in_rect(
    place: Place, label: str, box: tuple[float, float, float, float], role: str
) -> None:
    """Write as much of a label as fits: across an axis of fixed ends go about 105 letters."""
    x0, x1, y0, y1 = box
    ends = (place.panel.x.low, place.panel.x.high)
    low, high = (as_number(end) if end is not None else None for end in ends)
    if low is None or high is None:
        return
    letters = math.floor(abs(x1 - x0) / (abs(high - low) or 1.0) * 105) - 2
    lines = label.splitlines()[: _lines_in(place, abs(y1 - y0))]
    fitted = "\n".join(
        fit_label(line, letters)
        for line in lines
        if letters >= min(_LEAST_LETTERS, len(printable(line)))
    )
    if fitted:
        place.axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            fitted,
            ha="center",
            va="center",
            size=7.5,
            color=LIGHT[text_on(LIGHT[role])],
            clip_on=True,
        )


def _lines_in(place: Place, height: float) -> int:
    """Return how many lines of text fit into a rectangle of a panel with fixed ends."""
    ends = (place.panel.y.low, place.panel.y.high)
    low, high = (as_number(end) if end is not None else None for end in ends)
    figure: Any = place.axes.figure
    if low is None or high is None:
        return 2
    inches = figure.get_size_inches()[1] * 0.8 * height / (abs(high - low) or 1.0)
    return int(inches * 72 / _LINE_PT)


def _draw_note(place: Place, mark: m.Note) -> None:
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


def _draw_heat(place: Place, mark: m.Heat) -> None:
    rows = np.asarray(mark.values, dtype=float)
    edges = np.arange(rows.shape[0] + 1) - 0.5
    grid = place.axes.pcolormesh(
        np.asarray(mark.x_edges), edges, np.ma.masked_invalid(rows), cmap=_HEAT_MAP, rasterized=True
    )
    grid.set_gid(m.element_id(place.chart_id, mark.name))
    figure = place.axes.figure
    bar = figure.colorbar(grid, ax=place.axes, pad=0.01, fraction=0.03, aspect=30)
    bar.outline.set_visible(False)
    bar.set_label(mark.unit, color=LIGHT["soft"])
    bar.ax.tick_params(colors=LIGHT["soft"], labelcolor=LIGHT["ink"], length=2)


def _label(mark: m.Mark) -> str | None:
    return mark.name if mark.legend else None


_DRAW: Final[dict[type[Any], Callable[[Place, Any], None]]] = {
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
