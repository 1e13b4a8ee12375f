"""When the logs alone show that something went wrong: error lines that come to stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from forensics.analysis._symptoms import Symptom, first_lasting

_SERIOUS: Final = ("ERROR", "FATAL", "SEVERE", "CRITICAL")
#: Fewer error lines a minute than this, or than so many times the usual, are no trouble.
_MANY, _TIMES = 5.0, 5.0
_FEWEST_STEPS: Final = 6


def find_log_symptom(logs: pl.LazyFrame) -> Symptom | None:
    """Return when error lines began to come at five times their usual rate and stayed.

    The usual is the median of the first fifth of the minutes.
    """
    is_serious = pl.col("level").str.to_uppercase().is_in(_SERIOUS).fill_null(value=False)
    dated = logs.filter(pl.col("time").is_not_null())
    by_minute = (
        dated.group_by(pl.col("time").dt.truncate("1m"))
        .agg(bad=is_serious.sum().cast(pl.Float64))
        .sort("time")
        .collect()
    )
    if by_minute.height < _FEWEST_STEPS:
        return None
    steps = by_minute.upsample("time", every="1m").with_columns(pl.col("bad").fill_null(0.0))
    usual = float(steps["bad"].head(max(3, steps.height // 5)).median() or 0.0)  # type: ignore[arg-type]  # polars scalar
    is_bad = steps["bad"] > max(_MANY, _TIMES * usual)
    bad = steps.filter(is_bad)
    if bad.height < 2:
        return None
    minute = first_lasting(steps, is_bad)
    within = pl.col("time").is_between(minute, minute + timedelta(minutes=1), closed="left")
    began = dated.filter(within & is_serious).select(pl.col("time").min()).collect().item()
    most = float(steps["bad"].max() or 0.0)  # type: ignore[arg-type]  # polars scalar
    why = f"error lines rise from {usual:.0f} to {most:.0f} a minute"
    return Symptom("errors in the logs", began, why, ("logs",), bad["time"][-1])
