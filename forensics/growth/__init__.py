"""Growth of a series: curve fits, growth models, change points, onset of a leak.

A file without a leading underscore is a growth model; the engines start with one. What is
imported here is loaded at first use, so that ``import forensics.growth`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensics.growth._fit import Fit, FitFlags, fit
    from forensics.growth._noisy import Noise, fit_noisy

__all__ = ["Fit", "FitFlags", "Noise", "fit", "fit_noisy"]

_HOME = {
    "Fit": "_fit",
    "FitFlags": "_fit",
    "Noise": "_noisy",
    "fit": "_fit",
    "fit_noisy": "_noisy",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
