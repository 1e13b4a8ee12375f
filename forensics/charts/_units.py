"""Numbers as people read them: bytes as MiB, minutes as hours, each with its unit."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from forensics.charts._chart import Axis, Panel, map_coordinates, values_along

_BINARY: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
MARGIN: Final = 0.06
#: What is smaller is as good as zero to a reader.
_TINY: Final = 1e-6
#: Amounts of money keep their cents, so that they can be found again in the books.
_CURRENCY: Final = re.compile(r"[A-Z]{3}(?: |$)")
_MOST_CENTS: Final = 1e6


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
    """Return ``value`` as people write it: whole numbers whole, others to three digits.

    A count below a million is written out, so that it can be found again in the evidence.

    Examples
    --------
    >>> human_number(12847.0), human_number(12847.3), human_number(0.04567), human_number(13.4e6)
    ('12,847', '12,800', '0.0457', '13.4 million')
    """
    if not math.isfinite(value):
        return "unlimited" if value > 0 else "unknown"
    if 0 < abs(value) < _TINY:
        return f"below {_TINY:f}"
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{_three_digits(value / size)} {name}"
    return f"{value:,.0f}" if value == int(value) else _three_digits(value)


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{min(max(0, digits), 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def human(value: float | None, unit: str) -> str:
    """Return ``value`` with its unit, in the size people would say.

    Examples
    --------
    >>> human(262144000.0, "bytes/min"), human(0.874, "share"), human(None, "s")
    ('250 MiB/min', '87%', 'not known')
    >>> human(2_209_000.0, "ms"), human(35.6, "ms"), human(5.47, "min"), human(45_000.0, "1/s")
    ('36.8 min', '35.6 ms', '5.5 min', '45,000/s')
    >>> human(55_150.85, "USD"), human(21.9, "% of the budget"), human(3e-12, "1")
    ('55,150.85 USD', '21.9% of the budget', 'below 0.000001')
    """
    if value is None or math.isnan(value):
        return "not known"
    if unit == "bytes" or unit.startswith("bytes/"):
        shown, size = scale_bytes(value)
        return f"{_three_digits(value / size)} {shown}{unit.removeprefix('bytes')}"
    if unit == "share":
        return _percent(value)
    if unit in _SECONDS and math.isfinite(value):
        return _duration(value * _SECONDS[unit])
    return _counted(value, unit)


def _counted(value: float, unit: str) -> str:
    """Return a value whose unit has no other sizes."""
    if _CURRENCY.match(unit) and abs(value) < _MOST_CENTS:
        return f"{value:,.{0 if value == int(value) else 2}f} {unit}"
    if unit == "1/s":
        return f"{human_number(value)}/s"
    gap = "" if unit == "1" or unit.startswith("%") else " "
    return f"{human_number(value)}{gap}{'' if unit == '1' else unit}".rstrip()


def human_range(low: float, high: float, unit: str) -> str:
    """Return a range with its unit named once where both ends share it.

    Examples
    --------
    >>> human_range(1.03e9, 1.06e9, "bytes/min"), human_range(0.2, 0.3, "share")
    ('982 to 1,010 MiB/min', '20% to 30%')
    >>> human_range(1.04e9, 4.37e9, "bytes/min")
    '992 MiB/min to 4.07 GiB/min'
    """
    if unit == "bytes" or unit.startswith("bytes/"):
        shown, size = scale_bytes(min(abs(low), abs(high)) or max(abs(low), abs(high)))
        if max(abs(low), abs(high)) >= 2 * 1024 * size:
            return f"{human(low, unit)} to {human(high, unit)}"
        ends = f"{_three_digits(low / size)} to {_three_digits(high / size)}"
        return f"{ends} {shown}{unit.removeprefix('bytes')}"
    first, last = human(low, unit), human(high, unit)
    own = first.rpartition(" ")[2]
    if " " in first and own == last.rpartition(" ")[2]:
        first = first.rpartition(" ")[0]
    return f"{first} to {last}"


#: Longer units of time, each used from some of it on.
_LENGTHS: Final = (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0))
_MOST_OF_A_UNIT: Final = 3
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def _percent(share: float) -> str:
    """Return a share as percent: whole between 10 and 99, with a digit more near the ends."""
    percent = share * 100
    if 10 <= abs(percent) <= 99 or percent in {0.0, 100.0}:
        return f"{percent:.0f}%"
    return f"{float(f'{percent:.4g}' if abs(percent) > 99 else f'{percent:.2g}'):g}%"


def _duration(seconds: float) -> str:
    """Return a duration in the unit that leaves between one and a few hundred of it."""
    size = abs(seconds)
    for least, unit, length in (
        (172_800.0, "days", 86_400.0),
        (7_200.0, "h", 3_600.0),
        (120.0, "min", 60.0),
        (1.0, "s", 1.0),
    ):
        if size >= least:
            shown = seconds / length
            return f"{_three_digits(round(shown, 1) if abs(shown) < 100 else shown)} {unit}"
    return "0 s" if seconds == 0 else f"{_three_digits(seconds * 1000)} ms"


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
    if axis.unit in _SECONDS and axis.scale == "linear":
        unit, factor = _time_unit(panel, axis, which)
        return _scaled(axis, unit, factor), _times(factor)
    return axis, _plain


def _time_unit(panel: Panel, axis: Axis, which: Any) -> tuple[str, float]:
    """Return the unit in which the longest time of an axis is a number people would say."""
    seen = [value for mark in panel.marks for value in values_along(mark, which)]
    sizes = [abs(v) for v in seen if isinstance(v, int | float) and math.isfinite(v)]
    seconds = max(sizes, default=0.0) * _SECONDS[axis.unit]
    for unit, length in _LENGTHS:
        if seconds >= _MOST_OF_A_UNIT * length:
            return unit, _SECONDS[axis.unit] / length
    return axis.unit, 1.0


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
    if axis.scale == "log" and axis.unit == "odds":
        return axis.label
    if axis.unit and axis.label and axis.unit not in axis.label.split():
        return f"{axis.label} ({axis.unit})"
    return axis.label or axis.unit


def clock(moment: datetime) -> str:
    """Return the UTC time of day, to the second where there are seconds."""
    moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
