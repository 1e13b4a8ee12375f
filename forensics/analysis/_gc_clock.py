"""When collections happened that a log dates by the uptime of its process alone.

The JDK's older logs, and newer ones with ``-Xlog:gc*::uptime``, count from the start of the
process. When that was, the file may tell by other lines that carry both, or a metric may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

    from forensics.analysis import lifetimes as lifetimes_module

#: Entity of a log that names none.
UNNAMED: Final = "process"


def date_collections(gc: pl.DataFrame, lifetimes: lifetimes_module.Result) -> pl.DataFrame:
    """Return collections with ``entity``, ``_t`` in seconds and ``is_dated``.

    ``_t`` is Unix time where the row has a time, where rows of the same file have time and
    uptime both, or where exactly one start of the process is known (of any process, if the log
    names none and nothing else ran). Else it counts from the start of the process and
    ``is_dated`` is false: nothing is guessed.

    Parameters
    ----------
    gc
        Table of the ``gc`` schema.
    lifetimes
        Known starts, by entity.
    """
    unix_s = pl.col("time").to_physical() / 1e6
    named = gc.with_columns(entity=pl.col("entity").fill_null(UNNAMED), _unix=unix_s)
    by_file = (pl.col("_unix") - pl.col("uptime_s")).median().over("entity", "source")
    known = {
        str(entity): births[0].timestamp()
        for entity in named["entity"].unique()
        if len(births := _births(str(entity), lifetimes)) == 1
    }
    by_metric = pl.col("entity").replace_strict(known, default=None, return_dtype=pl.Float64)
    started = pl.coalesce(by_file, by_metric)
    return named.with_columns(
        _t=pl.coalesce("_unix", started + pl.col("uptime_s"), "uptime_s"),
        is_dated=pl.col("_unix").is_not_null() | started.is_not_null(),
    ).drop("_unix")


def _births(entity: str, lifetimes: lifetimes_module.Result) -> list[datetime]:
    mine = lifetimes.births_of(entity)
    if mine or entity != UNNAMED:
        return mine
    every: list[datetime] = lifetimes.births["time"].unique().to_list()
    return every
