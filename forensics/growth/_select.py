"""Which model explains a floor best, which is next, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.growth._evidence import Evidence, leak_weights, log_sum
from forensics.growth._types import Floats

#: Below this evidence ratio the first and the second model can't be told apart yet: "not worth
#: more than a bare mention" (Kass and Raftery 1995, J. Am. Stat. Assoc. 90, 773-795, section 3.2).
MIN_RATIO = 3.0
_LOG_2 = float(np.log(2.0))

_FLAT_NAMES = {
    "plain": "constant",
    "load": "load_following",
    "daily": "diurnal",
    "steps": "staircase",
    "steps+load": "load_following",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The families by weight, and the odds that the floor leaks.

    Attributes
    ----------
    weights
        Family name to posterior probability; sums to 1.
    log_odds
        Logarithm of the odds of "rises and goes on rising" against everything else.
    log_evidence
        Logarithm of the sum of all weights before they were normalised.
    leak : array of float64, shape of ``Evidence.grown``
        Logarithm of the weight with which each curve says "leak"; normalised with ``weights``.
    """

    weights: dict[str, float]
    log_odds: float
    log_evidence: float
    leak: Floats

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Families, the likeliest first; alphabetical where equal."""
        return sorted(self.weights.items(), key=lambda item: (-item[1], item[0]))

    def best(self, *, among: frozenset[str] | None = None) -> tuple[str, str | None, float]:
        """Return first, second and how many times likelier the first is."""
        ranked = [pair for pair in self.ranked if among is None or pair[0] in among]
        if not ranked:
            return "undetermined", None, 1.0
        if len(ranked) == 1:
            return ranked[0][0], None, np.inf
        ratio = ranked[0][1] / max(ranked[1][1], 1e-300)
        return ranked[0][0], ranked[1][0], float(min(ratio, 1e12))


def select(
    evidence: Evidence, min_rise: float, *, doubted: NDArray[np.bool_] | None = None
) -> Selection:
    """Sum the evidence by family; a rise below ``min_rise`` bytes counts as none.

    ``doubted``, shape (c,), tells which curves speak neither for a leak nor against one: their
    weight goes to both sides alike.
    """
    curves = evidence.curves
    up, down = leak_weights(evidence, min_rise)
    is_leak = np.broadcast_to(curves.is_leak, up.shape)
    logs: dict[str, float] = {}
    leaky = {shape.name for shape in curves.shapes if shape.is_leak}
    either = np.logaddexp(up, down)
    for name in curves.names:
        mine = np.broadcast_to(curves.is_of(name), up.shape)
        # A look-alike may fall as well as rise; a leak that doesn't rise is none.
        logs[name] = log_sum(up if name in leaky else either, mine)
    flat = dict.fromkeys(_FLAT_NAMES.values(), -np.inf)
    for j, background in enumerate(evidence.backgrounds):
        if background.name in _FLAT_NAMES:
            called = _FLAT_NAMES[background.name]
            flat[called] = float(np.logaddexp(flat[called], log_sum(evidence.flat[:, j])))
    # Leaks whose rise is nil or negative: the level stays or declines.
    flat["constant"] = float(np.logaddexp(flat["constant"], log_sum(down, is_leak)))
    for name, value in flat.items():
        logs[name] = float(np.logaddexp(logs.get(name, -np.inf), value))
    leaks = log_sum(up, is_leak)
    rest = log_sum(np.array([value for name, value in logs.items() if name not in leaky]))
    whole = float(np.logaddexp(leaks, rest))
    log_odds = leaks - rest
    if doubted is not None and doubted.any():
        either_way = log_sum(up, np.broadcast_to(doubted, up.shape)) - _LOG_2
        sure = log_sum(up, np.broadcast_to(curves.is_leak & ~doubted, up.shape))
        log_odds = float(np.logaddexp(sure, either_way) - np.logaddexp(rest, either_way))
    return Selection(
        weights={name: float(np.exp(value - whole)) for name, value in logs.items()},
        log_odds=log_odds,
        log_evidence=whole,
        leak=np.where(is_leak, up - whole, -np.inf),
    )
