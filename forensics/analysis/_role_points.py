"""From the samples of single series to one signal a role and entity: rates, merges, sums."""

from __future__ import annotations

from typing import Final

import polars as pl

#: A cumulative counter falls only when its process restarts; a series that falls at more than
#: this share of its steps counts events per interval instead.
_MAX_RESET_SHARE: Final = 0.2
#: A process that crashes in a loop restarts more often, but its counter then begins near zero:
#: typically below this share of what it had reached. Counts per interval fall at every second step.
_MAX_LOOP_SHARE: Final = 0.4
_RESTART_LEVEL: Final = 0.2

#: Runs of one value that show for how many samples an exporter holds it: how many at least,
#: and which share of them must be of one length.
_MIN_RUNS: Final = 4
_MIN_RUNS_ALIKE: Final = 0.8


def counter_rate(points: pl.DataFrame) -> pl.DataFrame:
    """Turn cumulative counters into rates per second.

    Where a counter falls, its process restarted: the increase since then is the new value
    itself, as in Prometheus' ``rate`` [1]_ but without extrapolation to window ends. A rate
    belongs to the interval that ends at its time; over a gap it is the mean rate. The first
    sample of a series has none and is left out, as are null samples.

    Parameters
    ----------
    points
        Frame with ``series_id``, ``time`` and ``value``; other columns are kept.

    Returns
    -------
    polars.DataFrame
        The same columns, ``value`` per second, in order of ``series_id`` and ``time``.

    References
    ----------
    .. [1] Prometheus documentation, "Query functions", ``rate()``.

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> times = [datetime(2026, 1, 1, 0, 0, s, tzinfo=UTC) for s in (0, 10, 20)]
    >>> frame = pl.DataFrame({"series_id": [0] * 3, "time": times, "value": [5.0, 25.0, 10.0]})
    >>> counter_rate(frame)["value"].to_list()
    [2.0, 1.0]
    """
    before = pl.col("value").shift().over("series_id")
    step_s = (pl.col("time") - pl.col("time").shift().over("series_id")).dt.total_microseconds()
    increase = (
        pl.when(pl.col("value") < before).then(pl.col("value")).otherwise(pl.col("value") - before)
    )
    return (
        points.drop_nulls("value")
        .sort("series_id", "time")
        .with_columns(_rate=increase / (step_s / 1e6), _step=step_s)
        .filter(pl.col("_step") > 0)
        .with_columns(value=pl.col("_rate"))
        .drop("_rate", "_step")
    )


def work_rate(points: pl.DataFrame) -> pl.DataFrame:
    """Turn measures of work into rates per second, whatever form they were exported in.

    Cumulative counters fall at restarts only: seldom, or to near zero. What falls often in
    whole numbers, under a counter's name, are events per interval, as CloudWatch counts;
    anything else is a rate already, such as the saved result of an expression under its
    counter's name.

    Parameters
    ----------
    points
        ``series_id, time, value, form``; ``form`` is what the name says: ``cumulative``,
        ``interval``, ``rate`` or null. Values decide where they contradict it.
    """
    values = pl.col("value").sort_by("time").drop_nulls()
    step = values.diff()
    is_fall = step < 0
    seen = points.group_by("series_id").agg(
        falls=is_fall.sum(),
        falls_to=(values / values.shift()).filter(is_fall).median(),
        moves=(step != 0).sum(),
        is_whole=(values == values.round()).all(),
        said=pl.col("form").first(),
    )
    falls_seldom = pl.col("falls") <= pl.max_horizontal(2, _MAX_RESET_SHARE * pl.col("moves"))
    is_loop = (pl.col("falls") <= _MAX_LOOP_SHARE * pl.col("moves")) & (
        pl.col("falls_to") < _RESTART_LEVEL
    )
    only_grows = (pl.col("falls") <= 0.02 * pl.col("moves")) & (pl.col("moves") >= 8)
    seen = seen.select(
        "series_id",
        _form=pl.when(pl.col("said") == "rate")
        .then(pl.lit("rate"))
        .when(((pl.col("said") == "cumulative") & (falls_seldom | is_loop)) | only_grows)
        .then(pl.lit("cumulative"))
        .when(pl.col("said").is_in(["cumulative", "interval"]) & pl.col("is_whole"))
        .then(pl.lit("interval"))
        .otherwise(pl.lit("rate")),
    )
    known = points.join(seen, on="series_id")
    return pl.concat(
        [
            counter_rate(known.filter(pl.col("_form") == "cumulative")),
            _interval_rate(known.filter(pl.col("_form") == "interval")),
            known.filter(pl.col("_form") == "rate"),
        ]
    ).select(points.columns)


def _interval_rate(points: pl.DataFrame) -> pl.DataFrame:
    """Divide counts per interval by their period; a series of one sample has no rate.

    The period is the median step, times the number of samples for which a value is held: an
    exporter that is scraped more often than its source publishes shows each count again.
    """
    steps = points.sort("series_id", "time").with_columns(
        _step=(pl.col("time") - pl.col("time").shift())
        .dt.total_microseconds()
        .median()
        .over("series_id")
    )
    return (
        steps.join(_held_samples(steps), on="series_id", how="left")
        .with_columns(value=pl.col("value") / (pl.col("_step") * pl.col("_held") / 1e6))
        .drop_nulls("value")
        .drop("_step", "_held")
    )


def _held_samples(points: pl.DataFrame) -> pl.DataFrame:
    """Return for how many samples each series holds a count: the usual length of its runs.

    Zeros and the cut runs at both ends say nothing. A length counts where four of five runs
    have it, give or take a sample; else counts that happen to repeat would stretch the period.
    """
    runs = (
        points.with_columns(_run=pl.col("value").rle_id().over("series_id"))
        .group_by("series_id", "_run", maintain_order=True)
        .agg(value=pl.col("value").first(), length=pl.len())
        .filter(
            (pl.col("_run") > 0)
            & (pl.col("_run") < pl.col("_run").max().over("series_id"))
            & (pl.col("value") != 0)
        )
    )
    usual = pl.col("length").median().floor()
    agrees = ((pl.col("length") - usual).abs() <= 1).mean() >= _MIN_RUNS_ALIKE
    is_held = agrees & (usual >= 2) & (pl.len() >= _MIN_RUNS)
    held = runs.group_by("series_id").agg(_held=pl.when(is_held).then(usual).otherwise(1.0))
    return (
        points.select("series_id")
        .unique()
        .join(held, on="series_id", how="left")
        .with_columns(pl.col("_held").fill_null(1.0))
    )


def merge_successors(points: pl.DataFrame) -> pl.DataFrame:
    """Keep one sample per ``part`` and time: that of the series that started last.

    Restarts give one signal a new identity (container id, address) while the old one lingers
    for some minutes in the database; adding the two would count the process twice.

    Parameters
    ----------
    points
        Frame with ``part``, ``series_id``, ``time``, ``value``.
    """
    starts = pl.col("time").min().over("series_id")
    return (
        points.drop_nulls("value")
        .with_columns(_start=starts)
        .sort("part", "time", "_start", "series_id")
        .unique(["part", "time"], keep="last", maintain_order=True)
        .drop("_start")
    )


def combine_parts(points: pl.DataFrame) -> pl.DataFrame:
    """Combine the parts of each ``signal`` into one value a time.

    A sum is only made at times where every part that is alive (between its first and last
    sample) has one, so that a missing part makes a gap and not a dip. Parts that are
    sampled at different moments are first put on the grid of their median step.

    Parameters
    ----------
    points
        Frame with ``signal``, ``part``, ``combine``, ``time``, ``value``; one row a part
        and time.

    Returns
    -------
    polars.DataFrame
        ``signal``, ``time``, ``value``, sorted.
    """
    single = points.group_by("signal").agg(parts=pl.col("part").n_unique())
    lone = points.join(single.filter(pl.col("parts") == 1), on="signal", how="semi")
    many = points.join(single.filter(pl.col("parts") > 1), on="signal", how="semi")
    columns = ["signal", "time", "value"]
    if many.is_empty():
        return lone.select(columns).sort("signal", "time")
    many = _to_grid(many)
    summed = (
        many.join(_count_alive(many), on=["signal", "time"], how="left")
        .group_by("signal", "time")
        .agg(
            value=pl.when(pl.col("combine").first() == "sum")
            .then(pl.col("value").sum())
            .when(pl.col("combine").first() == "max")
            .then(pl.col("value").max())
            .otherwise(pl.col("value").mean()),
            parts=pl.len(),
            alive=pl.col("alive").first(),
            combine=pl.col("combine").first(),
        )
        .filter((pl.col("combine") != "sum") | (pl.col("parts") >= pl.col("alive")))
    )
    return pl.concat([lone.select(columns), summed.select(columns)]).sort("signal", "time")


def _count_alive(points: pl.DataFrame) -> pl.DataFrame:
    """Return how many parts of each signal are between first and last sample, at each time."""
    spans = points.group_by("signal", "part").agg(
        first=pl.col("time").min(), last=pl.col("time").max()
    )
    times = points.select("signal", "time").unique()
    starts = spans.select("signal", time="first", born=pl.lit(1), died=pl.lit(0))
    ends = spans.select("signal", time="last", born=pl.lit(0), died=pl.lit(1))
    changes = pl.concat([starts, ends]).group_by("signal", "time").agg(pl.sum("born", "died"))
    return (
        times.join(changes, on=["signal", "time"], how="left")
        .with_columns(pl.col("born", "died").fill_null(0))
        .sort("signal", "time")
        .with_columns(
            alive=pl.col("born").cum_sum().over("signal")
            - pl.col("died").cum_sum().over("signal")
            + pl.col("died")
        )
        .select("signal", "time", "alive")
    )


def _to_grid(points: pl.DataFrame) -> pl.DataFrame:
    """Round the times of signals whose parts hardly ever share one to their median step."""
    shared = (
        points.group_by("signal", "time")
        .agg(parts=pl.len())
        .group_by("signal")
        .agg(is_shared=(pl.col("parts") > 1).mean() >= 0.2)
    )
    step_us = (
        points.sort("signal", "part", "time")
        .with_columns(step=pl.col("time").diff().over("signal", "part").dt.total_microseconds())
        .group_by("signal")
        .agg(step_us=pl.col("step").median())
    )
    known = points.join(shared, on="signal").join(step_us, on="signal")
    aligned = known.filter("is_shared")
    loose = known.filter(~pl.col("is_shared") & (pl.col("step_us") > 0))
    rounded = ((pl.col("time").to_physical() / pl.col("step_us")).floor() * pl.col("step_us")).cast(
        pl.Int64
    )
    loose = loose.with_columns(time=rounded.cast(points.schema["time"])).unique(
        ["signal", "part", "time"], keep="last", maintain_order=True
    )
    lost = known.filter(~pl.col("is_shared") & ~(pl.col("step_us") > 0).fill_null(value=False))
    return pl.concat([aligned, loose, lost]).select(points.columns)
