"""Pods of one version run one program: pool what they say, so that no noisy pod decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from forensics.growth._verdict import CLEAR, judge

if TYPE_CHECKING:
    from forensics.analysis.memory_growth import SignalGrowth
    from forensics.findings import LeakKind

VERSIONS: Final = pl.Schema(
    {
        "version": pl.String(),
        "role": pl.String(),
        "leak": pl.String(),
        "log_odds": pl.Float64(),
        "processes": pl.Int64(),
        "rate_bytes_per_min": pl.Float64(),
        "rate_low": pl.Float64(),
        "rate_high": pl.Float64(),
    }
)
#: What one pod may add: without a cap, one pod with a fault of its own would decide.
_CAP: Final = 6.0
_MIN_PROCESSES: Final = 3
#: From 5th to 95th percentile of a normal law, in standard deviations.
_WIDTH_90: Final = 2 * 1.6449


def pool_versions(
    signals: list[SignalGrowth],
) -> tuple[list[SignalGrowth], pl.DataFrame]:
    """Return the signals with unclear pods judged by their version, and one row a version."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, grown in enumerate(signals):
        version = _only_version(grown)
        if version is not None and grown.assessment.lives:
            groups.setdefault((version, grown.signal.role), []).append(place)
    rows = []
    pooled = list(signals)
    for (version, role), places in sorted(groups.items()):
        odds = [float(np.clip(signals[i].assessment.log_odds, -_CAP, _CAP)) for i in places]
        total = float(np.sum(odds))
        rate, low, high = pool_rates([signals[i] for i in places])
        rows.append((version, role, judge(total), total, len(places), rate, low, high))
        is_weighty = len(places) >= _MIN_PROCESSES or abs(total) >= CLEAR
        for i in places:
            own = signals[i].assessment
            # A pod that says nothing follows any other; one with a view of its own, many.
            follows = own.leak == "unknown" or (is_weighty and abs(own.log_odds) < CLEAR)
            if follows and judge(total) not in {own.leak, "unknown"}:
                pooled[i] = _follow(signals[i], total)
    return pooled, pl.DataFrame(rows, schema=VERSIONS, orient="row")


def _follow(grown: SignalGrowth, log_odds: float) -> SignalGrowth:
    """Return a pod with the verdict of its version."""
    leak = judge(log_odds)
    kind: LeakKind = "none" if leak == "no" else grown.kind
    lives = tuple(
        replace(life, leak=leak, why=f"{life.why}; judged with the pods of its version")
        for life in grown.assessment.lives
    )
    assessment = replace(grown.assessment, leak=leak, lives=lives, log_odds=log_odds)
    return replace(grown, assessment=assessment, kind=kind)


def pool_rates(signals: list[SignalGrowth]) -> tuple[float | None, float | None, float | None]:
    """Return the mean rate of a version in bytes a minute with its 90 % interval.

    Random effects [1]_: pods differ by more than their errors, so the spread between them
    is added to each error before weighing.

    References
    ----------
    .. [1] R. DerSimonian, N. Laird (1986), "Meta-analysis in clinical trials", Controlled
       Clinical Trials 7, 177-188, eq. (8).
    """
    rates = [life.rate for g in signals for life in g.assessment.lives if life.rate.is_known]
    mean = np.array([rate.value for rate in rates])
    if mean.size == 0:
        return None, None, None
    width = np.array([rate.high - rate.low for rate in rates]) / _WIDTH_90
    variance = np.maximum(width, 1e-9 + 1e-6 * np.abs(mean)) ** 2
    weights = 1 / variance
    centre = np.sum(weights * mean) / np.sum(weights)
    excess = float(np.sum(weights * (mean - centre) ** 2)) - (mean.size - 1)
    scale = float(np.sum(weights) - np.sum(weights**2) / np.sum(weights))
    between = max(0.0, excess / scale) if scale > 0 else 0.0
    weights = 1 / (variance + between)
    pooled = float(np.sum(weights * mean) / np.sum(weights))
    error = float(1 / np.sqrt(np.sum(weights)))
    half = _WIDTH_90 / 2 * error
    return pooled * 60, (pooled - half) * 60, (pooled + half) * 60


def _only_version(grown: SignalGrowth) -> str | None:
    """Return the version of a process that ran no other, else None."""
    names = {version for _, version in grown.signal.versions}
    return names.pop() if len(names) == 1 else None
