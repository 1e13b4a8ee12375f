"""What would follow from each action, minute by minute, with the fitted model of the service."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Panel, Rule
from forensics.charts._units import human
from forensics.findings import Findings

if TYPE_CHECKING:
    from forensics.analysis._service_model import Course
    from forensics.analysis.action_forecast import Result as Forecast

TITLE: Final = "What each action would do to memory and to requests"
NEEDS: Final = ("findings", "action_forecast")

_COLOURS: Final = {
    "left alone": "bad",
    "rolled back": "good",
    "restarted": "s5",
    "twice the processes": "s1",
    "twice the pool": "s4",
    "rerouted, same code": "s7",
}


def draw(findings: Findings, action_forecast: Forecast) -> Chart | None:
    """Return the chart, or ``None`` where no model of the service could be fitted."""
    service, courses = action_forecast.service, action_forecast.courses
    if service is None or not courses:
        return None
    time = Axis(label="time from the end of the evidence", unit="min", low=0.0)
    panels = []
    if service.rate_bytes_per_s > 0 and math.isfinite(service.limit_bytes):
        limit = Rule(name="limit", role="limit", at=1.0, text="limit", axis="y", legend=False)
        panels.append(
            Panel(
                title="fullest process",
                x=time,
                y=Axis(label="memory over its limit", unit="share", low=0.0),
                marks=(*(_line(c, c.memory_share.tolist()) for c in courses), limit),
            )
        )
    if service.requests_per_s > 0:
        panels.append(
            Panel(
                title="requests",
                x=time,
                y=Axis(label="requests served", unit="share", low=0.0),
                marks=tuple(_line(c, c.served_share.tolist()) for c in courses),
            )
        )
    if not panels:
        return None
    title = _title(courses)
    return Chart(
        id="action-forecast",
        title=title,
        subtitle=f"a model of {service.processes} processes, traffic as last seen",
        panels=tuple(panels),
        caption=(
            "Growth, restarts and lost connections as fitted, constant traffic evenly shared. "
            "Processes that are alike die together here, less so in fact."
        ),
        alt=f"Curves of memory and of requests served after each action. {title}.",
        table=_table(courses),
        sources=tuple(ref for entry in findings.growth[:3] for ref in entry.evidence[:1]),
        height_in=0.9 + 1.9 * len(panels),
    )


def _line(course: Course, values: list[float]) -> Line:
    name = course.action.name
    return Line(
        name=name,
        role=_COLOURS.get(name, "s8"),
        x=course.minutes.tolist(),
        y=values,
        style="solid" if name in {"left alone", "rolled back"} else "dash",
    )


def _title(courses: tuple[Course, ...]) -> str:
    """Say what is best, by requests served, then by the time to the limit."""
    best = max(courses, key=lambda c: (round(c.mean_served, 2), c.limit_min))
    alone = courses[0]
    if best is alone or round(best.mean_served, 2) == round(alone.mean_served, 2):
        met = human(alone.limit_min, "min") if math.isfinite(alone.limit_min) else ""
        return f"Left alone, the first process meets its limit after {met}" if met else TITLE
    return (
        f"{best.action.name.capitalize()}, {best.mean_served:.0%} of the requests are served; "
        f"left alone, {alone.mean_served:.0%}"
    )


def _table(courses: tuple[Course, ...]) -> pl.DataFrame:
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "action": [course.action.name] * course.minutes.size,
                    "minutes": course.minutes,
                    "memory_share": course.memory_share,
                    "served_share": course.served_share,
                }
            )
            for course in courses
        ]
    )
