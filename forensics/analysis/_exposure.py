"""Who was exposed to a change, when; and how well that explains who leaked, when.

For each candidate a simple generative model: a process leaks if and only if it is exposed,
from the moment it is (its own start under the new version, or the change), after a short
delay. The likelihood of what was observed of each process lifetime, against the model
in which leaking and onset have nothing to do with the change, is the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from forensics.analysis._candidates import NONE_ID, Candidate, is_in_scope, runs_version

#: P(verdict "yes" | leaks) and P("yes" | doesn't): the measured quality of the leak verdict,
#: set on the cautious side since lifetimes of an incident are short.
_HIT: Final = 0.90
_FALSE_ALARM: Final = 0.05
#: Mean delay from exposure to a visible onset, and the chance that an onset has another delay.
_DELAY_S: Final = 120.0
_ODD: Final = 0.02
#: Lifetimes of one workload and version tell the same story: beyond this many they add nothing.
_INDEPENDENT: Final = 3.0
#: An exposed stretch shorter than this shows nothing by not leaking.
_TELLING_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Life:
    """One process lifetime as the attribution sees it; times in seconds since the epoch.

    ``leak`` is the probability that it leaks. ``onset_s`` with its interval is when the
    growth began, NaN where it began with the life.
    """

    entity: str
    version: str | None
    start_s: float
    end_s: float
    leak: float
    onset_s: float
    onset_low_s: float
    onset_high_s: float
    rate_bytes_per_min: float = math.nan


@dataclass(frozen=True, slots=True)
class Explained:
    """How well a candidate explains the lifetimes: three log-likelihood ratios and counts."""

    timing: float
    exposed: float
    unexposed: float
    exposed_lives: int
    exposed_leaking: int
    unexposed_lives: int
    unexposed_leaking: int
    gap_s: float


def explain_lives(
    candidate: Candidate, lives: Sequence[Life], window: tuple[float, float]
) -> Explained:
    """Weigh one candidate by who was exposed to it.

    Parameters
    ----------
    candidate
        The change, or the ``none`` candidate, to which nobody in particular is exposed.
    lives
        Process lifetimes with their probability to leak.
    window
        First and last second of the evidence.
    """
    groups: dict[tuple[bool, str], list[tuple[float, float]]] = {}
    gaps: list[float] = []
    counts = [0, 0, 0, 0]
    base = _base_rate(lives)
    for life in lives:
        begin = exposed_from(candidate, life)
        is_exposed = begin is not None and life.end_s > begin
        fit = _verdict_ratio(life, begin, base)
        timing = 0.0
        if is_exposed and begin is not None and life.leak > 0.5:
            timing, gap = _timing_ratio(candidate, life, begin, window)
            gaps.append(gap)
        groups.setdefault((is_exposed, life.version or life.entity), []).append((fit, timing))
        counts[0 if is_exposed else 2] += 1
        counts[1 if is_exposed else 3] += life.leak > 0.5
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for (is_exposed, _), items in groups.items():
        weight = min(1.0, _INDEPENDENT / len(items))
        sums[is_exposed][0] += weight * sum(fit for fit, _ in items)
        sums[is_exposed][1] += weight * sum(timing for _, timing in items)
    gaps.sort()
    return Explained(
        timing=sums[True][1],
        exposed=sums[True][0],
        unexposed=sums[False][0],
        exposed_lives=counts[0],
        exposed_leaking=counts[1],
        unexposed_lives=counts[2],
        unexposed_leaking=counts[3],
        gap_s=gaps[len(gaps) // 2] if gaps else math.nan,
    )


def exposed_from(candidate: Candidate, life: Life) -> float | None:
    """Return the second from which a life is exposed to a change; ``None`` if it never is."""
    if candidate.change_id == NONE_ID or candidate.time is None:
        return None
    if not is_in_scope(candidate, life.entity):
        return None
    at_s = candidate.time.timestamp()
    if candidate.kind == "deploy":
        runs = runs_version(life.version, candidate.to_version)
        if runs is False:
            return None
        if runs is None and life.start_s < at_s - 60.0:
            return None
        return max(life.start_s, at_s) if runs else life.start_s
    return max(life.start_s, at_s) if life.end_s > at_s else None


def _base_rate(lives: Sequence[Life]) -> float:
    """Share of leaking lives, kept away from 0 and 1 by one imagined life of each sort."""
    return (1.0 + sum(life.leak for life in lives)) / (2.0 + len(lives))


def _verdict_ratio(life: Life, begin: float | None, base: float) -> float:
    """Log-likelihood ratio of "leaks iff exposed" to "leaks by chance", for one life."""
    share = 0.0
    if begin is not None:
        share = min(1.0, max(0.0, life.end_s - begin) / _TELLING_S)
    # A stretch too short to show a leak predicts nothing: the prediction fades to chance.
    p_leak = share * _HIT + (1.0 - share) * (_FALSE_ALARM if begin is None else base)
    likelihood = life.leak * p_leak + (1.0 - life.leak) * (1.0 - p_leak)
    chance = life.leak * base + (1.0 - life.leak) * (1.0 - base)
    # A verdict near one half says nothing either way.
    weight = abs(2.0 * life.leak - 1.0)
    return weight * math.log(max(likelihood, 1e-9) / max(chance, 1e-9))


def _timing_ratio(
    candidate: Candidate, life: Life, begin: float, window: tuple[float, float]
) -> tuple[float, float]:
    """Log-likelihood ratio of the onset's time against an onset anywhere, and the gap."""
    length = max(window[1] - window[0], 60.0)
    if math.isnan(life.onset_s):
        # It grew from its first sample. A change that came in mid-life predicts otherwise.
        late = begin - life.start_s
        gap = life.start_s - (candidate.time.timestamp() if candidate.time else life.start_s)
        return (0.0 if late <= _DELAY_S else -min(4.0, late / _DELAY_S)), gap
    if begin <= life.start_s and life.onset_low_s - life.start_s < _DELAY_S:
        # Grown from its start, which came after the change: any earlier change fits as well.
        return 0.0, life.onset_s - begin
    spread = max((life.onset_high_s - life.onset_low_s) / 3.3, 15.0)
    density = _delayed_normal(life.onset_s - begin, spread)
    mixed = (1.0 - _ODD) * density + _ODD / length
    reach = min(length, max(life.end_s - life.start_s, 60.0))
    return math.log(mixed * reach), life.onset_s - begin


def _delayed_normal(gap_s: float, spread_s: float) -> float:
    """Density of a normal error added to an exponential delay (exponentially modified Gaussian).

    References
    ----------
    E. Grushka (1972), "Characterization of exponentially modified Gaussian peaks in
    chromatography", Anal. Chem. 44, 1733-1738, eq. 3.
    """
    rate = 1.0 / _DELAY_S
    shifted = rate * spread_s - gap_s / spread_s
    exponent = 0.5 * (rate * spread_s) ** 2 - rate * gap_s
    # erfc(x) underflows past 26; its product with the exponential is then negligible.
    tail = math.erfc(shifted / math.sqrt(2.0))
    return 0.5 * rate * math.exp(min(exponent, 600.0)) * tail


def seconds(moment: datetime | None) -> float:
    """Return seconds since the epoch; NaN for ``None``."""
    return math.nan if moment is None else moment.timestamp()
