"""Two simple ways to find the guilty change, to measure the verdict against."""

from __future__ import annotations

import math

import numpy as np

from forensics.analysis._candidates import NONE_ID
from forensics.analysis.attribution import Result


def trouble_s(result: Result) -> float:
    """Return when trouble was first seen: the first onset of growth, or the symptom."""
    onsets = [x.onset_s for x in result.lives if x.leak > 0.5 and math.isfinite(x.onset_s)]
    if onsets:
        return min(onsets)
    return result.symptom.time.timestamp() if result.symptom else math.nan


def blame_nearest_deploy(result: Result) -> str:
    """Blame the last deploy before the trouble; any change where there is no deploy."""
    at = trouble_s(result)
    if math.isnan(at):
        return NONE_ID
    before = [c for c in result.candidates if c.time and c.time.timestamp() <= at + 120]
    suspects = [c for c in before if c.kind == "deploy"] or before
    return suspects[-1].change_id if suspects else NONE_ID


def blame_correlation(result: Result) -> str:
    """Blame the change whose step correlates most with the mean memory of all processes."""
    series = {x.entity: (x.t_s, x.y_bytes) for x in result.lives if x.t_s is not None}
    if not series:
        return NONE_ID
    t = np.unique(np.concatenate([t for t, _ in series.values() if t is not None]))
    total, count = np.zeros(t.size), np.zeros(t.size)
    for own_t, memory in series.values():
        if own_t is not None and memory is not None:
            places = np.searchsorted(t, own_t)
            total[places] += np.nan_to_num(memory)
            count[places] += 1
    mean = total / np.maximum(count, 1)
    best, name = 0.0, NONE_ID
    for change in result.candidates:
        if change.time is None:
            continue
        step = (t >= change.time.timestamp()).astype(float)
        if 0 < step.mean() < 1 and mean.std() > 0:
            found = float(np.corrcoef(step, mean)[0, 1])
            if found > best:
                best, name = found, change.change_id
    return name
