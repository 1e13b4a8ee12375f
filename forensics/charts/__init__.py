"""Charts: one file each, drawn as data and rendered twice, still and interactive.

A chart module defines ``TITLE``, ``NEEDS`` (the names of its inputs, which are the keyword
parameters of ``draw``) and ``draw(...) -> Chart | None``. The file name with hyphens is the
chart's id. ``None`` means that there is nothing to show; the report says so by name.

Only ``_matplotlib.py`` and ``_plotly.py`` import a plotting library.
"""

from forensics.charts._chart import (
    Axis,
    Band,
    Bars,
    Chart,
    Heat,
    Line,
    Mark,
    Note,
    Panel,
    Points,
    Rects,
    Rule,
    Span,
    element_id,
)
from forensics.charts._gallery import Drawn, draw_charts, find_charts
from forensics.charts._write import write_charts

__all__ = [
    "Axis",
    "Band",
    "Bars",
    "Chart",
    "Drawn",
    "Heat",
    "Line",
    "Mark",
    "Note",
    "Panel",
    "Points",
    "Rects",
    "Rule",
    "Span",
    "draw_charts",
    "element_id",
    "find_charts",
    "write_charts",
]
