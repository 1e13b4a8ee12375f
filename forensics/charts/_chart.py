"""What a chart is: panels of marks with units, a finding as title, and the table behind it.

A chart is a value. Nothing here draws; ``_matplotlib`` and ``_plotly`` turn the same value
into pictures, tests look at the value itself. Coordinates are numbers, UTC datetimes or, on
a category axis, the position 0, 1, 2... of the category.

Roles name what a mark means (``"cause"``, ``"limit"``, ``"s1"``); the theme gives the colour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

import polars as pl

from forensics.findings import EvidenceRef

Coordinate = float | datetime
Coordinates = Sequence[Coordinate]
Scale = Literal["linear", "log", "time", "category", "none"]
Direction = Literal["x", "y"]
Transform = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: what is counted, in which unit, on which scale.

    ``unit`` is the unit of the coordinates (``"bytes"``, ``"bytes/min"``, ``"ms"``,
    ``"1/s"``, ``"share"``, ``""``); renderers show bytes as MiB or GiB. ``low`` and ``high``
    fix the ends; ``None`` leaves them to the data.
    """

    label: str = ""
    unit: str = ""
    scale: Scale = "linear"
    low: Coordinate | None = None
    high: Coordinate | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """``name`` is the series: it labels the legend and makes the element id."""

    name: str
    role: str = "s1"
    legend: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(_Mark):
    """A line through points in order; ``None`` or NaN in ``y`` breaks it."""

    x: Coordinates
    y: Sequence[float]
    style: Literal["solid", "dash", "dot"] = "solid"
    width: float = 1.4
    opacity: float = 1.0
    step: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band(_Mark):
    """The area between two curves over the same ``x``: an interval, a share."""

    x: Coordinates
    low: Sequence[float]
    high: Sequence[float]
    opacity: float = 0.22


@dataclass(frozen=True, slots=True, kw_only=True)
class Points(_Mark):
    """Points, each with a text for whoever asks; ``x_low``/``x_high`` draw intervals."""

    x: Coordinates
    y: Coordinates
    texts: Sequence[str] = ()
    symbol: Literal["circle", "cross", "diamond", "triangle"] = "circle"
    size: float = 5.0
    x_low: Coordinates = ()
    x_high: Coordinates = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(_Mark):
    """Bars from ``starts`` to ``ends`` at ``positions``; ``roles`` colours each for itself."""

    positions: Coordinates
    starts: Sequence[float]
    ends: Sequence[float]
    roles: Sequence[str] = ()
    texts: Sequence[str] = ()
    horizontal: bool = False
    thickness: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(_Mark):
    """A line across the panel: a deploy (at an ``x``), a limit (at a ``y``)."""

    at: Coordinate
    axis: Direction = "x"
    text: str = ""
    style: Literal["solid", "dash", "dot"] = "dash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(_Mark):
    """A shaded stretch of one axis: an interval of time, a maintenance window."""

    low: Coordinate
    high: Coordinate
    axis: Direction = "x"
    text: str = ""
    opacity: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Rects(_Mark):
    """Rectangles with labels: treemap, icicle, coverage. ``texts`` is for whoever asks."""

    x0: Coordinates
    x1: Coordinates
    y0: Coordinates
    y1: Coordinates
    roles: Sequence[str] = ()
    labels: Sequence[str] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(_Mark):
    """A text at a place inside the panel."""

    x: Coordinate
    y: Coordinate
    text: str
    align: Literal["left", "center", "right"] = "left"
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(_Mark):
    """A grid of cells: ``values[row][column]`` between ``x_edges``, a row per category of y."""

    x_edges: Coordinates
    values: Sequence[Sequence[float]]
    unit: str = ""


Mark = Line | Band | Points | Bars | Rule | Span | Rects | Note | Heat

_X_FIELDS = ("x", "x0", "x1", "x_low", "x_high", "x_edges")
_Y_FIELDS = ("y", "y0", "y1", "low", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One plotting area; ``height`` is its share of the chart's height."""

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    title: str = ""
    height: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of the report.

    Parameters
    ----------
    id
        Stable, from meaning: the module's file name with hyphens.
    title
        The finding as a sentence; not what the axes show.
    subtitle
        What is drawn: quantities, units, of whom.
    panels
        Shown below each other; those on a time axis share it.
    caption
        How to read it and where the data come from.
    alt
        What a reader who can't see it needs to know.
    table
        The drawn points, written as CSV.
    sources
        The evidence behind it.
    width_in, height_in
        Size of the still picture, in inches.
    """

    id: str
    title: str
    subtitle: str
    panels: tuple[Panel, ...]
    caption: str
    alt: str
    table: pl.DataFrame
    sources: tuple[EvidenceRef, ...] = ()
    width_in: float = 8.0
    height_in: float = 4.2

    @property
    def ends_last(self) -> bool:
        """Return whether it runs over time, with no names at its left that must stay in sight."""
        return all(p.x.scale == "time" and p.y.scale != "category" for p in self.panels)


def element_id(chart_id: str, series: str) -> str:
    """Return the id of one series in the drawn files: ``chart-id/series``.

    Examples
    --------
    >>> element_id("memory-growth", "pod a (v1)")
    'memory-growth/pod-a-v1'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", series.lower()).strip("-")
    return f"{chart_id}/{slug or 'series'}"


def map_coordinates(mark: Mark, to_x: Transform, to_y: Transform) -> Mark:
    """Return ``mark`` with its x coordinates sent through ``to_x``, those of y through ``to_y``."""
    changes: dict[str, Any] = {}
    for field in fields(mark):
        to = _transform_of(mark, field.name, to_x, to_y)
        if to is not None:
            value = getattr(mark, field.name)
            plural = isinstance(value, Sequence) and not isinstance(value, str)
            changes[field.name] = tuple(to(one) for one in value) if plural else to(value)
    return replace(mark, **changes)


def _transform_of(mark: Mark, name: str, to_x: Transform, to_y: Transform) -> Transform | None:
    """Return what a field's coordinates go through, ``None`` where it holds no coordinates."""
    if isinstance(mark, Rule | Span):
        own = to_x if mark.axis == "x" else to_y
        return own if name in {"at", "low", "high"} else None
    if isinstance(mark, Bars):
        across, along = (to_y, to_x) if mark.horizontal else (to_x, to_y)
        return {"positions": across, "starts": along, "ends": along}.get(name)
    if name in _X_FIELDS:
        return to_x
    return to_y if name in _Y_FIELDS else None


def values_along(mark: Mark, axis: Direction) -> list[Any]:
    """Return every coordinate of ``mark`` along one axis, to find its extent."""
    seen: list[Any] = []

    def keep(value: Any) -> Any:
        seen.append(value)
        return value

    def skip(value: Any) -> Any:
        return value

    map_coordinates(mark, keep if axis == "x" else skip, keep if axis == "y" else skip)
    return seen
