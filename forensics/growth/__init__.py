"""Growth of a series: curve fits, growth models, change points, onset of a leak.

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

__all__ = [
    "ChangePoint",
    "Fit",
    "FitFlags",
    "Noise",
    "OnsetPosterior",
    "Segment",
    "Segmentation",
    "find_change_points",
    "fit",
    "fit_noisy",
    "onset_posterior",
]

_HOME = {
    "ChangePoint": "_changepoints",
    "Fit": "_result",
    "FitFlags": "_result",
    "Noise": "_noisy",
    "OnsetPosterior": "_onset",
    "Segment": "_changepoints",
    "Segmentation": "_changepoints",
    "find_change_points": "_changepoints",
    "fit": "_fit",
    "fit_noisy": "_noisy",
    "onset_posterior": "_onset",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
