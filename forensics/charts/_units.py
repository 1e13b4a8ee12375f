"""Numbers as people read them: bytes as MiB, minutes as hours, each with its unit."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from forensics.charts._chart import Axis, Panel, map_coordinates, values_along

_BINARY: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
MARGIN: Final = 0.06


def scale_bytes(largest: float) -> tuple[str, float]:
    """Return the unit to show ``largest`` bytes in, and how many bytes one of it has.

    Examples
    --------
    >>> scale_bytes(3_000_000_000)
    ('GiB', 1073741824.0)
    """
    power = 0
    size = abs(largest)
    while size >= 1024 and power < len(_BINARY) - 1:
        size /= 1024
        power += 1
    return _BINARY[power], 1024.0**power


def human_number(value: float) -> str:
    """Return ``value`` with three significant digits and thin thousands.

    Examples
    --------
    >>> human_number(12847.0), human_number(0.04567), human_number(9.0)
    ('12,800', '0.0457', '9')
    """
    if not math.isfinite(value):
        return "unlimited" if value > 0 else "unknown"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    text = f"{rounded:,.{min(digits, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def human(value: float | None, unit: str) -> str:
    """Return ``value`` with its unit, in the size people would say.

    Examples
    --------
    >>> human(262144000.0, "bytes/min"), human(0.87, "share"), human(None, "s")
    ('250 MiB/min', '87 %', 'not known')
    """
    if value is None or math.isnan(value):
        return "not known"
    if unit == "bytes" or unit.startswith("bytes/"):
        shown, size = scale_bytes(value)
        return f"{human_number(value / size)} {shown}{unit.removeprefix('bytes')}"
    if unit == "share":
        return f"{human_number(value * 100)} %"
    return f"{human_number(value)} {unit}".rstrip()


def shown_panel(panel: Panel) -> Panel:
    """Return ``panel`` in the units it is shown in, with the ends of its axes settled."""
    x_axis, to_x = _shown_axis(panel, "x")
    y_axis, to_y = _shown_axis(panel, "y")
    marks = tuple(map_coordinates(mark, to_x, to_y) for mark in panel.marks)
    return replace(panel, x=x_axis, y=y_axis, marks=marks)


def _shown_axis(panel: Panel, which: Any) -> tuple[Axis, Any]:
    axis: Axis = getattr(panel, which)
    if axis.scale == "time":
        return axis, _utc
    if axis.unit == "bytes" or axis.unit.startswith("bytes/"):
        seen = [value for mark in panel.marks for value in values_along(mark, which)]
        sizes = [
            abs(v) for v in [*seen, axis.high] if isinstance(v, int | float) and math.isfinite(v)
        ]
        shown, size = scale_bytes(max(sizes, default=0.0))
        unit = shown + axis.unit.removeprefix("bytes")
        return _scaled(axis, unit, 1 / size), _times(1 / size)
    if axis.unit == "share":
        return _scaled(axis, "%", 100.0), _times(100.0)
    return axis, _plain


def _scaled(axis: Axis, unit: str, factor: float) -> Axis:
    to = _times(factor)
    return replace(axis, unit=unit, low=to(axis.low), high=to(axis.high))


def _times(factor: float) -> Any:
    def scale(value: Any) -> Any:
        return value * factor if isinstance(value, int | float) else value

    return scale


def _plain(value: Any) -> Any:
    return value


def _utc(value: Any) -> Any:
    """Return a UTC time without zone, which both plotting libraries take as it stands."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def axis_title(axis: Axis) -> str:
    """Return the label of an axis with its unit, such as ``memory in use (GiB)``."""
    if axis.scale == "time":
        return axis.label or "time (UTC)"
    return f"{axis.label} ({axis.unit})" if axis.unit and axis.label else axis.label or axis.unit


def clock(moment: datetime) -> str:
    """Return the UTC time of day, to the second where there are seconds."""
    moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
