"""How far the clocks of two hosts differ, from requests that both logged; never applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import polars as pl

from forensics.findings import AnyEntry, EvidenceRef, Finding, Interval, Measure

TITLE: Final = "Clock skew between hosts"
NEEDS: Final = ("logs",)

#: Requests that both hosts must have seen.
_FEWEST_SHARED: Final = 10
#: A difference below this is within what requests take anyhow, seconds.
_WORTH_S: Final = 1.0
#: An id on more hosts than this is no request (a batch, a constant).
_MOST_HOSTS: Final = 8

SKEW: Final = pl.Schema(
    {
        "host": pl.String(),
        "reference": pl.String(),
        "shared": pl.Int64(),
        "skew_s": pl.Float64(),
        "low_s": pl.Float64(),
        "high_s": pl.Float64(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """Clock differences of hosts that share requests.

    Attributes
    ----------
    skew
        Schema ``SKEW``: seconds by which the clock of ``host`` is ahead of ``reference``
        (negative: behind), with the range that holds the middle 90 % of the requests.
    """

    skew: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=SKEW))


def run(*, logs: pl.LazyFrame) -> Result:
    """Estimate the skew of each pair of hosts from the trace ids that both logged.

    For each request the middles of its lines on either host are compared: a callee works
    within its caller's span, so equal clocks give middles that lie close together, and the
    median over requests is the skew [1]_. What a request takes before the other host logs
    it is counted as skew; hence only differences above one second are spoken of.

    References
    ----------
    .. [1] D. L. Mills (1991), "Internet time synchronization: the Network Time Protocol",
       IEEE Trans. Commun. 39, 1482-1493: offset from the middles of two spans.
    """
    middle = (pl.col("time").min().dt.epoch("us") + pl.col("time").max().dt.epoch("us")) / 2e6
    spans = (
        logs.filter(
            pl.col("trace_id").is_not_null(),
            pl.col("host").is_not_null(),
            pl.col("time").is_not_null(),
            pl.col("trace_id").str.len_bytes() >= 8,
        )
        .group_by("trace_id", "host")
        .agg(
            middle=middle,
            file=pl.col("raw_ref").struct.field("file").first(),
            line=pl.col("raw_ref").struct.field("line").first(),
        )
        .filter(pl.len().over("trace_id").is_between(2, _MOST_HOSTS))
    )
    pairs = spans.join(spans, on="trace_id", suffix="_other").filter(
        pl.col("host") < pl.col("host_other")
    )
    ahead = pl.col("middle_other") - pl.col("middle")
    skew = (
        pairs.group_by(host="host_other", reference="host")
        .agg(
            shared=pl.len().cast(pl.Int64),
            skew_s=ahead.median(),
            low_s=ahead.quantile(0.05),
            high_s=ahead.quantile(0.95),
            file=pl.col("file_other").first(),
            line=pl.col("line_other").first(),
        )
        .filter(pl.col("shared") >= _FEWEST_SHARED)
        .select(SKEW.names())
        .collect(engine="streaming")
    )
    return Result(skew.sort("host", "reference"))


def findings(result: Result) -> list[AnyEntry]:
    """Return a statement for each pair whose clocks surely differ by more than a second."""
    is_sure = (pl.col("low_s") > _WORTH_S) | (pl.col("high_s") < -_WORTH_S)
    return [_state(row) for row in result.skew.filter(is_sure).iter_rows(named=True)]


def _state(row: dict[str, Any]) -> Finding:
    word = "ahead of" if row["skew_s"] > 0 else "behind"
    return Finding(
        topic="logs",
        text=(
            f"The clock of {row['host']} seems {abs(row['skew_s']):,.1f} s {word} that of "
            f"{row['reference']}, from {row['shared']:,} requests that both logged; times are "
            "shown as logged."
        ),
        confidence="medium",
        measures=[
            Measure(
                name="clock difference",
                value=row["skew_s"],
                unit="s",
                interval=Interval(low=row["low_s"], high=row["high_s"], level=0.9),
            )
        ],
        evidence=[EvidenceRef(path=str(row["file"]), line=row["line"])],
    )
