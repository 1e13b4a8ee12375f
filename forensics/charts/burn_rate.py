"""How fast the error budget burned, against the rates at which one would be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Band, Chart, Line, Panel, Rule
from forensics.charts._signal import (
    change_rules,
    focus,
    over_time,
    select,
    signal_sources,
    time_ends,
)
from forensics.charts._units import human, human_number
from forensics.findings import Findings

if TYPE_CHECKING:
    from forensics.analysis.roles import Result as Roles
    from forensics.config import IncidentConfig

TITLE: Final = "Burn rate of the error budget"
NEEDS: Final = ("findings", "roles", "config", "metrics")

#: Burn rates at which to page and to file a ticket, for a 30-day window (Site Reliability
#: Workbook, chapter 5, "Alerting on SLOs", table 5-8).
_PAGE: Final = 14.4
_TICKET: Final = 1.0


def _rounded(times: float) -> float:
    """Return a factor with a decimal where it is small."""
    return round(times, 1) if times < 10 else round(times)


def draw(
    findings: Findings, roles: Roles, config: IncidentConfig, metrics: pl.DataFrame
) -> Chart | None:
    """Return the chart, or ``None`` where requests or errors were not measured."""
    traffic = roles.traffic()
    requests = over_time(select(traffic, "requests"), pl.col("value").sum())
    errors = over_time(select(traffic, "errors"), pl.col("value").sum())
    if requests.is_empty() or errors.is_empty():
        return None
    objective = config.slo.objective
    burned = (
        requests.join(errors, on="time", suffix="_errors")
        .filter(pl.col("value") > 0)
        .select(
            "time",
            ratio=(pl.col("value_errors") / pl.col("value")).clip(0.0, 1.0),
        )
        .with_columns(burn=pl.col("ratio") / (1 - objective))
    )
    if burned.is_empty():
        return None
    low, high = focus(findings, *time_ends(burned))
    peak = float(burned["burn"].max() or 0.0)  # type: ignore[arg-type]  # a float column
    goal = human(objective, "share")
    times, values = burned["time"].to_list(), burned["burn"].to_list()
    title = (
        f"Errors stay within the budget of a {goal} objective"
        if peak <= 1
        else f"Errors use up the budget of a {goal} objective up to {human_number(_rounded(peak))} "
        "times too fast"
    )
    return Chart(
        id="burn-rate",
        title=title,
        subtitle=f"share of failed requests over the {human(1 - objective, 'share')} allowed",
        panels=(
            Panel(
                x=Axis(label="time (UTC)", scale="time", low=low, high=high),
                y=Axis(label="burn rate", unit="times", low=0.0),
                marks=(
                    Band(
                        name="burned",
                        role="bad",
                        legend=False,
                        x=times,
                        low=[0.0] * len(values),
                        high=values,
                    ),
                    Line(name="burn rate", role="bad", legend=False, x=times, y=values),
                    *(
                        Rule(
                            name=name,
                            role=role,
                            axis="y",
                            at=at,
                            text=f"{name}: {human(at, 'times')}",
                            legend=False,
                        )
                        for name, at, role in (("page", _PAGE, "limit"), ("budget", _TICKET, "s1"))
                        if at > peak / 40
                    ),
                    *change_rules(findings, low, high),
                ),
            ),
        ),
        caption=(
            f"At a burn rate of one the error budget lasts exactly its {config.slo.window_days:g} "
            "days; 14.4 is a usual threshold to call somebody."
        ),
        alt=f"Burn rate of the error budget over time. {title}.",
        table=burned,
        sources=signal_sources(findings, roles, traffic, metrics),
        height_in=3.2,
    )
