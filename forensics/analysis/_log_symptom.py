"""When the logs alone show that something went wrong: error lines that come to stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from forensics.analysis._symptoms import Symptom, first_lasting

_SERIOUS: Final = ("ERROR", "FATAL", "SEVERE", "CRITICAL")
#: Fewer error lines a step than this, or than so many times the usual, are no trouble.
_MANY, _TIMES = 5.0, 5.0
_FEWEST_STEPS: Final = 6
#: Rare errors are many in a longer step only.
_STEPS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


def find_log_symptom(logs: pl.LazyFrame) -> Symptom | None:
    """Return when error lines began to come at five times their usual rate and stayed.

    It is looked at by the minute, and where that shows nothing in longer steps. The usual is the
    median of the first fifth of the steps.
    """
    is_serious = pl.col("level").str.to_uppercase().is_in(_SERIOUS).fill_null(value=False)
    lines = (
        logs.filter(pl.col("time").is_not_null()).select("time", is_serious=is_serious).collect()
    )
    found = (_find_in_steps(lines, step) for step in _STEPS)
    return next((symptom for symptom in found if symptom is not None), None)


def _find_in_steps(lines: pl.DataFrame, step: timedelta) -> Symptom | None:
    counts = (
        lines.group_by(pl.col("time").dt.truncate(step))
        .agg(bad=pl.col("is_serious").sum().cast(pl.Float64))
        .sort("time")
    )
    if counts.height < _FEWEST_STEPS:
        return None
    steps = counts.upsample("time", every=step).with_columns(pl.col("bad").fill_null(0.0))
    usual = float(steps["bad"].head(max(3, steps.height // 5)).median() or 0.0)  # type: ignore[arg-type]  # polars scalar
    is_bad = steps["bad"] > max(_MANY, _TIMES * usual)
    bad = steps.filter(is_bad)
    if bad.height < 2:
        return None
    first = first_lasting(steps, is_bad)
    within = pl.col("time").is_between(first, first + step, closed="left")
    began = lines.filter(within & pl.col("is_serious"))["time"].min()
    most = float(steps["bad"].max() or 0.0)  # type: ignore[arg-type]  # polars scalar
    unit = "a minute" if step == _STEPS[0] else f"in {step // timedelta(minutes=1)} minutes"
    why = f"error lines rise from {usual:.0f} to {most:.0f} {unit}"
    return Symptom("errors in the logs", began, why, ("logs",), bad["time"][-1])  # type: ignore[arg-type]  # a time
