"""Which log patterns began, surged or stopped with which change.

For each change and each pattern the counts in a window before and after are compared.
If only traffic rose, all patterns rise with it; so the expected share of "after" comes
from the median pattern, not from the clock. Log lines come in bursts; so counts are
divided by their dispersion between minutes before they are tested (quasi-Poisson). As
many patterns meet many changes, the false discovery rate is held over all tests together.

References
----------
.. [1] J. Przyborowski, H. Wilenski (1940), "Homogeneity of results in testing samples
   from Poisson series", Biometrika 31, 313-323: given the sum, the first of two Poisson
   counts is binomial.
.. [2] P. McCullagh, J. A. Nelder (1989), Generalized Linear Models, 2nd ed., section
   6.2.3: dispersion from Pearson's chi-square.
.. [3] S. Anders, W. Huber (2010), "Differential expression analysis for sequence count
   data", Genome Biology 11, R106, equation 5: the median ratio as size factor.
.. [4] Y. Benjamini, Y. Hochberg (1995), "Controlling the false discovery rate",
   J. R. Stat. Soc. B 57, 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betainc
from scipy.stats import false_discovery_control

from forensics.analysis._candidates import Candidate, find_candidates
from forensics.analysis._pattern_rates import Rates, count_rates
from forensics.findings import AnyEntry, EvidenceRef, Finding, Measure
from forensics.tables import TIME

TITLE: Final = "Log patterns that changes brought"
NEEDS: Final = ("logs", "changes")

#: Longest time before and after a change that is compared.
WINDOW: Final = timedelta(hours=6)
#: Share of false discoveries that is accepted among all shifts reported.
FALSE_DISCOVERY_RATE: Final = 0.01
#: A shift smaller than this, traffic allowed for, is not worth a sentence.
SMALLEST_RATIO: Final = 2.0
#: Events of a pattern for it to tell how traffic moved.
_STEADY_EVENTS: Final = 20
#: Patterns a finding is written for.
_MOST_FINDINGS: Final = 10
#: Minutes a side must have to be compared.
_FEWEST_MINUTES: Final = 3

SHIFTS: Final = pl.Schema(
    {
        "template_id": pl.String(),
        "template": pl.String(),
        "kind": pl.String(),
        "level": pl.String(),
        "change_id": pl.String(),
        "change": pl.String(),
        "change_at": TIME,
        "first_at": TIME,
        "count_before": pl.Int64(),
        "count_after": pl.Int64(),
        "expected_after": pl.Float64(),
        "ratio": pl.Float64(),
        "q_value": pl.Float64(),
        "hosts": pl.Int64(),
        "top_host": pl.String(),
        "top_host_share": pl.Float64(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """The patterns of the logs and their shifts.

    Attributes
    ----------
    patterns
        ``template_id``, ``template``, ``count``, ``variables``, ``example`` and, of the
        first event, ``first_at``, ``level``, ``file``, ``line``; ``last_at``.
    minutes
        ``template_id``, ``minute``, ``host``, ``count``.
    shifts
        Schema ``SHIFTS``, strongest evidence first; ``kind`` is ``first seen``, ``surged``
        or ``vanished``. ``ratio`` is the count after over the
        one expected from traffic, infinite for what was never seen before; each pattern is
        given to the one change that explains its shift best.
    """

    patterns: pl.DataFrame = field(default_factory=pl.DataFrame)
    minutes: pl.DataFrame = field(default_factory=pl.DataFrame)
    shifts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SHIFTS))


def run(logs: pl.LazyFrame, changes: pl.DataFrame) -> Result:
    """Mine the patterns of ``logs`` and test each against each of ``changes``."""
    rates = count_rates(logs)
    patterns = rates.patterns.templates.join(
        rates.firsts, on="template_id", how="left", maintain_order="left"
    )
    tests = [_compare(rates, change) for change in find_candidates(changes)]
    tested = pl.concat([test for test in tests if test is not None] or [_NO_TESTS])
    return Result(patterns, rates.minutes, _choose(tested, patterns, rates.minutes))


_NO_TESTS: Final = pl.DataFrame(
    schema={
        "template_id": pl.String(),
        "change_id": pl.String(),
        "change": pl.String(),
        "change_at": TIME,
        "count_before": pl.Int64(),
        "count_after": pl.Int64(),
        "expected_after": pl.Float64(),
        "p_value": pl.Float64(),
    }
)


def _compare(rates: Rates, change: Candidate) -> pl.DataFrame | None:
    """Test every pattern before against after one change; ``None`` if a side is too short."""
    minutes = rates.minutes
    if change.time is None or minutes.is_empty():
        return None
    turn = change.time.replace(second=0, microsecond=0)
    near = minutes.filter(pl.col("minute").is_between(turn - WINDOW, turn + WINDOW, closed="left"))
    per_minute = near.group_by("template_id", "minute").agg(pl.col("count").sum())
    sides = _lengths(minutes, turn)
    if min(sides) < _FEWEST_MINUTES or per_minute.is_empty():
        return None
    counted = _sum_sides(per_minute, turn, sides)
    before, after = counted["count_before"].to_numpy(), counted["count_after"].to_numpy()
    share = _traffic_share(before, after, sides)
    p_value = compute_shift_p(before, after, share, counted["dispersion"].to_numpy())
    return counted.select(
        "template_id",
        pl.lit(change.change_id).alias("change_id"),
        pl.lit(change.what).alias("change"),
        pl.lit(change.time, TIME).alias("change_at"),
        "count_before",
        "count_after",
        pl.Series("expected_after", before * share / (1 - share)),
        pl.Series("p_value", p_value),
    )


def _lengths(minutes: pl.DataFrame, turn: datetime) -> tuple[int, int]:
    """Minutes of log before and after ``turn``, within the window."""
    first, last = minutes["minute"].min(), minutes["minute"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    before = min(turn - first, WINDOW) // timedelta(minutes=1)
    after = min(last + timedelta(minutes=1) - turn, WINDOW) // timedelta(minutes=1)
    return before, after


def _sum_sides(per_minute: pl.DataFrame, turn: datetime, sides: tuple[int, int]) -> pl.DataFrame:
    """Sum up each pattern before and after, with its dispersion between minutes.

    Minutes without an event count as zeros in the dispersion, which is Pearson's
    chi-square around the mean of either side over its degrees of freedom, at least 1.
    """
    is_after = pl.col("minute") >= turn
    sums = per_minute.group_by("template_id").agg(
        *(
            expression
            for name, side in (("before", ~is_after), ("after", is_after))
            for expression in (
                pl.col("count").filter(side).sum().alias(f"count_{name}"),
                (pl.col("count").filter(side) ** 2).sum().alias(f"square_{name}"),
            )
        )
    )
    excess = [
        pl.when(pl.col(f"count_{name}") > 0)
        .then(pl.col(f"square_{name}") * length / pl.col(f"count_{name}") - pl.col(f"count_{name}"))
        .otherwise(0.0)
        for name, length in zip(("before", "after"), sides, strict=True)
    ]
    freedom = [
        pl.when(pl.col(f"count_{name}") > 0).then(length - 1).otherwise(0)
        for name, length in zip(("before", "after"), sides, strict=True)
    ]
    dispersion = ((excess[0] + excess[1]) / (freedom[0] + freedom[1])).clip(lower_bound=1.0)
    return sums.with_columns(dispersion.alias("dispersion")).sort("template_id")


def _traffic_share(
    before: NDArray[np.int64], after: NDArray[np.int64], sides: tuple[int, int]
) -> float:
    """Share of "after" expected of a pattern that only follows traffic.

    The median over patterns seen often on both sides; where there is none, the share of
    time.
    """
    is_steady = (before + after >= _STEADY_EVENTS) & (before > 0) & (after > 0)
    if not is_steady.any():
        return sides[1] / (sides[0] + sides[1])
    ratio = float(np.exp(np.median(np.log(after[is_steady] / before[is_steady]))))
    return ratio / (1 + ratio)


def compute_shift_p(
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    share: float,
    dispersion: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return two-sided p-values that counts moved more than traffic did.

    Given their sum, the count after is binomial with probability ``share``; counts are
    divided by the dispersion first. The tail of the binomial is the regularised incomplete
    beta function, which takes the fractional counts that result.

    Parameters
    ----------
    before, after : arrays of int64, shape (n,)
        Events of each pattern.
    share
        Expected share of events after, between 0 and 1.
    dispersion : array of float64, shape (n,)
        At least 1.

    Examples
    --------
    >>> compute_shift_p(np.array([0]), np.array([10]), 0.5, np.array([1.0])).round(6)
    array([0.001953])
    """
    b, a = before / dispersion, after / dispersion
    tiny = np.finfo(float).tiny
    rose = np.where(a > 0, betainc(np.maximum(a, tiny), b + 1, share), 1.0)
    fell = np.where(b > 0, betainc(np.maximum(b, tiny), a + 1, 1 - share), 1.0)
    p_value: NDArray[np.float64] = np.minimum(1.0, 2 * np.minimum(rose, fell))
    return p_value


def _choose(tested: pl.DataFrame, patterns: pl.DataFrame, minutes: pl.DataFrame) -> pl.DataFrame:
    """Keep what is significant over all tests, each pattern with its best change."""
    if tested.is_empty():
        return pl.DataFrame(schema=SHIFTS)
    before, after = pl.col("count_before"), pl.col("count_after")
    kind = (
        pl.when(before == 0)
        .then(pl.lit("first seen"))
        .when(after == 0)
        .then(pl.lit("vanished"))
        .when(after > pl.col("expected_after"))
        .then(pl.lit("surged"))
        .otherwise(pl.lit("fell"))
    )
    is_new = (pl.col("kind") != "first seen") | (
        pl.col("first_at") >= pl.col("change_at").dt.truncate("1m")
    )
    ratio = pl.col("ratio")
    found = (
        tested.with_columns(
            pl.Series("q_value", false_discovery_control(tested["p_value"].to_numpy())),
            kind.alias("kind"),
            (after / pl.col("expected_after")).alias("ratio"),
        )
        .join(patterns, on="template_id")
        .filter(
            (pl.col("q_value") <= FALSE_DISCOVERY_RATE)
            & ((ratio >= SMALLEST_RATIO) | (after == 0))
            & is_new
        )
        .sort(["q_value", "change_at", "template_id"], descending=[False, True, False])
        .unique("template_id", keep="first", maintain_order=True)
        .join(_spread(minutes), on="template_id", how="left", maintain_order="left")
    )
    return found.select(pl.col(name).cast(dtype) for name, dtype in SHIFTS.items())


def _spread(minutes: pl.DataFrame) -> pl.DataFrame:
    """On how many hosts each pattern was seen, and the host with the most of it."""
    by_host = (
        minutes.filter(pl.col("host").is_not_null())
        .group_by("template_id", "host")
        .agg(pl.col("count").sum())
        .sort(["count", "host"], descending=[True, False])
    )
    return by_host.group_by("template_id").agg(
        pl.len().cast(pl.Int64).alias("hosts"),
        pl.col("host").first().alias("top_host"),
        (pl.col("count").first() / pl.col("count").sum()).alias("top_host_share"),
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return one finding for each of the strongest shifts, with the first line of each."""
    return [_finding(row) for row in result.shifts.head(_MOST_FINDINGS).iter_rows(named=True)]


def _finding(row: dict[str, Any]) -> Finding:
    change = f"{row['change']} ({row['change_at']:%Y-%m-%d %H:%M} UTC)"
    before, after = row["count_before"], row["count_after"]
    how = {
        "first seen": f"was first seen at {row['first_at']:%H:%M:%S} UTC, after {change}: "
        f"{after} events",
        "surged": f"surged after {change}: {after} events where traffic let expect "
        f"{row['expected_after']:,.0f}",
        "vanished": f"vanished after {change}: {before} events before, none after",
    }[row["kind"]]
    where = f", {row['top_host_share']:.0%} on {row['top_host']}" if row["top_host"] else ""
    level = f"{row['level']} " if row["level"] else ""
    is_strong = row["q_value"] < FALSE_DISCOVERY_RATE / 100
    return Finding(
        topic="log patterns",
        text=f"The {level}pattern “{row['template']}” {how}{where}.",
        confidence="high" if is_strong else "medium",
        measures=[
            Measure(name="events before", value=before, unit="1"),
            Measure(name="events after", value=after, unit="1"),
            Measure(name="false discovery rate", value=row["q_value"], unit="1"),
        ],
        evidence=[EvidenceRef(path=row["file"], line=row["line"])] if row["file"] else [],
    )
