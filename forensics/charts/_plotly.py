"""Draw a chart as plotly's figure data: the same marks, to zoom and to hover over.

The figure is plain data, built without the library. Every text is escaped: plotly reads a
subset of HTML in labels, and names of classes, pods and log lines are not ours.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from forensics.charts import _chart as m
from forensics.charts._layout import (
    RuleLabel,
    fit_label,
    place_rule_labels,
    printable,
    wrap_label,
)
from forensics.charts._theme import HEAT, LIGHT, text_on
from forensics.charts._units import axis_title, clock, human_number, shown_panel

Trace = dict[str, Any]
_LINE_PX: Final = 15
_DASHES: Final = {"solid": "solid", "dash": "dash", "dot": "dot"}
_SYMBOLS: Final = {
    "circle": "circle",
    "cross": "x-thin-open",
    "diamond": "diamond",
    "triangle": "triangle-up",
}


def escape(text: str) -> str:
    """Return ``text`` with nothing that plotly or a page would take for markup."""
    return html.escape(printable(text), quote=True).replace("%{", "% {").replace("$", "&#36;")


def build_figure(chart: m.Chart) -> dict[str, Any]:
    """Return the chart as plotly figure data (``data`` and ``layout``), ready for JSON."""
    layout: dict[str, Any] = {
        "title": {"text": f"<b>{escape(chart.title)}</b><br>{escape(chart.subtitle)}", "x": 0.01},
        "paper_bgcolor": LIGHT["page"],
        "plot_bgcolor": LIGHT["page"],
        "font": {"color": LIGHT["ink"], "family": "system-ui, sans-serif", "size": 13},
        "hovermode": "closest",
        "margin": {"l": 80, "r": 30, "t": 90, "b": 60},
        "shapes": [],
        "annotations": [],
        "legend": {"orientation": "h", "y": -0.16},
        "barmode": "overlay",
    }
    data: list[Trace] = []
    total = sum(panel.height for panel in chart.panels) or 1.0
    top = 1.0
    for number, raw in enumerate(chart.panels, start=1):
        panel = shown_panel(raw)
        height = panel.height / total
        gap = 0.06 if len(chart.panels) > 1 else 0.0
        _place_axes(layout, panel, number, (max(0.0, top - height + gap), top))
        top -= height
        target = _Target(chart.id, number, layout)
        target.place_names(panel)
        for mark in panel.marks:
            data.extend(_DRAW[type(mark)](mark, target))
    return {"data": data, "layout": layout}


class _Target:
    """Where the traces, shapes and notes of one panel go."""

    def __init__(self, chart_id: str, number: int, layout: dict[str, Any]) -> None:
        suffix = "" if number == 1 else str(number)
        self.chart_id = chart_id
        self.x = f"x{suffix}"
        self.y = f"y{suffix}"
        self.layout = layout
        self.names: dict[str, RuleLabel] = {}

    def place_names(self, panel: m.Panel) -> None:
        """Give the names of upright rules lines above the panel, with a margin to hold them."""
        seen = [
            _number(value)
            for mark in panel.marks
            if panel.x.scale != "category"
            for value in m.values_along(mark, "x")
        ]
        rules = [mark for mark in panel.marks if isinstance(mark, m.Rule)]
        labels = place_rule_labels(rules, min(seen, default=0), max(seen, default=1), _number, 120)
        self.names = {label.rule.name: label for label in labels}
        lines = 1 + max((label.level for label in labels), default=-1)
        if self.x == "x":
            self.layout["margin"]["t"] += _LINE_PX * lines

    def trace(self, mark: m.Mark, **more: Any) -> Trace:
        """Return a trace on this panel with the mark's name and id."""
        return {
            "xaxis": self.x,
            "yaxis": self.y,
            "name": escape(mark.name),
            # Plotly builds class selectors from it, in which a slash is an error.
            "uid": m.element_id(self.chart_id, mark.name).replace("/", "--"),
            "showlegend": mark.legend,
            "hoverinfo": "text",
            **more,
        }

    def shape(self, **more: Any) -> None:
        """Add a shape to this panel; ``across`` names the axis it crosses entirely."""
        across = more.pop("across", None)
        self.layout["shapes"].append(
            {
                "xref": f"{self.x} domain" if across == "x" else self.x,
                "yref": f"{self.y} domain" if across == "y" else self.y,
                "layer": "below",
                **more,
            }
        )

    def note(self, text: str, **more: Any) -> None:
        """Add an escaped text to this panel."""
        self.layout["annotations"].append(
            {"xref": self.x, "yref": self.y, "showarrow": False, "text": escape(text), **more}
        )


def _place_axes(
    layout: dict[str, Any], panel: m.Panel, number: int, domain: tuple[float, float]
) -> None:
    suffix = "" if number == 1 else str(number)
    x_axis = _axis(panel.x, reverse=False)
    y_axis = _axis(panel.y, reverse=panel.y.scale == "category")
    if panel.x.scale == "time" and number > 1:
        x_axis["matches"] = "x"
    layout[f"xaxis{suffix}"] = {**x_axis, "anchor": f"y{suffix}", "domain": [0.0, 1.0]}
    layout[f"yaxis{suffix}"] = {**y_axis, "anchor": f"x{suffix}", "domain": list(domain)}


def _axis(axis: m.Axis, *, reverse: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": {"text": escape(axis_title(axis))},
        "gridcolor": LIGHT["grid"],
        "linecolor": LIGHT["frame"],
        "zeroline": False,
        "type": {"time": "date", "log": "log"}.get(axis.scale, "linear"),
        "visible": axis.scale != "none",
        "automargin": True,
    }
    if axis.scale == "category":
        made["tickvals"] = list(range(len(axis.categories)))
        made["ticktext"] = [_in_lines(wrap_label(name, 44)) for name in axis.categories]
        ends = [-0.6, len(axis.categories) - 0.4]
        made["range"] = ends[::-1] if reverse else ends
    elif axis.low is not None and axis.high is not None and axis.scale != "log":
        made["range"] = [_plain(axis.low), _plain(axis.high)]
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _all(values: Sequence[Any]) -> list[Any]:
    return [_plain(value) for value in values]


def _number(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value)


def _said(value: Any) -> str:
    return clock(value) if isinstance(value, datetime) else human_number(float(value))


def _texts(mark: Any, default: Callable[[int], str]) -> list[str]:
    return [escape(mark.texts[i] if mark.texts else default(i)) for i in range(len(mark.x))]


def _line(mark: m.Line, target: _Target) -> list[Trace]:
    texts = [
        escape(f"{mark.name}: {human_number(float(y))} at {_said(x)}")
        for x, y in zip(mark.x, mark.y, strict=True)
    ]
    style = {
        "color": LIGHT[mark.role],
        "width": mark.width,
        "dash": _DASHES[mark.style],
        "shape": "hv" if mark.step else "linear",
    }
    return [
        target.trace(
            mark,
            type="scatter",
            mode="lines",
            x=_all(mark.x),
            y=_all(mark.y),
            text=texts,
            line=style,
            opacity=mark.opacity,
        )
    ]


def _band(mark: m.Band, target: _Target) -> list[Trace]:
    return [
        target.trace(
            mark,
            type="scatter",
            mode="lines",
            x=_all([*mark.x, *reversed(mark.x)]),
            y=_all([*mark.low, *reversed(mark.high)]),
            fill="toself",
            fillcolor=LIGHT[mark.role],
            opacity=mark.opacity,
            line={"width": 0},
        )
    ]


def _points(mark: m.Points, target: _Target) -> list[Trace]:
    trace = target.trace(
        mark,
        type="scatter",
        mode="markers",
        x=_all(mark.x),
        y=_all(mark.y),
        text=_texts(mark, lambda i: f"{mark.name}: {_said(mark.x[i])}"),
        marker={
            "color": LIGHT[mark.role],
            "size": mark.size * 1.6,
            "symbol": _SYMBOLS[mark.symbol],
            "line": {"width": 1.6 if mark.symbol == "cross" else 0, "color": LIGHT[mark.role]},
        },
    )
    if mark.x_low:
        for low, high, y in zip(mark.x_low, mark.x_high, mark.y, strict=True):
            target.shape(
                type="line",
                x0=_plain(low),
                x1=_plain(high),
                y0=_plain(y),
                y1=_plain(y),
                line={"color": LIGHT[mark.role], "width": 2},
            )
    return [trace]


def _bars(mark: m.Bars, target: _Target) -> list[Trace]:
    lengths = [end - start for start, end in zip(mark.starts, mark.ends, strict=True)]
    along, across = ("x", "y") if mark.horizontal else ("y", "x")
    colours = [LIGHT[role] for role in mark.roles or [mark.role] * len(lengths)]
    texts = mark.texts or [human_number(end) for end in mark.ends]
    return [
        target.trace(
            mark,
            type="bar",
            orientation="h" if mark.horizontal else "v",
            base=_all(mark.starts),
            width=mark.thickness,
            text=[escape(text) for text in texts],
            textposition="outside" if mark.texts else "none",
            marker={"color": colours},
            **{along: _all(lengths), across: _all(mark.positions)},
        )
    ]


def _rule(mark: m.Rule, target: _Target) -> list[Trace]:
    style = {"color": LIGHT[mark.role], "width": 1.4, "dash": _DASHES[mark.style]}
    at = _plain(mark.at)
    if mark.axis == "x":
        target.shape(type="line", x0=at, x1=at, y0=0, y1=1, across="y", line=style)
        name = target.names.get(mark.name)
        if name is not None and target.x == "x":
            target.note(
                name.text,
                x=at,
                y=1,
                yref=f"{target.y} domain",
                xanchor="left" if name.is_left else "right",
                yanchor="bottom",
                yshift=_LINE_PX * name.level,
            )
    else:
        target.shape(type="line", y0=at, y1=at, x0=0, x1=1, across="x", line=style)
        target.note(mark.text, y=at, x=0, xref=f"{target.x} domain", xanchor="left", yshift=9)
    return []


def _span(mark: m.Span, target: _Target) -> list[Trace]:
    low, high = _plain(mark.low), _plain(mark.high)
    ends = (
        {"x0": low, "x1": high, "y0": 0, "y1": 1, "across": "y"}
        if mark.axis == "x"
        else {"y0": low, "y1": high, "x0": 0, "x1": 1, "across": "x"}
    )
    target.shape(
        type="rect",
        fillcolor=LIGHT[mark.role],
        opacity=mark.opacity,
        line={"width": 0},
        **ends,
    )
    return []


def _rects(mark: m.Rects, target: _Target) -> list[Trace]:
    roles = list(mark.roles) or [mark.role] * len(mark.x0)
    for index, role in enumerate(roles):
        target.shape(
            type="rect",
            x0=_plain(mark.x0[index]),
            x1=_plain(mark.x1[index]),
            y0=_plain(mark.y0[index]),
            y1=_plain(mark.y1[index]),
            fillcolor=LIGHT[role],
            line={"color": LIGHT["page"], "width": 1},
        )
    centres = [
        (_middle(mark.x0[i], mark.x1[i]), _middle(mark.y0[i], mark.y1[i]))
        for i in range(len(mark.x0))
    ]
    texts = mark.texts or mark.labels or [mark.name] * len(mark.x0)
    return [
        target.trace(
            mark,
            type="scatter",
            mode="text",
            x=_all([x for x, _ in centres]),
            y=_all([y for _, y in centres]),
            text=[
                "<br>".join(escape(fit_label(line, 24)) for line in label.splitlines())
                for label in mark.labels or [""] * len(mark.x0)
            ],
            hovertext=[escape(text) for text in texts],
            textfont={"color": [LIGHT[text_on(LIGHT[role])] for role in roles], "size": 11},
        )
    ]


def _in_lines(label: str) -> str:
    """Return an escaped label with plotly's own line breaks."""
    return "<br>".join(escape(line) for line in label.splitlines())


def _middle(low: Any, high: Any) -> Any:
    return low + (high - low) / 2


def _note(mark: m.Note, target: _Target) -> list[Trace]:
    target.note(
        mark.text,
        x=_plain(mark.x),
        y=_plain(mark.y),
        xanchor=mark.align,
        font={"color": LIGHT[mark.role]},
    )
    return []


def _heat(mark: m.Heat, target: _Target) -> list[Trace]:
    centres = [_middle(a, b) for a, b in zip(mark.x_edges[:-1], mark.x_edges[1:], strict=True)]
    steps = [[i / (len(HEAT) - 1), colour] for i, colour in enumerate(HEAT)]
    trace = target.trace(
        mark,
        type="heatmap",
        x=_all(centres),
        y=list(range(len(mark.values))),
        z=[_all(row) for row in mark.values],
        colorscale=steps,
        colorbar={"title": {"text": escape(mark.unit)}},
        hoverinfo="x+z",
    )
    trace.pop("showlegend")
    return [trace]


_DRAW: Final[dict[type[Any], Callable[[Any, _Target], list[Trace]]]] = {
    m.Line: _line,
    m.Band: _band,
    m.Points: _points,
    m.Bars: _bars,
    m.Rule: _rule,
    m.Span: _span,
    m.Rects: _rects,
    m.Note: _note,
    m.Heat: _heat,
}
