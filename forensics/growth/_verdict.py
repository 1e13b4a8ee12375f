"""Leak or not, for each process lifetime of one series and for all of them together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from forensics.growth._curves import build_backgrounds, build_curves
from forensics.growth._envelope import scan_floor
from forensics.growth._evidence import FEW_RHOS, Evidence, weigh
from forensics.growth._forecast import Draws, Horizon, draw_forecast
from forensics.growth._lives import clean, split_lives
from forensics.growth._refine import find_finer
from forensics.growth._select import MIN_RATIO, select
from forensics.growth._types import (
    UNKNOWN,
    Estimate,
    Floats,
    Floor,
    GrowthAssessment,
    Kind,
    Known,
    Leak,
    Life,
    LifeGrowth,
)
from forensics.growth._youth import cut_when_full, find_slowing, is_young

#: Points of a floor below which nothing is said.
MIN_POINTS = 8
#: Log odds from which a verdict is given: 1 to 1.5 either way is "unknown".
_CERTAIN = 0.4
#: Share of the level that a rise must reach over the window to be worth a name.
_MIN_RISE_SHARE = 0.004
#: ... and of all that the floor moved for other reasons, and of the swing between collections.
_MIN_MOVE_SHARE = 0.1
_MIN_SWING_SHARE = 0.03
#: ... and of the limit, where it is known: what takes a thousand such windows is no incident.
_MIN_LIMIT_SHARE = 0.001
#: Rounding to units of more than this share of the level hides what slow leaks grow by in days.
_MAX_HIDDEN_SHARE = 0.05
#: Log odds beyond which no life counts for more.
_SURE = 20.0
NOTHING = Known()
#: A verdict this clear stands for its life whatever the other lives say.
CLEAR = 4.0
#: A life that rose to no more than this above what a quiet life held was only catching up.
_CATCH_UP = 1.03
#: A life that rose by this share of what a leaking one of the same process rose leaks too.
_SAME_RISE = 0.5
#: ... if the quiet life lasted at least this share of its time.
_QUIET_SHARE = 0.3
#: Jobs rest for this share of the time between two falls, most of them, and there are several.
_REST_SHARE = 0.15
_MOST_JOBS = 0.6
_MIN_JOBS = 3


def assess_growth(
    t_s: ArrayLike,
    y_bytes: ArrayLike,
    *,
    load: ArrayLike | None = None,
    limit_bytes: float | None = None,
    restarts_s: tuple[float, ...] = (),
    known: Known = NOTHING,
) -> GrowthAssessment:
    """Say for one memory series whether it leaks, since when, how fast, and until when.

    Splits the series into process lifetimes, reduces each to its floor, weighs all growth
    models on all backgrounds, and pools the lives. About 15 ms a life; memory a few MB. Neither
    the unit of the samples nor the origin of the times matters, but the time of day is told by
    Unix time.

    Parameters
    ----------
    t_s : array, shape (n,)
        Times in seconds (any origin; Unix time for the time of day), or date times. Any order.
    y_bytes : array of float64, shape (n,)
        Memory held, in bytes (another unit gives rates in that unit). ``NaN`` marks a missing
        sample.
    load : array of float64, shape (n,), optional
        Requests a second, in flight or pending at the same times. Without it, memory that grows
        with traffic looks like a leak.
    limit_bytes
        Container limit or maximum heap.
    restarts_s
        Known restarts, in the time of the series.
    known
        What else is known of the process.

    Returns
    -------
    GrowthAssessment
        ``leak`` ("yes", "no", "unknown"), ``probability``, and ``lives``: for each the ``model``
        ("undetermined" where the runner-up is nearly as likely), ``rate`` in bytes a second,
        ``onset_s`` and ``time_to_limit_s``, each with a 90 % interval. ``latest`` is the last life.

    Raises
    ------
    UsageError
        If the arrays differ in length or have more than one dimension.

    Examples
    --------
    >>> t_s = 30.0 * np.arange(1000)
    >>> noise = 5e6 * np.random.default_rng(1).normal(size=1000)
    >>> found = assess_growth(t_s, 1e9 + 2e4 * t_s + noise, limit_bytes=2e9)
    >>> found.leak, found.latest.model
    ('yes', 'linear')
    >>> left_s = found.latest.time_to_limit_s  # the truth is 50 000 - 29 970 s
    >>> left_s.low < 20_030 < left_s.high
    True
    """
    t, y, q = clean(t_s, y_bytes, load)
    lives = split_lives(
        t,
        y,
        restarts_s=restarts_s,
        is_complete=known.restarts_are_complete,
        is_resident=known.is_resident,
    )
    floors = scan_floors(t, y, lives=lives, load=q)
    known = replace(known, births_s=(*known.births_s, *restarts_s))
    return pool_lives(
        tuple(
            assess_life(life, floor, limit_bytes=limit_bytes, known=known)
            for life, floor in zip(lives, floors, strict=True)
        )
    )


def scan_floors(
    t_s: Floats, y_bytes: Floats, *, lives: tuple[Life, ...], load: Floats | None = None
) -> tuple[Floor, ...]:
    """Return the floor of each life; all are sawtooth if the longest one is."""
    if not lives:
        return ()
    longest = max(lives, key=lambda life: life.stop - life.first)
    hint = scan_floor(t_s, y_bytes, life=longest, load=load).is_sawtooth
    return tuple(scan_floor(t_s, y_bytes, life=life, load=load, is_sawtooth=hint) for life in lives)


def assess_life(
    life: Life, floor: Floor, *, limit_bytes: float | None = None, known: Known = NOTHING
) -> LifeGrowth:
    """Judge one life by its floor alone."""
    if known.is_heap_floor:
        floor = cut_when_full(floor, limit_bytes, min_points=MIN_POINTS)
    if floor.t_s.size < MIN_POINTS or floor.span_s <= 0:
        return _too_short(life, floor)
    min_rise = _min_rise(floor, limit_bytes)
    if float(np.ptp(floor.y_bytes)) <= min_rise:
        if floor.rounding_bytes > _MAX_HIDDEN_SHARE * float(np.median(np.abs(floor.y_bytes))):
            return _unfitted(life, floor, "the samples are rounded too coarsely to show a rise")
        if min_rise == floor.drift_bytes:
            return _unfitted(
                life, floor, "collections keep step with the samples and hide the floor"
            )
        return _at_rest(life, floor)
    evidence = weigh_floor(floor)
    doubted = find_slowing(evidence.curves) if is_young(life, known.births_s) else None
    selection = select(evidence, min_rise, doubted=doubted)
    leak = judge(selection.log_odds)
    draws = draw_forecast(
        floor,
        evidence,
        selection.leak,
        Horizon(limit_bytes, now_s=life.ended_s, started_s=life.started_s),
    )
    rise = float(np.median(draws.rise_bytes)) if draws.rise_bytes.size else 0.0
    if leak == "yes" and rise <= floor.drift_bytes:
        why = "collections keep step with the samples, so that the floor is seen too vaguely"
        return _unfitted(life, floor, why)
    model, runner_up, ratio = selection.best()
    return LifeGrowth(
        life=life,
        leak=leak,
        kind=_kind(leak, model, floor),
        log_odds=selection.log_odds,
        model=model if ratio >= MIN_RATIO else "undetermined",
        runner_up=runner_up if ratio >= MIN_RATIO else model,
        evidence_ratio=ratio,
        log_evidence=selection.log_evidence,
        rate=draws.interval(draws.rate_bytes_per_s),
        onset_s=_onset(draws, leak),
        time_to_limit_s=_to_limit(draws, leak, limit_bytes),
        rise_bytes=rise,
        floor=floor,
        why=explain(leak, model, runner_up, floor),
    )


def weigh_floor(floor: Floor) -> Evidence:
    """Weigh all curves on all backgrounds, first on their grids, then where it matters."""
    backgrounds = build_backgrounds(floor)
    coarse = weigh(floor, curves=build_curves(floor), backgrounds=backgrounds, rhos=FEW_RHOS)
    finer = find_finer(floor, coarse)
    return weigh(floor, curves=build_curves(floor, finer), backgrounds=backgrounds)


def explain(leak: Leak, model: str, runner_up: str | None, floor: Floor) -> str:
    """Say in one sentence what the verdict rests on."""
    what = "troughs between collections" if floor.is_sawtooth else "window medians"
    hours = floor.span_s / 3600
    found = f"{model} fits {floor.t_s.size} {what} over {hours:.3g} h best"
    rival = f", then {runner_up}" if runner_up else ""
    end = {
        "yes": "memory goes on rising at the end",
        "no": "nothing goes on rising at the end",
        "unknown": "whether it goes on rising can't be told yet",
    }[leak]
    return f"{found}{rival}: {end}"


def _min_rise(floor: Floor, limit_bytes: float | None) -> float:
    """Return the bytes over the window below which a rise isn't worth a name."""
    level = float(np.median(np.abs(floor.y_bytes)))
    moved = float(np.subtract(*np.quantile(floor.y_bytes, [0.95, 0.05])))
    return max(
        _MIN_RISE_SHARE * level,
        _MIN_MOVE_SHARE * moved,
        _MIN_SWING_SHARE * floor.swing_bytes,
        _MIN_LIMIT_SHARE * (limit_bytes or 0.0),
    )


def judge(log_odds: float) -> Leak:
    """Turn log odds into a verdict."""
    if abs(log_odds) < _CERTAIN:
        return "unknown"
    return "yes" if log_odds > 0 else "no"


def pool_lives(lives: tuple[LifeGrowth, ...]) -> GrowthAssessment:
    """Join the lives of one process: they run the same program, so weak lives follow strong ones.

    A clear life keeps its verdict. The others get the sum of the evidence of all, so that a
    short last life neither accuses nor clears alone. The series leaks if one life clearly
    does, or all together do.
    """
    odds = np.array([_settled(growth, lives) for growth in lives])
    if _are_jobs(lives):
        odds = np.minimum(odds, -1.0)
    total = float(np.sum(odds))
    overall = total
    if odds.size and odds.max() > CLEAR:
        overall = float(odds.max())
    pooled = tuple(
        _with_odds(growth, own if abs(own) >= CLEAR else total)
        for growth, own in zip(lives, odds.tolist(), strict=True)
    )
    leak = judge(overall)
    return GrowthAssessment(pooled, leak, _overall_kind(pooled, leak), overall)


def _settled(growth: LifeGrowth, lives: tuple[LifeGrowth, ...]) -> float:
    """Return a life's log odds, given the others of the same process.

    A rise that only catches up with a quiet life is none; one that went as far as a life that
    clearly leaks is a leak, though it was cut short or ran into the limit.
    """
    own = float(np.clip(growth.log_odds, -_SURE, _SURE))
    if growth.floor.t_s.size == 0:
        return own
    if own <= 0:
        return 1.0 if _rose_like_a_leak(growth, lives) else own
    top = float(np.quantile(growth.floor.y_bytes, 0.95))
    for other in lives:
        is_long = other.floor.span_s >= _QUIET_SHARE * growth.floor.span_s
        is_quiet = is_long and other.log_odds < -_CERTAIN
        if is_quiet and top <= _CATCH_UP * float(np.median(other.floor.y_bytes)):
            return -1.0
    return own


def _are_jobs(lives: tuple[LifeGrowth, ...]) -> bool:
    """Tell whether the lives are jobs: memory rests, rises, and falls back to rest, repeatedly.

    A process that died of a leak leaks again from its start. Only falls that nothing but
    memory tells of can be ends of jobs.
    """
    ended = [growth for growth in lives if growth.life.ended_by == "drop" and growth.log_odds != 0]
    if len(ended) < _MIN_JOBS or any(growth.life.ended_by == "restart" for growth in lives):
        return False
    rested = sum(
        growth.onset_s.low - growth.life.started_s
        > _REST_SHARE * (growth.life.ended_s - growth.life.started_s)
        for growth in ended
    )
    return rested > _MOST_JOBS * len(ended)


def _rose_like_a_leak(growth: LifeGrowth, lives: tuple[LifeGrowth, ...]) -> bool:
    rise = float(growth.floor.y_bytes[-1] - growth.floor.y_bytes[0])
    risen = [float(np.ptp(g.floor.y_bytes)) for g in lives if g.log_odds > CLEAR]
    return bool(risen) and rise >= _SAME_RISE * min(risen)


def _with_odds(growth: LifeGrowth, odds: float) -> LifeGrowth:
    leak = judge(odds)
    if leak == growth.leak:
        return growth
    kind: Kind = "none" if leak == "no" else "unknown"
    return replace(growth, leak=leak, kind=kind, why=f"{growth.why}; judged with the other lives")


def _overall_kind(lives: tuple[LifeGrowth, ...], leak: Leak) -> Kind:
    kinds = {growth.kind for growth in lives if growth.leak == leak} - {"unknown"}
    return kinds.pop() if len(kinds) == 1 else "none" if leak == "no" else "unknown"


def _too_short(life: Life, floor: Floor) -> LifeGrowth:
    why = f"{floor.t_s.size} points of the floor; {MIN_POINTS} are needed"
    return _unfitted(life, floor, why)


def _at_rest(life: Life, floor: Floor) -> LifeGrowth:
    """Return the verdict on a floor that moved by less than a rise worth a name: no fit needed."""
    why = "the floor moved by less than a rise worth a name: nothing goes on rising at the end"
    return replace(
        _unfitted(life, floor, why),
        leak="no",
        kind="none",
        log_odds=-_SURE,
        model="constant",
        evidence_ratio=float(np.exp(_SURE)),
        rate=Estimate(0.0, 0.0, 0.0),
    )


def _unfitted(life: Life, floor: Floor, why: str) -> LifeGrowth:
    return LifeGrowth(
        life=life,
        leak="unknown",
        kind="unknown",
        log_odds=0.0,
        model="undetermined",
        runner_up=None,
        evidence_ratio=1.0,
        log_evidence=0.0,
        rate=UNKNOWN,
        onset_s=UNKNOWN,
        time_to_limit_s=UNKNOWN,
        rise_bytes=0.0,
        floor=floor,
        why=why,
    )


def _kind(leak: Leak, model: str, floor: Floor) -> Kind:
    if leak == "no":
        return "cache-warmup" if model == "saturating" else "none"
    return "heap" if leak == "yes" and floor.is_sawtooth else "unknown"


def _onset(draws: Draws, leak: Leak) -> Estimate:
    return UNKNOWN if leak == "no" else draws.interval(draws.onset_s)


def _to_limit(draws: Draws, leak: Leak, limit_bytes: float | None) -> Estimate:
    if limit_bytes is None or leak == "no":
        return UNKNOWN
    return draws.interval(draws.to_limit_s)
