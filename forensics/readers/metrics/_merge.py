"""Join the tables of several files into one without counting a sample twice."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.tables import METRICS, empty_table

_SERIES = ["metric", "entity", "labels"]


def merge_metrics(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return one sample per series and time from all files.

    Exports overlap: the same query saved twice, a dashboard beside the database it reads. Of
    samples of one series and time, the first that has a value is kept, in the order of
    ``frames``. Steps may differ between files, their union is returned; gaps stay gaps.
    Series whose labels differ (another scraper's ``replica``) are different series.

    Parameters
    ----------
    frames
        Tables of the ``metrics`` schema.

    Returns
    -------
    polars.DataFrame
        Schema ``metrics``, sorted by series (first seen within metric and entity) and time.
    """
    known = [frame for frame in frames if frame.height]
    if not known:
        return empty_table("metrics")
    if len(known) == 1:
        return known[0]
    joined = pl.concat(known, how="vertical").with_row_index("_row")
    series = joined.group_by(_SERIES, maintain_order=True).agg("_row")
    ids = series.with_row_index("_series").select("_series", "_row").explode("_row").sort("_row")
    return (
        joined.with_columns(ids["_series"])
        .sort("metric", "entity", "_series", "time", pl.col("value").is_null(), "_row")
        .unique(["_series", "time"], keep="first", maintain_order=True)
        .select(METRICS.names())
    )
