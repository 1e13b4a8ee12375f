"""Signals that need two series: server errors among requests, mean latency of sum and count."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.analysis._role_points import counter_rate

_SUM: Final = "_sum"


def add_errors(described: pl.DataFrame, samples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Append a second reading of the failed requests: role ``errors``.

    Only for entities that have no error counter of their own.

    Parameters
    ----------
    described
        As returned by ``describe_series``.
    samples
        ``series_id, time, value``.

    Returns
    -------
    described, samples
        With the rows of the new series and signals appended.
    """
    own = described.filter(pl.col("role") == "errors").select("entity").unique()
    failed = described.filter("is_error", pl.col("use").is_in(["used", "part"])).join(
        own, on="entity", how="anti"
    )
    if failed.is_empty():
        return described, samples
    free = described.select(pl.max_horizontal(pl.col("series_id").max(), pl.col("signal").max()))
    first_id = int(free.item()) + 1
    ids = failed.select("series_id").with_row_index("new_id", offset=first_id)
    entities = failed["entity"].unique(maintain_order=True)
    signals = pl.DataFrame({"entity": entities}).with_row_index(
        "new_signal", offset=first_id + failed.height
    )
    copies = (
        failed.join(ids, on="series_id")
        .join(signals, on="entity")
        .with_columns(
            series_id="new_id",
            signal="new_signal",
            part=pl.col("new_id"),
            role=pl.lit("errors"),
            use=pl.lit("part"),
            why=pl.lit("requests whose labels say that the server failed"),
            is_error=pl.lit(value=False),
        )
        .select(described.columns)
    )
    again = samples.join(ids, on="series_id").select(series_id="new_id", time="time", value="value")
    return (
        pl.concat([described, copies.cast(described.schema)]),
        pl.concat([samples, again.cast(samples.schema)]),
    )


def mean_latency(metrics: pl.DataFrame, sums: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return the mean latency of each entity: growth of the sum by growth of the count.

    Parameters
    ----------
    metrics
        ``series_id, metric, entity, labels`` of all series.
    sums
        ``series_id, signal`` of the ``_sum`` series in use.
    samples
        ``series_id, time, value`` of all of them and of their counts.

    Returns
    -------
    polars.DataFrame
        ``signal, time, value`` in seconds; times without a request are left out.
    """
    counts = (
        sums.join(metrics, on="series_id")
        .with_columns(metric=pl.col("metric").str.strip_suffix(_SUM) + "_count")
        .join(metrics, on=["metric", "entity", "labels"], suffix="_count", nulls_equal=True)
    )
    growth = []
    for column in ("series_id", "series_id_count"):
        rates = counter_rate(
            samples.join(counts.select(pl.col(column).alias("series_id"), "signal"), on="series_id")
        )
        growth.append(rates.group_by("signal", "time").agg(pl.col("value").sum()))
    return (
        growth[0]
        .join(growth[1], on=["signal", "time"], suffix="_count")
        .filter(pl.col("value_count") > 0)
        .select("signal", "time", value=pl.col("value") / pl.col("value_count"))
        .sort("signal", "time")
    )
