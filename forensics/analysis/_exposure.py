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
from typing import Final, Literal

from forensics.analysis._candidates import Candidate, is_in_scope, runs_version
from forensics.analysis._lives import Life, slope_interval

#: P(verdict "yes" | leaks) and P("yes" | doesn't): the measured quality of the leak verdict,
#: set on the cautious side since lifetimes of an incident are short.
_HIT: Final = 0.90
_FALSE_ALARM: Final = 0.05
#: A later release may have mended what an earlier one broke.
_INHERITED_HIT: Final = 0.75
#: Mean delay from exposure to a visible onset as a share of the evidence's length, its
#: bounds, and the chance that an onset has another delay.
_DELAY_SHARE: Final = 1.0 / 30.0
_DELAY_BOUNDS_S: Final = (10.0, 120.0)
_ODD: Final = 0.02
#: How far to either side the pace of a life is compared, and from which share of the pace
#: afterwards the pace before speaks of one growth through both.
_SIDE_S: Final = 900.0
_BENT, _STRAIGHT = 0.3, 0.7
_BEND_WEIGHT: Final = 1.5
#: Until this age a process grows whatever it does (code, pools, caches), and the least that
#: growth before a change that came so early weighs.
_YOUNG_S, _YOUNG_WEIGHT = 600.0, -0.7
#: Lifetimes of one workload and version tell the same story: beyond this many they add nothing.
_INDEPENDENT: Final = 4.0
#: An exposed stretch this long shows something by not leaking, unless shorter ones did leak.
_TELLING_S: Final = 600.0

#: What acts only while it lasts.
_PASSING: Final = frozenset(["traffic", "database"])

Exposure = Literal["direct", "inherited"]
_NEVER: Final[tuple[float, Exposure | None]] = (math.nan, None)


@dataclass(frozen=True, slots=True)
class Explained:
    """How well a candidate explains the lifetimes: three log-likelihood ratios and counts.

    ``gaps_s`` are the seconds from exposure to the onset of growth, one a leaking life, sorted.
    """

    timing: float
    exposed: float
    unexposed: float
    exposed_lives: int
    exposed_leaking: int
    unexposed_lives: int
    unexposed_leaking: int
    gaps_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """All lifetimes, all known changes and the first and last second of the evidence."""

    lives: Sequence[Life]
    changes: Sequence[Candidate]
    window: tuple[float, float]

    @property
    def length_s(self) -> float:
        """Length of the evidence, at least a minute."""
        return max(self.window[1] - self.window[0], 60.0)

    @property
    def delay_s(self) -> float:
        """Mean delay from cause to visible effect that is expected in evidence this long."""
        low, high = _DELAY_BOUNDS_S
        return min(max(self.length_s * _DELAY_SHARE, low), high)

    @property
    def telling_s(self) -> float:
        """How long a life must be watched before its not leaking means something."""
        lengths = sorted(x.end_s - x.start_s for x in self.lives if x.leak > 0.5)
        shortest = lengths[len(lengths) // 4] if lengths else _TELLING_S
        return min(_TELLING_S, max(shortest, 60.0))

    @property
    def base_rate(self) -> float:
        """Share of leaking lives, kept away from 0 and 1 by one imagined life of each sort."""
        return (1.0 + sum(life.leak for life in self.lives)) / (2.0 + len(self.lives))


def explain_lives(candidate: Candidate, panel: Panel) -> Explained:
    """Weigh one candidate by who was exposed to it; nobody is exposed to ``none``."""
    groups: dict[tuple[bool, str], list[tuple[float, float]]] = {}
    gaps: list[float] = []
    counts = [0, 0, 0, 0]
    base, telling_s = panel.base_rate, panel.telling_s
    may_inherit = _shows_directly(candidate, panel)
    for life in panel.lives:
        begin, how = exposed_from(candidate, life, panel.changes)
        how = how if how != "inherited" or may_inherit else None
        is_exposed = how is not None and life.end_s > begin
        share = min(1.0, max(0.0, life.end_s - begin) / telling_s) if is_exposed else 1.0
        if is_exposed and share < 0.5 and life.leak < 0.5 and begin - life.start_s >= telling_s:
            # Drained soon after the change: what it did was done unexposed.
            is_exposed, how, share = False, None, 1.0
        fit = _verdict_ratio(life, how if is_exposed else None, base, share)
        timing = 0.0
        if is_exposed and life.leak > 0.5:
            timing, gap = _timing_ratio(life, begin, panel)
            gaps.append(gap)
        groups.setdefault((is_exposed, life.kin), []).append((fit, timing))
        counts[0 if is_exposed else 2] += 1
        counts[1 if is_exposed else 3] += life.leak > 0.5
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for (is_exposed, _), items in groups.items():
        sums[is_exposed][0] += _pool([fit for fit, _ in items])
        # A life that grew from its start says nothing of the time: it dilutes no other.
        sums[is_exposed][1] += _pool([timing for _, timing in items if timing])
    return Explained(
        timing=sums[True][1],
        exposed=sums[True][0],
        unexposed=sums[False][0],
        exposed_lives=counts[0],
        exposed_leaking=counts[1],
        unexposed_lives=counts[2],
        unexposed_leaking=counts[3],
        gaps_s=tuple(sorted(gaps)),
    )


def _pool(ratios: Sequence[float]) -> float:
    """Sum log-likelihood ratios of lives that tell the same story, as many as are independent."""
    return min(1.0, _INDEPENDENT / len(ratios)) * sum(ratios) if ratios else 0.0


def latest_onset_s(life: Life) -> float:
    """Return when the growth of a leaking life began at the latest, its start-up not counted."""
    is_from_start = life.onset_low_s - life.start_s < _YOUNG_S
    return max(life.onset_high_s, life.start_s + _YOUNG_S if is_from_start else -math.inf)


def _shows_directly(candidate: Candidate, panel: Panel) -> bool:
    """Say whether a leak shows in the version that a deploy brought, or that wasn't seen.

    Later versions inherit what that version did, not what it never did.
    """
    exposures = ((x, exposed_from(candidate, x, panel.changes)[1]) for x in panel.lives)
    direct = [life.leak for life, how in exposures if how == "direct"]
    return not direct or max(direct) > 0.5


def exposed_from(
    candidate: Candidate, life: Life, changes: Sequence[Candidate]
) -> tuple[float, Exposure | None]:
    """Return the second from which a life is exposed to a change, and how.

    A process is exposed to a deploy if it runs the deployed version, or, by inheritance, one
    that was first deployed later; where versions aren't known, if it started afterwards.
    ``(nan, None)``: it never is.
    """
    if candidate.time is None or not is_in_scope(candidate, life.entity):
        return _NEVER
    at_s = candidate.time.timestamp()
    if candidate.kind != "deploy":
        # The end of a record is that of the work; only loads are over with it, settings stay.
        ended_s = seconds(candidate.end_time) if candidate.kind in _PASSING else math.nan
        ended = life.start_s > ended_s
        return _NEVER if life.end_s <= at_s or ended else (max(life.start_s, at_s), "direct")
    runs = runs_version(life.version, candidate.to_version)
    if runs:
        return max(life.start_s, at_s), "direct"
    if runs is None:
        is_exposed = life.start_s >= at_s - 60.0 and not _is_undone(candidate, life, changes)
        return (life.start_s, "direct") if is_exposed else _NEVER
    is_later = life.start_s >= at_s and _is_successor(candidate, life, changes)
    return (life.start_s, "inherited") if is_later else _NEVER


def _is_successor(candidate: Candidate, life: Life, changes: Sequence[Candidate]) -> bool:
    """Say whether a life's version was first deployed after a candidate, onto the same scope."""
    assert candidate.time is not None
    deploys = [
        c
        for c in changes
        if c.kind == "deploy" and c.time is not None and is_in_scope(c, life.entity)
    ]
    earlier = [c for c in deploys if c.time is not None and c.time <= candidate.time]
    known = [v for c in earlier for v in (c.from_version, c.to_version)]
    if any(runs_version(life.version, version) for version in known):
        return False
    later = [c for c in deploys if c.time is not None and c.time > candidate.time]
    return any(runs_version(life.version, c.to_version) for c in later)


def _is_undone(candidate: Candidate, life: Life, changes: Sequence[Candidate]) -> bool:
    """Say whether the version before a deploy was deployed again before a life began."""
    assert candidate.time is not None
    return any(
        c.kind == "deploy"
        and c.time is not None
        and c.time > candidate.time
        and c.time.timestamp() <= life.start_s + 60.0
        and runs_version(c.to_version, candidate.from_version)
        for c in changes
    )


def _verdict_ratio(life: Life, how: Exposure | None, base: float, share: float) -> float:
    """Log-likelihood ratio of "leaks iff exposed" to "leaks by chance", for one life.

    ``share`` is how much of the time that a leak needs to show the life was exposed for. A
    life that leaks after a short time leaks; one that doesn't yet says little.
    """
    hit = {"direct": _HIT, "inherited": _INHERITED_HIT, None: _FALSE_ALARM}[how]
    p_leak = hit if life.leak > 0.5 else share * hit + (1.0 - share) * base
    likelihood = life.leak * p_leak + (1.0 - life.leak) * (1.0 - p_leak)
    chance = life.leak * base + (1.0 - life.leak) * (1.0 - base)
    # A verdict near one half says nothing either way.
    weight = abs(2.0 * life.leak - 1.0)
    return weight * math.log(max(likelihood, 1e-9) / max(chance, 1e-9))


def _timing_ratio(life: Life, begin: float, panel: Panel) -> tuple[float, float]:
    """Log-likelihood ratio of the onset's time against an onset anywhere, and the gap."""
    delay_s = panel.delay_s
    late_s = begin - life.start_s
    if math.isnan(life.onset_s):
        # It grew from its first sample. A change that came in mid-life predicts otherwise.
        return (0.0 if late_s <= delay_s else -min(4.0, late_s / delay_s)), -late_s
    if late_s > 0 and life.onset_s - life.start_s < 0.5 * late_s:
        before, low, high = slope_interval(life, begin - _SIDE_S, begin)
        after, least, _ = slope_interval(life, begin + 0.5 * delay_s, begin + _SIDE_S)
        if after > 0 and before < _STRAIGHT * after:
            # It bent upwards at the change, whatever one line through all of it says.
            return (_BEND_WEIGHT if before < _BENT * after else 0.0), 0.0
        if least <= 0 or (low < _BENT * after and high > _STRAIGHT * after):
            # Too noisy, or too short, to tell a bend from a straight line.
            return 0.0, 0.0
    if late_s <= 0 and life.onset_low_s - life.start_s < delay_s:
        # Grown from its start, which came after the change: any earlier change fits as well.
        return 0.0, life.onset_s - begin
    spread_s = max((life.onset_high_s - life.onset_low_s) / 3.3, 0.1 * delay_s, 5.0)
    density = _delayed_normal(life.onset_s - begin, spread_s, delay_s)
    mixed = (1.0 - _ODD) * density + _ODD / panel.length_s
    reach_s = min(panel.length_s, max(life.end_s - life.start_s, 60.0))
    weight = math.log(mixed * reach_s)
    if 0.0 < late_s < _YOUNG_S:
        # What a process gains in its first minutes may be its start-up, not the leak.
        weight = max(weight, _YOUNG_WEIGHT)
    if life.onset_low_s - life.start_s < delay_s:
        # It may as well have grown from its start: nothing speaks for what came later.
        weight = min(weight, 0.0)
    return weight, life.onset_s - begin


def _delayed_normal(gap_s: float, spread_s: float, delay_s: float) -> float:
    """Density of a normal error added to an exponential delay (exponentially modified Gaussian).

    References
    ----------
    E. Grushka (1972), "Characterization of exponentially modified Gaussian peaks in
    chromatography", Anal. Chem. 44, 1733-1738, eq. 3.
    """
    rate = 1.0 / delay_s
    shifted = rate * spread_s - gap_s / spread_s
    exponent = 0.5 * (rate * spread_s) ** 2 - rate * gap_s
    # erfc(x) underflows past 26; its product with the exponential is then negligible.
    tail = math.erfc(shifted / math.sqrt(2.0))
    return 0.5 * rate * math.exp(min(exponent, 600.0)) * tail


def seconds(moment: datetime | None) -> float:
    """Return seconds since the epoch; NaN for ``None``."""
    return math.nan if moment is None else moment.timestamp()
