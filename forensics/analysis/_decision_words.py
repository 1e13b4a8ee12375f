"""What decisions say: sentences with the numbers of the forecasts, and the risks of each action."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from forensics.analysis._candidates import Candidate
from forensics.analysis._declared import format_seconds
from forensics.analysis._service_model import Course
from forensics.analysis.action_forecast import LEFT_ALONE
from forensics.analysis.action_forecast import Result as Forecast
from forensics.analysis.transactions import Result as Transactions

_SCHEMA: Final = re.compile(
    r"\b(?:migration|schema|column|ddl|alter table|flyway|liquibase)\b", re.IGNORECASE
)
_SAFE_SCHEMA: Final = re.compile(
    r"\b(?:nullable|additive|backward[- ]compatible|ignores? it)\b", re.IGNORECASE
)
_DRIVER: Final = re.compile(r"\bdriver\b(?:[^.;]|\.\d)*", re.IGNORECASE)
#: Below this share of requests served, a forecast says so.
_ALL: Final = 0.995


def say_minutes(minutes: float) -> str:
    """Return a span as a person says it: seconds only where they matter."""
    seconds = 60.0 * minutes
    return format_seconds(60.0 * round(minutes) if seconds > 600 else 5.0 * round(seconds / 5.0))


def say_course(name: str, words: str, forecast: Forecast) -> str:
    """Say when a process meets its limit and what part of the requests is served; may be empty.

    What would follow from leaving things alone stands beside it where it differs.
    """
    course, alone = forecast.course(name), forecast.course(LEFT_ALONE)
    service = forecast.service
    if course is None or alone is None or service is None:
        return ""
    said = []
    if service.rate_bytes_per_s > 0 and math.isfinite(service.limit_bytes):
        span = say_minutes(forecast.horizon_min)
        met, else_met = (
            f"after {say_minutes(c.limit_min)}" if math.isfinite(c.limit_min) else ""
            for c in (course, alone)
        )
        beside = f" (left alone {else_met})" if else_met and else_met != met else ""
        said.append(
            f"the first process meets its limit {met}{beside}"
            if met
            else f"no process meets its limit within {span}{beside}"
        )
    if service.requests_per_s > 0:
        share, else_share = _share(course), _share(alone)
        beside = f" (left alone {else_share})" if else_share != share else ""
        over = say_minutes(forecast.horizon_min)
        said.append(f"{share} of the requests{beside} are served over {over}")
    return f"{words}, {' and '.join(said)}" if said else ""


def _share(course: Course) -> str:
    return "nearly all" if course.mean_served >= _ALL else f"{course.mean_served:.0%}"


def say_rollout(forecast: Forecast) -> str:
    """Say how long it takes until every process is replaced."""
    if forecast.service is None:
        return "It helps a process from the moment it is replaced"
    took = say_minutes(forecast.rollout_s / 60.0)
    count = forecast.service.processes
    return (
        f"Replacing the processes took {took} when it was rolled out, so it helps within about that"
        if forecast.is_rollout_seen
        else f"No rollout was seen; at a minute a process it helps {count} of them within {took}"
    )


def rollback_risks(
    cause: Candidate, transactions: Transactions | None, *, has_pool_trouble: bool
) -> Iterator[str]:
    """Yield what may go wrong: work in flight, the schema, the driver, held connections."""
    if cause.kind != "deploy":
        yield "whatever has come to rely on it since fails without it: try one process first"
        return
    yield say_open_work(transactions)
    schema, driver = _SCHEMA.search(cause.text), _DRIVER.search(cause.text)
    if schema and _SAFE_SCHEMA.search(cause.text):
        yield "its notes speak of a schema change and call it compatible: try one process first"
    elif schema:
        yield "its notes speak of a schema change: check that the old version can read the new one"
    else:
        yield "whether the old version fits the schema is not known: its notes do not speak of it"
    if driver:
        yield f"the rollback takes this back as well: {driver.group().strip()}"
    if has_pool_trouble:
        yield (
            "connections of killed processes stay open at the database until it notices: end "
            "sessions that idle in a transaction before the old version starts"
        )


def say_open_work(transactions: Transactions | None) -> str:
    """Name the transactions that a restart may cut off, as far as the logs tell."""
    if transactions is not None and transactions.open_count:
        return (
            f"{transactions.open_count:,} of {transactions.taken_count:,} transactions in the logs "
            "took money and reached no final state: reconcile them, and drain processes before "
            "they are replaced"
        )
    if transactions is not None and transactions.open_count == 0 and transactions.taken_count:
        return (
            f"all {transactions.taken_count:,} transactions that took money in the logs reached a "
            "final state; drain processes before they are replaced, so that it stays so"
        )
    return "requests in flight: drain processes first, and reconcile what has no final state"
