"""What growth did when a change was taken back, and how much each request left behind."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.analysis._candidates import Candidate, bare_name, is_in_scope, runs_version
from forensics.analysis._exposure import Panel
from forensics.analysis._lives import Life, slope_bytes_per_s

_OFF: Final = re.compile(
    r"\b(?:off|disabled?|roll(?:ed)?[ -]?back|revert(?:ed)?|undo(?:ne)?|removed?|restored?)\b",
    re.IGNORECASE,
)
#: Words of any flag or setting, which name none.
_PLAIN: Final = frozenset(
    re.findall(
        r"\w+",
        """flag flags feature toggle config configuration setting settings with from enabled enable
        turn turned switch switched back value default""",
    )
)
_TOKEN: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{3,}")
_SIDE_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Doses:
    """Bytes that a request left behind before and after a moment; NaN where not known."""

    before: float
    after: float

    @property
    def factor(self) -> float:
        """After over before."""
        return self.after / self.before if self.before > 0 else math.nan


def find_reversal(candidate: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the first later change that took a change back.

    A deploy is taken back by a deploy of the version before it; a flag or a setting by a
    change of the same kind that says "off", "reverted" or the like of the same name.
    """
    for other in sorted(candidates, key=lambda c: (c.time is None, c.time)):
        if candidate.time is None or other.time is None or other.time <= candidate.time:
            continue
        if other.kind != candidate.kind:
            continue
        if candidate.kind == "deploy":
            if runs_version(other.to_version, candidate.from_version):
                return other
        elif _OFF.search(other.what) and _is_of_one_thing(other, candidate):
            return other
    return None


def growth_after(candidate: Candidate, undone: Candidate, panel: Panel) -> float:
    """Return growth after the reversal as a share of the growth before; NaN if unknown.

    For a deploy, lifetimes on the restored version that began after it are held against the
    leaking lifetimes of the deployed one; else the pace of lifetimes that went through it.
    """
    assert undone.time is not None
    at_s = undone.time.timestamp()
    lives = [life for life in panel.lives if is_in_scope(candidate, life.entity)]
    if candidate.kind == "deploy":
        bad = _rates(x for x in lives if runs_version(x.version, candidate.to_version))
        good = _rates(
            x for x in lives if x.start_s >= at_s and runs_version(x.version, undone.to_version)
        )
        if not bad or not good or np.median(bad) <= 0:
            return math.nan
        return max(0.0, float(np.median(good) / np.median(bad)))
    shares = []
    for life in lives:
        before = slope_bytes_per_s(life, at_s - _SIDE_S, at_s)
        after = slope_bytes_per_s(life, at_s + 0.5 * panel.delay_s, at_s + _SIDE_S)
        if life.leak > 0.5 and before > 0 and math.isfinite(after):
            shares.append(max(0.0, after / before))
    return float(np.median(shares)) if shares else math.nan


def compare_doses(at: datetime, traffic: pl.DataFrame, panel: Panel) -> Doses:
    """Compare growth per request in the quarter hours before and after a moment.

    ``traffic`` has ``time, entity, value`` in requests a second.
    """
    at_s = at.timestamp()
    before: list[float] = []
    after: list[float] = []
    for (entity,), frame in traffic.partition_by("entity", as_dict=True).items():
        t_s = frame["time"].dt.epoch("us").to_numpy() / 1e6
        rate = frame["value"].to_numpy()
        for life in panel.lives:
            if life.entity == entity and life.leak > 0.5 and life.start_s < at_s < life.end_s:
                before.append(_dose(life, t_s, rate, (at_s - _SIDE_S, at_s)))
                after.append(_dose(life, t_s, rate, (at_s, at_s + _SIDE_S)))
    known = [(b, a) for b, a in zip(before, after, strict=True) if math.isfinite(a + b)]
    if not known:
        return Doses(math.nan, math.nan)
    return Doses(*(max(0.0, float(value)) for value in np.median(known, axis=0)))


def _dose(
    life: Life, t_s: NDArray[np.float64], rate: NDArray[np.float64], span: tuple[float, float]
) -> float:
    inside = (t_s >= span[0]) & (t_s <= span[1])
    if inside.sum() < 3:
        return math.nan
    mean = float(rate[inside].mean())
    return slope_bytes_per_s(life, *span) / mean if mean > 0 else math.nan


def _rates(lives: Iterable[Life]) -> list[float]:
    return [x.rate_bytes_per_min for x in lives if math.isfinite(x.rate_bytes_per_min)]


def _is_of_one_thing(other: Candidate, candidate: Candidate) -> bool:
    scopes = [{bare_name(name) for name in c.scope} for c in (other, candidate)]
    if all(scopes) and not scopes[0] & scopes[1]:
        return False
    return bool(_names(other) & _names(candidate))


def _names(candidate: Candidate) -> set[str]:
    """Return the words that may name a flag or setting: the longer ones, states left out."""
    words = set(_TOKEN.findall(candidate.what.lower()))
    return {w for w in words if not _OFF.search(w)} - _PLAIN - set(candidate.scope)
