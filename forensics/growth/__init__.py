"""Growth of a series: leak or not, growth models, curve fits, change points, onset of a leak.

Ask ``assess_growth(t_s, y_bytes)`` whether a series of memory samples leaks; the answer carries the
verdict, and for each process lifetime the model, rate, onset and time to the limit with intervals.

A file without a leading underscore is a growth model; the engines start with one. What is
imported here is loaded at first use, so that ``import forensics.growth`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensics.growth._changepoints import (
        ChangePoint,
        Segment,
        Segmentation,
        find_change_points,
    )
    from forensics.growth._fit import fit
    from forensics.growth._noisy import Noise, fit_noisy
    from forensics.growth._onset import OnsetPosterior, onset_posterior
    from forensics.growth._result import Fit, FitFlags
    from forensics.growth._types import Estimate, GrowthAssessment, Known, LifeGrowth
    from forensics.growth._verdict import assess_growth
    from forensics.growth._what_if import Scenario, scale_time_to_limit

__all__ = [
    "ChangePoint",
    "Estimate",
    "Fit",
    "FitFlags",
    "GrowthAssessment",
    "Known",
    "LifeGrowth",
    "Noise",
    "OnsetPosterior",
    "Scenario",
    "Segment",
    "Segmentation",
    "assess_growth",
    "find_change_points",
    "fit",
    "fit_noisy",
    "onset_posterior",
    "scale_time_to_limit",
]

_HOME = {
    "ChangePoint": "_changepoints",
    "Estimate": "_types",
    "Fit": "_result",
    "FitFlags": "_result",
    "GrowthAssessment": "_types",
    "Known": "_types",
    "LifeGrowth": "_types",
    "Noise": "_noisy",
    "OnsetPosterior": "_onset",
    "Scenario": "_what_if",
    "Segment": "_changepoints",
    "Segmentation": "_changepoints",
    "assess_growth": "_verdict",
    "find_change_points": "_changepoints",
    "fit": "_fit",
    "fit_noisy": "_noisy",
    "onset_posterior": "_onset",
    "scale_time_to_limit": "_what_if",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
