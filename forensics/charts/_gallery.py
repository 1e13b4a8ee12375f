"""Find the chart modules of this folder and draw those that have something to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from forensics.charts._chart import Chart
from forensics.errors import ForensicsError, PluginError
from forensics.plugins import Plugin, find_plugins

FOLDER: Final = "forensics.charts"
REQUIRED: Final = ("TITLE", "NEEDS", "draw")


@dataclass(frozen=True, slots=True)
class Drawn:
    """The charts of one report, and why each other chart isn't among them.

    ``absent`` maps a chart's id to the reason: nothing to show, or what failed.
    """

    charts: tuple[Chart, ...]
    absent: Mapping[str, str] = field(default_factory=dict)


def find_charts() -> tuple[Plugin, ...]:
    """List the chart modules, in alphabetical order."""
    return find_plugins(FOLDER, REQUIRED)


def chart_id(module_name: str) -> str:
    """Return the id of the chart that the module of this name draws."""
    return module_name.replace("_", "-")


def draw_charts(give: Callable[[str], Any]) -> Drawn:
    """Draw every chart whose inputs can be had.

    Parameters
    ----------
    give
        Returns an input by name (a table, a result of an analysis, ``"findings"``). It
        raises a ``ForensicsError`` where the input can't be had; the chart is then absent
        for that reason.

    Raises
    ------
    PluginError
        If a chart module breaks its contract.
    """
    charts: list[Chart] = []
    absent: dict[str, str] = {}
    for plugin in find_charts():
        name = chart_id(plugin.name)
        drawn = _draw_one(plugin, give)
        if isinstance(drawn, Chart):
            charts.append(drawn)
        else:
            absent[name] = drawn
    return Drawn(tuple(charts), absent)


def _draw_one(plugin: Plugin, give: Callable[[str], Any]) -> Chart | str:
    """Return the chart, or why there is none."""
    if plugin.module is None:
        return plugin.unavailable
    try:
        inputs = {need: give(need) for need in plugin.module.NEEDS}
        chart = plugin.module.draw(**inputs)
    except PluginError:
        raise
    except ForensicsError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # the boundary of a plug-in: the report names it
        return f"drawing failed: {type(error).__name__}: {error}"
    if chart is None:
        return f"no data for it: {plugin.module.TITLE}"
    if chart.id != chart_id(plugin.name):
        raise PluginError(f"{plugin.module.__file__}: draws the chart id {chart.id!r}")
    return chart  # type: ignore[no-any-return]  # checked by its id, a module is untyped
