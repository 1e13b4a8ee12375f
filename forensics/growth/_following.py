"""What memory may follow: a load that was recorded, or one that shows in the wave of the day.

All functions return columns of shape (m, q) at the points of a floor.
"""

from __future__ import annotations

import numpy as np

from forensics.growth._types import Floats, Floor

DAY_S = 86_400.0
#: Time constants of a memory of the load, in shares of the window.
_LAGS = (0.02, 0.05, 0.12)
#: How long sessions live that end after a fixed time, in shares of the window.
_TIMEOUTS = (0.04, 0.07, 0.12, 0.18, 0.25)
#: Widths of the kernels that smooth a load to its trend, in shares of the window.
_TREND_WIDTHS = (0.12, 0.35)
#: The least memory without load, in shares of the mean, that noise may make of nothing.
_BELOW_NOTHING = 0.1
#: Days that must be seen to tell whether their waves grow.
_MIN_DAYS = 2.0
#: The wave at the end has the phase of that at the start: cosine of the angle between them.
_SAME_PHASE = 0.8
#: Load can't explain a level that grows faster than its waves, by more than this factor.
_NO_FASTER = 1.1


def scaled_load(floor: Floor) -> Floats | None:
    """Return the load, scaled to a mean of 1, if it varies at all."""
    if floor.load is None or not np.isfinite(floor.load).all():
        return None
    mean = float(np.mean(np.abs(floor.load)))
    if mean <= 0 or float(np.std(floor.load)) < 1e-6 * mean:
        return None
    return (floor.load / mean)[:, None]


def calmer_loads(load: Floats, u: Floats, y: Floats) -> list[Floats]:
    """Return the load as memory may hold it, each where that leaves no less than nothing.

    Two memories of a load together stand for others of their lengths.
    """
    short, middle, long = _lagged(load, u)
    spread = (np.column_stack([short, long]), np.column_stack([load, middle]))
    ways = (short, middle, long, *_kept(load, u), *_trends(load, u), *spread)
    return [columns for columns in ways if _may_explain(columns, y)]


def _lagged(load: Floats, u: Floats) -> list[Floats]:
    """Return the load as sessions and caches remember it: averaged over the time before.

    The noise of counted requests, which memory doesn't follow, is averaged out with it. Two of
    them together stand for memories of other lengths and forms.
    """
    age = u[:, None] - u[None, :]
    kernels = (np.where(age >= 0, np.exp(-np.maximum(age, 0) / lag), 0.0) for lag in _LAGS)
    return [kernel @ load / kernel.sum(axis=1, keepdims=True) for kernel in kernels]


def _kept(load: Floats, u: Floats) -> list[Floats]:
    """Return the load as sessions that end after a fixed time hold it: its mean over that time.

    Before the first point the load is taken to have been what it was then.
    """
    before = np.arange(-max(_TIMEOUTS), 0.0, 1.0 / max(u.size, 1))
    when = np.concatenate([before, u])
    total = np.cumsum(
        np.concatenate([np.full(before.size, load[0, 0]), load[:, 0]]) * np.gradient(when)
    )
    return [
        ((np.interp(u, when, total) - np.interp(u - timeout, when, total)) / timeout)[:, None]
        for timeout in _TIMEOUTS
    ]


def _trends(load: Floats, u: Floats) -> list[Floats]:
    """Return the load smoothed by local lines: what counts where its counts are mostly noise."""
    smooth = []
    for width in _TREND_WIDTHS:
        distance = (u[None, :] - u[:, None]) / width
        weight = np.exp(-0.5 * distance**2)
        total, first, second = (np.sum(weight * distance**k, axis=1) for k in range(3))
        y0, y1 = weight @ load[:, 0], (weight * distance) @ load[:, 0]
        spread = np.maximum(second * total - first**2, 1e-12)
        smooth.append(np.asarray(((second * y0 - first * y1) / spread)[:, None]))
    return smooth


def _may_explain(load: Floats, y: Floats) -> bool:
    """Tell whether a process without load would still be of a size: no less than nothing."""
    solution = np.linalg.lstsq(np.column_stack([np.ones_like(load), load]), y, rcond=None)[0]
    level, height = float(solution[0]), float(np.sum(solution[1:]))
    return height > 0 and level >= -_BELOW_NOTHING * float(np.mean(np.abs(y)))


def day_waves(t_s: Floats) -> Floats:
    """Return sine and cosine of the day and of half a day, shape (m, 4)."""
    angle = 2 * np.pi * t_s / DAY_S
    return np.column_stack([f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)])


def swelling_day(floor: Floor, u: Floats) -> Floats | None:
    """Return trend, day and growth of the day's wave, if a load that grows may be behind them.

    Memory that holds a share of a load that nobody recorded grows with it, and so does the wave
    of the day in it, by the same factor or, where other memory lies below, by more. A leak
    grows under a wave that stays as it is.
    """
    if floor.span_s < _MIN_DAYS * DAY_S:
        return None
    waves = day_waves(floor.t_s)
    design = np.column_stack([np.ones(u.size), u, waves, u[:, None] * waves])
    found = np.linalg.lstsq(design, floor.y_bytes, rcond=None)[0]
    level, rise, first, grown = found[0], found[1], found[2:6], found[6:10]
    size, more = float(np.linalg.norm(first)), float(np.linalg.norm(grown))
    if level <= 0 or rise <= 0 or float(first @ grown) < _SAME_PHASE * size * more:
        return None
    if rise * size > _NO_FASTER * level * more:
        return None
    return np.column_stack([u, waves, u * (waves @ first)])
